"""Temperatures, thresholds, confidence, and the calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from proportrait.model.calibration import (
    SURE,
    Calibration,
    _surest,
    best_threshold,
    expected_calibration_error,
)


def sample(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (N, 6) and bits (N, 6) that are 1 with the probabilities of the logits."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, 6))
    return logits, (rng.random((count, 6)) < expit(logits)).astype(np.float32)


@pytest.mark.parametrize("factor", [3.0, 0.5])
def test_the_temperature_undoes_a_factor(factor: float) -> None:
    logits, labels = sample(5000)
    calibration = Calibration.fit(factor * logits, labels, labels >= 0)
    assert calibration.temperatures == pytest.approx((factor,) * 6, rel=0.1)
    assert calibration.thresholds == pytest.approx((0.5,) * 6, abs=0.1)
    probabilities = calibration.probabilities(factor * logits)
    assert probabilities == pytest.approx(expit(logits), abs=0.03)
    assert probabilities.dtype == np.float32


def test_a_temperature_has_limits() -> None:
    labels = np.repeat([[1.0] * 6, [0.0] * 6], 30, axis=0)
    sure = np.where(labels > 0.5, 5.0, -5.0)
    assert Calibration.fit(sure, labels, labels >= 0).temperatures[0] == pytest.approx(1 / 8, 0.01)
    assert Calibration.fit(-sure, labels, labels >= 0).temperatures[0] == pytest.approx(8, 0.01)


def drawn(share: float, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share is good, and their true log odds."""
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < share
    scores = rng.normal(np.where(labels, 1.0, -1.0))
    return 2 * scores + logit(share), labels


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_threshold_is_the_best_of_balanced_and_plain_accuracy(share: float) -> None:
    # By hand, of 90 % good ones: a good one is worth .25 / .9 + .5 = .778, a bad one .25 / .1 + .5
    # = 3, so "good" has to be 3 / 3.778 = .794 likely.
    logits, labels = drawn(share, 40_000)
    expected = {0.1: 1 - 3 / (3 + 0.7778), 0.5: 0.5, 0.9: 3 / (3 + 0.7778)}[share]
    threshold = best_threshold(logits, labels, 0.5)
    assert threshold == pytest.approx(expected, abs=0.01)

    def value(limit: float) -> float:
        good = expit(logits) >= limit
        balanced = (good[labels].mean() + (~good[~labels]).mean()) / 2
        return float(balanced + (good == labels).mean())

    assert value(threshold) > max(map(value, np.linspace(0.02, 0.98, 97))) - 0.005


def test_the_weight_of_balance_moves_a_threshold_from_one_half_to_the_share() -> None:
    logits, labels = drawn(0.9, 40_000)
    assert best_threshold(logits, labels, 0) == pytest.approx(0.5, abs=0.02)
    assert best_threshold(logits, labels, 1) == pytest.approx(0.9, abs=0.02)


def test_a_threshold_undoes_a_factor_and_a_shift() -> None:
    logits, labels = drawn(0.9, 5000)
    turned = logit(best_threshold(3 * logits - 1, labels, 0.5))
    assert turned == pytest.approx(3 * logit(best_threshold(logits, labels, 0.5)) - 1, abs=0.05)


def test_single_pictures_hardly_move_a_threshold() -> None:
    thresholds = [best_threshold(*drawn(0.9, 1000, seed), 0.5) for seed in range(40)]
    assert np.std(logit(thresholds)) < 0.3


def test_logits_that_tell_nothing_have_a_threshold_of_one_half() -> None:
    logits, labels = drawn(0.9, 1000)
    assert best_threshold(-logits, labels, 0.5) == 0.5


def test_too_few_bits_stay_neutral() -> None:
    logits, labels = 3 * sample(1000)[0], sample(1000)[1]
    known = np.ones(labels.shape, bool)
    known[:, 1] = False
    known[np.flatnonzero(labels[:, 2] == 0)[19:], 2] = False  # 19 bad ones
    known[np.flatnonzero(labels[:, 3] == 1)[20:], 3] = False  # 20 good ones
    calibration = Calibration.fit(logits, labels, known)
    neutral = [
        row == (1.0, 0.5, -1.0, 1.0)
        for row in zip(
            calibration.temperatures, calibration.thresholds, calibration.sure_bad,
            calibration.sure_good, strict=True,
        )
    ]  # fmt: skip
    assert neutral == [False, True, True, False, False, False]


