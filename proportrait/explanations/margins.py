"""Which part of a badly framed picture is too much, or where something is missing: strips of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from proportrait.advice import Reason
from proportrait.arrays import Float
from proportrait.measures import Subject

_LEAST = 0.06  # of the picture's height: the least height of a strip

Margin = Callable[[Subject, Reason, tuple[int, int]], Float]


def _strip(
    size: tuple[int, int], x0: float = 0.0, y0: float = 0.0, x1: float = 1.0, y1: float = 1.0
) -> Float:
    """A rectangle in shares of the sides as a map of `size`."""
    height, width = size
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    inside = ((y >= y0) & (y <= y1))[:, None] & ((x >= x0) & (x <= x1))
    return inside.astype(np.float32)


def _box(subject: Subject) -> tuple[float, float, float, float]:
    height, width = subject.image.shape[:2]
    return subject.face.box(width, height)


def _around(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    """Of too small a head what a closer crop leaves out, else the face."""
    x0, y0, x1, y1 = _box(subject)
    value = reason.value or 0.0
    if reason.low is None or value >= reason.low:
        return _strip(size, x0, y0, x1, y1)
    x, y, half = (x0 + x1) / 2, (y0 + y1) / 2, value / reason.low / 2
    left, top = (min(max(0.0, middle - half), 1 - 2 * half) for middle in (x, y))
    return 1 - _strip(size, left, top, left + 2 * half, top + 2 * half)


def _beside(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    """The strip without which the face would be nearer to the middle from left to right."""
    x0, _, x1, _ = _box(subject)
    right = x0 + x1 - 1  # twice the offset
    return _strip(size, x1=min(right, x0)) if right > 0 else _strip(size, x0=max(1 + right, x1))


def _above_or_below(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    """The strip without which the face would be nearer to the middle from top to bottom."""
    _, y0, _, y1 = _box(subject)
    down = y0 + y1 - 1
    return _strip(size, y1=min(down, y0)) if down > 0 else _strip(size, y0=max(1 + down, y1))


def _top(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    """The strip at the upper border in which the crown is missing."""
    x0, y0, x1, y1 = _box(subject)
    return _strip(size, x0, 0.0, x1, max(_LEAST, y0 + 0.1 * (y1 - y0)))


def _bottom(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    """The strip at the lower border, from the chin on."""
    return _strip(size, y0=min(1 - _LEAST, _box(subject)[3]))


def _left(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    return _strip(size, x1=max(_LEAST, _box(subject)[0]))


def _right(subject: Subject, reason: Reason, size: tuple[int, int]) -> Float:
    return _strip(size, x0=min(1 - _LEAST, _box(subject)[2]))


MARGINS: dict[str, Margin] = {
    "framing.HeadSize": _around,
    "framing.HorizontalOffset": _beside,
    "framing.VerticalOffset": _above_or_below,
    "framing.HeadCutAtTheTop": _top,
    "framing.MarginAboveOfTheFaceImage": _top,
    "framing.ChinCut": _bottom,
    "framing.MarginBelowOfTheFaceImage": _bottom,
    "framing.LeftwardCropOfTheFaceImage": _left,
    "framing.RightwardCropOfTheFaceImage": _right,
}
