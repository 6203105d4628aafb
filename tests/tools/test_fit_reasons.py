"""The fit of bounds and of reasons, on pictures whose values are written down by hand."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.advice.bounds import SHUT, Bound
from proportrait.looks.look import Look
from proportrait.measures import Measure
from tools import fit_reasons
from tools.labelled import Looks, Table


def pictures(bad: list[float], good: list[float], photos: bool = True) -> Table:
    """Of each picture its value; each is a group of its own."""
    values = np.array([*bad, *good])[:, None]
    count = len(values)
    labels = np.arange(count) >= len(bad)
    return Table(values, labels, np.array([f"{photos}{n}" for n in range(count)]),
                 np.full(count, photos))  # fmt: skip


def both(one: Table, other: Table) -> Table:
    return Table(*(np.concatenate([getattr(one, name), getattr(other, name)])
                   for name in ("values", "good", "groups", "photos")))  # fmt: skip


@pytest.mark.parametrize("side", [1, -1])
def test_a_bound_is_the_loosest_with_nine_of_ten_bad_beyond_it(side: int) -> None:
    # Beyond 8.5 there are 12 of the twenty bad ones and 1 of the twenty good ones, 0.92; with the
    # next value, 8.0, it is 13 to 2, 0.87.
    bad = [side * float(n) for n in range(1, 21)]
    good = [side * (9.5 if n == 0 else 8.1 - n / 10) for n in range(20)]
    rows = pictures(bad, good)
    assert fit_reasons.fit_bound(side, rows) == pytest.approx(side * 8.5)


def test_both_sets_must_be_bad_and_too_few_pictures_have_no_bound() -> None:
    photographs = pictures([float(n) for n in range(1, 21)], [-1.0] * 20)
    made = pictures([float(n) for n in range(1, 21)], [10.5] * 20, photos=False)
    assert fit_reasons.fit_bound(1, photographs) == pytest.approx(0.0)
    assert fit_reasons.fit_bound(1, both(photographs, made)) == pytest.approx(10.75)
    few = pictures([5.0] * 9, [1.0] * 9)
    assert np.isnan(fit_reasons.fit_bound(1, few))


def test_a_bound_is_judged_on_the_pictures_of_which_its_sentence_is_told() -> None:
    names = ("expression.EyeOpenness", "framing.HeadPoseYaw", "sharpness.FaceResolution")
    values = np.array([[0.3, 0.0, 8.0], [0.1, 40.0, 8.0], [0.1, 0.0, 8.0], [0.2, np.nan, 5.0]])
    table = Table(values, np.ones(4, bool), np.array(list("abcd")), np.ones(4, bool))
    rows = fit_reasons.bound_rows(SHUT, table, names)
    assert rows.values[:, 0].tolist() == [0.3, 0.1]
    assert rows.groups.tolist() == ["a", "c"]


def test_report_of_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    rows = pictures([float(n) for n in range(1, 21)], [-1.0] * 20)
    fit_reasons.report_bound("far", Bound("framing", "framing.HeadSize", 1, 15.0), rows)
    out = capsys.readouterr().out
    assert "by the rule 0, without groups" in out
    assert "beyond it 5 bad and 0 good photographs: weighted share 1.000" in out


def test_measures_of_other_attributes_are_read_by_their_full_name() -> None:
    look = Look(size=(9, 9), measures={
        "framing": {"HeadPoseYaw": Measure("HeadPoseYaw", -30.0, "deg", 50, "middle")},
    })  # fmt: skip
    ones = np.ones((1, 6), bool)
    looks = Looks([look], ones, ones, np.array(["a"]), np.ones(1, bool))
    assert looks.table("expression", ["framing.HeadPoseYaw"]).values.tolist() == [[30.0]]
