"""Expressions of the same person, by moving the style of the built-in source.

A linear model says how each measure (mouth opening, smile, brows, eyes, yaw, light) depends on the
style; the smallest change of the style that reaches the wanted measures and holds the others keeps
the person. A covariance-weighted change reaches them too, but turns adults into children.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.faces import Face, FaceAnalyzer, expression_ratios
from proportrait.faces.face import CHIN, FOREHEAD, LIPS, OVAL

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

MEASURES = ("open", "width", "corner", "eye", "brow", "yaw", "happy", "angry", "side", "luminance")
_SIDE_LIMIT = 1.4  # the raters of the built-in source call more a side light
# 92nd to 50th percentile of the smoothed luminance of the skin: 91 % of 114 rated built-in faces
# with an even light stay under it. (Low percentiles tell of hair and beards instead.)
_GLARE_LIMIT = 1.35
_LUMINANCE_LIMITS = (0.22, 0.86)
_HELD = ("yaw", "side", "luminance")


def measure(analyzer: FaceAnalyzer, image: Image, face: Face | None = None) -> dict[str, float]:
    """The measures of a portrait (H, W, 3) that the linear model speaks of.

    Landmark ratios as in `expression_ratios`; `happy`, `angry`: log odds of the emotion; `side`:
    log ratio of the mean luminance of the left and right half of the face; `luminance`: [0, 1].

    Raises:
        AssessmentError: there is no face.
    """
    face = analyzer.face(image) if face is None else face
    emotions = analyzer.emotions(image, face)
    left, right = half_luminance(image, face)
    ratios = expression_ratios(face)
    return {
        **ratios,
        "happy": _log_odds(emotions["happy"]),
        "angry": _log_odds(emotions["angry"] + emotions["disgust"]),
        "side": float(np.log((left + 0.01) / (right + 0.01))),
        "luminance": (left + right) / 2,
    }


def half_luminance(image: Image, face: Face) -> tuple[float, float]:
    """Mean luminance [0, 1] of the left and right half of the face's oval."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    oval = _oval(image, face)
    top, bottom = face.landmarks[FOREHEAD, :2], face.landmarks[CHIN, :2]
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    # which side of the axis from forehead to chin
    across = (x - top[0]) * (bottom[1] - top[1]) - (y - top[1]) * (bottom[0] - top[0])
    inside = oval > 0
    halves = [grey[inside & part] for part in (across < 0, across >= 0)]
    means = [float(half.mean()) if half.size else 0.0 for half in halves]
    return means[0], means[1]


def unevenness(image: Image, face: Face) -> str | None:
    """What speaks against calling the light on a face even; None if nothing does."""
    left, right = half_luminance(image, face)
    ratio = max(left, right) / max(min(left, right), 0.01)
    if ratio > _SIDE_LIMIT:
        return f"one side is {ratio:.2f} times as bright as the other"
    if not _LUMINANCE_LIMITS[0] <= (left + right) / 2 <= _LUMINANCE_LIMITS[1]:
        return f"the face's mean luminance is {(left + right) / 2:.2f}"
    usual, bright = np.percentile(_soft_skin(image, face), [50, 92])
    if bright > _GLARE_LIMIT * max(usual, 0.01):
        return f"hard light: the lit parts are {bright / max(usual, 0.01):.2f} times the usual"
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)[_oval(image, face) > 0]
    _, a, b = np.median(lab, axis=0) - 128
    # Skin of every tone lies between red and yellow; black and white pictures lie at 0, 0.
    cast = b < -2 or a < -4 or (a > 22 and b < 0.35 * a) or np.hypot(a, b) > 48
    if cast and np.hypot(a, b) > 6:
        return f"the face has a colour cast (a {a:.0f}, b {b:.0f} of CIE Lab)"
    return None


def _oval(image: Image, face: Face) -> npt.NDArray[np.uint8]:
    """1 inside the outline of the face, 0 outside, (H, W)."""
    oval = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(oval, [face.landmarks[list(OVAL), :2].astype(np.int32)], 1)
    return oval


