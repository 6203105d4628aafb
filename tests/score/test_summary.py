"""Counts, unreadable pictures, and the exit code."""

from __future__ import annotations

import pytest

from proportrait.score import Score
from proportrait.score.summary import Outcome, Summary
from tests.score.samples import scored

GOOD = scored("a.jpg", (90,) * 6)  # 90 overall
TWO = scored("b.jpg", (90,) * 6, one_person=False)
UNKNOWN = scored("c.jpg", (None, *(90,) * 5))
GONE = Score("d.jpg", {}, {}, error="it is gone")


@pytest.mark.parametrize(
    ("score", "strict", "least", "code"),
    [
        (GOOD, True, 90, 0),
        (GOOD, False, 90.5, 3),
        (TWO, False, 90, 0),
        (TWO, True, None, 3),
        (UNKNOWN, False, None, 0),
        (UNKNOWN, True, None, 3),
        (UNKNOWN, False, 0, 3),
        (GONE, True, 90, 1),
    ],
)
def test_the_exit_code_is_of_the_worst(
    score: Score, strict: bool, least: float | None, code: int
) -> None:
    summary = Summary(strict, least)
    for each in (GOOD, score, GOOD) if least != 90.5 else (score,):
        summary.add(Outcome.of(each))
    assert summary.exit_code == code


def test_the_first_unreadable_pictures_are_named() -> None:
    summary = Summary()
    assert list(summary.lines()) == []
    for number in range(23):
        summary.add(Outcome(f"{number}\n.jpg", "it is gone", None, False))
    summary.add(Outcome.of(GOOD))
    head, *names, last = summary.lines()
    assert head == "unreadable  23 of 24 pictures:"
    assert names == [rf"  {number}\n.jpg: it is gone" for number in range(20)]
    assert last == "  ... and 3 more"
