"""Pictures in memory: which are taken, and what is said of the others."""

from __future__ import annotations

import re

import numpy as np
import PIL.Image
import pytest

from proportrait.imaging import LONGEST, as_image, decode, read
from tests import FACE

PHOTO = np.full((200, 160, 3), 90, np.uint8)


@pytest.mark.parametrize(
    ("picture", "given", "hint"),
    [
        (PHOTO / 255, "float64 (200, 160, 3)", "(255 * image).round().astype(np.uint8)"),
        (PHOTO.astype(np.float32), "float32 (200, 160, 3)", "image.clip(0, 255)"),
        (PHOTO.astype(np.uint16) * 257, "uint16 (200, 160, 3)", "(image // 257)"),
        (PHOTO.transpose(2, 0, 1), "uint8 (3, 200, 160)", "image.transpose(1, 2, 0)"),
        (PHOTO[None], "uint8 (1, 200, 160, 3)", "one picture at a time"),
        (PHOTO[:, :, 0], "uint8 (200, 160)", "np.stack"),
        (np.dstack([PHOTO, PHOTO[:, :, :1]]), "uint8 (200, 160, 4)", "image[..., :3]"),
        (PHOTO[:8, :8], "uint8 (8, 8, 3)", "must be at least 128 px"),
        (PHOTO[:0], "uint8 (0, 160, 3)", "it is no picture"),
        (PIL.Image.new("L", (100, 200)), "a Pillow image (L, 100x200 px)", "at least 128 px"),
        ([[1, 2], [3, 4]], "a list", ""),
        ("me.jpg", "a str", ""),
        (None, "a NoneType", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_pictures_are_refused_with_what_is_expected_and_what_was_given(
    picture: object, given: str, hint: str
) -> None:
    expected = re.escape("RGB uint8 array (height, width, 3) of at least 128 px")
    with pytest.raises(ValueError, match=f"{expected}.*{re.escape(given)}.*{re.escape(hint)}"):
        as_image(picture)


def test_an_array_is_taken_as_it_is() -> None:
    assert as_image(PHOTO) is PHOTO


def test_a_large_array_is_reduced_as_its_file_would_be() -> None:
    large = np.zeros((1500, LONGEST + 952, 3), np.uint8)
    assert as_image(large).shape == (1024, LONGEST, 3)


def test_a_pillow_image_gives_the_pixels_of_its_file() -> None:
    with PIL.Image.open(FACE) as image:
        assert np.array_equal(as_image(image), read(FACE))


def test_a_pillow_image_is_turned_and_stays_as_it_is() -> None:
    image = PIL.Image.fromarray(PHOTO)
    image.putpixel((0, 0), (255, 0, 0))
    image.getexif()[0x0112] = 6  # turn it by 90 degrees to the right
    turned = as_image(image)
    assert turned.shape == (160, 200, 3)
    assert tuple(turned[0, -1]) == (255, 0, 0)
    assert image.size == (160, 200)
    assert image.getexif()[0x0112] == 6


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_modes_of_pillow_are_converted(mode: str) -> None:
    with PIL.Image.open(FACE) as face:
        image = face.convert("L" if mode == "I;16" else mode)
        if mode == "I;16":
            image = PIL.Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    result = as_image(image)
    assert (result.dtype, result.shape[2]) == (np.uint8, 3)
    assert abs(result.mean() - decode(FACE.read_bytes()).mean()) < 25
