"""Colour profiles: every picture comes to sRGB."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

from proportrait import imaging
from tests.imaging.drawn import encoded, noise
from tests.imaging.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    cmyk_profile,
    grey_profile,
    rgb_profile,
)

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
OTHER_KIND = "its colour profile is for another kind of picture and was ignored"
DAMAGED = "its colour profile is damaged and was ignored"


def flat(mode: str, colour: object) -> PIL.Image.Image:
    return PIL.Image.new(mode, (130, 128), colour)


# Computed as sRGB(inverse(M of sRGB) M of the profile light(colour)), M adapted to D50 (Bradford).
@pytest.mark.parametrize(
    ("profile", "colour", "expected"),
    [
        (rgb_profile(DISPLAY_P3, None), (200, 150, 120), (209.2, 147.4, 114.8)),
        (rgb_profile(DISPLAY_P3, None), (120, 90, 70), (125.6, 88.5, 66.6)),
        (rgb_profile(DISPLAY_P3, None), (0, 255, 0), (0, 255, 0)),  # sRGB has no such green
        (rgb_profile(ADOBE_RGB, 2.19921875), (200, 150, 120), (217.2, 151.4, 119.2)),
        (rgb_profile(ADOBE_RGB, 2.19921875), (120, 90, 70), (130.8, 89.6, 67.1)),
        (rgb_profile(PROPHOTO, 1.8), (200, 150, 120), (249.8, 154.5, 133.0)),
        (rgb_profile(PROPHOTO, 1.8), (120, 90, 70), (166.1, 100.8, 83.5)),
        (rgb_profile(PROPHOTO, 1.8), (128, 128, 128), (146.4, 146.4, 146.3)),
        (rgb_profile(PROPHOTO, 1.8), (0, 0, 0), (0, 0, 0)),
        (rgb_profile(PROPHOTO, 1.8), (255, 255, 255), (255, 255, 255)),
    ],
)
def test_colours_come_to_srgb(
    profile: bytes, colour: tuple[int, ...], expected: tuple[float, ...]
) -> None:
    picture = imaging.decode_picture(encoded(flat("RGB", colour), "PNG", icc_profile=profile))
    assert np.abs(picture.image - np.array(expected)).max() <= 1.1
    assert picture.remarks == ()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("longest", [None, 129])
def test_every_format_carries_its_profile(kind: str, longest: int | None) -> None:
    data = encoded(flat("RGB", (200, 150, 120)), kind, icc_profile=rgb_profile(PROPHOTO, 1.8))
    image = imaging.decode(data, longest=longest, min_side=1)
    assert np.abs(image[64, 64] - np.array((249.8, 154.5, 133.0))).max() <= 4


# Light is value^gamma, and sRGB(light) * 255 is expected.
@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "1"])
def test_a_profile_for_grey(mode: str) -> None:
    white = {"L": 128, "LA": (128, 255), "I;16": 128 * 257, "1": 1}[mode]
    data = encoded(flat(mode, white), "PNG", icc_profile=grey_profile(1.8))
    assert (imaging.decode(data) == (255 if mode == "1" else 146)).all()


def test_a_profile_for_cmyk() -> None:
    """Full black is L* 75: light ((75 + 16) / 116)^3 = 0.483, which is 185 of 255 in sRGB."""
    profile = cmyk_profile()
    for ink, expected in (((0, 0, 0, 255), 185), ((0, 0, 0, 0), 255), ((255, 255, 255, 255), 0)):
        picture = imaging.decode_picture(encoded(flat("CMYK", ink), "TIFF", icc_profile=profile))
        assert np.abs(picture.image.astype(int) - expected).max() <= 2
        assert picture.remarks == ()


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_srgb_itself_changes_no_pixel(mode: str) -> None:
    image = PIL.Image.fromarray(noise()).convert(mode)
    plain, tagged = encoded(image), encoded(image, icc_profile=SRGB)
    assert np.array_equal(imaging.decode(tagged), imaging.decode(plain))
    assert imaging.decode_picture(tagged).remarks == ()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA"])
def test_a_profile_for_rgb_on_other_kinds(mode: str) -> None:
    image = flat("RGB", (128, 128, 128))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    picture = imaging.decode_picture(encoded(image, icc_profile=rgb_profile(PROPHOTO, 1.8)))
    assert np.abs(picture.image - 146.4).max() <= 1.1
    assert picture.remarks == ()


@pytest.mark.parametrize(
    ("mode", "profile", "remark"),
    [
        ("RGB", b"no profile", DAMAGED),
        ("RGB", SRGB[:200], DAMAGED),
        ("RGB", rgb_profile(PROPHOTO, 1.8)[:300], DAMAGED),
        ("RGB", cmyk_profile(), OTHER_KIND),
        ("RGB", grey_profile(1.8), OTHER_KIND),
        ("CMYK", SRGB, OTHER_KIND),
    ],
)
def test_a_profile_of_no_use_is_a_remark(mode: str, profile: bytes, remark: str) -> None:
    image = flat(mode, 100)
    picture = imaging.decode_picture(encoded(image, "TIFF", icc_profile=profile))
    assert picture.remarks == (remark,)
    assert np.array_equal(picture.image, imaging.decode(encoded(image, "TIFF")))
