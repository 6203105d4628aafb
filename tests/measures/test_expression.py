from __future__ import annotations

import numpy as np
import pytest

from proportrait.edit.synthesis.expressions import DECIDING
from proportrait.faces import EMOTIONS, Face, FaceAnalyzer, shared_analyzer
from proportrait.measures import Measure, Subject, Unassessed, attire
from proportrait.measures.expression import LIMIT, NAMES, assess, measure, upright
from proportrait.measures.fitted.expression import COSTS, FAULTS, score

IMAGE = np.zeros((200, 200, 3), np.uint8)


class OneMood(FaceAnalyzer):
    """Sees the same emotion in every face."""

    def __init__(self, mood: str) -> None:
        super().__init__()
        self.mood = mood

    def emotions(self, image: np.ndarray, face: Face) -> dict[str, float]:
        return {name: float(name == self.mood) for name in EMOTIONS}


def made_face(
    mouth: float = 0.0, eyes: tuple[float, float] = (8, 8), brow: float = 12, width: float = 32
) -> Face:
    """Seen from the front, in px: eyes 40 px apart at y 80, chin at y 130, so a head height is 50.

    Args:
        mouth: between the inner lips.
        eyes: opening of the eye on the left and on the right.
        brow: of the brows above the eyes.
        width: of the mouth.
    """
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:, :2] = 100, 90
    places = {
        10: (100, 50), 152: (100, 130), 234: (65, 90), 454: (135, 90),
        33: (70, 80), 133: (90, 80), 362: (110, 80), 263: (130, 80),
        159: (80, 80 - eyes[0] / 2), 145: (80, 80 + eyes[0] / 2),
        386: (120, 80 - eyes[1] / 2), 374: (120, 80 + eyes[1] / 2),
        105: (80, 80 - brow), 107: (90, 80 - brow), 334: (120, 80 - brow), 336: (110, 80 - brow),
        61: (100 - width / 2, 110), 291: (100 + width / 2, 110),
        13: (100, 110 - mouth / 2), 14: (100, 110 + mouth / 2),
    }  # fmt: skip
    for lip in (191, 80, 81, 82, 312, 311, 310, 415, 324, 318, 402, 317, 87, 178, 88, 95):
        places[lip] = (100, 110)
    for index, place in places.items():
        landmarks[index, :2] = place
    return Face(np.array([60, 50, 140, 130], np.float32), landmarks, 1.0)


def measured(face: Face, mood: str = "neutral") -> dict[str, Measure]:
    found = measure(Subject(IMAGE, OneMood(mood), face=face))  # dark: eyes and mouth are hidden
    assert tuple(found) == NAMES
    return {name: entry for name, entry in found.items() if isinstance(entry, Measure)}


def test_values_of_a_made_face() -> None:
    found = {
        name: entry.value
        for name, entry in measured(made_face(mouth=10, eyes=(8, 6)), "happy").items()
        if name in NAMES[:10]  # the others are measured on pixels
    }
    assert found == pytest.approx(
        {
            "ExpressionNeutrality": 0,
            "MouthClosed": 10 / 50,
            "EyesOpen": 6 / 50,
            "Happiness": 1,
            "Agitation": 0,
            "MouthOpenBeyondSmile": 10 / 32 - 0.12,
            "SmileWidth": 32 / 40,
            "BrowHeight": 12 / 40,
            "EyeAsymmetry": 0.25,
            "MouthAsymmetry": 0,
        },
        abs=1e-5,
    )


@pytest.mark.parametrize(
    ("face", "mood", "worst"),
    [
        (made_face(brow=15), "neutral", None),
        (made_face(brow=15), "sad", None),
        (made_face(mouth=6, width=40, brow=15), "happy", None),  # a smile with teeth
        (made_face(mouth=7, width=30, brow=15), "neutral", "MouthOpenBeyondSmile"),
        (made_face(mouth=12, width=46, brow=15), "happy", "MouthClosed"),  # a laugh
        (made_face(brow=15), "angry", "Agitation"),
        (made_face(brow=15), "fear", "Agitation"),
        (made_face(brow=15), "surprise", "Agitation"),
        (made_face(eyes=(1, 1), brow=15), "neutral", "EyesOpen"),
        (made_face(eyes=(8, 1), brow=15), "neutral", "EyesOpen"),  # a wink
        (made_face(brow=10), "neutral", "BrowHeight"),  # a scowl
    ],
)
def test_the_worst_score_of_a_steered_face_says_why(
    face: Face, mood: str, worst: str | None
) -> None:
    scores = {name: entry.score for name, entry in measured(face, mood).items()}
    name = min(DECIDING, key=lambda name: scores[name])
    assert (scores[name] >= LIMIT) == (worst is None)
    assert worst in (None, name)


