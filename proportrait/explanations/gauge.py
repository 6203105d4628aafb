"""A measured value beside its acceptable range, in shares of a bar and in words."""

from __future__ import annotations

from proportrait.advice import Reason
from proportrait.sheets import Gauge

_ROOM = 0.2  # of what value and range span, left free beside them
_OPEN = 3  # times as much where a range has no upper end


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
        reason.measured,
    )  # fmt: skip
