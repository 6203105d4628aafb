"""Files and bytes of any usual format to RGB arrays."""

from __future__ import annotations

import contextlib
import io
import math
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import ExifTags, ImageOps

from proportrait.arrays import Image
from proportrait.commandline import printable
from proportrait.errors import CorruptImageError, ImageError, ImageTooSmallError
from proportrait.imaging import jpeg
from proportrait.imaging.colour import to_srgb
from proportrait.imaging.formats import FORMATS

MIN_SIDE = 128
MAX_PIXELS = 200_000_000
MAX_RATIO = 40  # of the sides: what is longer is no photo of a person, and could not be reduced
LONGEST = 2048  # px; all that is measured and learnt is seen at this size, and memory stays small

_GAP = 2  # a JPEG is decoded at the scale that is at least so many times the size asked for
_STRIP = 64  # rows that are resampled at once
_LANCZOS = PIL.Image.Resampling.LANCZOS
_LANCZOS_REACH = 3
_WITHOUT_HEIF = tuple(name for name in FORMATS if name != "HEIF")
_JPEG = ("JPEG", "MPO")  # what Pillow calls them
_SAMPLE_FORMAT = 339  # of TIFF: 1 unsigned, 2 signed, 3 floating point
_SIDEWAYS = (5, 6, 7, 8)  # orientations of EXIF that swap width and height
_LIMIT = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was decoded.

    Attributes:
        image: RGB uint8 (H, W, 3), upright, in sRGB.
        size: (height, width) px, upright, before it was reduced.
        remarks: what is wrong with the file and cost nothing.
    """

    image: Image
    size: tuple[int, int]
    remarks: tuple[str, ...] = ()


def decode_picture(
    data: bytes, *, min_side: int = MIN_SIDE, longest: int | None = LONGEST
) -> Picture:
    """Decode an encoded picture to RGB, with what is to be said of it.

    The orientation of EXIF is applied, colours come to sRGB, transparency is laid on white, 16-bit
    samples are scaled to 8 bits, and an animation gives its first frame. The bytes tell the format.

    Args:
        data: the bytes of a file in one of `FORMATS`.
        min_side: the least length of the shorter side, px; reducing keeps to it too.
        longest: the most px of the longer side: larger pictures are reduced, smaller ones stay as
            they are. None gives every pixel.

    Raises:
        CorruptImageError: no decoder reads the bytes to the end.
        ImageTooSmallError: the shorter side is under `min_side`.
        ImageError: there are more than `MAX_PIXELS` pixels, or their kind has no 8-bit meaning.
    """
    if not data:
        raise CorruptImageError("the picture is empty (0 bytes)")
    try:
        return _decoded(data, min_side, longest)
    except ImageError:
        raise
    except PIL.UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise CorruptImageError(f"the bytes are no picture of a known format ({known})") from None
    except MemoryError as error:
        raise ImageError("there is too little memory for the picture: reduce it first") from error
    except Exception as error:
        # Decoders of damaged bytes raise nearly anything: OSError, SyntaxError, struct.error, ...
        reason = printable(" ".join(str(error).split()))
        raise CorruptImageError(f"the picture is damaged: {reason}") from error


def decode(data: bytes, *, min_side: int = MIN_SIDE, longest: int | None = LONGEST) -> Image:
    """The image of `decode_picture`, RGB uint8 (H, W, 3)."""
    return decode_picture(data, min_side=min_side, longest=longest).image


def read_picture(
    path: str | Path, *, min_side: int = MIN_SIDE, longest: int | None = LONGEST
) -> Picture:
    """Read a picture file as `decode_picture` does; every message names the file.

    Raises:
        ImageError: the file cannot be read, or `decode_picture` refuses it (its subclasses).
    """
    name = printable(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{name} cannot be read: {error.strerror}") from None
    try:
        return decode_picture(data, min_side=min_side, longest=longest)
    except ImageError as error:
        raise type(error)(f"{name}: {error}") from error


def read(path: str | Path, *, min_side: int = MIN_SIDE, longest: int | None = LONGEST) -> Image:
    """The image of `read_picture`, RGB uint8 (H, W, 3)."""
    return read_picture(path, min_side=min_side, longest=longest).image


def from_pillow(image: PIL.Image.Image, *, longest: int | None = LONGEST) -> Image:
    """A picture that Pillow has opened, as `decode` gives that of its file: RGB uint8 (H, W, 3).

    Raises:
        ImageError: as `decode_picture`.
    """
    _check(image.size, MIN_SIDE)
    target = _target(image.size, longest, MIN_SIDE)
    return _finished(image, image.size, 1, target, []).image


def _decoded(data: bytes, min_side: int, longest: int | None) -> Picture:
    image = _open(data)
    header = image.size
    _check(header, min_side)
    remarks: list[str] = []
    target = _target(header, longest, min_side)
    try:
        scale = _load(image, target)
    except OSError:
        if image.format not in _JPEG:
            raise
        image, scale = jpeg.without_end(data, partial(_opened, target=target))
        remarks.append(jpeg.REMARK)
    else:
        if image.format == "JPEG":
            jpeg.check_end(data, image, scale, partial(_opened, target=target))
    # A reader may turn the picture itself (TIFF) and so change its size.
    size = image.size if scale == 1 else header
    return _finished(image, size, scale, _target(size, longest, min_side), remarks)


def _finished(
    image: PIL.Image.Image,
    size: tuple[int, int],
    scale: int,
    target: tuple[int, int],
    remarks: list[str],
) -> Picture:
    """The picture upright, in sRGB, of the target size.

    Args:
        image: decoded at 1/`scale` of its size; it stays as it is.
        size, target: (width, height) px before and after.
        remarks: so far.
    """
    orientation = _orientation(image)
    profile, grey = image.info.get("icc_profile"), image.mode.startswith(("1", "L", "I"))
    box = (size[0] / scale, size[1] / scale)
    short = _short(image)
    plain = _plain(short) if target == size else _reduced(short, box, target)
    plain = plain.copy() if plain is image and orientation != 1 else plain
    rgb, remark = to_srgb(_upright(plain, orientation), profile, grey)
    upright = size if orientation in _SIDEWAYS else size[::-1]
    return Picture(np.array(rgb), upright, (*remarks, *([remark] if remark else [])))


def _open(data: bytes) -> PIL.Image.Image:
    """Read the header. Pillow's limit of pixels is lifted meanwhile, because ours is another."""
    formats = _WITHOUT_HEIF
    if data[4:8] == b"ftyp":  # its reader takes a while to load
        _know_heif()
        formats = FORMATS
    with _without_limit():
        return PIL.Image.open(io.BytesIO(data), formats=formats)


