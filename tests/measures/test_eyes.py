from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.faces import Eye, Face, FaceAnalyzer
from proportrait.faces.face import LEFT_EYE, RIGHT_EYE
from proportrait.imaging import decode, encode_jpeg
from proportrait.measures import Measure, Subject, Unassessed, expression
from proportrait.measures.eyes import LEVEL, NAMES, TURN, gaze_terms, measure
from proportrait.measures.geometry import AlignedFace
from tests import painted
from tests.measures.test_expression import made_face


def made_eyes(x: float, y: float, gap: float = 6) -> tuple[Eye, Eye]:
    """Of `made_face`, 20 px wide, with their irises x, y px from the middle of the corners."""
    eyes = []
    for outer, inner in ((70, 90), (130, 110)):
        contour = np.zeros((16, 2), np.float32)
        middle = (outer + inner) / 2
        contour[:, 0], contour[:, 1] = middle, 80
        contour[0, 0], contour[8, 0] = outer, inner
        contour[3:6, 1], contour[11:14, 1] = 80 + gap / 2, 80 - gap / 2
        iris = np.full((5, 2), (middle + x, 80 + y), np.float32)
        eyes.append(Eye(contour, iris, contour[[0, 8]]))
    return eyes[0], eyes[1]


def measured(subject: Subject) -> dict[str, Measure | Unassessed]:
    aligned = AlignedFace.cut(subject.image, subject.face)
    eyes = subject.analyzer.eyes(subject.image, subject.face)
    return {entry.name: entry for entry in measure(subject.face, eyes, aligned)}


def value(measures: dict[str, Measure | Unassessed], name: str) -> float:
    entry = measures[name]
    assert isinstance(entry, Measure)
    return entry.value


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 0), (-2, 1)])
def test_irises_turn_the_gaze_of_a_frontal_face(x: float, y: float) -> None:
    terms = gaze_terms(made_face(), made_eyes(x, y))
    assert terms == pytest.approx((0, 0, x / 20, y / 20), abs=1e-6)


def test_a_tilted_head_has_its_gaze_along_the_eyes() -> None:
    face, (left, right) = made_face(), made_eyes(3, 1)
    turn = np.array([[0.0, -1], [1, 0]], np.float32)  # clockwise by a quarter
    landmarks = face.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ turn.T
    eyes = tuple(
        Eye(e.contour @ turn.T, e.iris @ turn.T, e.corners @ turn.T) for e in (left, right)
    )
    terms = gaze_terms(Face(face.bbox, landmarks, 1.0), (eyes[0], eyes[1]))
    assert terms == pytest.approx((0, 0, 3 / 20, 1 / 20), abs=1e-6)


@pytest.mark.parametrize("degrees", [-20, 20])
def test_eyes_turned_back_from_a_turned_head_look_at_the_camera(
    degrees: float, image: Image, face: Face
) -> None:
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    frontal = made_face()
    # About the vertical axis, to the right of the picture.
    turn = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    turned = Face(frontal.bbox, (frontal.landmarks @ turn.T).astype(np.float32), 1.0)
    head = gaze_terms(turned, made_eyes(0, 0))[0]
    assert head == pytest.approx(sine, abs=1e-5)
    # 20 px are an eye's width; the level gaze lies `LEVEL` eye widths below the corners.
    aligned = AlignedFace.cut(image, face)
    back, along = (
        measure(turned, made_eyes(sign * TURN * sine * 20, LEVEL * 20), aligned) for sign in (-1, 0)
    )
    yaw, pitch, angle = ([entry.value for entry in back if isinstance(entry, Measure)])[:3]
    assert (yaw, pitch, angle) == pytest.approx((0, 0, 0), abs=0.01)
    assert isinstance(along[0], Measure)
    assert along[0].value == pytest.approx(degrees, abs=0.01)


