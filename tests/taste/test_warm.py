"""A warm start from the six verdicts."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.taste.warm import SUBSETS, Warm

VERDICTS = np.random.default_rng(0).normal(0, 3, (400, 6)).astype(np.float32)


@pytest.mark.parametrize("attributes", [[4], [3, 4], [0, 1, 2, 3, 4, 5]])
def test_twenty_labels_tell_which_attributes_a_taste_asks_for(attributes: list[int]) -> None:
    labels = np.all(VERDICTS[:, attributes] > 0, axis=1)
    rows = np.r_[np.flatnonzero(labels)[:10], np.flatnonzero(~labels)[:10]]
    warm = Warm.fit(VERDICTS[rows], labels[rows])
    assert warm.shares.sum() == pytest.approx(1)
    assert np.flatnonzero(warm.subsets[warm.shares.argmax()]).tolist() == attributes
    assert ((warm.scores(VERDICTS) > 0) == labels).mean() > 0.9


def test_labels_that_have_nothing_to_do_with_the_verdicts_leave_it_unsure() -> None:
    labels = np.random.default_rng(1).random(200) < 0.5
    warm = Warm.fit(VERDICTS[:200], labels)
    assert warm.shares[~warm.subsets.any(1)] > 0.9
    assert abs(warm.scores(VERDICTS)).max() < 0.7


def test_hypotheses_are_all_sets_of_attributes_and_the_empty_one() -> None:
    assert len({row.tobytes() for row in SUBSETS}) == 64
    assert not SUBSETS[0].any()


def test_one_attribute_keeps_the_odds_of_the_model_when_labels_agree_with_it() -> None:
    labels = VERDICTS[:, 2] > 0
    warm = Warm.fit(VERDICTS, labels)
    assert warm.subsets.tolist() == [[False, False, True, False, False, False]]
    slope, offset = warm.lines[0]
    assert slope > 1  # never wrong, so surer than the model
    assert abs(offset) < 0.5
