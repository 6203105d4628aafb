"""Expressions by style: the linear model, the limits of each kind, and drawn faces."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.edit.data import mean_style
from proportrait.edit.synthesis import expressions
from proportrait.edit.synthesis.directions import IDENTITIES, TRAITS, directions
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer
from proportrait.errors import AssessmentError
from proportrait.faces import SAME_PERSON_LIMIT, FaceAnalyzer, distance
from tools.fit_directions import observe

MAN, CHILD, WEARER = 1018, 1131, 1078
CLEAR = {"open": 0.02, "eye": 0.3, "EyesOpen": 95.0, "score": 90.0}


def _z(style: np.ndarray, name: str) -> float:
    model = directions()
    row = model.names.index(name)
    return float(model.weights[row] @ (style - mean_style()) + model.intercept[row])


def _style(seed: int) -> np.ndarray:
    offset = np.random.default_rng(seed).standard_normal(512).astype(np.float32) * 0.1
    return mean_style() + offset


def test_a_step_reaches_its_targets_and_keeps_the_person_and_the_light() -> None:
    style = _style(0)
    moved = style + directions().change(style, {"open": 3.0, "happy": 1.0})
    assert _z(moved, "open") == pytest.approx(3.0, abs=0.01)
    assert _z(moved, "happy") == pytest.approx(1.0, abs=0.01)
    for name in ("yaw", "side", "luminance", "red", "yellow", "hair", *IDENTITIES):
        assert _z(moved, name) == pytest.approx(_z(style, name), abs=0.01)


def test_a_target_may_be_an_invariant() -> None:
    style = _style(1)
    moved = style + directions().change(style, {"yaw": 0.7})
    assert _z(moved, "yaw") == pytest.approx(0.7, abs=0.01)


def test_only_faces_without_spectacles_are_moved_away_from_them() -> None:
    model = directions()
    row = model.weights[model.names.index("rims")]
    steps = []
    for rims in (0.0, 2.0):
        style = _style(2)
        style = style + row * (rims - _z(style, "rims")) / (row @ row)
        moved = style + model.change(style, {"eye": -4.0})
        steps.append(_z(moved, "rims") - rims)
    assert steps == pytest.approx([-1.5, 0.0], abs=0.01)


def test_the_model_has_all_targets_of_the_expressions() -> None:
    targets = {name for kind in expressions.EXPRESSIONS.values() for name in kind.targets}
    assert targets <= set(directions().names)
    assert len(expressions.BAD_EXPRESSIONS) >= 6
    assert not set(expressions.GOOD_EXPRESSIONS) & set(expressions.BAD_EXPRESSIONS)


@pytest.mark.parametrize(
    ("kind", "measures", "name"),
    [
        ("neutral", {}, None),
        ("neutral", {"eye": 0.1}, "eye"),
        ("neutral", {"score": 60.0}, "score"),
        ("laugh", {"score": 1.0}, "open"),
        ("laugh", {"score": 1.0, "open": 0.2}, None),
        ("scowl", {}, "score"),
        ("scowl", {"score": 5.0}, None),
        ("eyes_shut", {"score": 40.0}, "EyesOpen"),
        ("eyes_shut", {"score": 40.0, "EyesOpen": 40.0}, None),
        ("scowl", {"score": 40.0}, "score"),
    ],
)
def test_a_contradiction_names_the_measure(
    kind: str, measures: dict[str, float], name: str | None
) -> None:
    fault = expressions.contradiction(kind, {**CLEAR, **measures})
    assert (fault is None) == (name is None)
    assert name is None or (fault or "").startswith(name)


@pytest.mark.parametrize(
    ("seed", "kind"), [(MAN, "scowl"), (MAN, "eyes_shut"), (CHILD, "shout"), (CHILD, "calm")]
)
def test_an_expression_is_reached_by_the_same_person(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer, seed: int, kind: str
) -> None:
    style = synthesizer.style(seed, RATED_TRUNCATION)
    images = [
        synthesizer.portrait(style + expressions.change(style, name, 1.0))
        for name in ("neutral", kind)
    ]
    faces = [analyzer.face(image) for image in images]
    neutral, measures = (
        expressions.measure(analyzer, image, face)
        for image, face in zip(images, faces, strict=True)
    )
    assert expressions.contradiction(kind, measures) is None
    assert expressions.contradiction("scowl", neutral) is not None
    embeddings = (analyzer.identity(image, face) for image, face in zip(images, faces, strict=True))
    assert distance(*embeddings) < SAME_PERSON_LIMIT


def test_rims_are_high_with_spectacles_alone(
    synthesizer: FaceSynthesizer, analyzer: FaceAnalyzer
) -> None:
    rims = {}
    for seed in (MAN, WEARER):
        values, identity = observe(
            analyzer, synthesizer.portrait(synthesizer.style(seed, RATED_TRUNCATION))
        )
        assert identity.shape == (128,)
        assert set(values) | set(IDENTITIES) | set(TRAITS) == set(directions().names)
        rims[seed] = values["rims"]
    assert rims[MAN] < 0.2
    assert rims[WEARER] > 0.8


def test_a_picture_without_a_face_is_an_error(analyzer: FaceAnalyzer) -> None:
    with pytest.raises(AssessmentError):
        expressions.measure(analyzer, np.full((200, 200, 3), 128, np.uint8))
