"""The last step of a training: heads and measures are taught by photographs, out of fold by group.

Whatever weighs an opinion sees it only on groups (people, or sites of photographs) that the opinion
was not learnt from; so do the limits and the confidence that are set afterwards.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float, Mask, Text
from proportrait.labels import KEYS
from proportrait.looks.look import SCORE
from proportrait.measures import Measure
from proportrait.model.calibration import FEWEST
from proportrait.model.fusion import OPINIONS, Fusion, additive
from proportrait.model.saved import Headshot
from proportrait.train.batches import readable
from proportrait.train.data import Pictures

FOLDS = 6
_STRENGTHS = (0.3, 1.0, 3.0)  # inverse strengths of regularisation that are tried
_COMPONENTS = 400  # most principal components of the features
_KNOTS = 17  # of the curve of a measure
_CURVE_STEPS, _CURVE_RATE = 150, 0.08  # boosting steps of the curves, and their learning rate
# Attributes whose measures speak for another attribute too: how the head is turned shows whether
# somebody looks at the camera; a face that is dim or small is seldom sharp.
_RELATED: dict[str, tuple[str, ...]] = {
    "lighting": ("lighting",),
    "background": ("background",),
    "attire": (),
    "expression": ("expression", "framing"),
    "framing": ("framing",),
    "sharpness": ("sharpness", "lighting"),
}

_SIGNS = {"higher": 1, "lower": -1, "middle": 0}

Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of N pictures.

    Attributes:
        own: (N, 6), logits of the backbone's own heads.
        features: (N, D).
        measures: (N, M), native values, NaN where one could not be taken.
        labels, known: (N, 6).
        groups: (N,), no group is on both sides of a fold.
        weights: (N,), how much each picture counts.
    """

    own: Float
    features: Float
    measures: Float
    labels: Float
    known: Mask
    groups: Text
    weights: Double


def collect(
    model: Headshot, pictures: Pictures, weights: Double, workers: int | None = None
) -> tuple[Evidence, list[int]]:
    """Look at labelled pictures, and compute what the last step is fitted to.

    Args:
        weights: (N,), how much each picture counts.

    Returns:
        The evidence, and the direction of each measure of the model: 1 where a higher value is
        better, -1 where a lower one is, 0 where the best lies in the middle.
    """
    names = model.architecture.measures
    rows: dict[str, tuple[Float, Float, Float]] = {}
    directions = {name: int(name.endswith(f".{SCORE}")) for name in names}
    files = [Path(str(path)) for path in np.unique(pictures.paths)]
    for file, look in readable(files, model.wants, workers):
        assert look.views is not None
        own, features = model.features(look.views[None])
        rows[str(file)] = own[0], features[0], look.measure_array(names)
        for key, entries in look.measures.items():
            for name, entry in entries.items():
                if isinstance(entry, Measure) and f"{key}.{name}" in directions:
                    directions[f"{key}.{name}"] = _SIGNS[entry.direction]
    own, features, measures = (
        np.stack(column) for column in zip(*(rows[str(p)] for p in pictures.paths), strict=True)
    )
    evidence = Evidence(
        own, features, measures, pictures.labels, pictures.known, pictures.sources, weights
    )
    return evidence, list(directions.values())


