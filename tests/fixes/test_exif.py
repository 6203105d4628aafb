"""What an upright copy of a photo says of it, and what it does not."""

from __future__ import annotations

import io

import PIL.Image
import pytest
from PIL import ExifTags

from proportrait.fixes.exif import copied_exif

BASE, IFD = ExifTags.Base, ExifTags.IFD


def photo(kind: str = "JPEG", gps: bool = True, notes: bool = True) -> bytes:
    """Bytes of a photo that lies on its side, with all that cameras write."""
    exif = PIL.Image.Exif()
    exif[BASE.Orientation], exif[BASE.Make], exif[BASE.Copyright] = 6, "Canon", "(c) me"
    camera = exif.get_ifd(IFD.Exif)
    camera[BASE.ExposureTime], camera[BASE.DateTimeOriginal] = 0.01, "2024:05:01 10:00:00"
    camera[BASE.ExifImageWidth], camera[BASE.ExifImageHeight] = 300, 200
    if notes:
        camera[BASE.MakerNote] = b"serial number and place" * 3
    if gps:
        exif.get_ifd(IFD.GPSInfo)[1] = "N"
        exif.get_ifd(IFD.GPSInfo)[2] = (52.0, 31.0, 12.0)
    out = io.BytesIO()
    PIL.Image.new("RGB", (300, 200), "teal").save(out, kind, exif=exif)
    return out.getvalue()


def read(block: bytes) -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif.load(block)
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_camera_stays_the_place_goes(kind: str) -> None:
    block, left_out = copied_exif(photo(kind), (80, 100))
    assert left_out == ("the GPS position", "the notes of the camera's maker")
    exif = read(block)
    camera = exif.get_ifd(IFD.Exif)
    assert (exif[BASE.Make], exif[BASE.Copyright]) == ("Canon", "(c) me")
    assert camera[BASE.DateTimeOriginal] == "2024:05:01 10:00:00"
    assert float(camera[BASE.ExposureTime]) == 0.01
    assert (camera[BASE.ExifImageWidth], camera[BASE.ExifImageHeight]) == (80, 100)
    assert camera[BASE.ColorSpace] == 1
    assert BASE.MakerNote not in camera
    assert exif.get_ifd(IFD.GPSInfo) == {}
    assert set(exif) == {BASE.Make, BASE.Copyright, IFD.Exif}
    assert b"serial" not in block


def test_a_picture_that_pillow_opened_is_as_good_as_its_bytes() -> None:
    opened = PIL.Image.open(io.BytesIO(photo()))
    assert copied_exif(opened, (80, 100)) == copied_exif(photo(), (80, 100))


def test_how_the_old_file_was_stored_is_not_copied() -> None:
    """A TIFF has its strips, sizes, and compression among the same tags."""
    exif = read(copied_exif(photo("TIFF"), (80, 100))[0])
    assert set(exif) == {BASE.Make, BASE.Copyright, IFD.Exif}


def test_without_a_place_nothing_is_missed() -> None:
    block, left_out = copied_exif(photo(gps=False, notes=False), (80, 100))
    assert left_out == ()
    assert read(block)[BASE.Make] == "Canon"


def test_other_holders_of_places_are_left_out_and_named() -> None:
    out = io.BytesIO()
    PIL.Image.new("RGB", (300, 200)).save(out, "JPEG", xmp=b"<x:xmpmeta/>", comment="at home")
    assert copied_exif(out.getvalue(), (80, 100)) == (b"", ("XMP", "the comment of the file"))


def test_damaged_exif_is_no_error() -> None:
    out = io.BytesIO()
    PIL.Image.new("RGB", (300, 200)).save(out, "JPEG", exif=b"Exif\0\0MM\0*\0\0")
    block, left_out = copied_exif(out.getvalue(), (80, 100))
    assert block == b""
    assert left_out in (("damaged EXIF",), ())
