"""Figures of a taste."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.errors import ConfigurationError
from proportrait.taste.evaluate import auc, evaluate, learning_curve
from proportrait.taste.folds import copies
from tests.taste.samples import NAMES, features


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([1, 2, 3, 4], 1.0), ([4, 3, 2, 1], 0.0), ([1, 1, 1, 1], 0.5), ([1, 3, 2, 4], 0.75)],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(scores: list[float], expected: float) -> None:
    assert auc(np.array(scores), np.array([False, False, True, True])) == expected


def test_what_can_be_learnt_is_learnt_and_chance_is_not() -> None:
    values, labels = features(100)
    figures = evaluate(values, labels, names=NAMES, seeds=0)
    assert figures.accuracy > 0.85
    assert figures.auc > 0.9
    assert figures.curve == []
    shuffled = np.random.default_rng(3).permutation(labels)
    assert abs(evaluate(values, shuffled, names=NAMES, seeds=0).auc - 0.5) < 0.2


def test_the_curve_has_a_row_a_step() -> None:
    values, labels = features(60)
    curve = learning_curve(values, labels, copies(values), names=NAMES, seeds=1, steps=(10, 20, 99))
    assert [row["labels"] for row in curve] == [10, 20]  # there are only 40 to label
    assert all(0.5 <= row[way] <= 1 for row in curve for way in ("active", "random"))


def test_a_label_with_a_single_picture_cannot_be_evaluated() -> None:
    values, _ = features(5)
    with pytest.raises(ConfigurationError, match="at least two different pictures of each label"):
        evaluate(values, [True, False, False, False, False])
