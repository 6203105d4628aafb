"""Pictures of every format with faults in their bytes, each one a function of seed and number."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
import PIL.Image

from proportrait.imaging import PICTURE_SUFFIXES

_SIZE = (240, 200)  # (width, height) px of the pictures before they are mutated
# What sizes and counts in headers become: zero, signs, and what no picture has.
_INTEGERS = (0, 1, 2, 127, 128, 255, 256, 1023, 0x7FFF, 0x8000, 0xFFFF, 20_000, 2**31 - 1,
             2**31, 2**32 - 1)  # fmt: skip
_HEADER = 512  # bytes in which most formats say what they hold
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SUFFIXES = sorted(PICTURE_SUFFIXES)

Random = np.random.Generator
Value = TypeVar("Value")


def mutated(seed: int, number: int) -> tuple[str, str, bytes]:
    """The `number`-th picture of a seed.

    Returns:
        What was done to which file ("png 16 bit: cut"), the suffix of a file name, which is wrong
        for one in four, and the bytes.
    """
    rng = np.random.default_rng((seed, number))
    files = originals()
    name = list(files)[rng.integers(len(files))]
    mutation = list(_MUTATIONS)[rng.integers(len(_MUTATIONS))]
    data = _MUTATIONS[mutation](files[name], rng)
    if name.startswith("png") and rng.random() < 0.7:
        data = _sealed(data)
    suffix = f".{name.split()[0]}" if rng.random() < 0.75 else _any(_SUFFIXES, rng)
    return f"{name}: {mutation}", suffix, data


@cache
def originals() -> dict[str, bytes]:
    """Undamaged pictures by a name that begins with their suffix."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    image, deep = _drawn()
    palette = image.quantize(32)
    alpha = image.copy()
    alpha.putalpha(image.convert("L"))
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    turned[0x010E] = "a picture that somebody has turned " * 9
    pages = (image.rotate(90), image.rotate(180))
    profile = _profile()
    return {
        "jpg": _encoded(image, "JPEG", quality=90, exif=turned, icc_profile=profile),
        "jpg progressive": _encoded(image, "JPEG", progressive=True, subsampling=0),
        "jpg grey": _encoded(image.convert("L"), "JPEG"),
        "jpg cmyk": _encoded(image.convert("CMYK"), "JPEG"),
        "mpo": _encoded(image, "MPO", pages=pages),
        "png": _encoded(image, "PNG", icc_profile=profile, exif=turned),
        "png palette": _encoded(palette, "PNG", transparency=3),
        "png alpha": _encoded(alpha, "PNG"),
        "png 16 bit": _encoded(deep, "PNG"),
        "apng": _encoded(image, "PNG", pages=pages),
        "webp": _encoded(image, "WEBP", quality=80, exif=turned, icc_profile=profile),
        "webp lossless": _encoded(alpha, "WEBP", lossless=True),
        "webp animated": _encoded(image, "WEBP", pages=pages),
        "tiff": _encoded(image, "TIFF", exif=turned),
        "tiff lzw": _encoded(image, "TIFF", compression="tiff_lzw"),
        "tiff deflate": _encoded(palette, "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": _encoded(image, "TIFF", compression="jpeg"),
        "tiff fax": _encoded(image.convert("1"), "TIFF", compression="group4"),
        "tiff 16 bit": _encoded(deep, "TIFF"),
        "tiff pages": _encoded(image, "TIFF", pages=pages),
        "heic": _encoded(image, "HEIF", exif=turned.tobytes()),
        "heic alpha": _encoded(alpha, "HEIF"),
        "avif": _encoded(image, "AVIF", speed=10, exif=turned),
        "avif alpha": _encoded(alpha, "AVIF", speed=10),
        "gif": _encoded(palette, "GIF", transparency=3),
        "gif animated": _encoded(image, "GIF", pages=pages),
        "bmp": _encoded(palette, "BMP"),
        "ppm": _encoded(image, "PPM"),
        "jp2": _encoded(image, "JPEG2000"),
    }


def _drawn() -> tuple[PIL.Image.Image, PIL.Image.Image]:
    """A portrait of sorts with some grain, in colour and as grey of 16 bits."""
    width, height = _SIZE
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    head = np.exp(-4 * (x**2 + 0.7 * y**2))
    levels = np.stack([0.3 + 0.6 * head, 0.3 + 0.4 * head, 0.5 + 0.2 * y], axis=-1)
    levels += np.random.default_rng(0).normal(0, 0.02, levels.shape)
    levels = np.clip(levels, 0, 1)
    deep = PIL.Image.fromarray((levels[..., 0] * 65535).astype(np.uint16))
    return PIL.Image.fromarray((levels * 255).astype(np.uint8)), deep


def _encoded(
    image: PIL.Image.Image, kind: str, pages: Sequence[PIL.Image.Image] = (), **options: Any
) -> bytes:
    # Of copies, because saving leaves settings on a picture.
    more = {"save_all": True, "append_images": [page.copy() for page in pages]} if pages else {}
    out = io.BytesIO()
    image.copy().save(out, kind, **more, **options)
    return out.getvalue()


def _profile() -> bytes:
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


# --- mutations: bytes and chance to bytes


def _bits(data: bytes, rng: Random) -> bytes:
    """Some bits of the header or of the whole file turned over."""
    out = bytearray(data)
    reach = min(_HEADER, len(out)) if rng.random() < 0.5 else len(out)
    for _ in range(2 ** int(rng.integers(7))):
        out[rng.integers(reach)] ^= 1 << int(rng.integers(8))
    return bytes(out)


def _cut(data: bytes, rng: Random) -> bytes:
    """The end missing, perhaps with zeros in its place."""
    end = int(rng.integers(len(data)))
    return data[:end].ljust(len(data), b"\0") if rng.random() < 0.3 else data[:end]


def _splice(data: bytes, rng: Random) -> bytes:
    """The header of one file, the rest of another."""
    other = _any(list(originals().values()), rng)
    return data[: rng.integers(4, _HEADER)] + other[rng.integers(4, _HEADER) :]


def _size(data: bytes, rng: Random) -> bytes:
    """The size that the header states, wherever it does, is another."""
    out, (width, height) = bytearray(data), _SIZE
    for form in (">I", "<I", ">H", "<H"):
        for side in (width, height, width - 1, height - 1):
            packed = struct.pack(form, side)
            start = out.find(packed, 2, 2 * _HEADER)
            while start >= 0 and rng.random() < 0.8:
                value = _any(_INTEGERS, rng) if rng.random() < 0.5 else int(rng.integers(30_000))
                out[start : start + len(packed)] = struct.pack(form, value % 256 ** len(packed))
                start = out.find(packed, start + len(packed), 2 * _HEADER)
    return bytes(out)


def _integers(data: bytes, rng: Random) -> bytes:
    """Numbers anywhere in the header that no encoder writes."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        form = _any((">I", "<I", ">H", "<H"), rng)
        length = struct.calcsize(form)
        start = int(rng.integers(min(2 * _HEADER, len(out) - length)))
        value = _any(_INTEGERS, rng) % 256**length
        out[start : start + length] = struct.pack(form, value)
    return bytes(out)


def _run(data: bytes, rng: Random) -> bytes:
    """A stretch of other bytes: zeros, ones, or anything."""
    start, length = int(rng.integers(len(data))), int(rng.integers(1, 400))
    filler = _any((b"\0" * length, b"\xff" * length, rng.bytes(length)), rng)
    return data[:start] + filler + data[start + length :]


def _moved(data: bytes, rng: Random) -> bytes:
    """A stretch left out, or written twice."""
    start, end = sorted(int(v) for v in rng.integers(len(data), size=2))
    return data[:start] + data[end:] if rng.random() < 0.5 else data[:end] + data[start:]


def _as_it_is(data: bytes, rng: Random) -> bytes:
    """Nothing, so that one in eight files is only named wrongly, or is right."""
    return data


_MUTATIONS: dict[str, Callable[[bytes, Random], bytes]] = {
    "bits": _bits,
    "cut": _cut,
    "splice": _splice,
    "size": _size,
    "integers": _integers,
    "run": _run,
    "moved": _moved,
    "as it is": _as_it_is,
}


def _sealed(data: bytes) -> bytes:
    """A PNG whose checksums fit again, so that its reader does not stop at the first of them."""
    out, position = bytearray(data), len(_SIGNATURE)
    while position + 12 <= len(out):
        (length,) = struct.unpack_from(">I", out, position)
        end = position + 8 + length
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[position + 4 : end]))
        position = end + 4
    return bytes(out)


def _any(values: Sequence[Value], rng: Random) -> Value:
    return values[int(rng.integers(len(values)))]
