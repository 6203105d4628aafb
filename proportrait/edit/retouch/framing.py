"""Good and bad framing as a choice of window: what part of the scene the picture shows.

A target is the place of the face in the frame; a window is the square of the scene that puts it
there. Bad framing never pads: where the scene does not reach, another target is drawn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.draws import in_turn
from proportrait.errors import EditError
from proportrait.faces import Face
from proportrait.faces.face import LOWER_LIP_OUTER, MOUTH_LEFT, MOUTH_RIGHT

# Shares of the height of a calm face, forehead to chin: the distance between the centres of the
# eyes, and from there down to the centre of the face (118 faces).
EYES_APART, EYES_ABOVE = 0.370, 0.173
_DRAWS = 200  # of a target, before a scene is given up


@dataclass(frozen=True)
class Target:
    """Place of the face in the frame: height and centre as shares of the frame's side.

    The height runs from the top of the forehead to the chin (see `face_extent`).
    """

    kind: str
    height: float
    x: float
    y: float

    def to_json(self) -> dict[str, Any]:
        """Rounded, for the record."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


# (height, x, y): ranges of a target. A good one is near the tight end of what raters accept: the
# network learnt few bodies, so the less shows below the neck, the more it looks like a photograph;
# but enough has to show to tell the clothes.
_GOOD = ((0.51, 0.60), (0.47, 0.53), (0.51, 0.57))
_BAD: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    # About as near as good ones, or the grain of the background would give the label away.
    "off_centre_left": ((0.50, 0.68), (0.04, 0.20), (0.54, 0.66)),
    "off_centre_right": ((0.50, 0.68), (0.80, 0.96), (0.54, 0.66)),
    "off_centre_low": ((0.42, 0.56), (0.36, 0.64), (0.86, 0.98)),
    "close_up": ((0.82, 1.25), (0.40, 0.60), (0.42, 0.58)),
    "too_far": ((0.12, 0.17), (0.32, 0.68), (0.82, 0.88)),
    "head_cut": ((0.86, 1.08), (0.42, 0.58), (0.22, 0.32)),
}
BAD_KINDS: tuple[str, ...] = tuple(_BAD)
# Of the bad kinds, where all fit. Far views are hard to believe: the network draws no whole body.
SHARES = {
    "off_centre_left": 0.22,
    "off_centre_right": 0.22,
    "off_centre_low": 0.1,
    "close_up": 0.2,
    "too_far": 0.06,
    "head_cut": 0.2,
}


def good_target(rng: np.random.Generator) -> Target:
    """Head and shoulders, centred, with headroom."""
    return Target("good", *(float(rng.uniform(*limits)) for limits in _GOOD))


def bad_target(rng: np.random.Generator, kinds: tuple[str, ...] = BAD_KINDS) -> Target:
    """One of the ways to frame a face badly, drawn evenly from `kinds`."""
    kind = kinds[int(rng.integers(len(kinds)))]
    return Target(kind, *(float(rng.uniform(*limits)) for limits in _BAD[kind]))


@dataclass(frozen=True)
class Window:
    """A square of a scene: left and top corner and side, px (may be fractional)."""

    left: float
    top: float
    side: float

    def reaches(self, image: Image, alpha: Float | None = None) -> bool:
        """Whether the scene fills the window.

        Args:
            image: the scene (H, W, 3).
            alpha: (H, W), the mask of the person. With it the window may pass a border that the
                person does not touch, because a background can be put there.
        """
        height, width = image.shape[:2]
        right, bottom = self.left + self.side, self.top + self.side
        passed = (self.left < -0.5, self.top < -0.5, right > width + 0.5, bottom > height + 0.5)
        if alpha is None:
            return not any(passed)
        rows = slice(max(0, int(self.top)), max(1, min(height, int(bottom))))
        columns = slice(max(0, int(self.left)), max(1, min(width, int(right))))
        borders = (
            (rows, slice(0, 3)),
            (slice(0, 3), columns),
            (rows, slice(width - 3, width)),
            (slice(height - 3, height), columns),
        )
        return all(
            float(alpha[border].max(initial=0.0)) < 0.2
            for is_passed, border in zip(passed, borders, strict=True)
            if is_passed
        )

    def cut(self, image: Image, size: int) -> Image:
        """The window's content, (size, size, 3); the window lies inside the picture."""
        left, top = max(0, round(self.left)), max(0, round(self.top))
        side = max(1, round(self.side))
        part = image[top : top + side, left : left + side]
        flag = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(part, (size, size), interpolation=flag), np.uint8)


