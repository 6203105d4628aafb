"""Crops as JPEG bytes, and as files beside each other in a folder."""

from __future__ import annotations

import io
import os
import struct
from functools import cache
from pathlib import Path

import PIL.Image
from PIL import ImageCms

from proportrait.arrays import Image
from proportrait.commandline import printable
from proportrait.disk import add_file, disk_errors
from proportrait.errors import ConfigurationError

QUALITY = 95
_PROFILE_DATE = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)


def encode(image: Image, exif: bytes) -> bytes:
    """A JPEG (4:4:4) of RGB uint8 (H, W, 3) with the profile of sRGB and an EXIF block, or b"".

    Equal pictures give equal bytes.
    """
    out = io.BytesIO()
    PIL.Image.fromarray(image).save(
        out, "JPEG", quality=QUALITY, subsampling=0, exif=exif, icc_profile=srgb_profile()
    )
    return out.getvalue()


@cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB; the same bytes on every day."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[24:36] = _PROFILE_DATE  # when it was made: ICC.1:2010, 7.2.1
    return bytes(data)


def prepare(folder: Path) -> None:
    """Make the folder of the crops, before pictures are judged.

    Raises:
        ConfigurationError: there is a file of that name.
        StoreError: it cannot be made.
    """
    if os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112 - of any name
        raise ConfigurationError(f"{printable(folder)} is no folder: name another one for --fix")
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def save(data: bytes, path: Path) -> bool:
    """Write a crop; returns False where there is a file of that name, which stays as it is.

    Raises:
        StoreError: it cannot be written.
    """
    with disk_errors(path):
        return add_file(path, lambda temporary: temporary.write_bytes(data))
