"""Where measures were taken, and where a frame is at fault."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from proportrait import imaging
from proportrait.advice import Reason
from proportrait.explanations.evidence import _PLACES, Evidence
from proportrait.explanations.margins import MARGINS
from proportrait.faces import shared_analyzer
from proportrait.faces.face import LIPS
from proportrait.measures import NAMES, Subject
from tests import FACE

SIZE = (128, 128)


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence(Subject(imaging.read(FACE), shared_analyzer()), SIZE)


def reason(measure: str, value: float = 1.0, low: float | None = None) -> Reason:
    return Reason(measure.split(".")[0], "", "", measure, value, "", low)


def portrait(*box: float) -> Any:
    """A subject of which only the box of its face is known."""
    face = SimpleNamespace(box=lambda width, height: box)
    return SimpleNamespace(image=np.zeros((100, 100, 3), np.uint8), face=face)


def middle(values: np.ndarray) -> Any:
    """Centre of mass, in shares of the sides: x, y."""
    y, x = np.indices(values.shape) + 0.5
    return np.array([(values * x).sum(), (values * y).sum()]) / values.sum() / len(values)


def test_every_measure_has_a_place(evidence: Evidence) -> None:
    assert set(_PLACES) <= {*NAMES, *(f"{name.split('.')[0]}." for name in NAMES)}
    assert set(MARGINS) <= set(NAMES)
    for name in NAMES:
        values = evidence.of(reason(name))
        assert values.shape == SIZE, name
        assert values.dtype == np.float32, name
        assert values.min() >= 0, name


def test_the_mouth_and_the_eyes_are_where_the_landmarks_are(evidence: Evidence) -> None:
    face, size = evidence.subject.face, evidence.subject.image.shape[0]
    mouth = middle(evidence.of(reason("expression.MouthClosed")))
    assert np.abs(mouth - face.landmarks[list(LIPS), :2].mean(0) / size).max() < 0.02
    eyes = middle(evidence.of(reason("expression.GazeAngle")))
    assert np.abs(eyes - np.mean(face.eyes, 0) / size).max() < 0.02


def test_a_face_that_is_dark_on_one_side_is_marked_there() -> None:
    image = imaging.read(FACE)
    half = image.shape[1] // 2
    image[:, :half] //= 3
    dark = Evidence(Subject(image, shared_analyzer()), SIZE)
    values = dark.of(reason("lighting.SideLight"))
    assert values[:, : SIZE[1] // 2].sum() > 5 * values[:, SIZE[1] // 2 :].sum()


def test_an_object_behind_the_head_is_marked(evidence: Evidence) -> None:
    image = cv2.copyMakeBorder(
        imaging.read(FACE), 150, 0, 300, 300, cv2.BORDER_CONSTANT, value=(230, 230, 230)
    )
    height, width = image.shape[:2]
    x0, y0, x1, y1 = width - 200, 100, width - 80, 300
    image[y0:y1, x0:x1] = 20
    values = Evidence(Subject(image, shared_analyzer()), (height // 4, width // 4)).of(
        reason("background.BackgroundClutter")
    )
    y, x = np.unravel_index(values.argmax(), values.shape)
    assert x0 - 20 <= 4 * x <= x1 + 20
    assert y0 - 20 <= 4 * y <= y1 + 20


@pytest.mark.parametrize(
    ("name", "value", "low", "expected"),
    [
        ("HeadCutAtTheTop", 0.3, None, (0.2, 0.0, 0.5, 0.34)),
        ("MarginBelowOfTheFaceImage", 1.0, None, (0.0, 0.7, 1.0, 1.0)),
        ("HorizontalOffset", -0.15, None, (0.7, 0.0, 1.0, 1.0)),
        ("HeadSize", 0.5, 0.2, (0.2, 0.3, 0.5, 0.7)),
    ],
)
def test_a_fault_of_the_frame_is_a_strip(
    name: str, value: float, low: float | None, expected: tuple[float, ...]
) -> None:
    why = reason(f"framing.{name}", value, low)
    y, x = np.nonzero(MARGINS[why.measure](portrait(0.2, 0.3, 0.5, 0.7), why, (100, 100)))
    box = np.array([x.min(), y.min(), x.max() + 1, y.max() + 1]) / 100
    assert np.abs(box - expected).max() <= 0.011


def test_too_small_a_head_marks_what_a_closer_crop_leaves_out() -> None:
    why = reason("framing.HeadSize", 0.1, 0.2)
    around = MARGINS[why.measure](portrait(0.4, 0.4, 0.6, 0.6), why, (100, 100))
    assert around.mean() == pytest.approx(0.75, abs=0.02)
    assert around[50, 50] == 0
