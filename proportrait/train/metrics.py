"""How good six heads are: figures by attribute and over all, with intervals by source.

The figures are scikit-learn's. The 95 % intervals are percentiles of a bootstrap that draws whole
sources (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993): pictures of one person are
not independent. Bits that are not known count nowhere.
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
    """A value in [0, 1] with its 95 % interval; NaN where it cannot be told (one kind only)."""

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
    """One attribute's: `good` and `bad` are how many bits of each kind were judged.

    `confusion` is ((bad called bad, bad called good), (good called bad, good called good)).
    """

    good: int
    bad: int
    accuracy: Figure
    balanced_accuracy: Figure
    f1: Figure
    auc: Figure
    confusion: tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Report:
    """All figures of one set.

    Attributes:
        pictures, sources: how many.
        attributes: by key.
        overall: share of all known bits that are right (1 - Hamming loss).
        exact_match: share of the pictures whose known bits are all right.
        exact_match_of_six: the same of the pictures of which all six bits are known.
        macro_f1, mean_balanced_accuracy: mean over the attributes that have both kinds.
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
        """JSON-ready: numbers that cannot be told are None."""
        return dict(_plain(asdict(self)))

    def table(self) -> str:
        """For people."""
        head = (
            f"{'':12s}{'good':>6s}{'bad':>6s}  {'accuracy':22s}{'balanced':22s}{'F1':22s}{'AUC':6s}"
        )
        lines = [head]
        for key, found in self.attributes.items():
            lines.append(
                f"{key:12s}{found.good:6d}{found.bad:6d}  {found.accuracy!s:22s}"
                f"{found.balanced_accuracy!s:22s}{found.f1!s:22s}{found.auc!s:6s}"
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
        known: (N, 6), which of them count.
        probabilities: (N, 6) of a 1, for the AUC.
        verdicts: (N, 6), what was said.
        sources: (N,), the group of each.
        seed, draws: of the bootstrap; 0 draws leave the intervals out.
    """
    if not len(labels):
        raise ValueError("there is no picture to judge")
    truth, said = labels > 0.5, np.asarray(verdicts, bool)
    names, group = np.unique(sources, return_inverse=True)
    # Of every source and attribute: how often each of true/false and good/bad was said.
    outcomes = np.stack(
        [known & (truth == t) & (said == s) for t in (False, True) for s in (False, True)], -1
    )  # (N, 6, 4)
    counts = np.zeros((len(names), *outcomes.shape[1:]))
    np.add.at(counts, group, outcomes)
    right = np.where(known, truth == said, True).all(1)
    judged, whole = known.any(1), known.all(1)
    exact = np.zeros((len(names), 4))
    np.add.at(exact, group, np.stack([right & judged, judged, right & whole, whole], 1))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    spread = _figures(np.asarray(np.tensordot(drawn, counts, 1), np.float64), drawn @ exact)
    once = _figures(counts.sum(0)[None], exact.sum(0)[None])

    def figure(name: str, column: int | None = None, value: float | None = None) -> Figure:
        values = spread[name] if column is None else spread[name][:, column]
        found = once[name][0] if column is None else once[name][0, column]
        found = float(found if value is None else value)
        values = values[~np.isnan(values)]
        if np.isnan(found) or not len(values):
            return Figure(found)
        return Figure(found, *map(float, np.percentile(values, [2.5, 97.5])))

    attributes = {}
    for column, key in enumerate(KEYS):
        there = known[:, column]
        y, p, s = truth[there, column], probabilities[there, column], said[there, column]
        both = len(y) > 0 and 0 < y.sum() < len(y)
        attributes[key] = AttributeFigures(
            int(y.sum()),
            int((~y).sum()),
            figure("accuracy", column),
            figure("balanced", column, balanced_accuracy_score(y, s) if both else _NAN),
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
    """Of (n, 6, 4) counts (bad/bad, bad/good, good/bad, good/good) and (n, 4) of whole pictures."""
    tn, fp, fn, tp = (counts[..., i] for i in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        both = (tn + fp > 0) & (fn + tp > 0)
        f1 = np.where(both, 2 * tp / (2 * tp + fp + fn), np.nan)
        balanced = np.where(both, (tp / (tp + fn) + tn / (tn + fp)) / 2, np.nan)
        return {
            "accuracy": (tp + tn) / counts.sum(-1),
            "balanced": balanced,
            "f1": f1,
            "overall": (tp + tn).sum(-1) / counts.sum((-1, -2)),
            "exact": exact[:, 0] / exact[:, 1],
            "exact of six": exact[:, 2] / exact[:, 3],
            "macro f1": _mean(f1),
            "mean balanced": _mean(balanced),
        }


def _mean(values: Real) -> Real:
    """Over the last axis, of what can be told."""
    told = ~np.isnan(values)
    return np.asarray(
        np.where(told, values, 0).sum(-1) / np.where(told.any(-1), told.sum(-1), np.nan)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    return value
