"""What the fits of measures share, on values whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.labels import KEYS
from proportrait.looks.look import Look
from proportrait.measures import Measure
from tools.labelled import MADE, Looks, Table, compare


def table(values: list[float], good: list[int], groups: str, photos: list[int]) -> Table:
    return Table(
        np.array(values, np.float64)[:, None], np.array(good, bool), np.array(list(groups)),
        np.array(photos, bool),
    )  # fmt: skip


def test_weights_balance_sets_and_bits() -> None:
    """Two good photos and a bad one; a good and a bad made picture."""
    weights = table([0] * 5, [1, 1, 0, 1, 0], "abcde", [1, 1, 1, 0, 0]).weights()
    assert weights / weights[2] == pytest.approx([0.5, 0.5, 1, MADE, MADE])


def test_a_table_holds_the_pictures_whose_bit_is_known() -> None:
    column = KEYS.index("framing")
    known = np.ones((3, 6), bool)
    known[1, column] = False
    looks = Looks(
        [
            Look(measures={"framing": {"HeadSize": Measure("HeadSize", size, "1", 50, "middle")}})
            for size in (0.25, 0.5, 0.75)
        ],
        np.eye(3, 6, column - 2, dtype=bool), known, np.array(list("abc")), np.ones(3, bool),
    )  # fmt: skip
    rows = looks.table("framing", ["HeadSize", "ChinCut"])
    assert rows.values[:, 0].tolist() == [0.25, 0.75]
    assert np.isnan(rows.values[:, 1]).all()
    assert rows.good.tolist() == [False, True]
    assert rows.groups.tolist() == ["a", "c"]


def test_groups_and_sets_are_judged_without_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    """The "fit" is the mean of what it learns from: none has seen the group that it judges."""
    rows = table([1, 1, 2, 2, 4, 8], [1, 0] * 3, "aabbcd", [1, 1, 1, 1, 0, 0])
    means = compare(
        rows, rows.values[:, 0], lambda part: float(part.values.mean()),
        lambda values, mean: values[:, 0] - mean,
    )  # fmt: skip
    assert sorted(means) == pytest.approx([10 / 5, 14 / 5, 14 / 4, 16 / 4])
    lines = [line.rsplit(maxsplit=6) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line[0].strip() for line in lines] == [
        "photographs, now", "groups left out", "this set left out",
        "made pictures, now", "groups left out", "this set left out",
    ]  # fmt: skip
    # Photographs of 1 and 2 are under the mean of the made ones, 6; those are above 1.5.
    assert lines[2][-2:] == ["0.000", "1.000"]
    assert lines[5][-2:] == ["1.000", "0.000"]