def face_extent(face: Face) -> tuple[float, float, float]:
    """(x, y) of the middle between forehead and chin, and their distance, px.

    Estimated from the eyes: mouths and brows move, and the place of a face in the frame would give
    its expression away.
    """
    left, right = face.eyes
    height = np.linalg.norm(right - left) / EYES_APART
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    x, y = (left + right) / 2 + EYES_ABOVE * height * np.array([-across[1], across[0]])
    return float(x), float(y), float(height)


def window(face: Face, target: Target) -> Window:
    """The window that puts a face at a target."""
    return _window(face_extent(face), target)


def _window(extent: tuple[float, float, float], target: Target) -> Window:
    x, y, height = extent
    side = height / target.height
    return Window(x - target.x * side, y - target.y * side, side)


def place(face: Face, window: Window, kind: str = "good") -> Target:
    """The place of a face in a window."""
    x, y, height = face_extent(face)
    side = window.side
    return Target(kind, height / side, (x - window.left) / side, (y - window.top) / side)


def cuts_mouth(face: Face, window: Window) -> bool:
    """Whether a window cuts the mouth at the bottom or at a side, or leaves it out."""
    mouth = face.landmarks[[MOUTH_LEFT, MOUTH_RIGHT], 0]
    beside = mouth.min() < window.left or mouth.max() > window.left + window.side
    return bool(beside or face.point(LOWER_LIP_OUTER)[1] > window.top + window.side)


def good_window(
    image: Image,
    face: Face,
    rng: np.random.Generator,
    alpha: Float | None = None,
    detailed_rows: int | None = None,
) -> tuple[Target, Window]:
    """A good framing within the first `detailed_rows` rows of the scene (see `Window.reaches`).

    Raises:
        EditError: the scene is too tight, or the face is too near its border.
    """
    person = None if alpha is None else alpha[:detailed_rows]
    return _draw_window(image[:detailed_rows], face, person, lambda: good_target(rng), "good")


def widest_window(image: Image, face: Face) -> Window:
    """The largest square of a picture, as near to the face as it can be."""
    height, width = image.shape[:2]
    side = float(min(height, width))
    x, y, _ = face_extent(face)
    left = min(max(x - side / 2, 0.0), width - side)
    top = min(max(y - 0.45 * side, 0.0), height - side)
    return Window(left, top, side)


def bad_window(
    image: Image,
    face: Face,
    rng: np.random.Generator,
    alpha: Float | None = None,
    detailed_rows: int | None = None,
    kinds: Sequence[str] = BAD_KINDS,
) -> tuple[Target, Window]:
    """A bad framing within the scene, without padding; of a kind drawn by `SHARES`.

    Args:
        image: the scene (H, W, 3).
        face: the face in it.
        rng: draws kind and place.
        alpha: (H, W), the mask of the person (see `Window.reaches`).
        detailed_rows: rows that bear a close view; those below are for a far view only.
        kinds: the kinds of `BAD_KINDS` to draw from.

    Raises:
        EditError: no window fits (the face fills the picture).
    """
    for kind in filter(kinds.__contains__, in_turn(rng, SHARES, SHARES)):
        rows = slice(None if kind == "too_far" else detailed_rows)
        person = None if alpha is None else alpha[rows]
        with contextlib.suppress(EditError):
            return _draw_window(image[rows], face, person, partial(bad_target, rng, (kind,)), "bad")
    raise EditError("no bad one fits into this picture without padding", "framing")


def _draw_window(
    image: Image, face: Face, alpha: Float | None, draw: Callable[[], Target], quality: str
) -> tuple[Target, Window]:
    extent = face_extent(face)
    for _ in range(_DRAWS):
        target = draw()
        candidate = _window(extent, target)
        if candidate.reaches(image, alpha):
            return target, candidate
    raise EditError(f"no {quality} one fits into this picture without padding", "framing")
