"""How well labels can be told from features, on people that the classifier has never seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from proportrait.arrays import Double, Mask

FOLDS, INNER_FOLDS = 5, 3
COMPONENTS = 64  # that a larger set of features is reduced to
RESAMPLES = 2000
_WIDE = 200  # from so many features on a set is a network's, and trees are of little use


@dataclass(frozen=True)
class Accuracy:
    """A weighted balanced accuracy with its 95 % interval, and what was said of each row."""

    value: float
    low: float
    high: float
    said: Mask


def accuracy(
    sets: Mapping[str, Double], truth: Mask, weights: Double, groups: Sequence[str], seed: int = 0
) -> Accuracy:
    """Tell `truth` from the best of several classifiers, which is chosen inside each fold.

    Args:
        sets: features (n, k) by name, each tried alone.
        truth: (n,), both kinds occur.
        weights: (n,), of the rows.
        groups: of n; rows of one group are never on both sides of a split.
        seed: of the splits and the resampling.
    """
    if all((values == values[0]).all() for values in sets.values()):
        return Accuracy(0.5, 0.5, 0.5, np.ones(len(truth), bool))  # nothing to learn from
    reduced = {name: _reduce(values, seed) for name, values in sets.items()}
    said = np.zeros(len(truth), bool)
    for learn, held in _folds(FOLDS, truth, groups, seed):
        inner = [groups[i] for i in learn]
        scores: dict[tuple[str, str], list[float]] = {}
        for train, test in _folds(INNER_FOLDS, truth[learn], inner, seed):
            a, b = learn[train], learn[test]
            for name, kind in _choices(sets):
                guess = _fit(kind, reduced[name][a], truth[a], weights[a]).predict(reduced[name][b])
                score = balanced(truth[b], guess, weights[b])
                scores.setdefault((name, kind), []).append(score)
        name, kind = max(scores, key=lambda choice: float(np.nanmean(scores[choice])))
        x = reduced[name]
        said[held] = _fit(kind, x[learn], truth[learn], weights[learn]).predict(x[held])
    low, high = _interval(truth, said, weights, groups, seed)
    return Accuracy(balanced(truth, said, weights), low, high, said)


def balanced(truth: Mask, said: Mask, weights: Double | None = None) -> float:
    """Mean of the (weighted) shares of both kinds that are found; NaN without one kind."""
    if truth.all() or not truth.any():
        return float("nan")
    return float(balanced_accuracy_score(truth, said, sample_weight=weights))


def _choices(sets: Mapping[str, Double]) -> list[tuple[str, str]]:
    """(set, classifier) to try; the number is the inverse penalty of a logistic regression."""
    return [
        (name, kind)
        for name, values in sets.items()
        for kind in (("0.003", "0.03") if values.shape[1] >= _WIDE else ("0.1", "trees"))
    ]


def _fit(kind: str, x: Double, truth: Mask, weights: Double) -> Any:
    scaled = weights.copy()
    for side in (True, False):
        scaled[truth == side] *= 0.5 * len(truth) / max(weights[truth == side].sum(), 1e-9)
    if kind == "trees":
        trees = ExtraTreesClassifier(80, min_samples_leaf=4, max_features=0.5, random_state=0)
        return trees.fit(x, truth, scaled)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=float(kind), max_iter=200))
    return model.fit(x, truth, logisticregression__sample_weight=scaled)


def _reduce(values: Double, seed: int) -> Double:
    """Principal components where there are many features; labels play no part in it."""
    if values.shape[1] <= COMPONENTS:
        return values
    scaled = StandardScaler().fit_transform(values)
    count = min(COMPONENTS, len(values) - 1)
    return np.asarray(PCA(count, svd_solver="randomized", random_state=seed).fit_transform(scaled))


def _folds(
    count: int, truth: Mask, groups: Sequence[str], seed: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    splits = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    yield from splits.split(np.zeros(len(truth)), truth, groups)


def _interval(
    truth: Mask, said: Mask, weights: Double, groups: Sequence[str], seed: int
) -> tuple[float, float]:
    """2.5th and 97.5th percentile when whole groups are drawn again with replacement."""
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    count = int(group.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    shares = []
    for side in (True, False):
        rows = truth == side
        whole = np.bincount(group[rows], weights[rows], count)
        found = np.bincount(group[rows], (weights * (said == side))[rows], count)
        shares.append((drawn @ found) / np.maximum(drawn @ whole, 1e-9))
    low, high = np.percentile((shares[0] + shares[1]) / 2, (2.5, 97.5))
    return float(low), float(high)