def fuse(
    evidence: Evidence, measures: Sequence[str], directions: Sequence[int], seed: int = 0
) -> tuple[Fusion, Float]:
    """Fit a fusion; returns it and the logits (N, 6) of pictures out of fold.

    An attribute with fewer than `FEWEST` known bits of either class, or with one class only in all
    groups but those of a fold, hears the backbone's own heads alone.

    Args:
        measures: their names, in the order of the columns.
        directions: of each, 1 where a higher value is better, -1 where a lower one is, else 0.
    """
    knots = _knots(evidence.measures)
    space = _Space.fit(evidence.features)
    rows = space.project(evidence.features)
    fusion = replace(
        Fusion.neutral(evidence.features.shape[1], len(measures)),
        centre=space.centre,
        knots=knots,
        curves=np.zeros((len(KEYS), *knots.shape), np.float32),
    )
    logits = evidence.own.copy()
    for column, key in enumerate(KEYS):
        known = np.flatnonzero(evidence.known[:, column])
        labels = evidence.labels[:, column] > 0.5
        folds = [(known[train], known[test]) for train, test in _folds(evidence.groups[known])]
        if not _learnable(labels, known, folds):
            continue
        opinions = np.zeros((len(known), OPINIONS))
        opinions[:, 0] = evidence.own[known, column]

        heads = _Heads(rows, labels, evidence.weights)
        strength = heads.best_strength(folds, known)
        opinions[:, 1] = heads.out_of_fold(folds, known, strength)
        direction, fusion.bias[column] = heads.fit(known, strength)
        fusion.weight[column] = space.back(direction)

        if columns := _columns(key, measures):
            model = _Curves(
                evidence.measures[:, columns], labels, evidence.weights, knots[columns],
                [directions[i] * measures[i].startswith(key) for i in columns], seed,
            )  # fmt: skip
            opinions[:, 2] = model.out_of_fold(folds, known)
            fusion.curves[column, columns], fusion.base[column] = model.fit(known)

        mix, offset = _weigh(opinions, labels[known], evidence.weights[known])
        fusion.mix[column], fusion.offset[column] = mix, offset
        logits[known, column] = opinions @ mix + offset
    return fusion, logits


def _folds(groups: Text) -> list[Fold]:
    """Train and test numbers of at most `FOLDS` folds; none of a single group."""
    from sklearn.model_selection import GroupKFold

    count = min(FOLDS, len(np.unique(groups)))
    return list(GroupKFold(count).split(groups, groups=groups)) if count > 1 else []


def _learnable(labels: Mask, known: npt.NDArray[np.intp], folds: Sequence[Fold]) -> bool:
    """Whether both classes are frequent enough, and in the training part of every fold."""
    enough = min(labels[known].sum(), (~labels[known]).sum()) >= FEWEST
    return bool(enough and folds) and all(len(np.unique(labels[t])) == 2 for t, _ in folds)


@dataclass(frozen=True, eq=False)
class _Space:
    """The principal components of standardised features, scaled to rows of length about one."""

    centre: Float
    basis: Float  # (D, P)

    @classmethod
    def fit(cls, features: Float) -> _Space:
        centre, scale = features.mean(0), features.std(0) + 1e-2
        scaled = ((features - centre) / scale).astype(np.float64)
        length = np.sqrt((scaled**2).sum(1).mean())
        values, vectors = np.linalg.eigh(scaled @ scaled.T)
        largest = np.argsort(-values)[:_COMPONENTS]
        largest = largest[values[largest] > 1e-6 * values.max()]
        axes = scaled.T @ (vectors[:, largest] / np.sqrt(values[largest]))  # (D, P), orthonormal
        return cls(centre.astype(np.float32), (axes / (scale[:, None] * length)).astype(np.float32))

    def project(self, features: Float) -> Double:
        """(N, P) of features (N, D)."""
        return np.asarray((features - self.centre) @ self.basis, np.float64)

    def back(self, direction: Double) -> Float:
        """The weights (D,) of features that have the same logits as a direction (P,)."""
        return np.asarray(self.basis @ direction, np.float32)


@dataclass(frozen=True, eq=False)
class _Heads:
    """Logistic regressions of one attribute on projected features (N, P)."""

    rows: Double
    labels: Mask
    weights: Double

    def fit(self, train: npt.NDArray[np.intp], strength: float) -> tuple[Double, float]:
        """The direction (P,) and the intercept."""
        return _logistic(self.rows[train], self.labels[train], self.weights[train], strength)

    def out_of_fold(
        self, folds: Sequence[Fold], known: npt.NDArray[np.intp], strength: float
    ) -> Double:
        """Logits at `known`, each by a fit without its group."""
        logits = np.zeros(len(self.rows))
        for train, test in folds:
            direction, intercept = self.fit(train, strength)
            logits[test] = self.rows[test] @ direction + intercept
        return logits[known]

    def best_strength(self, folds: Sequence[Fold], known: npt.NDArray[np.intp]) -> float:
        """Of `_STRENGTHS` the one with the highest likelihood out of fold."""
        signs = np.where(self.labels[known], 1, -1)
        losses = [
            np.average(np.logaddexp(0, -signs * self.out_of_fold(folds, known, strength)),
                       weights=self.weights[known])
            for strength in _STRENGTHS
        ]  # fmt: skip
        return _STRENGTHS[int(np.argmin(losses))]