def _soft_skin(image: Image, face: Face) -> Float:
    """Luminance [0, 1] of the face without mouth and outline, its fine detail smoothed away."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    grey = cv2.GaussianBlur(grey, (0, 0), 0.05 * face.height)
    rim = max(3, int(0.06 * face.height))
    inside = cv2.erode(_oval(image, face), np.ones((rim, rim), np.uint8))
    mouth = cv2.convexHull(face.landmarks[list(LIPS), :2].astype(np.int32))
    cv2.fillConvexPoly(inside, mouth, 0)
    values = grey[inside > 0]
    return values if values.size else np.zeros(1, np.float32)


@dataclass(frozen=True, eq=False)
class Directions:
    """measure z = weights @ (style - mean style) + intercept, in standard deviations."""

    names: tuple[str, ...]
    weights: Float
    intercept: Float
    mean: Float
    deviation: Float

    def z(self, name: str, value: float) -> float:
        """A measured value in standard deviations of the source."""
        i = self.names.index(name)
        return float((value - self.mean[i]) / self.deviation[i])

    def change(self, style: Float, mean_style: Float, wanted: Mapping[str, float]) -> Float:
        """The smallest change (512,) that brings the measures to `wanted` (z) and holds the rest.

        Yaw and light are held where `wanted` does not name them.
        """
        held = [name for name in _HELD if name not in wanted]
        rows = [self.names.index(name) for name in [*wanted, *held]]
        a = self.weights[rows].astype(np.float64)
        now = a @ (style - mean_style) + self.intercept[rows]
        target = np.array([*wanted.values(), *now[len(wanted) :]])
        step = a.T @ np.linalg.solve(a @ a.T + 1e-9 * np.eye(len(rows)), target - now)
        return np.asarray(step, np.float32)


@cache
def directions() -> Directions:
    """The fitted model that ships with the package (see fit_directions.py)."""
    with as_file(files("proportrait.edit.data") / "directions.npz") as path:
        stored = np.load(path, allow_pickle=False)
        names = tuple(str(name) for name in stored["names"])
        parts = [stored[key] for key in ("weights", "intercept", "mean", "deviation")]
    return Directions(names, *parts)


@dataclass(frozen=True)
class Expression:
    """A way to look.

    Attributes:
        wanted: measures in standard deviations of the source; what is not named follows along.
        limits: (lowest, highest) values of measures, in their own units, between which a drawn
            face must lie to be called this.
    """

    wanted: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]]


_ANY = float("inf")
_CLOSED = {"open": (0.0, 0.055), "eye": (0.17, _ANY), "angry": (-_ANY, 0.6)}
GOOD_EXPRESSIONS: dict[str, Expression] = {
    "neutral": Expression({"open": -0.9, "happy": -1.2, "width": -1.0, "eye": 0.2}, _CLOSED),
    "calm": Expression({"open": -0.9, "happy": -0.6, "width": -0.7, "eye": 0.2}, _CLOSED),
    "closed_smile": Expression({"open": -0.8, "happy": 0.3, "width": 0.3, "eye": 0.2}, _CLOSED),
    "polite_smile": Expression(
        {"open": -0.3, "happy": 0.7, "width": 0.5, "eye": 0.2},
        {"open": (0.0, 0.07), "eye": (0.17, _ANY)},
    ),
}
BAD_EXPRESSIONS: dict[str, Expression] = {
    "laugh": Expression({"open": 5.0, "happy": 1.6, "width": 1.2}, {"open": (0.12, _ANY)}),
    "shout": Expression(
        {"open": 6.0, "happy": -0.6, "width": -0.4, "angry": 1.0}, {"open": (0.13, _ANY)}
    ),
    "surprise": Expression(
        {"open": 5.6, "happy": -0.6, "width": -0.8, "brow": 2.2, "eye": 2.2},
        {"open": (0.13, _ANY)},
    ),
    "laugh_eyes_shut": Expression(
        {"open": 4.0, "eye": -5.0}, {"open": (0.115, _ANY), "eye": (0.0, 0.21)}
    ),
}
EXPRESSIONS: dict[str, Expression] = {**GOOD_EXPRESSIONS, **BAD_EXPRESSIONS}


def change(style: Float, mean_style: Float, kind: str, strength: float) -> Float:
    """The change of style (512,) that gives a face an expression of `EXPRESSIONS`."""
    wanted = {name: strength * z for name, z in EXPRESSIONS[kind].wanted.items()}
    return directions().change(style, mean_style, wanted)


def contradiction(kind: str, measures: Mapping[str, float]) -> str | None:
    """What speaks against calling a face with these measures `kind`; None if nothing does."""
    for name, (lowest, highest) in EXPRESSIONS[kind].limits.items():
        if not lowest <= measures[name] <= highest:
            return f"{name} is {measures[name]:.3f}, not {lowest:g} to {highest:g}"
    return None


def _log_odds(probability: float) -> float:
    return float(np.log((probability + 0.01) / (1.01 - probability)))
