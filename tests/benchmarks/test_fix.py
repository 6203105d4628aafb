"""The counts of the benchmark of crops."""

from __future__ import annotations

from benchmarks.advice.fix import report
from proportrait.fixes import Fix
from tests.score.samples import scored

BAD, GOOD = (90, 90, 90, 90, 10, 90), (90, 90, 90, 90, 90, 90)
SOFT = (90, 90, 90, 90, 90, 30)


def test_refusals_that_only_the_scores_ask_for_count_as_failures() -> None:
    before = scored("a", BAD)
    fixes = [
        Fix("1x1", before, scored("", GOOD)),
        Fix("1x1", before, scored("", SOFT)),
        Fix("1x1", before, reason="the crop would be only 120 px wide: at least 400 px are needed"),
        Fix("1x1", before, reason="the crop would be only 90 px wide: at least 400 px are needed"),
        Fix("1x1", before, reason="a crop would be worse: attire would no longer be good"),
        Fix("1x1", before, reason="no crop makes the framing good: the head is small"),
    ]
    lines, cured, lost = report(fixes)
    assert (cured, lost) == (0.5, 0.5)
    assert lines[0] == "2 crops of 6 photos"
    assert "     2 refused: the crop would be only N px wide: at least N px are needed" in lines
