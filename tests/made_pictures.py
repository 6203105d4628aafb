"""Encoded pictures of every kind that a source must cope with, made from a seed."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image

# What `open()` gives for each: the shape of the picture, or the name of the error.
EXPECTED: dict[str, tuple[int, int, int] | str] = {
    "a_good.jpg": (160, 192, 3),
    "b_corrupt.png": "CorruptImageError",
    "c_truncated.jpg": "CorruptImageError",
    "d_tiny.png": "ImageTooSmallError",
    "e_alpha.png": (160, 192, 3),
    "f_palette.png": (160, 192, 3),
    "g_deep.png": (160, 192, 3),
    "h_turned.jpg": (192, 160, 3),
    "i_good.webp": (160, 192, 3),
    "j_no_end.jpg": (160, 192, 3),
}


def encode(image: PIL.Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def random_image(seed: int, height: int = 160, width: int = 192) -> PIL.Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (10, 12, 3), dtype=np.uint8)
    return PIL.Image.fromarray(small).resize((width, height))


def made_pictures() -> dict[str, bytes]:
    """File name -> bytes; the names are the keys of `EXPECTED`, in the same order."""
    deep = np.linspace(0, 65535, 160 * 192).reshape(160, 192).astype(np.uint16)
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    return {
        "a_good.jpg": encode(random_image(1), "JPEG"),
        "b_corrupt.png": b"this is no picture",
        "c_truncated.jpg": encode(random_image(2), "JPEG")[:900],
        "d_tiny.png": encode(random_image(3, 64, 64), "PNG"),
        "e_alpha.png": encode(random_image(4).convert("RGBA"), "PNG"),
        "f_palette.png": encode(random_image(5).convert("P"), "PNG"),
        "g_deep.png": encode(PIL.Image.fromarray(deep), "PNG"),
        "h_turned.jpg": encode(random_image(6), "JPEG", exif=turned),
        "i_good.webp": encode(random_image(7), "WEBP"),
        "j_no_end.jpg": encode(random_image(8), "JPEG")[:-2],
    }
