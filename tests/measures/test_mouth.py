from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.faces import Face, FaceAnalyzer
from proportrait.faces.face import INNER_LIPS, MOUTH_LEFT, MOUTH_RIGHT, NOSE_BASE
from proportrait.measures import Measure, Subject, Unassessed, expression
from proportrait.measures.geometry import AlignedFace
from proportrait.measures.mouth import NAMES, inside, lower_face_distance, measure, visibility
from tests import painted
from tests.measures.test_expression import made_face

SKIN = (205, 160, 140)


def open_mouth(*colours: tuple[int, int, int]) -> AlignedFace:
    """A mouth 50 px wide; rows of 31 x 10 px of these colours lie between its lips."""
    points = np.full((468, 2), 96, np.float32)
    points[MOUTH_LEFT], points[MOUTH_RIGHT] = (71, 130), (121, 130)
    half = len(INNER_LIPS) // 2
    low = 120 + 10 * len(colours) - 1
    points[list(INNER_LIPS[:half])] = (111, 120)
    points[list(INNER_LIPS[half:])] = (81, low)
    points[INNER_LIPS[0]], points[INNER_LIPS[half]] = (81, 120), (111, low)
    for cheek, x in (((117, 118, 101, 205, 187, 123), 60), ((346, 347, 330, 425, 411, 352), 120)):
        points[list(cheek)] = [(x + 8 * np.cos(i), 96 + 8 * np.sin(i)) for i in range(6)]
    pixels = np.full((192, 192, 3), SKIN, np.uint8)
    for row, colour in enumerate(colours):
        pixels[120 + 10 * row : 130 + 10 * row, 70:123] = colour
    return AlignedFace(pixels, points)


@pytest.mark.parametrize(
    ("colours", "cavity", "teeth"),
    [
        (((235, 230, 220),), 0, 310),
        (((30, 10, 10),), 310, 0),
        (((190, 80, 90),), 0, 0),  # a tongue
        (((235, 230, 220), (235, 230, 220), (30, 10, 10)), 310, 620),
    ],
)
def test_teeth_are_bright_and_pale_and_the_cavity_is_dark(
    colours: tuple[tuple[int, int, int], ...], cavity: float, teeth: float
) -> None:
    areas = inside(open_mouth(*colours))
    # Edges of colour are blurred by a pixel.
    assert areas == pytest.approx((cavity / 2501, teeth / 2501), abs=40 / 2501)


def test_corners_are_measured_from_the_nose(image: Image, face: Face) -> None:
    frontal = made_face().landmarks
    frontal[NOSE_BASE, 1] = 98  # the corners lie at y 110, the eyes 40 px apart
    height = measure(AlignedFace.cut(image, face), frontal, 40)[0]
    assert isinstance(height, Measure)
    assert height.value == pytest.approx(-12 / 40)


@pytest.mark.parametrize("scale", [0.5, 0.8, 2.0])
def test_scale_changes_little(analyzer: FaceAnalyzer, image: Image, scale: float) -> None:
    other = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    here, there = (AlignedFace.cut(picture, analyzer.face(picture)) for picture in (image, other))
    assert inside(there) == pytest.approx(inside(here), abs=0.01)
    assert visibility(there) == pytest.approx(visibility(here), rel=0.35)
    assert lower_face_distance(there) == pytest.approx(lower_face_distance(here), abs=2)


@pytest.mark.parametrize("kind", ["blue", "white", "black", "hand"])
def test_a_mask_and_a_hand_hide_the_mouth(
    analyzer: FaceAnalyzer, image: Image, face: Face, kind: str
) -> None:
    colours = {"blue": (150, 190, 220), "white": (225, 225, 222), "black": (32, 32, 35)}
    if kind == "hand":
        picture = painted.hand(image, face)
    else:
        picture = painted.face_mask(image, face, colours[kind])
    measures = expression.measure(Subject(picture, analyzer))
    hidden = [entry for name in NAMES[3:] if isinstance(entry := measures[name], Measure)]
    assert min(entry.score for entry in hidden) < 10
    assert all(isinstance(measures[name], Unassessed) for name in NAMES[:3])
    whole = expression.assess(measures)
    if isinstance(whole, Unassessed):
        assert "mouth does not show" in whole.reason
    else:
        assert whole < expression.LIMIT


def test_a_mouth_that_shows_is_measured(analyzer: FaceAnalyzer, image: Image, face: Face) -> None:
    measures = expression.measure(Subject(image, analyzer, face=face))
    for name in NAMES:
        assert isinstance(measures[name], Measure)
    visible, occlusion = (measures[name] for name in NAMES[3:])
    assert isinstance(visible, Measure)
    assert isinstance(occlusion, Measure)
    assert min(visible.score, occlusion.score) > 90