def test_unknown_bits_teach_nothing() -> None:
    logits, labels = sample(500)
    known = np.random.default_rng(1).random(labels.shape) < 0.5
    calibration = Calibration.fit(logits, labels, known)
    assert Calibration.fit(logits, np.where(known, labels, 1 - labels), known) == calibration
    assert Calibration.fit(np.where(known, logits, 99), labels, known) == calibration


def test_a_verdict_is_a_probability_that_reaches_its_threshold() -> None:
    calibration = Calibration((1, 1, 1, 1, 1, 2), (0.2, 0.5, 0.5, 0.5, 0.8, 0.75))
    probabilities = calibration.probabilities(np.array([[-1, 0, 0.1, -0.1, 1, 2 * np.log(3)]]))
    assert probabilities[0] == pytest.approx([0.269, 0.5, 0.525, 0.475, 0.731, 0.75], abs=1e-3)
    assert calibration.verdicts(probabilities)[0, :5].tolist() == [True, True, True, False, False]


# --- confidence


@pytest.mark.parametrize(
    ("count", "wrong", "kept"),
    [
        (18, [], 0),  # the next one may be wrong: 1 / 19
        (19, [], 19),  # 1 / 20
        (39, [30], 39),  # 2 / 40
        (38, [30], 30),  # 2 / 39: as far as before the wrong one
        (60, [0], 60),  # 2 / 61, though the first is wrong
        (30, [0, 1], 0),
    ],
)
def test_the_surest_verdicts_by_hand(count: int, wrong: list[int], kept: int) -> None:
    confidence = np.linspace(0.99, 0.6, count)
    right = ~np.isin(np.arange(count), wrong)
    order = np.random.default_rng(0).permutation(count)
    limit = _surest(confidence[order], right[order], 1.0)
    assert (confidence.astype(np.float32) > np.float32(limit)).sum() == kept
    assert (limit == 1.0) == (kept == 0)


def test_verdicts_beyond_the_limits_are_sure() -> None:
    calibration = Calibration(
        (1.0,) * 6, (0.5,) * 6, (0.1, 0.1, 0.1, -1.0, -1.0, 0.3), (0.9, 0.9, 0.9, 1.0, 1.0, 0.7)
    )
    probabilities = np.float32([[0.1, 0.9, 0.91, 0.0, 1.0, 0.5]])
    assert calibration.sure(probabilities)[0].tolist() == [True, False, True, False, False, False]


def test_of_fresh_pictures_the_sure_verdicts_are_right() -> None:
    logits, labels = sample(4000)
    calibration = Calibration.fit(logits, labels, labels >= 0)
    logits, labels = sample(20000, seed=1)
    probabilities = calibration.probabilities(logits)
    verdicts, sure = calibration.verdicts(probabilities), calibration.sure(probabilities)
    right = verdicts == (labels > 0.5)
    for column in range(6):
        for side in (verdicts, ~verdicts):
            kept = sure[:, column] & side[:, column]
            assert right[kept, column].mean() > SURE - 0.025  # of a fit to 4,000
            assert kept.mean() > 0.08
    assert right[sure].mean() > SURE
    assert right[~sure].mean() < 0.75


def test_guesses_are_never_sure() -> None:
    logits, labels = sample(400)[0], sample(400, seed=1)[1]
    calibration = Calibration.fit(logits, labels, labels >= 0)
    assert calibration.sure_bad == (-1.0,) * 6
    assert calibration.sure_good == (1.0,) * 6
    assert not calibration.sure(np.float32([[0.0] * 6, [1.0] * 6])).any()


# --- the calibration error


def test_the_calibration_error_by_hand() -> None:
    probabilities = np.array([0.1, 0.1, 0.9, 0.9, 0.9, 0.9])
    labels = np.array([0, 1, 1, 1, 1, 0])
    # Two of 0.1, of which half are good; four of 0.9, of which three quarters are.
    expected = 2 / 6 * 0.4 + 4 / 6 * 0.15
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-6)
    assert expected_calibration_error(np.array([0.0, 1.0]), np.array([0, 1])) == 0


def test_calibrating_makes_the_error_smaller() -> None:
    logits, labels = sample(3000)
    calibration = Calibration.fit(4 * logits, labels, labels >= 0)
    before, after = (
        expected_calibration_error(c.probabilities(4 * logits)[:, 0], labels[:, 0])
        for c in (Calibration(), calibration)
    )
    assert before > 0.08
    assert after < 0.03
