"""Which picture is asked for next."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.taste.choose import HOWS, How, first_batch, next_batch, next_index, suspects
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.space import Space
from tests.taste.samples import NAMES, features

VALUES, LABELS = features(120)
KNOWN = np.arange(120) < 30
TASTE = Ensemble.fit(VALUES[KNOWN], LABELS[KNOWN], names=NAMES)


def chosen(how: How, seed: int = 0, between: tuple[float, float] = (0, 1)) -> int:
    return next_index(TASTE, VALUES, KNOWN, np.random.default_rng(seed), how, between)


@pytest.mark.parametrize("how", HOWS)
def test_it_has_no_label_yet_and_chance_is_passed_in(how: How) -> None:
    assert not KNOWN[chosen(how)]
    assert chosen(how) == chosen(how)


def test_uncertainty_takes_pictures_near_the_threshold_that_differ() -> None:
    odds = np.log(1 / TASTE.probabilities(VALUES) - 1) - np.log(1 / TASTE.threshold - 1)
    nearest = np.argsort(np.where(KNOWN, np.inf, abs(odds)))[:20]
    rows = {chosen("uncertainty", seed) for seed in range(20)}
    assert rows <= set(nearest.tolist())
    assert len(rows) > 3


def test_a_batch_has_open_pictures_that_differ_from_each_other() -> None:
    values = np.concatenate([VALUES, np.repeat(VALUES[-1:], 60, 0)])  # one picture, 60 times more
    known = np.arange(len(values)) < 30
    rows = next_batch(TASTE, values, known, np.random.default_rng(0), 8)
    assert not known[rows].any()
    assert len(set(map(bytes, values[rows]))) == len(rows) > 4


def test_the_first_batch_is_of_every_cluster_the_largest_first() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.1, (60, 2)).astype(np.float32)
    values[:40, 0] += 10
    values[50:, 1] += 10
    rows = first_batch(Space.fit(values), values, rng, 3)
    assert [row // 10 for row in rows][1:] in ([4, 5], [5, 4])
    assert rows[0] < 40


def test_disagreement_takes_the_picture_on_which_the_models_differ_most() -> None:
    spread = TASTE.members(VALUES).std(1)
    assert chosen("disagreement") == np.where(KNOWN, -1, spread).argmax()


def test_diversity_takes_the_picture_farthest_from_all_labelled_ones() -> None:
    weights = np.sqrt(TASTE.models.weights)
    blocks = TASTE.space(VALUES)
    points = np.concatenate([w * part for w, part in zip(weights, blocks, strict=True)], 1)
    nearest = ((points[:, None] - points[KNOWN]) ** 2).sum(2).min(1)
    assert nearest[chosen("diversity")] == pytest.approx(nearest[~KNOWN].max())


def test_mixed_takes_all_three_ways() -> None:
    rows = {chosen("mixed", seed) for seed in range(40)}
    assert {chosen("disagreement"), chosen("diversity")} < rows


def test_a_range_of_probabilities_is_kept() -> None:
    likely = TASTE.probabilities(VALUES)
    rows = [chosen("random", seed, (0.7, 0.9)) for seed in range(20)]
    assert len(set(rows)) > 3
    assert all(0.7 <= likely[row] <= 0.9 for row in rows)
    row = chosen("random", 0, (0.99999, 1.0))  # nothing is there: the nearest
    assert likely[row] == np.where(KNOWN, 0, likely).max()


def test_when_everything_is_labelled_it_says_so() -> None:
    with pytest.raises(ValueError, match="every picture has its label"):
        next_index(TASTE, VALUES, np.ones(120, bool), np.random.default_rng(0))


def test_suspects_are_labels_that_the_others_contradict() -> None:
    wrong = LABELS.copy()
    plain = np.argsort(VALUES[:, 0] + VALUES[:, 1])[[0, -1]]  # the plainest of each kind
    wrong[plain] ^= True
    rows = suspects(Ensemble.fit(VALUES, wrong, names=NAMES), wrong)
    assert set(plain) <= set(rows[:10])