def test_the_eye_that_is_less_open_counts(image: Image, face: Face) -> None:
    aligned = AlignedFace.cut(image, face)
    wink = (made_eyes(0, 0)[0], made_eyes(0, 0, gap=1)[1])
    openness = measure(made_face(), wink, aligned)[3]
    assert isinstance(openness, Measure)
    assert openness.value == pytest.approx(1 / 20)


def test_a_mirror_image_looks_the_other_way(analyzer: FaceAnalyzer, image: Image) -> None:
    here = measured(Subject(image, analyzer))
    there = measured(Subject(np.ascontiguousarray(image[:, ::-1]), analyzer))
    assert value(there, "GazeYaw") == pytest.approx(-value(here, "GazeYaw"), abs=3)
    assert value(there, "GazeAngle") == pytest.approx(value(here, "GazeAngle"), abs=3)
    for name in ("EyeOpenness", "EyesVisible"):
        assert value(there, name) == pytest.approx(value(here, name), rel=0.08)


@pytest.mark.parametrize("scale", [0.5, 0.8, 2.0])
def test_scale_changes_little(analyzer: FaceAnalyzer, image: Image, scale: float) -> None:
    other = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    here, there = (measured(Subject(picture, analyzer)) for picture in (image, other))
    assert value(there, "GazeAngle") == pytest.approx(value(here, "GazeAngle"), abs=3)
    for name in ("EyeOpenness", "EyesVisible"):
        assert value(there, name) == pytest.approx(value(here, name), rel=0.1)


@pytest.mark.parametrize("eyes", [(LEFT_EYE, RIGHT_EYE), (RIGHT_EYE,)])
def test_shut_eyes_and_a_wink_are_bad(
    analyzer: FaceAnalyzer, image: Image, face: Face, eyes: tuple[tuple[int, ...], ...]
) -> None:
    plain = measured(Subject(image, analyzer, face=face))
    subject = Subject(painted.shut_eyes(image, face, eyes), analyzer)
    shut = measured(subject)
    assert value(shut, "EyeOpenness") < 0.6 * value(plain, "EyeOpenness")
    score = expression.assess(expression.measure(subject))
    assert isinstance(score, float)
    assert score < expression.LIMIT


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (30, 60, 200)])
def test_a_bar_hides_the_eyes_whatever_its_colour(
    analyzer: FaceAnalyzer, image: Image, face: Face, colour: tuple[int, int, int]
) -> None:
    picture = decode(encode_jpeg(painted.bar(image, face, colour), 75))
    measures = expression.measure(Subject(picture, analyzer))
    visible = measures["EyesVisible"]
    assert isinstance(visible, Measure)
    assert visible.value == 0
    whole = expression.assess(measures)
    assert isinstance(whole, Unassessed)
    assert "a bar hides them" in whole.reason


def test_a_face_without_eyes_has_no_emotion(
    analyzer: FaceAnalyzer, image: Image, face: Face
) -> None:
    tense = Measure("Agitation", 0.9, "probability", 0.0, "lower")
    shown = expression.measure(Subject(image, analyzer, face=face))
    assert isinstance(expression.assess(shown), float)
    assert float(str(expression.assess(shown | {"Agitation": tense}))) < expression.LIMIT
    hidden = expression.measure(Subject(painted.dark_glasses(image, face), analyzer))
    assert isinstance(expression.assess(hidden | {"Agitation": tense}), Unassessed)


def test_dark_glasses_hide_the_eyes(analyzer: FaceAnalyzer, image: Image, face: Face) -> None:
    plain = measured(Subject(image, analyzer, face=face))["EyesVisible"]
    assert isinstance(plain, Measure)
    assert plain.score > 90
    subject = Subject(painted.dark_glasses(image, face), analyzer)
    measures = expression.measure(subject)
    visible = measures["EyesVisible"]
    assert isinstance(visible, Measure)
    assert visible.score < 1
    assert all(isinstance(measures[name], Unassessed) for name in NAMES[:-1])
    whole = expression.assess(measures)
    assert isinstance(whole, Unassessed)
    assert "dark glasses" in whole.reason
