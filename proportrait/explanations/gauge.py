"""A measured value beside its acceptable range, in shares of a bar and in words."""

from __future__ import annotations

import re

from proportrait.advice import Reason
from proportrait.sheets import Gauge

_ROOM = 0.2  # of what value and range span, left free beside them
_OPEN = 3  # times as much where a range has no upper end
_IN_WORDS = re.compile(r"[a-z-]+ [a-z]+|deg")  # units that a stranger reads as words


def gauge(reason: Reason) -> Gauge | None:
    """The gauge of a reason; None where it has no measure or no range."""
    value, low, high = reason.value, reason.low, reason.high
    if value is None or (low is None and high is None):
        return None
    known = [end for end in (value, low, high) if end is not None]
    room = _ROOM * ((max(known) - min(known)) or 1.0)
    start = min(known) - room if low is not None else min(0.0, *known) - room
    end = max(known) + room * (_OPEN if high is None else 1)

    def share(position: float) -> float:
        return (position - start) / (end - start)

    return Gauge(
        0.0 if low is None else share(low), 1.0 if high is None else share(high), share(value),
        _words(reason, value),
    )  # fmt: skip


def _words(reason: Reason, value: float) -> str:
    """ "head size 0.5 picture heights; good photos 0.16 to 0.38"."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", reason.measure.rpartition(".")[2]).lower()
    unit = f" {reason.unit}" if _IN_WORDS.fullmatch(reason.unit) else ""
    low, high = (None if end is None else _short(end) for end in (reason.low, reason.high))
    span = f"{low} to {high}"
    if low is None:
        span = f"up to {high}"
    if high is None:
        span = f"from {low}"
    return f"{name} {_short(value)}{unit}; {'allowed' if reason.is_limit else 'good photos'} {span}"


def _short(value: float) -> str:
    return f"{float(f'{value:.2g}'):g}".replace("-", "\u2212")