FAULTLESS = {
    "GazeAngle": 3.0,
    "EyeOpenness": 0.27,
    "MouthCornerHeight": -0.3,
    "MouthCavity": 0.01,
    "Agitation": 0.01,
    "MouthOpenBeyondSmile": 0.02,
}


def judged(hidden: tuple[str, ...] = (), **values: float) -> float | Unassessed:
    measures = {
        name: Unassessed(name, "hidden")
        if name in hidden
        else Measure(name, value, "1", score(name, value), "middle")
        for name, value in {**FAULTLESS, **values}.items()
    }
    return assess(measures)


@pytest.mark.parametrize(
    ("values", "good"),
    [
        ({}, True),
        ({"MouthOpenBeyondSmile": 0.1}, True),
        ({"GazeAngle": 9.0}, True),
        ({"GazeAngle": 30.0}, False),
        ({"EyeOpenness": 0.05}, False),
        ({"Agitation": 0.9}, False),
        ({"MouthOpenBeyondSmile": 0.28}, False),
        # Each alone would do.
        ({"MouthOpenBeyondSmile": 0.18, "MouthCavity": 0.09}, False),
        ({"GazeAngle": 14.0, "Agitation": 0.4}, False),
    ],
)
def test_faults_add_up(values: dict[str, float], good: bool) -> None:
    whole = judged(**values)
    assert isinstance(whole, float)
    assert (whole >= LIMIT) == good


def test_what_shows_may_be_bad_enough_whatever_is_hidden() -> None:
    eyes = ("GazeAngle", "EyeOpenness")
    whole = judged(eyes)
    assert isinstance(whole, Unassessed)
    assert whole.reason == "hidden"
    laugh = judged(eyes, MouthOpenBeyondSmile=0.3)
    assert isinstance(laugh, float)
    assert laugh < LIMIT


@pytest.mark.parametrize("name", list(COSTS))
def test_a_fault_never_costs_less_as_it_grows(name: str) -> None:
    values, costs = COSTS[name]
    assert list(values) == sorted(values)
    assert min(costs) == 0
    assert list(costs) in (sorted(costs), sorted(costs, reverse=True))
    middle = (values[0] + values[1]) / 2, (costs[0] + costs[1]) / 2
    assert FAULTS[name](middle[0]) == pytest.approx(middle[1])
    assert FAULTS[name](values[-1] + 1) == costs[-1]


@pytest.mark.parametrize("degrees", [-30, 15])
def test_a_turned_head_measures_the_same(degrees: float) -> None:
    face = made_face(mouth=5)
    angle = np.radians(degrees)
    turn = np.array(
        [[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]]
    )
    turned = Face(face.bbox, (face.landmarks @ turn.T).astype(np.float32), 1.0)
    assert np.abs(upright(turned) - upright(face)).max() < 1e-3


def test_a_mirror_image_has_the_same_expression(image: np.ndarray) -> None:
    analyzer = shared_analyzer()
    face = analyzer.face(image)
    landmarks = face.landmarks.copy()
    landmarks[:, 0] = image.shape[1] - 1 - landmarks[:, 0]
    here = measure(Subject(image, analyzer, face=face))
    # Emotions come from the pixels and from the landmarks' extent alone.
    mirrored = np.ascontiguousarray(image[:, ::-1])
    there = measure(Subject(mirrored, analyzer, face=Face(face.bbox, landmarks, face.score)))
    for name in ("ExpressionNeutrality", "Happiness", "Agitation"):
        a, b = here[name], there[name]
        assert isinstance(a, Measure)
        assert isinstance(b, Measure)
        assert b.value == pytest.approx(a.value, abs=0.01)
    # The landmarks are found anew.
    a, b = assess(here), assess(measure(Subject(mirrored, analyzer)))
    assert isinstance(a, float)
    assert isinstance(b, float)
    assert (a >= LIMIT) == (b >= LIMIT)


def test_without_a_face_nothing_is_measured() -> None:
    measures = measure(Subject(np.full((64, 64, 3), 128, np.uint8), shared_analyzer()))
    assert tuple(measures) == NAMES
    assert all(isinstance(found, Unassessed) for found in measures.values())
    assert isinstance(assess(measures), Unassessed)


def test_attire_says_that_it_cannot_be_measured_yet(image: np.ndarray) -> None:
    found = attire.assess(attire.measure(Subject(image, shared_analyzer())))
    assert isinstance(found, Unassessed)
    assert "trained model" in found.reason
