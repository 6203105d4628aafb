"""Numbers beside a limit: the difference can be read."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.advice import Reason
from proportrait.advice.numbers import apart, kept_apart


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((1204.0, 1176.0), ["1200", "1180"]),
        ((0.37, 0.09, 0.21), ["0.37", "0.09", "0.21"]),
        ((0.16004, 0.16, 0.38), ["0.16004", "0.16", "0.38"]),
        ((21.0, 0.162, 0.164), ["21", "0.162", "0.164"]),  # the ends too are told apart
        ((-0.0702, -0.07, 0.07), ["\u22120.0702", "\u22120.07", "0.07"]),
        ((0.5, 0.5), ["0.5", "0.5"]),
        ((123456789.0, 1.0), ["120000000", "1"]),
    ],
)
def test_numbers_are_short_but_differ_where_they_do(
    numbers: tuple[float, ...], words: list[str]
) -> None:
    assert apart(*numbers) == words


def test_a_limit_of_ones_own_is_written_as_it_was_set() -> None:
    assert apart(0.2, 0.1875, exact=True) == ["0.2", "0.1875"]
    assert apart(0.45004, 0.45, digits=3, exact=True) == ["0.45004", "0.45"]


def test_a_rounded_value_stays_on_its_side() -> None:
    assert kept_apart(0.123449, 0.5, None) == 0.1234
    assert kept_apart(0.300014, 0.300012, None) == 0.300014
    assert kept_apart(0.5, 0.5) == 0.5
    assert kept_apart(np.float64(0.3), 0.2) == 0.3  # measures may be numbers of numpy


@pytest.mark.parametrize(
    ("unit", "low", "high", "is_limit", "words"),
    [
        ("Lab / side", None, 1176.0, False, "background clutter 1200; good photos up to 1180"),
        ("deg", None, 1203.7, True, "background clutter 1204 degrees; allowed up to 1203.7"),
        ("stops", 1300.0, None, False, "background clutter 1200 stops; good photos from 1300"),
        ("mouth widths squared", 1.0, 2.0, False,
         "background clutter 1200 mouth widths squared; good photos 1 to 2"),
        ("", None, None, False, ""),
    ],
)  # fmt: skip
def test_a_value_is_never_told_like_the_end_of_its_range(
    unit: str, low: float | None, high: float | None, is_limit: bool, words: str
) -> None:
    reason = Reason("background", "", "", "background.BackgroundClutter", 1204.0, unit, low, high,
                    is_limit=is_limit)  # fmt: skip
    assert reason.measured == reason.to_json()["measured"] == words
