"""Measures against raters: the limit, the report, and the pictures that they differ on."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.labels.agreement import Case, best_limit, report
from proportrait.measures import Subject, Unassessed, framing


def cases(*rated_and_values: tuple[bool, float]) -> list[Case]:
    subject = Subject(np.zeros((128, 128, 3), np.uint8), None)  # type: ignore[arg-type]
    return [
        Case(f"{number}.jpg", rated, subject, value)
        for number, (rated, value) in enumerate(rated_and_values)
    ]


@pytest.mark.parametrize(
    ("rated", "values", "limit", "accuracy"),
    [
        ([0, 0, 1, 1], [1, 2, 3, 4], 3, 1),
        ([0, 1, 0, 1], [1, 2, 3, 4], 2, 3 / 4),  # as good as 4: the lowest counts
        ([0, 0, 1, 1], [5, 5, 5, 5], 5, 1 / 2),
    ],
)
def test_the_best_limit_by_hand(
    rated: list[int], values: list[float], limit: float, accuracy: float
) -> None:
    assert best_limit(np.array(rated, bool), np.array(values, float)) == (limit, accuracy)


def test_the_report_names_the_pictures_that_they_differ_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    high, low = framing.LIMIT + 1, framing.LIMIT - 1
    of_both_kinds = cases(*[(True, high), (False, low)] * 4, (True, low), (False, high))
    gone = Case("gone.jpg", True, of_both_kinds[0].subject, Unassessed("HeadSize", "no face found"))
    assert not report("framing", "golden_dev", [*of_both_kinds, gone], names=True)
    out = capsys.readouterr().out
    assert "5 professional, 5 not; 1 could not be assessed" in out
    assert f"balanced accuracy 0.800 at {framing.LIMIT:g}  FAIL" in out
    # of 25 pairs 16 are in order, 8 are ties, 1 is turned round
    assert "AUC 0.800" in out
    assert f"8.jpg rated professional: {low:.1f}\n    9.jpg rated not: {high:.1f}\n" in out
    assert "gone.jpg rated professional: HeadSize: no face found" in out
    assert "0.jpg rated" not in out


def test_one_kind_and_few_pictures_have_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert report("framing", "here", cases((True, 0.0), (True, 1.0)), names=False)
    assert report("framing", "here", cases((True, 0.0), (False, 100.0)), names=False)
    out = capsys.readouterr().out
    assert "one kind only" in out
    assert f"balanced accuracy 0.000 at {framing.LIMIT:g}  too few for a bar" in out
