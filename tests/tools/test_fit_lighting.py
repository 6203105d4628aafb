"""The fit of what faults of the light cost, on values whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from tools.fit_lighting import BAD, DARK, FAULTY, MADE, Additive, Table, _basis, held_out


def rows(count: int = 600) -> Table:
    """SideLight above 1 and SkinHighlight off -1 are bad; dark skins come every third row."""
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, (count, len(FAULTY)))
    side, level = (list(FAULTY).index(name) for name in ("SideLight", "SkinHighlight"))
    good = (values[:, side] < 1) & (np.abs(values[:, level] + 1) < 2)
    groups = np.arange(count) // 10
    return Table(
        values, np.arange(count) % 3 - 1.0, good, groups.astype(np.str_),
        np.where(np.arange(count) < count // 2, "photos", "made").astype(np.str_),
        np.arange(count) < count // 2,
    )  # fmt: skip


def test_a_line_bends_at_its_inner_knots_and_ends_at_its_outer_ones() -> None:
    both = _basis(np.array([-9.0, 0.5, 9.0]), np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 4.0]))
    assert both.tolist() == [[0, 0, 1, 2], [0, 0, 0, 0], [3, 2, 0, 0]]
    high = _basis(np.array([-9.0, 1.5, 9.0]), np.array([1.0, 2.0, 4.0]))
    assert high.tolist() == [[0, 0], [0.5, 0], [3, 2]]


def test_costs_rise_to_both_sides_and_say_what_the_basis_says() -> None:
    table = rows()
    model = Additive().fit(table.values, table.good, table.weights(), table.photos)
    for name, sides in FAULTY.items():
        knots, costs = model.tables[name]
        assert (np.diff(knots) > 0).all()
        middle = 2 if sides == "both" else 0
        assert costs[middle] == 0
        assert (np.diff(costs[middle:]) >= 0).all()
        assert (np.diff(costs[: middle + 1]) <= 0).all()
    worst = np.zeros((1, len(FAULTY)))
    worst[0, list(FAULTY).index("SideLight")] = 3
    assert model.odds(worst)[0] < 0 < model.odds(np.full((1, len(FAULTY)), -0.5))[0]


def test_held_out_rows_are_separated() -> None:
    table = rows()
    odds = held_out(table)
    assert ((odds >= 0) == table.good).mean() > 0.85


def test_weights_balance_folders_bits_and_skins() -> None:
    table = rows()
    weights, dark = table.weights(), table.thirds() == 0
    light = weights[table.photos & table.good & ~dark][0]
    assert weights[table.photos & table.good & dark][0] == pytest.approx(DARK * light)
    good = table.good & table.photos
    assert weights[table.photos & ~table.good].sum() == pytest.approx(BAD * light * good.sum())
    made = table.good & ~table.photos
    ratio = weights[made & ~dark][0] * made.sum() / (light * good.sum())
    assert ratio == pytest.approx(MADE)


def test_thirds_are_those_of_the_good_and_nan_without_a_tone() -> None:
    table = Table(
        np.zeros((4, len(FAULTY))), np.array([-40.0, 10.0, 50.0, np.nan]), np.ones(4, bool),
        np.array(list("abcd")), np.full(4, "f"), np.ones(4, bool),
    )  # fmt: skip
    assert table.thirds()[:3].tolist() == [0, 1, 2]
    assert np.isnan(table.thirds()[3])
