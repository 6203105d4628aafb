"""From logits to probabilities that can be believed, and to verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit

from proportrait.arrays import Float, Mask, Real
from proportrait.model.compat import mend_torchvision

BINS = 15
_FEWEST = 20  # bits of each kind that anything is fitted to


@dataclass(frozen=True)
class Calibration:
    """Six temperatures and six thresholds of probability; the neutral one is 1 and 0.5.

    Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
    """

    temperatures: tuple[float, ...] = (1.0,) * 6
    thresholds: tuple[float, ...] = (0.5,) * 6

    def probabilities(self, logits: Real) -> Float:
        """Of a 1, float32 (N, 6), from logits (N, 6)."""
        return np.asarray(expit(logits / np.asarray(self.temperatures)), np.float32)

    def verdicts(self, probabilities: Real) -> Mask:
        """(N, 6): whether a probability reaches its threshold."""
        return np.asarray(probabilities >= np.asarray(self.thresholds, np.float32))

    @classmethod
    def fit(cls, logits: Real, labels: Real, known: Mask) -> Calibration:
        """From validation pictures: logits, labels, known, all (N, 6).

        An attribute with under twenty bits of a kind keeps the neutral values.
        """
        temperatures, thresholds = [], []
        for column in range(logits.shape[1]):
            there = known[:, column]
            z, y = logits[there, column].astype(np.float64), labels[there, column] > 0.5
            if min(y.sum(), (~y).sum()) < _FEWEST:
                temperatures.append(1.0)
                thresholds.append(0.5)
                continue
            temperature = _temperature(z, y)
            temperatures.append(temperature)
            thresholds.append(_threshold(expit(z / temperature), y))
        return cls(tuple(temperatures), tuple(thresholds))


def expected_calibration_error(probabilities: Real, labels: Real) -> float:
    """Mean distance of confidence and accuracy over `BINS` bins, by torchmetrics.

    Args:
        probabilities, labels: (N,) of one attribute.
    """
    import torch

    mend_torchvision()  # torchmetrics imports it
    from torchmetrics.functional.classification import binary_calibration_error

    found = binary_calibration_error(
        torch.as_tensor(np.ascontiguousarray(probabilities, np.float32)),
        torch.as_tensor(np.asarray(labels) > 0.5).int(),
        n_bins=BINS,
    )
    return float(found)


def _temperature(logits: Real, labels: Mask) -> float:
    """The one that makes the labels likeliest, from 1/8 to 8."""
    signed = np.where(labels, logits, -logits)
    found = minimize_scalar(
        lambda log: float(np.logaddexp(0, -signed / np.exp(log)).mean()),
        bounds=(-np.log(8), np.log(8)),
        method="bounded",
    )
    return float(np.exp(found.x))


def _threshold(probabilities: Real, labels: Mask) -> float:
    """One half, or where another is better by more than chance, the nearest one that is as good.

    As good is what comes within a standard error of the highest balanced accuracy (the
    one-standard-error rule: Breiman, Friedman, Olshen, Stone, "Classification and Regression
    Trees", 1984). Made pictures are told apart so well that a wide range is equally good on them.
    """
    tried = expit(np.linspace(-4, 4, 161))
    said = probabilities[:, None] >= tried
    found, passed = said[labels].mean(0), (~said[~labels]).mean(0)
    scores = (found + passed) / 2
    best = int(scores.argmax())
    variance = found[best] * (1 - found[best]) / labels.sum()
    variance += passed[best] * (1 - passed[best]) / (~labels).sum()
    error = max(np.sqrt(variance) / 2, 0.5 / len(labels))
    good = np.flatnonzero(scores >= scores[best] - error)
    return float(tried[good[np.abs(good - len(tried) // 2).argmin()]])
