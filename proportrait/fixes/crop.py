"""Where to cut a portrait: the window of head and shoulders that the photo has room for.

Windows are chosen by the framing measures alone; no model is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Double, Mask
from proportrait.errors import ProPortraitError
from proportrait.fixes.head import Head
from proportrait.fixes.tilt import measured_tilt
from proportrait.fixes.window import Window, rotation
from proportrait.measures import Subject
from proportrait.measures.framing import TILT_LIMIT

SMALLEST = 400  # px of the shorter side of a crop: the least that LinkedIn takes

# Ranges of a crop, about those of `advice/data/evidence.json` in which eight of ten good portraits
# lie: HeadSize, the margins in head heights, the offsets in shares of the picture's sides.
_SIZE = (0.155, 0.37)
_ABOVE, _BELOW = 1.0, 1.35
_ACROSS = 0.06
_DOWN = (-0.165, 0.08)
_MOST_LEAN = TILT_LIMIT + 2.0  # deg: where the face is measured anew it may lean less
_ROOM = 0.02  # heights between the hair and the upper border
_CROWN = 0.25  # face heights above the hairline, where a bald head ends; see `measures.framing`
# The best headroom in heights, and how far from the best a crop costs 1: by the logarithm of its
# size, by headroom, by the place of the head in widths, by degrees that it still leans.
_BEST_ROOM = 0.08
_SIZE_SPREAD, _ROOM_SPREAD, _ACROSS_SPREAD, _TILT_SPREAD = 0.25, 0.04, 0.03, 4.0
_SHARES = 1.0, 0.75, 0.5  # of the tilt: less turning needs less room
_BYSTANDER = 1.0  # cost of some of another face
_WIDER = 1.05  # times as high: another window
_STEPS = 40, 31, 25  # of the search: sizes, headrooms, places across


class NoCropError(ProPortraitError):
    """There is no good crop; the message says why."""


@dataclass(frozen=True)
class Aspect:
    """The form of a crop.

    Attributes:
        name: part of a file's name.
        ratio: width / height.
        size: HeadSize at best.
    """

    name: str
    ratio: float
    size: float


ASPECTS = (Aspect("1x1", 1.0, 0.28), Aspect("4x5", 0.8, 0.24))


def windows(
    subject: Subject, aspect: Aspect, tilt: float, smallest: int, scale: float = 1.0
) -> list[Window]:
    """The best window, and the one that shows most where that is another; the angle is the same.

    Args:
        subject: an upright picture.
        aspect: the form of the crop.
        tilt: deg to turn it back by, as far as turned windows lie in the photo; see `fixes.tilt`.
        smallest: px of the photo, of the shorter side of a crop.
        scale: px of the photo for one of the subject's picture; windows are in px of the photo.

    Raises:
        NoCropError: the photo has no room for one, or not pixels enough.
        AssessmentError: it shows no face that can be measured.
    """
    lean = measured_tilt(subject)
    searches = [
        _Search(subject, aspect, angle, tilt)
        for angle in _angles(tilt)
        if abs(lean - angle) <= _MOST_LEAN
    ]
    if not searches:
        raise NoCropError(f"the head leans by {abs(lean):.0f} degrees: no crop sets it upright")
    if not any(search.good.any() for search in searches):
        reason = searches[-1].obstacle()
        turn = f", turned by {abs(lean):.0f} degrees" if searches[-1].angle else ""
        raise NoCropError(reason.replace(": ", f"{turn}: "))
    least = smallest / scale
    large = [search for search in searches if search.large(least).any()]
    if not large:
        side = max(float(search.shorter[search.good].max(initial=0)) for search in searches)
        raise NoCropError(
            f"the crop would be only {int(side * scale)} px wide: at least {smallest} px are needed"
        )
    search = min(large, key=lambda search: search.least(least))
    best, widest = search.best(least), search.widest(least)
    choices = [best] if widest.height < _WIDER * best.height else [best, widest]
    return [window.scaled(scale) for window in choices]


def _angles(tilt: float) -> Iterator[float]:
    """Angles to turn back by: wholly, in part, not at all."""
    yield from (share * tilt for share in _SHARES if tilt)
    yield 0.0


class _Search:
    """The windows of one form in a picture that is turned back by one angle.

    Rows of `rows` (N, 4) are left, top, width, height in px from the middle between the eyes, in
    the turned picture.
    """

    def __init__(self, subject: Subject, aspect: Aspect, angle: float, tilt: float) -> None:
        self.height, self.width = subject.image.shape[:2]
        self.angle, self.aspect = angle, aspect
        self.head = head = Head.of(subject, rotation(angle))
        self.wishes = self._wishes()
        self.rows = self.wishes if angle else self._moved_inside(self.wishes)
        self.good: Mask = self._framed(self.rows) & (self._beyond(self.rows) <= 1e-6).all(1)
        self.shorter: Double = self.rows[:, 2:].min(1) + 1e-6
        left, top, width, height = self.rows.T
        costs = (
            np.log(head.height / height / aspect.size) / _SIZE_SPREAD,
            ((head.crown - top) / height - _BEST_ROOM) / _ROOM_SPREAD,
            ((head.middle - left) / width - 0.5) / _ACROSS_SPREAD,
            np.full(len(left), (tilt - angle) / _TILT_SPREAD),
        )
        self.cost: Double = np.square(costs).sum(0) + _BYSTANDER * head.bystanders(self.rows)

    def least(self, smallest: float) -> float:
        """What the best window costs."""
        return float(self.cost[self.large(smallest)].min())

    def best(self, smallest: float) -> Window:
        """The window that costs least."""
        return self._cheapest(self.large(smallest))

    def widest(self, smallest: float) -> Window:
        """The window that shows most."""
        large, heights = self.large(smallest), self.rows[:, 3]
        return self._cheapest(large & (heights >= 0.999 * heights[large].max()))

    def obstacle(self) -> str:
        """Why no window is good: at which borders the photo ends too early."""
        head, framed = self.head, self._framed(self.wishes)
        if head.touches_top and head.eyes[1] + head.forehead < _CROWN * head.face_height:
            return "the head is cut at the top of the photo: no crop brings it back"
        if not framed.any():
            return "the head is turned or bent so that no crop frames it well"
        beyond = np.maximum(self._beyond(self.wishes[framed]), 0)
        least = beyond[np.argmin(beyond.sum(1))] > 0.02 * head.height
        names = ("on the left", "above", "on the right", "below")
        borders = [name for name, is_passed in zip(names, least, strict=True) if is_passed]
        if len(borders) in (1, 2):
            where = " and ".join(borders)
            return f"the photo ends too near the head {where}: nothing is left to crop from"
        return "the head fills the photo: nothing is left to crop from"

    def large(self, smallest: float) -> Mask:
        """(N,): whether a window is good and has that many px."""
        return self.good & (self.shorter >= smallest)

    def _cheapest(self, choice: Mask) -> Window:
        row = int(np.argmin(np.where(choice, self.cost, np.inf)))
        left, top, width, height = (float(value) for value in self.rows[row])
        x, y = (float(value) for value in self.head.eyes)
        return Window(self.angle, (x, y), left, top, width, height)

    def _wishes(self) -> Double:
        """Windows of every size and place, whether the photo has them or not."""
        head, ratio = self.head, self.aspect.ratio
        sizes, rooms, places = _STEPS
        whole = head.height / min(self.height, self.width / ratio)  # the largest that can lie in it
        size, room, place = (
            grid.ravel()
            for grid in np.meshgrid(
                np.append(np.geomspace(*_SIZE, sizes), (self.aspect.size, np.clip(whole, *_SIZE))),
                np.append(np.linspace(0, 0.3, rooms), _BEST_ROOM),
                np.linspace(-2 * _ACROSS, 2 * _ACROSS, places),
            )
        )
        height = head.height / size
        left = head.middle - (0.5 + place) * ratio * height
        return np.stack([left, head.crown - room * height, ratio * height, height], 1)

    def _moved_inside(self, rows: Double) -> Double:
        """The windows, those that pass a border moved until they end there."""
        left, top, width, height = rows.T
        x, y = self.head.eyes
        left = np.maximum(np.minimum(left, self.width - x - width), -x)
        top = np.maximum(np.minimum(top, self.height - y - height), -y)
        return np.stack([left, top, width, height], 1)

    def _beyond(self, rows: Double) -> Double:
        """(N, 4): px by which windows pass the photo on the left, top, right, and bottom."""
        left, top, width, height = rows.T
        corners = np.stack([(left + x * width, top + y * height) for x in (0, 1) for y in (0, 1)])
        places = np.einsum("ckn,kd->cdn", corners, rotation(self.angle))
        low, high = places.min(0) + self.head.eyes[:, None], places.max(0) + self.head.eyes[:, None]
        return np.stack([-low[0], -low[1], high[0] - self.width, high[1] - self.height], 1)

    def _framed(self, rows: Double) -> Mask:
        """(N,): whether the framing measures of windows lie in their ranges."""
        left, top, width, height = rows.T
        head = self.head
        across, down = (head.face[0] - left) / width - 0.5, (head.face[1] - top) / height - 0.5
        room = (head.crown - top) / height >= _ROOM
        if head.touches_top:  # the photo shows no more, and hair may be cut, but not the head
            room = head.forehead - top >= _CROWN * head.face_height
        return np.asarray(
            (np.abs(across) <= _ACROSS) & (down >= _DOWN[0]) & (down <= _DOWN[1]) & room
            & (-top >= _ABOVE * head.height) & (top + height >= _BELOW * head.height)
        )  # fmt: skip
