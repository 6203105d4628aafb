"""From logits to calibrated probabilities, and from those to verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Float, Mask, Real

BINS = 15
SURE = 0.95  # at least this share of the verdicts that are called sure is right
# Weight of balanced accuracy beside plain accuracy in a threshold: both count alike. More of it
# costs exact matches, less of it rare bad ones: `tools.fit_fusion` prints how many.
BALANCE = 0.5
FEWEST = 20  # known bits of each class; with fewer nothing is fitted


@dataclass(frozen=True)
class Calibration:
    """What turns logits into probabilities, verdicts, and confidence, for each attribute.

    Temperature scaling: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks",
    ICML 2017.

    Attributes:
        temperatures: neutral is 1.
        thresholds: of the probability, from which on the verdict is 1; neutral is 0.5.
        sure_bad, sure_good: a verdict of 0 is sure at a probability of at most the one, of 1 at
            more than the other: there at least `SURE` of the verdicts are right. Neutral are -1
            and 1, where none is sure.
    """

    temperatures: tuple[float, ...] = (1.0,) * 6
    thresholds: tuple[float, ...] = (0.5,) * 6
    sure_bad: tuple[float, ...] = (-1.0,) * 6
    sure_good: tuple[float, ...] = (1.0,) * 6

    def probabilities(self, logits: Real) -> Float:
        """Probabilities of a 1, float32 (N, 6), of logits (N, 6)."""
        return np.asarray(_sigmoid(logits / np.asarray(self.temperatures)), np.float32)

    def verdicts(self, probabilities: Real) -> Mask:
        """(N, 6): whether a probability reaches its threshold."""
        return np.asarray(probabilities >= np.asarray(self.thresholds, np.float32))

    def sure(self, probabilities: Real) -> Mask:
        """(N, 6): whether the verdict is sure."""
        low, high = (np.asarray(limits, np.float32) for limits in (self.sure_bad, self.sure_good))
        return np.asarray((probabilities <= low) | (probabilities > high))

    @classmethod
    def fit(cls, logits: Real, labels: Real, known: Mask, balance: float = BALANCE) -> Calibration:
        """Fit to pictures that were not learnt from: logits, labels, and known mask, all (N, 6).

        An attribute with fewer than `FEWEST` known bits of either class keeps the neutral values.

        Args:
            balance: weight of balanced accuracy beside plain accuracy in a threshold, [0, 1].
        """
        rows = []
        for column in range(logits.shape[1]):
            mask = known[:, column]
            z, y = logits[mask, column].astype(np.float64), labels[mask, column] > 0.5
            if min(y.sum(), (~y).sum()) < FEWEST:
                rows.append((1.0, 0.5, -1.0, 1.0))
                continue
            temperature = _temperature(z, y)
            p = _sigmoid(z / temperature)
            threshold = best_threshold(z / temperature, y, balance)
            bad, good = p < threshold, p >= threshold
            low = -_surest(-p[bad], ~y[bad], 1.0)
            high = _surest(p[good], y[good], 1.0)
            rows.append((temperature, threshold, low, high))
        return cls(*(tuple(column) for column in zip(*rows, strict=True)))


def _surest(confidence: Real, right: Mask, never: float) -> float:
    """The confidence above which at least `SURE` of the verdicts are right, `never` without one.

    As in conformal prediction the next verdict counts as wrong: (wrong + 1) / (all + 1) is at most
    1 - `SURE` (Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005).
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    risk = (wrong + 1) / (np.arange(len(order)) + 2)
    valid = np.flatnonzero(risk <= 1 - SURE)
    if not len(valid):
        return never
    least = float(confidence[order[valid[-1]]])
    return float(np.nextafter(np.float32(least), np.float32(-np.inf)))


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


def best_threshold(logits: Real, labels: Mask, balance: float) -> float:
    """The probability, of these logits (N,), from which on "good" is the better verdict.

    Where a share g of the labels is good, each good one that is kept adds b / 2g + 1 - b to the
    mean of balanced (weight b) and plain accuracy, each bad one that is found b / 2(1 - g) + 1 - b;
    how likely each is a logistic regression on the logits tells (Platt, "Probabilistic Outputs for
    Support Vector Machines", 1999). The threshold that is best on the sample itself follows single
    pictures: on photographs of other sites it has as much balance and fewer exact matches.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0).fit(logits[:, None], labels)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope <= 0:
        return 0.5
    good = labels.mean()
    kept, found = (balance / (2 * share) + 1 - balance for share in (good, 1 - good))
    return float(_sigmoid((np.log(found / kept) - intercept) / slope))
