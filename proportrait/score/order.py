"""The order in which scores are told."""

from __future__ import annotations

from collections.abc import Iterable

from proportrait.labels import KEYS
from proportrait.score.scorer import Score

ORDERS = ("overall", "path", *KEYS)


def ordered(scores: Iterable[Score], by: str, reverse: bool = False) -> list[Score]:
    """Sort by path, or by a mark, the best first; without a mark they come last either way.

    Args:
        by: of `ORDERS`.
        reverse: from Z to A, the worst first.
    """
    if by == "path":
        return sorted(scores, key=lambda score: score.path, reverse=reverse)

    def rank(score: Score) -> tuple[bool, int]:
        mark = score.overall if by == "overall" else score.marks.get(by)
        return (mark is None, 0 if mark is None else mark if reverse else -mark)

    return sorted(scores, key=rank)