@contextlib.contextmanager
def _without_limit() -> Iterator[None]:
    with _LIMIT:
        limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit


@cache
def _know_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def _check(size: tuple[int, int], min_side: int) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"the picture is {width}x{height} px; at most {MAX_PIXELS // 10**6} megapixels are "
            f"read: reduce it first"
        )
    if min(size) < min_side:
        raise ImageTooSmallError(
            f"the picture is {width}x{height} px; its shorter side must be at least {min_side} px"
        )
    if min_side >= MIN_SIDE and max(size) > MAX_RATIO * min(size):  # of others only a view is drawn
        raise ImageError(
            f"the picture is {width}x{height} px; its longer side may be {MAX_RATIO} times as long "
            f"as the shorter one at most"
        )


def _target(size: tuple[int, int], longest: int | None, min_side: int) -> tuple[int, int]:
    """The size to reduce to, (width, height) px; the size itself where that is small enough."""
    scale = max((longest or math.inf) / max(size), min_side / min(size))
    return size if scale >= 1 else (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


def _opened(data: bytes, target: tuple[int, int]) -> tuple[PIL.Image.Image, int]:
    image = _open(data)
    return image, _load(image, target)


def _load(image: PIL.Image.Image, target: tuple[int, int]) -> int:
    """Decode the pixels, those of a larger JPEG at 1/2, 1/4, or 1/8 of their size: the divisor."""
    longer = max(image.size)
    if image.format in _JPEG and target != image.size:
        image.draft(None, (target[0] * _GAP, target[1] * _GAP))
    image.load()
    return math.ceil(longer / max(image.size)) if image.format in _JPEG else 1


def _short(image: PIL.Image.Image) -> PIL.Image.Image:
    """A TIFF of 32-bit samples with 16 bits; any other picture as it is.

    White is 2**32 - 1 (TIFF 6.0, PhotometricInterpretation); of signed samples no white is defined.
    """
    if image.format != "TIFF" or image.mode != "I":
        return image
    if getattr(image, "tag_v2", {}).get(_SAMPLE_FORMAT, (1,))[0] != 1:
        raise ImageError("the picture has signed samples: save it with 8 or 16 bits")
    samples = np.asarray(image).view(np.uint32)  # Pillow reads them as if they were signed
    return PIL.Image.fromarray((samples >> 16).astype(np.uint16))


def _plain(image: PIL.Image.Image) -> PIL.Image.Image:
    """The picture with 8 bits a sample and nothing transparent, as RGB, or as CMYK if it was."""
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
    return image if image.mode in ("RGB", "CMYK") else image.convert("RGB")


def _reduced(
    image: PIL.Image.Image, box: tuple[float, float], size: tuple[int, int]
) -> PIL.Image.Image:
    """Resample the first `box` px, (width, height), to `size`, by strips that are made plain.

    So there is no second picture of full size. Strips overlap as far as the filter reaches.
    """
    step = box[1] / size[1]
    strips = []
    for top in range(0, size[1], _STRIP):
        bottom = min(top + _STRIP, size[1])
        above = max(0, math.floor((top - _LANCZOS_REACH) * step))
        below = min(image.height, math.ceil((bottom + _LANCZOS_REACH) * step))
        with _without_limit():  # cutting asks for it again
            strip = image.crop((0, above, image.width, below))
        strip = _plain(strip)
        inner = (0, top * step - above, box[0], min(bottom * step - above, strip.height))
        strips.append(strip.resize((size[0], bottom - top), _LANCZOS, box=inner))
    whole = PIL.Image.new(strips[0].mode, size)
    for number, strip in enumerate(strips):
        whole.paste(strip, (0, number * _STRIP))
    return whole


def _orientation(image: PIL.Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or the EXIF block is damaged."""
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError, struct.error):
        return 1
    return value if value in range(1, 9) else 1


def _upright(image: PIL.Image.Image, orientation: int) -> PIL.Image.Image:
    if orientation != 1:
        image.info = {}  # other parts of EXIF may be damaged
        image.getexif()[ExifTags.Base.Orientation] = orientation
        ImageOps.exif_transpose(image, in_place=True)
    return image
