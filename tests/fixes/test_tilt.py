"""Whether a picture leans, and who says so."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.faces import shared_analyzer
from proportrait.fixes.tilt import _lines, _parallel, measured_tilt, tilt
from proportrait.measures import Subject


def striped(angle: float) -> Image:
    """Black and white stripes that lean clockwise."""
    y, x = np.indices((480, 640))
    across = np.sin(np.radians(angle)) * -x + np.cos(np.radians(angle)) * y
    return np.where((across // 40 % 2)[..., None] > 0, 255, 0).astype(np.uint8).repeat(3, 2)


@pytest.mark.parametrize("angle", [0.0, 8.0, -15.0])
def test_lines_tell_how_a_picture_leans(angle: float) -> None:
    lengths, angles = _lines(striped(angle), np.zeros((480, 640), np.float32))
    strength = {step: _parallel(lengths, angles, step) for step in np.arange(-40.0, 41.0)}
    assert max(strength, key=lambda step: strength[step]) == angle
    assert strength[angle] > 5
    assert _lines(striped(angle), np.ones((480, 640), np.float32))[0].size == 0


def leaning(image: Image, background: Image | None, degrees: float = 12.0) -> Subject:
    """The face turned clockwise, before what stands straight."""
    canvas = cv2.copyMakeBorder(image, 100, 100, 150, 150, cv2.BORDER_REPLICATE)
    matrix = cv2.getRotationMatrix2D((406, 356), -degrees, 1)
    size = canvas.shape[1::-1]
    turned = cv2.warpAffine(canvas, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    subject = Subject(np.asarray(turned, np.uint8), shared_analyzer())
    behind = np.full_like(subject.image, 200) if background is None else background
    share = subject.mask[..., None]
    mixed = (share * subject.image + (1 - share) * behind).astype(np.uint8)
    return Subject(mixed, shared_analyzer(), face=subject.face, mask=subject.mask)


def test_a_leaning_person_before_nothing_is_a_leaning_picture(image: Image) -> None:
    assert 5 < tilt(leaning(image, None)) < 15


def test_before_straight_lines_it_is_the_person_who_leans(image: Image) -> None:
    stripes = cv2.resize(striped(0.0), (812, 712))
    assert tilt(leaning(image, np.asarray(stripes, np.uint8))) == 0.0


def test_who_leans_too_much_is_turned_by_half(image: Image) -> None:
    stripes = np.asarray(cv2.resize(striped(0.0), (812, 712)), np.uint8)
    person = leaning(image, stripes, 30.0)
    assert measured_tilt(person) > 14
    assert tilt(person) == pytest.approx(measured_tilt(person) / 2)
    assert tilt(leaning(image, None, 30.0)) == pytest.approx(measured_tilt(person), abs=2)


def test_a_straight_picture_stays(image: Image) -> None:
    assert tilt(Subject(image, shared_analyzer())) == 0.0
