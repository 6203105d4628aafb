"""Pictures that the tests of this room draw, and their bytes."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pillow_heif

pillow_heif.register_heif_opener()


def corners(side: int = 128) -> np.ndarray:
    """Red, green, blue, and white quarters, from left to right and top to bottom."""
    image = np.zeros((side, side, 3), np.uint8)
    half = side // 2
    image[:half, :half, 0] = 255
    image[:half, half:, 1] = 255
    image[half:, :half, 2] = 255
    image[half:, half:] = 255
    return image


def encoded(image: PIL.Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(height: int = 128, width: int = 160) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
