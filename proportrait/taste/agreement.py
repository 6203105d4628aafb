"""How well two people, or one person twice, agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from proportrait.taste.labels import Value


@dataclass(frozen=True)
class Agreement:
    """Of two answers to each of some pictures.

    Attributes:
        count: pictures that have two answers; skipped ones have none.
        raw: share of equal answers, NaN without pictures.
        kappa: Cohen's, 1 for full agreement, 0 for that of chance; NaN where chance agrees fully.
    """

    count: int
    raw: float
    kappa: float


def agreement(pairs: Iterable[tuple[bool, bool]]) -> Agreement:
    """Raw agreement and Cohen's kappa (Cohen 1960) of pairs of answers."""
    rows = list(pairs)
    if not rows:
        return Agreement(0, float("nan"), float("nan"))
    count = len(rows)
    raw = sum(one == other for one, other in rows) / count
    first, second = (sum(pair[place] for pair in rows) / count for place in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return Agreement(count, raw, (raw - chance) / (1 - chance) if chance < 1 else float("nan"))


def between(one: Mapping[str, Value], other: Mapping[str, Value]) -> Agreement:
    """Of two raters, whose answers are given by digest."""
    pairs: Sequence[tuple[bool, bool]] = [
        (value, second)
        for digest, value in one.items()
        if value is not None and (second := other.get(digest)) is not None
    ]
    return agreement(pairs)
