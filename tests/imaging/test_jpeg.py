"""JPEG files that stop before their end marker."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from proportrait import imaging
from proportrait.errors import CorruptImageError
from proportrait.imaging.jpeg import REMARK
from tests import FACE
from tests.imaging.drawn import encoded

FORMS: dict[str, dict[str, object]] = {
    "baseline": {},
    "baseline 4:4:4": {"subsampling": 0},
    "progressive": {"progressive": True},
    "restart markers": {"restart_marker_rows": 1},
    "grey": {"grey": True},
}
LAST_ROWS = 24  # the last row of blocks, and what smoothing carries up


@pytest.fixture(params=FORMS)
def whole(request: pytest.FixtureRequest) -> bytes:
    options = dict(FORMS[request.param])
    face = PIL.Image.open(FACE).resize((480, 400)).convert("L" if options.pop("grey", 0) else "RGB")
    return encoded(face, "JPEG", quality=90, **options)


def test_a_file_without_its_end_marker_gives_every_pixel(whole: bytes) -> None:
    picture = imaging.decode_picture(whole[:-2])
    assert np.array_equal(picture.image, imaging.decode(whole))
    assert set(picture.remarks) <= {REMARK}  # of 4:4:4 the decoder does not ask for the marker
    assert imaging.decode_picture(whole).remarks == ()


def test_a_hundred_bytes_cost_the_last_blocks(whole: bytes) -> None:
    picture = imaging.decode_picture(whole[:-100])
    assert picture.remarks == (REMARK,)
    upper = slice(0, 400 - LAST_ROWS)
    assert np.array_equal(picture.image[upper], imaging.decode(whole)[upper])


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_picture_that_is_missing_rows_is_damaged(whole: bytes, share: float) -> None:
    with pytest.raises(CorruptImageError, match=r"damaged: its file is truncated.*copy it again"):
        imaging.decode(whole[: round(len(whole) * (1 - share))])


def test_wherever_it_is_cut_no_grey_is_taken_for_the_picture(whole: bytes) -> None:
    right = imaging.decode(whole)
    for cut in np.linspace(3, len(whole) - 20, 60).astype(int):
        try:
            image = imaging.decode(whole[:-cut])
        except CorruptImageError:
            continue
        assert np.array_equal(image[:-LAST_ROWS], right[:-LAST_ROWS]), cut


def test_zeros_after_a_broken_copy_are_no_pixels(whole: bytes) -> None:
    assert np.array_equal(imaging.decode(whole[:-2] + bytes(10_000)), imaging.decode(whole))
    half = len(whole) // 2
    with pytest.raises(CorruptImageError, match="truncated"):
        imaging.decode(whole[:half] + bytes(len(whole) - half))


def test_a_scan_that_never_began_is_missed() -> None:
    """A cut between two scans leaves a picture in which nothing is grey, but all is coarse."""
    data = encoded(PIL.Image.open(FACE), "JPEG", progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    between = data.rindex(b"\xff\xc4", 0, second)  # its tables come before the scan
    with pytest.raises(CorruptImageError, match="truncated"):
        imaging.decode(data[:between])


def test_a_large_one_is_mended_at_its_reduced_size() -> None:
    data = encoded(PIL.Image.open(FACE).resize((1600, 1200)), "JPEG", quality=90)
    picture = imaging.decode_picture(data[:-2], longest=300)
    assert picture.image.shape == (225, 300, 3)
    assert picture.size == (1200, 1600)
    assert np.array_equal(picture.image, imaging.decode(data, longest=300))
    with pytest.raises(CorruptImageError, match=r"truncated, 5\d% of its rows"):
        imaging.decode(data[: len(data) // 2], longest=300)


@pytest.mark.parametrize("tail", [b"", bytes(1000)], ids=["end", "zeros behind it"])
@pytest.mark.parametrize("form", ["baseline", "baseline 4:4:4", "restart markers"])
def test_half_a_picture_with_an_end_marker_is_half_a_picture(form: str, tail: bytes) -> None:
    face = PIL.Image.open(FACE).resize((480, 400)).convert("RGB")
    data = encoded(face, "JPEG", quality=90, **FORMS[form])
    half = data[: len(data) // 2].rstrip(b"\xff") + b"\xff\xd9" + tail
    with pytest.raises(CorruptImageError, match="truncated"):
        imaging.decode(half)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_picture_that_ends_in_one_colour_is_whole(form: str, colour: int) -> None:
    options = dict(FORMS[form])
    pixels = np.array(PIL.Image.open(FACE).resize((480, 400)).convert("RGB"))
    pixels[200:] = colour
    image = PIL.Image.fromarray(pixels).convert("L" if options.pop("grey", 0) else "RGB")
    data = encoded(image, "JPEG", quality=90, **options)
    picture = imaging.decode_picture(data + b"something behind it")
    assert picture.remarks == ()
    assert picture.image.shape == (400, 480, 3)


def drawing(colour: int, left: int, top: int) -> bytes:
    """A dot on one colour, with tables made for it: an area of one colour is written in zeros."""
    pixels = np.full((400, 320, 3), colour, np.uint8)
    pixels[top : top + 20, left : left + 30] = (colour + 90) % 256
    return encoded(PIL.Image.fromarray(pixels), "JPEG", quality=90, optimize=True)


@pytest.mark.parametrize("colour", [0, 135, 255])
def test_one_colour_that_is_written_in_zeros_is_whole(colour: int) -> None:
    """As browsers write the first frames of a camera; of some the last byte is a zero."""
    ends = set()
    for left in range(0, 280, 9):
        data = drawing(colour, left, 50)
        ends.add(data[-3])
        assert imaging.decode_picture(data).remarks == ()
    assert 0 in ends
    plain = encoded(PIL.Image.new("RGB", (400, 512), (colour,) * 3), "JPEG", optimize=True)
    assert imaging.decode_picture(plain).remarks == ()


def test_zeros_in_place_of_the_end_marker_are_no_colour() -> None:
    data = drawing(135, 100, 200)
    start = data.index(b"\xff\xda")
    cut = data[: start + (len(data) - start) // 4].rstrip(b"\xff")
    with pytest.raises(CorruptImageError, match="truncated"):
        imaging.decode(cut + bytes(len(data)))
