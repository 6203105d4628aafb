"""Expressions of the same person, by steps of the style (see directions.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proportrait.arrays import Float, Image
from proportrait.edit.synthesis.directions import directions
from proportrait.errors import AssessmentError
from proportrait.faces import Face, FaceAnalyzer, expression_ratios
from proportrait.measures import expression as expression_measure
from proportrait.measures.base import Measure, Subject

# Measures of `measures.expression` that made faces are steered by.
DECIDING = ("MouthClosed", "EyesOpen", "Agitation", "MouthOpenBeyondSmile", "BrowHeight")
# Their scores, whose limit is 50: clear cases only.
_GOOD_SCORE, _BAD_SCORE = 70.0, 20.0


def measure(analyzer: FaceAnalyzer, image: Image, face: Face | None = None) -> dict[str, float]:
    """Measure the expression in a portrait (H, W, 3).

    Returns:
        Landmark ratios as in `expression_ratios`; the scores of `DECIDING`, by name, and `score`,
        the worst of them: [0, 100], high is professional.

    Raises:
        AssessmentError: the portrait shows no face, or a score cannot be measured.
    """
    face = analyzer.face(image) if face is None else face
    measures = expression_measure.measure(Subject(image, analyzer, face=face))
    scores = {
        name: entry.score for name in DECIDING if isinstance(entry := measures[name], Measure)
    }
    if len(scores) < len(DECIDING):
        raise AssessmentError("the expression cannot be measured")
    return {**expression_ratios(face), **scores, "score": min(scores.values())}


@dataclass(frozen=True)
class Expression:
    """A kind of expression.

    Attributes:
        targets: properties in standard deviations of the source; the others are free to follow.
        limits: (lowest, highest) by name of `measure`; a drawn face outside them is not accepted.
    """

    targets: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)


_NO_LIMIT = float("inf")
_SHUT_MOUTH = {"open": (0.0, 0.055), "eye": (0.2, _NO_LIMIT)}
GOOD_EXPRESSIONS: dict[str, Expression] = {
    "neutral": Expression({"open": -0.9, "happy": -1.2, "width": -1.0, "eye": 0.2}, _SHUT_MOUTH),
    "calm": Expression({"open": -0.9, "happy": -0.6, "width": -0.7, "eye": 0.2}, _SHUT_MOUTH),
    "closed_smile": Expression({"open": -0.8, "happy": 0.3, "width": 0.3, "eye": 0.2}, _SHUT_MOUTH),
    "polite_smile": Expression(
        {"open": -0.3, "happy": 0.7, "width": 0.5, "eye": 0.2},
        {"open": (0.0, 0.07), "eye": (0.2, _NO_LIMIT)},
    ),
}
_OPEN_MOUTH = {"open": (0.1, _NO_LIMIT)}
BAD_EXPRESSIONS: dict[str, Expression] = {
    "laugh": Expression({"open": 3.8, "happy": 1.2, "width": 0.9}, _OPEN_MOUTH),
    "laugh_eyes_shut": Expression(
        {"open": 3.5, "eye": -4.2, "happy": 1.0}, {"open": (0.08, _NO_LIMIT)}
    ),
    "shout": Expression(
        {"open": 3.8, "happy": -1.2, "width": -0.3, "brow": -1.6, "knit": -1.0, "eye": -0.8},
        _OPEN_MOUTH,
    ),
    "scream": Expression({"open": 2.9, "eye": -3.4, "happy": -1.1, "width": -0.8}, _OPEN_MOUTH),
    "surprise": Expression(
        {"open": 2.5, "happy": -0.6, "width": -0.6, "brow": 1.8, "eye": 1.6}, _OPEN_MOUTH
    ),
    # The face mesh places shut eyes ajar, so that the score is not as low as it should be.
    "eyes_shut": Expression(
        {"open": -0.9, "eye": -5.8, "happy": -0.9}, {"EyesOpen": (0.0, 45.0), "score": (0.0, 45.0)}
    ),
    "scowl": Expression(
        {"open": -1.1, "happy": -2.5, "corner": 2.3, "brow": -3.1, "knit": -1.5, "eye": -2.7},
        {"open": (0.0, 0.1)},
    ),
    "disgust": Expression(
        {
            "open": 1.3,
            "happy": -2.3,
            "corner": 1.2,
            "width": 1.3,
            "lip": -1.8,
            "brow": -2.5,
            "knit": -0.8,
            "eye": -2.8,
        }
    ),
}
# Raters took these for photographs half as often as the others.
SHARES = {"shout": 0.3, "disgust": 0.4, "surprise": 0.4, "scowl": 0.6}
EXPRESSIONS: dict[str, Expression] = {**GOOD_EXPRESSIONS, **BAD_EXPRESSIONS}


def change(style: Float, kind: str, strength: float) -> Float:
    """The step (512,) from a style to a kind of `EXPRESSIONS`; at strength 1 to its targets."""
    targets = {name: strength * z for name, z in EXPRESSIONS[kind].targets.items()}
    return directions().change(style, targets)


def contradiction(kind: str, measures: Mapping[str, float]) -> str | None:
    """Name the first of a face's measures outside the limits of `kind`; None if all are inside."""
    good = kind in GOOD_EXPRESSIONS
    limits = {"score": (_GOOD_SCORE, 100.0) if good else (0.0, _BAD_SCORE)}
    for name, (lowest, highest) in {**limits, **EXPRESSIONS[kind].limits}.items():
        if not lowest <= measures[name] <= highest:
            return f"{name} is {measures[name]:.3f}, not {lowest:g} to {highest:g}"
    return None
