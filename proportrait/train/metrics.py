"""Figures of predictions against labels, by attribute and over all, with intervals by source.

The figures are scikit-learn's. The 95 % intervals are percentiles of a bootstrap that draws whole
sources (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993): pictures of one person are
not independent. Unknown bits count nowhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from proportrait.arrays import Mask, Real, Text
from proportrait.labels import KEYS

DRAWS = 1000
_NAN = float("nan")


@dataclass(frozen=True)
class Figure:
    """A value in [0, 1] with its 95 % interval; NaN where it is undefined (one class only)."""

    value: float
    low: float = _NAN
    high: float = _NAN

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "-"
        text = f"{self.value:.3f}"
        return text if np.isnan(self.low) else f"{text} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class AttributeFigures:
    """Figures of one attribute.

    Attributes:
        good, bad: number of known bits that are 1, and that are 0.
        recall_good, recall_bad: share of the good bits that are predicted good, and of the bad ones
            that are predicted bad (sensitivity and specificity).
        confusion: rows are true, columns predicted bits, as in scikit-learn: ((TN, FP), (FN, TP)).
    """

    good: int
    bad: int
    accuracy: Figure
    balanced_accuracy: Figure
    recall_good: Figure
    recall_bad: Figure
    f1: Figure
    auc: Figure
    confusion: tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Report:
    """All figures of one set.

    Attributes:
        pictures, sources: their number.
        attributes: by key.
        overall: accuracy over all known bits (1 - Hamming loss).
        exact_match: share of the pictures whose known bits are all right.
        exact_match_of_six: the same over pictures with six known bits.
        macro_f1, mean_balanced_accuracy: mean over the attributes that have both classes.
    """

    pictures: int
    sources: int
    attributes: dict[str, AttributeFigures]
    overall: Figure
    exact_match: Figure
    exact_match_of_six: Figure
    macro_f1: Figure
    mean_balanced_accuracy: Figure

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: undefined numbers are None."""
        return dict(_plain(asdict(self)))

    def table(self) -> str:
        """A table as text."""
        head = (
            f"{'':12s}{'good':>6s}{'bad':>6s}  {'accuracy':22s}{'balanced':22s}{'F1':22s}{'AUC':6s}"
        )
        lines = [head]
        for key, row in self.attributes.items():
            lines.append(
                f"{key:12s}{row.good:6d}{row.bad:6d}  {row.accuracy!s:22s}"
                f"{row.balanced_accuracy!s:22s}{row.f1!s:22s}{row.auc!s:6s}"
            )
        lines += [
            "",
            f"overall      {self.overall}   of all bits",
            f"exact match  {self.exact_match}   of {self.pictures} pictures "
            f"(all six known: {self.exact_match_of_six})",
            f"macro F1     {self.macro_f1}",
            f"balanced     {self.mean_balanced_accuracy}   mean over the attributes",
        ]
        return "\n".join(lines)


def report(
    labels: Real,
    known: Mask,
    probabilities: Real,
    verdicts: Mask,
    sources: Text,
    seed: int = 0,
    draws: int = DRAWS,
) -> Report:
    """Figures of N pictures.

    Args:
        labels: (N, 6), 0 or 1.
        known: (N, 6), whether a label is known.
        probabilities: (N, 6) of a 1, for the AUC.
        verdicts: (N, 6), the predicted bits.
        sources: (N,), the group of each picture.
        seed, draws: of the bootstrap; with 0 draws there are no intervals.

    Raises:
        ValueError: there is no picture.
    """
    if not len(labels):
        raise ValueError("there is no picture to judge")
    truth, verdicts = labels > 0.5, np.asarray(verdicts, bool)
    names, group = np.unique(sources, return_inverse=True)
    # Of every source and attribute: the confusion matrix, flat, as TN, FP, FN, TP.
    outcomes = np.stack(
        [known & (truth == t) & (verdicts == s) for t in (False, True) for s in (False, True)], -1
    )  # (N, 6, 4)
    counts = np.zeros((len(names), *outcomes.shape[1:]))
    np.add.at(counts, group, outcomes)
    match = np.where(known, truth == verdicts, True).all(1)
    some, six = known.any(1), known.all(1)
    exact = np.zeros((len(names), 4))
    np.add.at(exact, group, np.stack([match & some, some, match & six, six], 1))
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    resamples = _figures(np.asarray(np.tensordot(weights, counts, 1), np.float64), weights @ exact)
    sample = _figures(counts.sum(0)[None], exact.sum(0)[None])

    def figure(name: str, column: int | None = None, value: float | None = None) -> Figure:
        values = resamples[name] if column is None else resamples[name][:, column]
        if value is None:
            value = sample[name][0] if column is None else sample[name][0, column]
        value = float(value)
        values = values[~np.isnan(values)]
        if np.isnan(value) or not len(values):
            return Figure(value)
        return Figure(value, *map(float, np.percentile(values, [2.5, 97.5])))

    attributes = {}
    for column, key in enumerate(KEYS):
        mask = known[:, column]
        y, p, s = truth[mask, column], probabilities[mask, column], verdicts[mask, column]
        both = len(y) > 0 and 0 < y.sum() < len(y)
        attributes[key] = AttributeFigures(
            int(y.sum()),
            int((~y).sum()),
            figure("accuracy", column),
            figure("balanced", column, balanced_accuracy_score(y, s) if both else _NAN),
            figure("recall good", column),
            figure("recall bad", column),
            figure("f1", column, f1_score(y, s, zero_division=0) if both else _NAN),
            Figure(float(roc_auc_score(y, p)) if both else _NAN),
            tuple(tuple(int(v) for v in row) for row in counts.sum(0)[column].reshape(2, 2)),  # type: ignore[arg-type]
        )
    return Report(
        len(labels),
        len(names),
        attributes,
        figure("overall"),
        figure("exact"),
        figure("exact of six"),
        figure("macro f1"),
        figure("mean balanced"),
    )


def _figures(counts: Real, exact: Real) -> dict[str, Real]:
    """Figures of n samples.

    Args:
        counts: (n, 6, 4), TN, FP, FN, TP of each attribute.
        exact: (n, 4), pictures whose known bits all match, that have a known bit, whose six known
            bits all match, that have six known bits.
    """
    tn, fp, fn, tp = (counts[..., i] for i in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        both = (tn + fp > 0) & (fn + tp > 0)
        f1 = np.where(both, 2 * tp / (2 * tp + fp + fn), np.nan)
        recall_good, recall_bad = tp / (tp + fn), tn / (tn + fp)
        balanced = (recall_good + recall_bad) / 2
        return {
            "accuracy": (tp + tn) / counts.sum(-1),
            "balanced": balanced,
            "recall good": recall_good,
            "recall bad": recall_bad,
            "f1": f1,
            "overall": (tp + tn).sum(-1) / counts.sum((-1, -2)),
            "exact": exact[:, 0] / exact[:, 1],
            "exact of six": exact[:, 2] / exact[:, 3],
            "macro f1": _mean(f1),
            "mean balanced": _mean(balanced),
        }


def _mean(values: Real) -> Real:
    """Mean over the last axis without NaN; NaN if there is nothing else."""
    valid = ~np.isnan(values)
    return np.asarray(
        np.where(valid, values, 0).sum(-1) / np.where(valid.any(-1), valid.sum(-1), np.nan)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    return value
