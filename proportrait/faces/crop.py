"""A turned and scaled square out of a picture."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Image, Real


def cut_square(image: Image, turn: Real, centre: Real, side: int) -> Image:
    """Cut a square; beyond the picture its border goes on.

    Args:
        image: (H, W, 3) uint8.
        turn: (2, 2) from px of the picture to px of the square: a rotation or mirror image, scaled.
        centre: (2,) in px of the picture, the middle of the square.
        side: of the square in px.

    Returns:
        (side, side, 3) uint8.
    """
    scale = float(np.sqrt(abs(np.linalg.det(turn))))
    # Shrinking much in one step would skip pixels, so blocks of `step` px are averaged first.
    step = max(1, int(1 / scale))
    reach = 0.75 * side / scale + 2 * step
    extent = np.array([image.shape[1], image.shape[0]])
    low = np.clip(np.floor(centre - reach), 0, extent - 1).astype(int)
    high = np.clip(np.ceil(centre + reach), low + 1, extent).astype(int)
    blocks = np.maximum((high - low) // step, 1)
    high = np.minimum(low + blocks * step, extent)
    part = image[low[1] : high[1], low[0] : high[0]]
    if step > 1:
        part = cv2.resize(part, (int(blocks[0]), int(blocks[1])), interpolation=cv2.INTER_AREA)
    offset = (side - 1) / 2 - turn @ (centre - low - (step - 1) / 2)
    matrix = np.concatenate([turn * step, offset[:, None]], 1).astype(np.float64)
    return np.asarray(
        cv2.warpAffine(part, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
