"""The fit of what faults of a background cost, on values whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.measures import Measure
from proportrait.measures.background import BEST, CLUTTER, FAULTS, SKIN
from proportrait.measures.evidence import combine
from tools.fit_background import Model, fit, report
from tools.labelled import Table


def rows(count: int = 600) -> Table:
    """Backgrounds that are likely good up to a clutter of 400; skin says nothing."""
    rng = np.random.default_rng(0)
    clutter, skin = np.exp(rng.uniform(3, 8, count)), rng.random(count) / 50
    good = rng.random(count) < 1 / (1 + np.exp(3 * np.log(clutter / 400)))
    values = np.stack([clutter, skin, np.zeros(count)], 1)
    groups = (np.arange(count) // 10).astype(np.str_)
    return Table(values, good, groups, np.arange(count) < count / 2)


def test_the_model_says_what_the_measure_says() -> None:
    clutter, skin = 300.0, 0.004
    odds = Model(BEST, *CLUTTER, *SKIN).odds(np.array([[clutter, skin, 0.0]]))[0]
    assert odds == pytest.approx(7.43 - 2.9 * np.log(3) - 0.87 * np.log(5))
    measures = {
        name: Measure(name, value, "1", 50, "lower")
        for name, value in (("BackgroundClutter", clutter), ("OtherSkin", skin))
    }
    assert combine("Background", BEST, FAULTS, measures) == pytest.approx(100 / (1 + np.exp(-odds)))


def test_what_decides_costs_and_what_does_not_is_free() -> None:
    model = fit(rows())
    limit = np.exp(model.best / model.clutter) * model.calm
    assert limit == pytest.approx(400, rel=0.2)
    assert model.clutter == pytest.approx(3, rel=0.3)
    # At most so much of the odds between the smallest and the largest share of skin.
    assert model.skin * np.log1p(0.02 / model.unit) < 1


def test_the_report_holds_the_constants_of_every_fold(capsys: pytest.CaptureFixture[str]) -> None:
    report(rows(200))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("now", "fitted"))] == [
        "now", "fitted",
    ]  # fmt: skip
    assert sum(line.startswith("without group") for line in lines) == 10
