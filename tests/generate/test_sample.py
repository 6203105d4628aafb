"""Label vectors: the exact distribution, and independence from order."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from scipy.stats import chisquare

from proportrait.generate.sample import MIXED, NEAR_PERFECT, PERFECT, sample_labels
from proportrait.labels import KEYS, LabelVector

ALL_CODES = ["".join(bits) for bits in itertools.product("01", repeat=6)]


def expected_probability(code: str, perfect: float, near: float) -> float:
    zeros = code.count("0")
    if zeros == 0:
        return perfect
    return near / 6 if zeros == 1 else (1 - perfect - near) / 57


def counts(draws: int, **probabilities: float) -> dict[str, int]:
    found = dict.fromkeys(ALL_CODES, 0)
    for i in range(draws):
        found[sample_labels(7, f"hf:some/set/train/{i:05d}.png", **probabilities).code] += 1
    return found


def test_the_three_buckets_are_disjoint_and_hold_all_64_vectors() -> None:
    codes = [v.code for v in (PERFECT, *NEAR_PERFECT, *MIXED)]
    assert sorted(codes) == ALL_CODES
    assert [v.code for v in NEAR_PERFECT] == [
        "011111",
        "101111",
        "110111",
        "111011",
        "111101",
        "111110",
    ]


@pytest.mark.parametrize(("perfect", "near"), [(0.15, 0.15), (0.4, 0.3)])
def test_20000_draws_follow_the_exact_distribution(perfect: float, near: float) -> None:
    found = counts(20_000, perfect_prob=perfect, near_perfect_prob=near)
    expected = [20_000 * expected_probability(code, perfect, near) for code in ALL_CODES]
    assert sum(expected) == pytest.approx(20_000)
    assert chisquare([found[code] for code in ALL_CODES], expected).pvalue > 1e-3


def test_the_chi_square_test_would_notice_a_wrong_distribution() -> None:
    found = counts(20_000, perfect_prob=0.17, near_perfect_prob=0.13)
    expected = [20_000 * expected_probability(code, 0.15, 0.15) for code in ALL_CODES]
    assert chisquare([found[code] for code in ALL_CODES], expected).pvalue < 1e-3


def test_every_attribute_is_good_in_59_percent() -> None:
    bits = np.array([sample_labels(1, f"s{i}").values for i in range(20_000)])
    # Standard error is .0035.
    np.testing.assert_allclose(bits.mean(axis=0), 0.15 + 0.125 + 0.7 * 26 / 57, atol=0.014)


def test_labels_depend_on_seed_and_source_and_not_on_order() -> None:
    sources = [f"folder:{i}.jpg" for i in range(300)]
    forward = {s: sample_labels(5, s) for s in sources}
    random.Random(0).shuffle(sources)
    assert {s: sample_labels(5, s) for s in sources} == forward
    assert sum(sample_labels(6, s) != forward[s] for s in sources) > 200


@pytest.mark.parametrize(
    ("perfect", "near", "zeros"), [(1.0, 0.0, {0}), (0.0, 1.0, {1}), (0.0, 0.0, {2, 3, 4, 5, 6})]
)
def test_a_bucket_of_probability_one_takes_all(
    perfect: float, near: float, zeros: set[int]
) -> None:
    drawn = [
        sample_labels(3, str(i), perfect_prob=perfect, near_perfect_prob=near) for i in range(400)
    ]
    assert {len(KEYS) - sum(v.values) for v in drawn} == zeros


@pytest.mark.parametrize(
    ("perfect", "near"), [(-0.1, 0.1), (0.1, 1.1), (0.6, 0.5), (float("nan"), 0.1)]
)
def test_impossible_probabilities_are_misuse(perfect: float, near: float) -> None:
    with pytest.raises(ValueError, match="perfect_prob"):
        sample_labels(0, "x", perfect_prob=perfect, near_perfect_prob=near)


def test_a_known_draw_stays_the_same() -> None:
    """A change here would relabel every dataset that is being resumed."""
    drawn = [sample_labels(0, f"stylegan:{i}") for i in range(5)]
    assert all(isinstance(v, LabelVector) for v in drawn)
    assert [v.code for v in drawn] == ["011110", "100000", "111000", "111101", "010000"]
