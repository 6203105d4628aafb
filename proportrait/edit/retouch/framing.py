"""Good and bad framing as a choice of window: what part of the scene the picture shows.

A target says where the face shall stand in the frame; a window is the square of the scene that puts
it there. Bad framing never pads: where the scene does not reach, another target is drawn.
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

# Of the height of a calm face, forehead to chin: between the middles of the eyes, and from there
# down to the middle of the face (118 faces).
EYES_APART, EYES_ABOVE = 0.370, 0.173
_DRAWS = 200  # of targets, before a scene is given up


@dataclass(frozen=True)
class Target:
    """Where the face shall stand: height and centre as shares of the frame's side.

    The height runs from the top of the forehead to the chin (see `face_extent`).
    """

    kind: str
    height: float
    x: float
    y: float

    def to_json(self) -> dict[str, Any]:
        """Rounded, for the record."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


# (height, x, y): ranges of a target. A good one is at the tight end of what raters accept: below
# the neck the network has seen little, so the less of it shows, the more it is a photograph.
_GOOD = ((0.57, 0.63), (0.47, 0.53), (0.55, 0.60))
_BAD: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    # About as near as good ones, or the grain of the background would tell them apart.
    "off_centre_left": ((0.50, 0.68), (0.04, 0.20), (0.54, 0.66)),
    "off_centre_right": ((0.50, 0.68), (0.80, 0.96), (0.54, 0.66)),
    "off_centre_low": ((0.42, 0.56), (0.36, 0.64), (0.86, 0.98)),
    "close_up": ((0.82, 1.25), (0.40, 0.60), (0.42, 0.58)),
    "too_far": ((0.12, 0.17), (0.32, 0.68), (0.82, 0.88)),
    "head_cut": ((0.86, 1.08), (0.42, 0.58), (0.22, 0.32)),
}
BAD_KINDS: tuple[str, ...] = tuple(_BAD)
# Of the bad kinds, where all fit. Far views are hard to believe: the network drew no whole bodies.
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
        """Whether everything that the window shows is there.

        Args:
            image: the scene (H, W, 3).
            alpha: (H, W), the person in it. Where given, the window may pass a border that the
                person does not touch, because a background can be put there.
        """
        height, width = image.shape[:2]
        right, bottom = self.left + self.side, self.top + self.side
        rows = slice(max(0, int(self.top)), max(1, min(height, int(bottom))))
        columns = slice(max(0, int(self.left)), max(1, min(width, int(right))))
        passed = (
            (self.left < -0.5, (rows, slice(0, 3))),
            (self.top < -0.5, (slice(0, 3), columns)),
            (right > width + 0.5, (rows, slice(width - 3, width))),
            (bottom > height + 0.5, (slice(height - 3, height), columns)),
        )
        return all(
            alpha is not None and float(alpha[border].max(initial=0.0)) < 0.2
            for beyond, border in passed
            if beyond
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

    Told from where the eyes are: mouths and brows move, and the place of a face in the frame would
    give its expression away.
    """
    left, right = face.eyes
    height = np.linalg.norm(right - left) / EYES_APART
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    x, y = (left + right) / 2 + EYES_ABOVE * height * np.array([-across[1], across[0]])
    return float(x), float(y), float(height)


def window(face: Face, target: Target) -> Window:
    """The window that puts a face where the target says."""
    x, y, height = face_extent(face)
    side = height / target.height
    return Window(x - target.x * side, y - target.y * side, side)


def place(face: Face, window: Window, kind: str = "good") -> Target:
    """Where a face stands in a window."""
    x, y, height = face_extent(face)
    side = window.side
    return Target(kind, height / side, (x - window.left) / side, (y - window.top) / side)


def good_window(
    image: Image,
    face: Face,
    rng: np.random.Generator,
    alpha: Float | None = None,
    seen: int | None = None,
) -> tuple[Target, Window]:
    """A good framing that the first `seen` rows of the scene can show (see `Window.reaches`).

    Raises:
        EditError: the scene is too tight, or the face stands too near its border.
    """
    person = None if alpha is None else alpha[:seen]
    return _find(image[:seen], face, person, lambda: good_target(rng), "good")


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
    seen: int | None = None,
    kinds: Sequence[str] = BAD_KINDS,
) -> tuple[Target, Window]:
    """A bad framing that the scene can show, without padding; `SHARES` says how likely which is.

    Args:
        image: the scene (H, W, 3).
        face: in it.
        rng: draws kind and place.
        alpha: (H, W), the person (see `Window.reaches`).
        seen: rows that may be looked at closely; those below are for a far view only.
        kinds: those of `BAD_KINDS` that are wanted.

    Raises:
        EditError: none was found (the face fills the picture).
    """
    for kind in filter(kinds.__contains__, in_turn(rng, SHARES, SHARES)):
        rows = slice(None if kind == "too_far" else seen)
        person = None if alpha is None else alpha[rows]
        with contextlib.suppress(EditError):
            return _find(image[rows], face, person, partial(bad_target, rng, (kind,)), "bad")
    raise EditError("no bad one fits into this picture without padding", "framing")


def _find(
    image: Image, face: Face, alpha: Float | None, draw: Callable[[], Target], what: str
) -> tuple[Target, Window]:
    for _ in range(_DRAWS):
        target = draw()
        found = window(face, target)
        if found.reaches(image, alpha):
            return target, found
    raise EditError(f"no {what} one fits into this picture without padding", "framing")
