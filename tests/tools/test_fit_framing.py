"""The fit of the limits of framing, on values whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.measures.framing import LIMITS, TILT_LIMIT
from tools.fit_framing import NAMES, fit, limits_now, main, odds, report
from tools.labelled import Table

SIZE, OFFSET = NAMES.index("HeadSize"), NAMES.index("HorizontalOffset")
CENTRE = np.array([0.3, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0])  # a head in the middle


def rows(count: int = 400) -> Table:
    """Heads of sizes from 0 to 1, of which those from 0.2 to 0.6 are good; all else is random."""
    rng = np.random.default_rng(0)
    values = CENTRE + rng.normal(0, 0.02, (count, len(NAMES)))
    values[:, SIZE] = rng.random(count)
    good = (values[:, SIZE] > 0.2) & (values[:, SIZE] < 0.6)
    groups = (np.arange(count) // 10).astype(np.str_)
    return Table(values, good, groups, np.arange(count) < count / 2)


def test_the_limits_in_the_code_are_those_of_the_measure() -> None:
    limits = limits_now()
    assert limits[SIZE].tolist() == list(LIMITS["HeadSize"][:2])
    assert limits[OFFSET].tolist() == [-np.inf, 0.19]  # of the amount
    assert limits[-1].tolist() == [-np.inf, TILT_LIMIT]


def test_the_worst_value_decides() -> None:
    values = np.tile(CENTRE, (3, 1))
    values[1, OFFSET] = 0.25  # two widths of 0.03 beyond 0.19
    values[2, SIZE] = 0.105  # two of 0.015 under 0.135
    inside = odds(values, limits_now())
    assert inside[0] > 0
    assert inside[1:] == pytest.approx([-2, -2])


def test_limits_that_decide_are_fitted_and_others_stay_open() -> None:
    limits = fit(rows())
    assert limits[SIZE] == pytest.approx([0.2, 0.6], abs=0.03)
    assert np.isinf(limits[OFFSET]).all()
    assert limits[-1, 1] == TILT_LIMIT


def test_the_report_holds_every_limit(capsys: pytest.CaptureFixture[str]) -> None:
    report(rows())
    out = capsys.readouterr().out
    assert "photographs, now" in out
    assert "groups left out" in out
    assert "HeadSize from" in out
    assert "ChinCut to" in out


def test_the_command_needs_photographs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "--photos" in capsys.readouterr().err
