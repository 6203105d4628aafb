"""From logits to calibrated probabilities, and from those to verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Float, Mask, Real

BINS = 15
_MIN_BITS = 20  # of each class; with fewer nothing is fitted


@dataclass(frozen=True)
class Calibration:
    """A temperature and a threshold of the probability for each attribute; neutral are 1 and 0.5.

    Temperature scaling: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks",
    ICML 2017.
    """

    temperatures: tuple[float, ...] = (1.0,) * 6
    thresholds: tuple[float, ...] = (0.5,) * 6

    def probabilities(self, logits: Real) -> Float:
        """Probabilities of a 1, float32 (N, 6), of logits (N, 6)."""
        return np.asarray(_sigmoid(logits / np.asarray(self.temperatures)), np.float32)

    def verdicts(self, probabilities: Real) -> Mask:
        """(N, 6): whether a probability reaches its threshold."""
        return np.asarray(probabilities >= np.asarray(self.thresholds, np.float32))

    @classmethod
    def fit(cls, logits: Real, labels: Real, known: Mask) -> Calibration:
        """Fit to validation pictures: logits, labels, and known mask, all (N, 6).

        An attribute with fewer than 20 known bits of either class keeps the neutral values.
        """
        temperatures, thresholds = [], []
        for column in range(logits.shape[1]):
            mask = known[:, column]
            z, y = logits[mask, column].astype(np.float64), labels[mask, column] > 0.5
            if min(y.sum(), (~y).sum()) < _MIN_BITS:
                temperatures.append(1.0)
                thresholds.append(0.5)
                continue
            temperature = _temperature(z, y)
            temperatures.append(temperature)
            thresholds.append(_threshold(_sigmoid(z / temperature), y))
        return cls(tuple(temperatures), tuple(thresholds))


def expected_calibration_error(probabilities: Real, labels: Real) -> float:
    """Mean distance between confidence and accuracy over `BINS` bins, by torchmetrics.

    Args:
        probabilities, labels: (N,) of one attribute.
    """
    import torch

    from proportrait.model.compat import mend_torchvision

    mend_torchvision()  # torchmetrics imports it
    from torchmetrics.functional.classification import binary_calibration_error

    error = binary_calibration_error(
        torch.as_tensor(np.ascontiguousarray(probabilities, np.float32)),
        torch.as_tensor(np.asarray(labels) > 0.5).int(),
        n_bins=BINS,
    )
    return float(error)


def _sigmoid(logits: Real) -> Real:
    """1 / (1 + exp(-logits)), without overflow."""
    return np.asarray((1 + np.tanh(logits / 2)) / 2)


def _temperature(logits: Real, labels: Mask) -> float:
    """The temperature in [1/8, 8] of the highest likelihood."""
    from scipy.optimize import minimize_scalar  # serving needs none

    margins = np.where(labels, logits, -logits)
    optimum = minimize_scalar(
        lambda log: float(np.logaddexp(0, -margins / np.exp(log)).mean()),
        bounds=(-np.log(8), np.log(8)),
        method="bounded",
    )
    return float(np.exp(optimum.x))


def _threshold(probabilities: Real, labels: Mask) -> float:
    """The threshold nearest to 0.5 within a standard error of the highest balanced accuracy.

    This is the one-standard-error rule (Breiman, Friedman, Olshen, Stone, "Classification and
    Regression Trees", 1984). On generated pictures a wide range of thresholds is equally good.
    """
    thresholds = _sigmoid(np.linspace(-4, 4, 161))
    positive = probabilities[:, None] >= thresholds
    sensitivity, specificity = positive[labels].mean(0), (~positive[~labels]).mean(0)
    accuracy = (sensitivity + specificity) / 2
    best = int(accuracy.argmax())
    variance = sensitivity[best] * (1 - sensitivity[best]) / labels.sum()
    variance += specificity[best] * (1 - specificity[best]) / (~labels).sum()
    error = max(np.sqrt(variance) / 2, 0.5 / len(labels))
    near = np.flatnonzero(accuracy >= accuracy[best] - error)
    return float(thresholds[near[np.abs(near - len(thresholds) // 2).argmin()]])
