"""Gaussian blur of a part of a picture, with the bits that OpenCV gives in all of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Image, Real

_Places = npt.NDArray[np.int64]


def blurred_part(image: Image, low: Real, high: Real, sigma: float) -> Image:
    """Blur the part of a picture between two corners; the other pixels are 0.

    Args:
        image: (H, W) or (H, W, 3) uint8.
        low, high: (2,) in px; corners outside the picture are moved into it.
        sigma: of the Gaussian in px.
    """
    extent = np.array(image.shape[1::-1])
    x0, y0 = start = np.clip(np.floor(low), 0, extent - 1).astype(int)
    x1, y1 = np.clip(np.ceil(high) + 1, start + 1, extent).astype(int)
    pad = int(3 * sigma) + 2  # the kernel ends at 3 sigma
    left, top = max(0, x0 - pad), max(0, y0 - pad)
    blurred = cv2.GaussianBlur(image[top : y1 + pad, left : x1 + pad], (0, 0), sigma)
    result = np.zeros(image.shape, np.uint8)  # unlike `zeros_like` it writes nothing
    result[y0:y1, x0:x1] = blurred[y0 - top : y1 - top, x0 - left : x1 - left]
    return result


def blurred_grid(grey: Image, x: Real, y: Real, sigma: float) -> Image:
    """Blur the pixels of a picture that lie next to a grid; the other pixels are 0.

    Where a grid is much coarser than pixels, this takes a fifth of the time. Weights of OpenCV are
    multiples of 1 / 256, so their products with pixels add up without rounding in single precision.

    Args:
        grey: (H, W) uint8.
        x, y: (n,), (m,) columns and rows of the grid in px; those outside the picture are moved
            into it.
        sigma: of the Gaussian in px, at least 0.8.
    """
    weights = _weights(sigma)
    size, radius = len(weights), len(weights) // 2
    columns, rows = _beside(x, grey.shape[1]), _beside(y, grey.shape[0])
    (height, above, below), (width, left, right) = (
        _around(places, radius, side)
        for places, side in zip((rows, columns), grey.shape, strict=True)
    )
    part = cv2.copyMakeBorder(
        grey[height, width], above, below, left, right, cv2.BORDER_REFLECT_101
    ).astype(np.float32)
    lines = np.stack([weights @ part[start : start + size] for start in rows - rows[0]])
    starts = columns - columns[0]
    sums = np.stack([lines[:, start : start + size] @ weights for start in starts], 1)
    result = np.zeros(grey.shape, np.uint8)
    result[np.ix_(rows, columns)] = (sums.astype(np.int32) + (1 << 15)) >> 16
    return result


def _around(places: _Places, radius: int, side: int) -> tuple[slice, int, int]:
    """The pixels that reach a kernel at places, and how many more it needs before and behind."""
    low, high = int(places[0]) - radius, int(places[-1]) + radius + 1
    return slice(max(0, low), min(high, side)), max(0, -low), max(0, high - side)


@lru_cache(maxsize=8)  # a face and its mirror image share it
def _weights(sigma: float) -> Float:
    """The kernel (2 r + 1,) of `cv2.GaussianBlur` for uint8, in 1 / 256: whole numbers."""
    side = 2 * int(np.ceil(3 * sigma)) + 3
    impulse = np.zeros((side, side), np.uint8)
    impulse[:, side // 2] = 255
    blurred = cv2.GaussianBlur(impulse, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[0]
    weights: Any = np.trim_zeros(blurred)
    return np.asarray(weights, np.float32)


def _beside(places: Real, side: int) -> _Places:
    """The pixels, in order, that places between them are interpolated from."""
    low = np.floor(places + np.array([[-0.05], [0.05]])).astype(np.int64)  # places are rounded
    return np.unique(np.clip([low, low + 1], 0, side - 1))
