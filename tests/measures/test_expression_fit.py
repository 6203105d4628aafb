"""`tools.fit_expression`, which makes the constants of `measures.fitted.expression`."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.measures.fitted.expression import COSTS
from tools.fit_expression import FAULTY, KNOTS, Additive, Table


@pytest.fixture(scope="module")
def model() -> Additive:
    """Of a fault, a measure without meaning, and one of which more is better."""
    rng = np.random.default_rng(0)
    values = rng.uniform(0, 1, (600, 3))
    good = values[:, 0] < 0.7
    values[:, 2] = good + rng.uniform(0, 1, 600)
    return Additive().fit(values, good, np.full(600, 1000 / 600), np.ones(600, bool))


def test_a_fault_costs_more_as_it_grows(model: Additive) -> None:
    fault, chance, virtue = model.costs()
    assert list(fault) == sorted(fault)
    assert fault[0] == 0
    assert fault[-1] > 4
    assert chance[-1] < 0.3 * fault[-1]
    assert virtue == pytest.approx(np.zeros(len(KNOTS) + 1))


def test_the_odds_are_what_the_costs_leave(model: Additive) -> None:
    knot = model.knots[:, 2]
    assert model.odds(knot[None]) == pytest.approx([model.best - model.costs()[:, 2].sum()])
    low, high = model.odds(np.array([[0.1, 0.5, 0.5], [0.95, 0.5, 0.5]]))
    assert low > 0 > high


def test_what_is_unknown_and_what_lies_beyond_costs_no_more(model: Additive) -> None:
    unknown = np.full((1, 3), np.nan)
    assert model.odds(unknown) == pytest.approx([model.best])
    far = model.odds(np.array([[1e6, 0, 0], [model.knots[0, -1], 0, 0]]))
    assert far[0] == pytest.approx(far[1])


def test_good_and_bad_and_both_kinds_of_pictures_have_their_weight() -> None:
    good = np.array([True, True, True, False, True, False])
    photos = np.array([True, True, True, True, False, False])
    rows = Table(np.zeros((6, 1)), good, np.array(["a"] * 6), photos, np.zeros((6, 4)))
    # Made pictures weigh half: photographs 333.3 a class, made ones 166.7.
    expected = [1000 / 9] * 3 + [1000 / 3, 1000 / 6, 1000 / 6]
    assert rows.weights() == pytest.approx(expected)


def test_the_constants_are_of_the_measures_that_the_tool_fits() -> None:
    assert sorted(COSTS) == sorted(FAULTY)
    for name, (_, costs) in COSTS.items():
        assert (costs[0] < costs[-1]) == (FAULTY[name] > 0)
