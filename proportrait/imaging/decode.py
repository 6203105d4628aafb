"""Pictures in and out: bytes of any usual format to RGB arrays, and arrays to JPEG."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

from proportrait.arrays import Image
from proportrait.errors import CorruptImageError, ImageError, ImageTooSmallError

MIN_SIDE = 128
MAX_PIXELS = 80_000_000
# Named one by one: some other readers of Pillow start outside programs (EPS: Ghostscript).
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")

_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


def decode(data: bytes, *, min_side: int = MIN_SIDE, max_pixels: int = MAX_PIXELS) -> Image:
    """Decode an encoded picture to RGB uint8 of shape (H, W, 3).

    The orientation of EXIF is applied, transparency is laid on white, 16-bit samples are scaled to
    8 bits, and an animation gives its first frame. Colour profiles are not applied.

    Args:
        data: the bytes of a file in one of `FORMATS`.
        min_side: the least length of the shorter side, px.
        max_pixels: the most pixels, width x height; Pillow's own limit (179 million) also holds.

    Raises:
        CorruptImageError: no decoder reads the bytes to the end.
        ImageTooSmallError: the shorter side is under `min_side`.
        ImageError: there are more than `max_pixels` pixels, or their kind has no 8-bit meaning.
    """
    if not data:
        raise CorruptImageError("the picture is empty (0 bytes)")
    try:
        with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise ImageError(
                    f"the picture is {width}x{height} px; at most {max_pixels} pixels are read"
                )
            if min(width, height) < min_side:
                raise ImageTooSmallError(
                    f"the picture is {width}x{height} px; "
                    f"its shorter side must be at least {min_side} px"
                )
            image.load()
            turn = _TURNS.get(_orientation(image))
            rgb = _to_rgb(image)
            return np.array(rgb if turn is None else rgb.transpose(turn))
    except ImageError:
        raise
    except PIL.UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise CorruptImageError(f"the bytes are no picture of a known format ({known})") from None
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise ImageError(f"the picture is too large: {error}") from None
    except Exception as error:
        # Decoders of damaged bytes raise nearly anything: OSError, SyntaxError, struct.error, ...
        raise CorruptImageError(f"the picture is damaged: {error}") from error


def read(path: str | Path, *, min_side: int = MIN_SIDE, max_pixels: int = MAX_PIXELS) -> Image:
    """Read a picture file as `decode` does; every message names the file.

    Raises:
        ImageError: the file cannot be read, or `decode` refuses it (its subclasses).
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return decode(data, min_side=min_side, max_pixels=max_pixels)
    except ImageError as error:
        raise type(error)(f"{path}: {error}") from error


def encode_jpeg(image: Image, quality: int = 95) -> bytes:
    """Encode RGB uint8 (H, W, 3) as a baseline JPEG, 4:4:4, without metadata.

    Equal pictures give equal bytes, and every picture has the same tables: the Huffman tables are
    the standard's (ITU-T T.81, annex K), so that a file's form tells nothing about its labels.
    """
    out = io.BytesIO()
    PIL.Image.fromarray(_checked(image)).save(
        out, "JPEG", quality=quality, subsampling=0, optimize=False, progressive=False
    )
    return out.getvalue()


def encode_png(image: Image) -> bytes:
    """Encode RGB uint8 (H, W, 3) as a PNG without metadata; equal pictures give equal bytes."""
    out = io.BytesIO()
    PIL.Image.fromarray(_checked(image)).save(out, "PNG")
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
        return _checked(image).copy()
    resized = PIL.Image.fromarray(_checked(image)).resize(size, PIL.Image.Resampling.LANCZOS)
    return np.array(resized)


def _checked(image: Image) -> Image:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"an image is RGB uint8 (H, W, 3), not {image.dtype} {image.shape}")
    return image


def _orientation(image: PIL.Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError, struct.error):
        return 1
    return value if isinstance(value, int) else 1


def _to_rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if image.mode == "F":
        raise ImageError("the picture has floating-point samples: save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit samples at 255. 257 = 65535 / 255.
        samples = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        return PIL.Image.fromarray(((samples + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, "white")
        return PIL.Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