@dataclass(frozen=True, eq=False)
class _Curves:
    """A generalised additive model of one attribute: boosted stumps, then curves between knots.

    Where the direction of a measure is known its curve rises or falls only.
    """

    measures: Float
    labels: Mask
    weights: Double
    knots: Float
    directions: Sequence[int]
    seed: int

    def fit(self, train: npt.NDArray[np.intp]) -> tuple[Float, float]:
        """Curves (M, K) and the base."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            max_iter=_CURVE_STEPS, learning_rate=_CURVE_RATE, max_leaf_nodes=2,
            min_samples_leaf=max(2, min(15, len(train) // 20)), l2_regularization=1.0,
            max_features=0.5, monotonic_cst=list(self.directions), random_state=self.seed,
        )  # fmt: skip
        values = self.measures[train].astype(np.float64)
        values[:, np.isnan(values).all(0)] = 0  # scikit-learn cannot bin what was never measured
        model.fit(values, self.labels[train], sample_weight=self.weights[train])
        # Stumps add up: one measure is moved along its knots while the others are missing.
        count, points = self.knots.shape
        probes = np.full((count * points + 1, count), np.nan)
        for place in range(count):
            probes[place * points : (place + 1) * points, place] = self.knots[place]
        logits = model.decision_function(probes)
        base = float(logits[-1])
        return (logits[:-1] - base).reshape(count, points).astype(np.float32), base

    def out_of_fold(self, folds: Sequence[Fold], known: npt.NDArray[np.intp]) -> Double:
        """Logits at `known`, each by a fit without its group."""
        logits = np.zeros(len(self.labels))
        for train, test in folds:
            curves, base = self.fit(train)
            costs = additive(self.measures[test], self.knots, curves[None])
            logits[test] = costs[:, 0].sum(-1) + base
        return logits[known]


def _weigh(opinions: Double, truth: Mask, weights: Double) -> tuple[Double, float]:
    """Weights of opinions (N, O), none below 0, and the intercept.

    One that is 0 everywhere has the weight 0.
    """
    heard = np.ones(opinions.shape[1], bool)
    while True:
        coefficients, intercept = _logistic(opinions[:, heard], truth, weights, 1.0)
        if (coefficients >= 0).all():
            break
        heard[np.flatnonzero(heard)[coefficients < 0]] = False
        if not heard.any():
            heard[:2] = True
            coefficients, intercept = np.full(2, 0.5), 0.0
            break
    result = np.zeros(len(heard))
    result[heard] = coefficients
    return result, intercept


def _logistic(rows: Double, labels: Mask, weights: Double, strength: float) -> tuple[Double, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="newton-cholesky")
    model.fit(rows, labels, sample_weight=weights)
    return np.asarray(model.coef_[0], np.float64), float(model.intercept_[0])


def _knots(measures: Float) -> Float:
    """Quantiles of each measure, (M, K), ascending; those of a constant one are equal."""
    shares = np.linspace(0, 1, _KNOTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a measure that was never taken
        knots = np.nanquantile(measures, shares, axis=0).T
    return np.nan_to_num(knots).astype(np.float32).reshape(measures.shape[1], _KNOTS)


def _columns(key: str, measures: Sequence[str]) -> list[int]:
    """The columns of the measures that speak for an attribute."""
    return [i for i, name in enumerate(measures) if name.split(".")[0] in _RELATED[key]]
