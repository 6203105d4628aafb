"""Loss of sharpness with true kernels: kinds of blur and their strengths.

Strengths are given for a 512-px picture and scale with its side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image

Edit = tuple[Image, dict[str, Any]]

_LIGHT = (np.arange(256, dtype=np.float32) / 255) ** 2.2  # linear light of each value


def degrade(image: Image, kind: str, rng: np.random.Generator) -> Edit:
    """Make a picture (H, W, 3) unsharp; returns it with the parameters of the kernel.

    Raises:
        ValueError: an unknown kind.
    """
    if kind not in BLURS:
        raise ValueError(f"unknown blur {kind!r}; the kinds are {', '.join(BLURS)}")
    blurred, parameters = BLURS[kind](image, rng)
    return blurred, {"kind": kind, **parameters}


def gaussian(image: Image, rng: np.random.Generator) -> Edit:
    """A Gaussian of sigma 2 to 5 px."""
    sigma = rng.uniform(2.0, 5.0) * _scale(image)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma)), {"sigma_px": round(sigma, 2)}


def motion(image: Image, rng: np.random.Generator) -> Edit:
    """Camera shake: the integral along a slightly bent path of 11 to 30 px."""
    length = rng.uniform(11, 30) * _scale(image)
    angle = rng.uniform(0, np.pi)
    bend = rng.uniform(-0.25, 0.25)
    kernel = motion_kernel(length, angle, bend)
    parameters = {"length_px": round(length, 2), "angle_deg": round(float(np.degrees(angle)), 1)}
    return _filter_linear(image, kernel), {**parameters, "bend": round(bend, 3)}


def defocus(image: Image, rng: np.random.Generator) -> Edit:
    """A lens out of focus: a disc of radius 3.2 to 7.5 px, in linear light."""
    radius = rng.uniform(3.2, 7.5) * _scale(image)
    return _filter_linear(image, disc_kernel(radius)), {"radius_px": round(radius, 2)}


def low_resolution(image: Image, rng: np.random.Generator) -> Edit:
    """Low resolution: reduced to 72 to 150 px and enlarged again."""
    height, width = image.shape[:2]
    side = round(int(rng.integers(72, 151)) * _scale(image))
    method = ("nearest", "linear", "cubic")[int(rng.integers(3))]
    flag = {
        "nearest": cv2.INTER_NEAREST,
        "linear": cv2.INTER_LINEAR,
        "cubic": cv2.INTER_CUBIC,
    }[method]
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    enlarged = cv2.resize(small, (width, height), interpolation=flag)
    return np.asarray(enlarged), {"side_px": side, "enlarged": method}


def jpeg(image: Image, rng: np.random.Generator) -> Edit:
    """A small, heavily compressed picture: blocks of 8 px at 150 to 240 px, quality 8 to 15."""
    height, width = image.shape[:2]
    side = round(int(rng.integers(150, 241)) * _scale(image))
    quality = int(rng.integers(8, 16))
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(small[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    blocky = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    enlarged = cv2.resize(blocky, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(enlarged[..., ::-1]), {"side_px": side, "quality": quality}


BLURS: dict[str, Callable[[Image, np.random.Generator], Edit]] = {
    "gaussian": gaussian,
    "motion": motion,
    "defocus": defocus,
    "low_resolution": low_resolution,
    "jpeg": jpeg,
}


def motion_kernel(length: float, angle: float, bend: float = 0.0) -> Float:
    """The kernel (k, k) of a path of `length` px; its weights sum to 1.

    Args:
        angle: direction in radians.
        bend: sideways offset at both ends, as a share of the length.
    """
    size = int(np.ceil(length)) | 1
    size += 2
    kernel = np.zeros((size, size), np.float32)
    for t in np.linspace(-0.5, 0.5, 8 * size):
        along, across = t * length, bend * length * (4 * t * t - 0.5) / 2
        x = along * np.cos(angle) - across * np.sin(angle) + size // 2
        y = along * np.sin(angle) + across * np.cos(angle) + size // 2
        column, row = int(np.floor(x)), int(np.floor(y))
        fx, fy = x - column, y - row
        for dy, wy in ((0, 1 - fy), (1, fy)):
            for dx, wx in ((0, 1 - fx), (1, fx)):
                if 0 <= row + dy < size and 0 <= column + dx < size:
                    kernel[row + dy, column + dx] += wx * wy
    return np.asarray(kernel / kernel.sum(), np.float32)


def disc_kernel(radius: float) -> Float:
    """The kernel (k, k) of a round aperture with soft edges; its weights sum to 1."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(disc / disc.sum(), np.float32)


def _filter_linear(image: Image, kernel: Float) -> Image:
    """Convolve in linear light, where lenses and shutters add up."""
    light = cv2.LUT(image, _LIGHT)
    light = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT)
    values = np.clip(light, 0, 1) ** (1 / 2.2) * 255
    return np.asarray(np.rint(values), np.uint8)


def _scale(image: Image) -> float:
    return float(image.shape[1] / 512)
