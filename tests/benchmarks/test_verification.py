"""The benchmark of verification finds what is planted, in made-up rows."""

from __future__ import annotations

import numpy as np

from benchmarks.labels.verification import contradicted, flips, ignored, widest
from proportrait.labels import KEYS
from tests.verification.test_suspects import planted

COLUMN = KEYS.index("sharpness")


def test_flips_are_counted_apart_from_true_bits() -> None:
    rows, _ = planted(7, wrong=0.0)
    found, alarms = flips(rows, "sharpness", 0)
    assert found > 0.9
    assert alarms < 0.03
    before = rows.labels.copy()
    assert np.array_equal(before, rows.labels)  # the rows themselves stay


def test_a_generator_that_ignores_requests_is_found_out_by_the_measure() -> None:
    rows, _ = planted(8, wrong=0.0)
    # Components far from each other: 85 for good ones, 10 for bad ones.
    rows.scores[:, COLUMN] = np.where(rows.labels[:, COLUMN], 85, 10)
    found, alarms = ignored(rows, "sharpness", 0)
    assert (found, alarms) == (1.0, 0.0)


def test_without_wrong_bits_nothing_is_found() -> None:
    rows, _ = planted(9, wrong=0.0)
    claims = np.arange(len(rows.labels))
    found, _ = contradicted(rows, "sharpness", claims, claims[:1])
    assert found in (0.0, 1.0)


def test_the_widest_limits_are_as_wide_as_they_are_right() -> None:
    bits = np.array([True] * 50 + [False] * 50)
    values = np.concatenate([np.linspace(60, 100, 50), np.linspace(0, 40, 50)])
    low, high = widest(bits, values)
    assert ((values < low) | (values >= high)).mean() > 0.94
