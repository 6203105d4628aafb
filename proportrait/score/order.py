"""The order in which scores are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from proportrait.labels import KEYS
from proportrait.score.spool import Spool
from proportrait.score.verdicts import Score

ORDERS = ("overall", "path", *KEYS)


def ordered(scores: Iterable[Score], by: str, reverse: bool = False) -> Iterator[Score]:
    """Sort by path, a mark, or a taste, the best first; without a mark they come last either way.

    Scores wait on the disk meanwhile; of each only its path or mark is held in memory.

    Args:
        by: of `ORDERS`, or the name of a taste.
        reverse: from Z to A, the worst first.

    Raises:
        StoreError: the disk of temporary files is full.
    """

    def rank(score: Score) -> Any:
        if by == "path":
            return score.path
        mark: float | None = score.overall if by == "overall" else score.marks.get(by)
        if by not in ORDERS:
            mark = next((taste.probability for taste in score.tastes if taste.name == by), None)
        return (mark is None, 0 if mark is None else mark if reverse else -mark)

    with Spool() as spool:
        ranks = [rank(score) for score in spool.taking(scores)]
        places = sorted(range(len(ranks)), key=ranks.__getitem__, reverse=reverse and by == "path")
        yield from map(spool.__getitem__, places)
