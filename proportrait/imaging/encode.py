"""Arrays to bytes of a picture, and to other sizes."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import PIL.Image

from proportrait.arrays import Image


def encode_jpeg(image: Image, quality: int = 95) -> bytes:
    """Encode RGB uint8 (H, W, 3) as a baseline JPEG, 4:4:4, without metadata.

    Equal pictures give equal bytes, and every picture has the same tables: the Huffman tables are
    the standard's (ITU-T T.81, annex K), so that a file's form tells nothing about its labels.
    """
    out = io.BytesIO()
    PIL.Image.fromarray(checked(image)).save(
        out, "JPEG", quality=quality, subsampling=0, optimize=False, progressive=False
    )
    return out.getvalue()


def encode_png(image: Image) -> bytes:
    """Encode RGB uint8 (H, W, 3) as a PNG without metadata; equal pictures give equal bytes."""
    out = io.BytesIO()
    PIL.Image.fromarray(checked(image)).save(out, "PNG")
    return out.getvalue()


ENCODERS: dict[str, tuple[str, Callable[[Image], bytes]]] = {
    "JPEG": (".jpg", encode_jpeg),
    "PNG": (".png", encode_png),
}


def resize(image: Image, size: tuple[int, int]) -> Image:
    """Resample RGB uint8 (H, W, 3) to `size`, (width, height) in px, with a Lanczos-3 filter.

    The filter widens with the scale when it shrinks, so that fine detail does not alias.
    """
    if tuple(size) == (image.shape[1], image.shape[0]):
        return checked(image).copy()
    resized = PIL.Image.fromarray(checked(image)).resize(size, PIL.Image.Resampling.LANCZOS)
    return np.array(resized)


def checked(image: Image) -> Image:
    """The image itself.

    Raises:
        ValueError: it is no RGB uint8 (H, W, 3).
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"an image is RGB uint8 (H, W, 3), not {image.dtype} {image.shape}")
    return image
