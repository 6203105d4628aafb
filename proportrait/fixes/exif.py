"""What a picture's file says of itself, as far as a copy of it may say it too."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Mapping
from typing import Any

import PIL.Image
from PIL import ExifTags

from proportrait.imaging import FORMATS

_EXIF, _GPS = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo
# Tags of the main part that describe the picture, and not how its file stores it.
_KEPT = frozenset({
    *(ExifTags.Base[name] for name in (
        "ImageDescription", "Make", "Model", "Software", "DateTime", "Artist", "Copyright",
        "HostComputer", "Rating", "XPTitle", "XPComment", "XPAuthor", "XPKeywords", "XPSubject",
    ))
})  # fmt: skip
# Of the camera's part: notes of its maker hold places in the old file and nobody knows what else;
# the others describe the old pixels.
_NOTES, _SUBJECT_AREA = ExifTags.Base.MakerNote, 0x9214
_OLD = frozenset({
    _NOTES, ExifTags.IFD.Interop, ExifTags.Base.ComponentsConfiguration,
    ExifTags.Base.CompressedBitsPerPixel, ExifTags.Base.SubjectLocation, _SUBJECT_AREA,
})  # fmt: skip
_SRGB = 1  # of the tag ColorSpace
_DAMAGE = (OSError, SyntaxError, ValueError, KeyError, TypeError, IndexError, struct.error)
_HOLDERS = {"xmp": "XMP", "photoshop": "IPTC", "comment": "the comment of the file"}


def copied_exif(
    picture: bytes | PIL.Image.Image, size: tuple[int, int]
) -> tuple[bytes, tuple[str, ...]]:
    """The EXIF block of an upright sRGB copy of a picture, and what was left out of it.

    Camera, lens, date, exposure, author, and copyright stay. The orientation goes, since the copy
    is upright; so do the GPS position, the notes of the camera's maker, the thumbnail, XMP, and
    IPTC.

    Args:
        picture: the bytes of its file, or the picture as Pillow opened it.
        size: (width, height) px of the copy.

    Returns:
        the block, b"" where nothing is left to say, and the names of what people may miss.
    """
    try:
        image = _opened(picture) if isinstance(picture, bytes) else picture
    except PIL.Image.DecompressionBombError:
        return b"", ("EXIF, which is not read of so large a picture",)
    left_out = [name for key, name in _HOLDERS.items() if image.info.get(key)]
    try:
        source = image.getexif()
        main, camera = dict(source), dict(source.get_ifd(_EXIF))
        # A damaged one is a position all the same.
        names = ["the GPS position"] if _GPS in main or source.get_ifd(_GPS) else []
    except _DAMAGE:
        return b"", ("damaged EXIF", *left_out)
    if not main:
        return b"", tuple(left_out)
    names += ["the notes of the camera's maker"] if _NOTES in camera else []
    return _block(main, camera, size), (*names, *left_out)


def _opened(data: bytes) -> PIL.Image.Image:
    """A picture whose pixels have been decoded before: its formats are registered."""
    PIL.Image.init()
    formats = [name for name in FORMATS if name in PIL.Image.OPEN]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
        return PIL.Image.open(io.BytesIO(data), formats=formats)


def _block(main: Mapping[int, Any], camera: Mapping[int, Any], size: tuple[int, int]) -> bytes:
    """EXIF of what may be kept; a tag whose value cannot be written is left out."""
    exif = PIL.Image.Exif()
    inner = exif.get_ifd(_EXIF)
    for target, tags in (
        (exif, {tag: value for tag, value in main.items() if tag in _KEPT}),
        (inner, {tag: value for tag, value in camera.items() if tag not in _OLD}),
    ):
        for tag, value in tags.items():
            target[tag] = value
            try:
                exif.tobytes()
            except (*_DAMAGE, OverflowError, AttributeError):
                del target[tag]
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = size
    inner[ExifTags.Base.ColorSpace] = _SRGB
    return bytes(exif.tobytes())
