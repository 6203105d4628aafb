"""Arrays to bytes and to other sizes."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait import imaging
from tests.imaging.drawn import corners, noise


def segments(jpeg: bytes) -> list[tuple[int, bytes]]:
    """(marker, body) of every segment before the scan data."""
    found, position = [], 2
    while position < len(jpeg):
        marker, length = (
            jpeg[position + 1],
            int.from_bytes(jpeg[position + 2 : position + 4], "big"),
        )
        found.append((marker, jpeg[position + 4 : position + 2 + length]))
        if marker == 0xDA:
            break
        position += 2 + length
    return found


def test_jpeg_has_one_form_whatever_the_picture() -> None:
    size = (128, 128)
    pictures = [corners(), noise(*size), np.full((*size, 3), 200, np.uint8)]
    forms = []
    for picture in pictures:
        data = imaging.encode_jpeg(picture)
        assert data == imaging.encode_jpeg(picture.copy())
        forms.append(segments(data))
    assert forms[0] == forms[1] == forms[2]
    markers = [marker for marker, _ in forms[0]]
    assert set(markers) == {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # JFIF, tables, baseline, no metadata
    frame = next(body for marker, body in forms[0] if marker == 0xC0)
    assert frame[7] == 0x11  # the luma component is sampled 1x1, as the others are: 4:4:4


def test_jpeg_keeps_the_picture_and_obeys_quality() -> None:
    decoded = imaging.decode(imaging.encode_jpeg(corners()))
    assert np.abs(decoded.astype(int) - corners()).mean() < 1
    assert len(imaging.encode_jpeg(noise(), 50)) < len(imaging.encode_jpeg(noise(), 95))


@pytest.mark.parametrize(
    "bad", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)]
)
def test_other_arrays_are_misuse(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="RGB uint8"):
        imaging.encode_jpeg(bad)
    with pytest.raises(ValueError, match="RGB uint8"):
        imaging.resize(bad, (4, 4))


def test_resize_takes_width_and_height_and_does_not_alias() -> None:
    image = np.zeros((512, 384, 3), np.uint8)
    image[:, ::2] = 255  # one-pixel stripes: their mean is 127.5 at any smaller size
    small = imaging.resize(image, (96, 128))
    assert small.shape == (128, 96, 3)
    assert np.abs(small[:, 4:-4].astype(int) - 127).max() <= 2
    assert np.array_equal(imaging.resize(image, (384, 512)), image)
    flat = imaging.resize(np.full((130, 140, 3), 90, np.uint8), (300, 200))
    assert flat.shape == (200, 300, 3)
    assert (flat == 90).all()


def test_png_is_lossless_and_repeats() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    data = imaging.encode_png(image)
    assert data == imaging.encode_png(image)
    assert np.array_equal(imaging.decode(data, min_side=1), image)
