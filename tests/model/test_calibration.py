"""Temperatures, thresholds, and the calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from proportrait.model.calibration import Calibration, _threshold, expected_calibration_error


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


@pytest.mark.parametrize(
    ("bad", "good", "nearest"),
    [(-3.0, 1.0, 0.0), (-0.1, 3.0, 0.0), (1.0, 3.0, 1.05), (-3.0, -1.0, -1.0)],
)
def test_of_equally_good_thresholds_the_nearest_to_one_half_wins(
    bad: float, good: float, nearest: float
) -> None:
    labels = np.arange(200) % 4 > 0
    threshold = _threshold(expit(np.where(labels, good, bad)), labels)
    assert logit(threshold) == pytest.approx(nearest, abs=0.01)


@pytest.mark.parametrize(("unlikely", "middle"), [(2, 0.0), (8, -1.0)])
def test_a_threshold_moves_for_more_than_chance_only(unlikely: int, middle: float) -> None:
    # Ten of forty bad ones pass whatever is done: a standard error of 0.034. Of forty good ones
    # two or eight are lost at one half: 0.025 or 0.1 of balanced accuracy.
    labels = np.repeat([True, False], 40)
    logits = np.where(labels, 2.0, -2.0)
    logits[:unlikely], logits[40:50] = -1.0, 3.0
    assert logit(_threshold(expit(logits), labels)) == pytest.approx(middle, abs=0.01)
    # The same with good and bad exchanged.
    assert logit(_threshold(expit(-logits), ~labels)) == pytest.approx(-middle, abs=0.06)


def test_a_threshold_weighs_both_kinds_alike() -> None:
    # One or three of ten bad ones pass at one half; higher up twenty of a hundred good ones are
    # lost: more pictures, but less of their kind than three of ten.
    labels = np.repeat([True, False], [100, 10])
    logits = np.where(labels, 2.0, -2.0)
    logits[:20], logits[100] = 0.5, 1.0
    assert logit(_threshold(expit(logits), labels)) == pytest.approx(0, abs=0.01)
    logits[101:103] = 1.0
    assert logit(_threshold(expit(logits), labels)) == pytest.approx(1.05, abs=0.01)


def test_too_few_bits_stay_neutral() -> None:
    logits, labels = 3 * sample(1000)[0], sample(1000)[1]
    known = np.ones(labels.shape, bool)
    known[:, 1] = False
    known[np.flatnonzero(labels[:, 2] == 0)[19:], 2] = False  # 19 bad ones
    known[np.flatnonzero(labels[:, 3] == 1)[20:], 3] = False  # 20 good ones
    calibration = Calibration.fit(logits, labels, known)
    neutral = [
        pair == (1.0, 0.5)
        for pair in zip(calibration.temperatures, calibration.thresholds, strict=True)
    ]
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
