"""Figures of six heads, by hand and against scikit-learn, and their intervals by source."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics as sklearn

from proportrait.labels import KEYS
from proportrait.train.metrics import Figure, Report, report


def of_lighting(
    truth: Sequence[int], bits: Sequence[int], scores: Sequence[float] | None = None
) -> Report:
    """The report of pictures whose only known bit is that of the lighting; no intervals."""
    labels, known = np.zeros((len(truth), 6), np.float32), np.zeros((len(truth), 6), bool)
    labels[:, 0], known[:, 0] = truth, True
    verdicts, probabilities = np.zeros((len(truth), 6), bool), np.zeros((len(truth), 6))
    verdicts[:, 0], probabilities[:, 0] = bits, bits if scores is None else scores
    return report(labels, known, probabilities, verdicts, people(len(truth)), draws=0)


def people(count: int, each: int = 1) -> np.ndarray:
    return np.array([f"p{n // each}" for n in range(count)], np.str_)


def test_figures_of_an_attribute_by_hand() -> None:
    result = of_lighting([1, 1, 1, 0, 0], [1, 1, 0, 0, 1], [0.9, 0.8, 0.3, 0.2, 0.5])
    light = result.attributes["lighting"]
    assert (light.good, light.bad) == (3, 2)
    assert light.confusion == ((1, 1), (1, 2))
    assert light.accuracy.value == pytest.approx(3 / 5)
    assert light.balanced_accuracy.value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert light.recall_good.value == pytest.approx(2 / 3)
    assert light.recall_bad.value == pytest.approx(1 / 2)
    assert light.f1.value == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert light.auc.value == pytest.approx(5 / 6)  # of six pairs one is the wrong way round
    assert result.overall.value == pytest.approx(3 / 5)
    assert result.macro_f1.value == light.f1.value
    assert result.mean_balanced_accuracy.value == light.balanced_accuracy.value
    assert result.exact_match.value == pytest.approx(3 / 5)
    assert np.isnan(result.exact_match_of_six.value)  # no picture has six known bits


def test_with_one_class_only_there_is_an_accuracy_and_its_recall() -> None:
    light = of_lighting([1, 1, 1, 1], [1, 1, 1, 0]).attributes["lighting"]
    assert light.accuracy.value == light.recall_good.value == 0.75
    for figure in (light.balanced_accuracy, light.recall_bad, light.f1, light.auc):
        assert str(figure) == "-"


def test_exact_match_asks_for_known_bits_only() -> None:
    labels = np.ones((4, 6), np.float32)
    known, verdicts = np.ones((4, 6), bool), np.ones((4, 6), bool)
    known[1, 2:] = False  # two bits known and right; the others do not count
    verdicts[1, 2:] = False
    known[2] = False  # nothing known: it is not judged
    verdicts[2] = False
    verdicts[3, 5] = False  # one bit wrong
    result = report(labels, known, verdicts.astype(float), verdicts, people(4), draws=0)
    assert result.exact_match.value == pytest.approx(2 / 3)
    assert result.exact_match_of_six.value == pytest.approx(1 / 2)
    assert result.overall.value == pytest.approx(13 / 14)
    assert (result.pictures, result.sources) == (4, 4)


def test_figures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((200, 6)) < 0.7
    known = rng.random((200, 6)) < 0.8
    probabilities = np.clip(0.5 * truth + rng.random((200, 6)) * 0.7, 0, 1)
    bits = probabilities > 0.6
    result = report(truth.astype(np.float32), known, probabilities, bits, people(200), draws=0)
    f1, balanced = [], []
    for column, key in enumerate(KEYS):
        mask, figures = known[:, column], result.attributes[key]
        y, s, p = truth[mask, column], bits[mask, column], probabilities[mask, column]
        f1.append(sklearn.f1_score(y, s))
        balanced.append(sklearn.balanced_accuracy_score(y, s))
        assert figures.accuracy.value == pytest.approx(sklearn.accuracy_score(y, s))
        assert figures.f1.value == pytest.approx(f1[-1])
        assert figures.balanced_accuracy.value == pytest.approx(balanced[-1])
        assert figures.recall_good.value == pytest.approx(sklearn.recall_score(y, s))
        assert figures.recall_bad.value == pytest.approx(sklearn.recall_score(y, s, pos_label=0))
        assert figures.auc.value == pytest.approx(sklearn.roc_auc_score(y, p))
        assert figures.confusion == tuple(map(tuple, sklearn.confusion_matrix(y, s).tolist()))
    # These come from the counts that the bootstrap draws too.
    assert result.macro_f1.value == pytest.approx(np.mean(f1))
    assert result.mean_balanced_accuracy.value == pytest.approx(np.mean(balanced))
    assert result.overall.value == pytest.approx(
        1 - sklearn.zero_one_loss(truth[known], bits[known])
    )
    all_known = report(
        truth.astype(np.float32), known | True, probabilities, bits, people(200), draws=0
    )
    assert all_known.overall.value == pytest.approx(1 - sklearn.hamming_loss(truth, bits))
    assert all_known.exact_match.value == pytest.approx(sklearn.accuracy_score(truth, bits))
    assert all_known.exact_match_of_six == all_known.exact_match


# --- intervals


def test_an_interval_of_copies_is_as_wide_as_that_of_their_people() -> None:
    rng = np.random.default_rng(1)
    truth = (rng.random((60, 6)) < 0.5).repeat(4, 0)
    bits = truth ^ (rng.random((60, 6)) < 0.2).repeat(4, 0)
    known = np.ones(truth.shape, bool)

    def width(pictures: slice, each: int) -> float:
        y, s = truth[pictures], bits[pictures]
        result = report(y.astype(np.float32), known[pictures], s, s, people(len(y), each)).overall
        assert result.low < result.value < result.high
        return result.high - result.low

    copies, alone, apart = (
        width(slice(None), 4),
        width(slice(None, None, 4), 1),
        width(slice(None), 1),
    )
    assert copies == pytest.approx(alone)  # a copy tells nothing new
    assert copies == pytest.approx(2 * apart, rel=0.15)  # four times as many, if they were people


def test_the_interval_of_a_share_is_that_of_a_binomial() -> None:
    bits = np.arange(400) % 4 > 0
    result = report(
        np.ones((400, 6), np.float32), np.ones((400, 6), bool),
        np.repeat(bits[:, None], 6, 1), np.repeat(bits[:, None], 6, 1), people(400),
    ).exact_match  # fmt: skip
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert (result.low, result.high) == pytest.approx((0.75 - half, 0.75 + half), abs=0.006)


def test_intervals_are_a_function_of_the_seed() -> None:
    rng = np.random.default_rng(2)
    truth, bits = rng.random((50, 6)) < 0.5, rng.random((50, 6)) < 0.5
    data = truth.astype(np.float32), truth | True, bits, bits, people(50)
    assert report(*data, seed=1) == report(*data, seed=1)
    assert report(*data, seed=1).overall != report(*data, seed=2).overall


# --- for people and machines


def test_undefined_figures_are_none_in_json_and_a_dash_in_the_table() -> None:
    result = of_lighting([1, 1, 0], [1, 0, 0])
    data = result.to_json()
    json.dumps(data, allow_nan=False)
    assert data["overall"] == {"value": 0.6667, "low": None, "high": None}
    assert data["exact_match_of_six"]["value"] is None
    assert data["attributes"]["attire"]["auc"]["value"] is None
    assert data["attributes"]["lighting"]["confusion"] == [[1, 0], [1, 1]]
    assert list(data["attributes"]) == list(KEYS)
    table = result.table().splitlines()
    assert table[1].split() == ["lighting", "2", "1", "0.667", "0.750", "0.667", "0.750"]
    assert table[3].split() == ["attire", "0", "0", "-", "-", "-", "-"]
    assert str(Figure(0.5, 0.25, 0.75)) == "0.500 [0.250, 0.750]"


def test_no_picture_has_no_figures() -> None:
    nothing = np.zeros((0, 6))
    with pytest.raises(ValueError, match="no picture to judge"):
        report(nothing, nothing > 0, nothing, nothing > 0, people(0))
