"""The last step of a training: heads and measures are taught by photographs, out of fold by group.

Whatever weighs an opinion sees it only on groups (people, or sites of photographs) that the opinion
was not learnt from; so do the limits and the confidence that are set afterwards.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float, Mask, Text
from proportrait.labels import KEYS
from proportrait.model.calibration import FEWEST
from proportrait.model.fusion import OPINIONS, Fusion, additive
from proportrait.train.batches import Evidence

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
# Attributes whose heads see some views alone: a mouth says nothing of a background. Clothes have a
# second head, on what the network for ImageNet makes of them: it knows more than all others, which
# have seen made clothes, and is no judge of made ones; sharpness has one on its larger bust. On
# photographs of other sites (`tools.fit_fusion --grid`) these heads know more, and are steadier.
_WIDE = ("whole", "face", "bust", "general bust")
VIEWS: dict[str, tuple[tuple[str, ...], ...]] = {
    "lighting": (("whole", "face", "bust", "close", "eyes"),), "background": (_WIDE,),
    "attire": (_WIDE, ("general bust", "general clothes")), "framing": (_WIDE,),
    "sharpness": (("whole", "face", "bust", "close", "eyes", "mouth"), ("general bust",)),
}  # fmt: skip
# How much less a head hears of what harmless changes move: the higher, the steadier. Up to these
# values the AUC of no head falls by more than .006 on photographs of other sites (`--grid` again).
CALM = dict.fromkeys(KEYS, 0.3) | {"lighting": 0.1, "sharpness": 0.1}

Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def fuse(
    evidence: Evidence,
    measures: Sequence[str],
    directions: Sequence[int],
    seed: int = 0,
    views: Text | None = None,
) -> tuple[Fusion, Float]:
    """Fit a fusion; returns it and the logits (N, 6) of pictures out of fold.

    An attribute with fewer than `FEWEST` known bits of either class, or with one class only in all
    groups but those of a fold, hears the backbone's own heads alone.

    Args:
        measures: their names, in the order of the columns.
        directions: of each, 1 where a higher value is better, -1 where a lower one is, else 0.
        views: (D,), the view that each feature describes; without it every head hears all.
    """
    knots = _knots(evidence.measures)
    spaces: dict[tuple[bytes, float], tuple[Space, Double]] = {}
    fusion = replace(
        Fusion.neutral(evidence.features.shape[1], len(measures)),
        centre=evidence.features.mean(0),
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
        seen = _seen(key, views, evidence.features.shape[1])
        opinions = np.zeros((len(known), OPINIONS - 1 + len(seen)))
        opinions[:, 0] = evidence.own[known, column]
        weights, biases = np.zeros((len(seen), evidence.features.shape[1])), np.zeros(len(seen))
        for place, heard in enumerate(seen):
            if (kind := (heard.tobytes(), CALM[key])) not in spaces:
                spaces[kind] = _space(evidence, heard, CALM[key])
            space, rows = spaces[kind]
            heads = _Heads(rows, labels, evidence.weights)
            strength = heads.best_strength(folds, known)
            opinions[:, 1 + place] = heads.out_of_fold(folds, known, strength)
            direction, biases[place] = heads.fit(known, strength)
            weights[place, heard] = space.back(direction)

        if columns := _columns(key, measures):
            copies = evidence.copy_measures
            model = _Curves(
                evidence.measures[:, columns], None if copies is None else copies[:, columns],
                labels, evidence.weights, knots[columns],
                [directions[i] * measures[i].startswith(key) for i in columns], seed,
            )  # fmt: skip
            opinions[:, -1] = model.out_of_fold(folds, known)
            fusion.curves[column, columns], fusion.base[column] = model.fit(known)

        mix, offset = _weigh(opinions, labels[known], evidence.weights[known])
        logits[known, column] = opinions @ mix + offset
        own, heads_mix, curves = mix[0], mix[1:-1], mix[-1]
        fusion.mix[column], fusion.offset[column] = (own, heads_mix.sum(), curves), offset
        # Heads are linear, so that their weighted mean is one head.
        shares = heads_mix if heads_mix.any() else np.ones(len(seen))
        shares /= shares.sum()
        fusion.weight[column], fusion.bias[column] = shares @ weights, shares @ biases
    return fusion, logits


def head_out_of_fold(
    evidence: Evidence, key: str, heard: Mask, calm: float
) -> tuple[npt.NDArray[np.intp], Double, Double]:
    """How one head of an attribute judges pictures and their copies of groups that it never saw.

    Args:
        evidence: with copies.
        heard: (D,), the features that the head hears.
        calm: how much less it hears of what copies move.

    Returns:
        The K rows whose bit is known, and their logits (K,) and those of their copies (K,).
    """
    assert evidence.copies is not None
    column = KEYS.index(key)
    known = np.flatnonzero(evidence.known[:, column])
    folds = [(known[train], known[test]) for train, test in _folds(evidence.groups[known])]
    space, rows = _space(evidence, heard, calm)
    heads = _Heads(rows, evidence.labels[:, column] > 0.5, evidence.weights)
    strength = heads.best_strength(folds, known)
    copies = space.project(evidence.copies[:, heard])
    return (
        known,
        heads.out_of_fold(folds, known, strength),
        heads.out_of_fold(folds, known, strength, copies),
    )


def _seen(key: str, views: Text | None, count: int) -> list[Mask]:
    """For each head of an attribute (D,): the features that it hears; all, if there are no such."""
    every = np.ones(count, bool)
    heads = [] if views is None else [np.isin(views, names) for names in VIEWS.get(key, ())]
    return [heard for heard in heads if heard.any()] or [every]


def _space(evidence: Evidence, heard: Mask, calm: float) -> tuple[Space, Double]:
    """A space of the features that are heard, and the pictures in it."""
    features = evidence.features[:, heard]
    shifts = None if evidence.copies is None else evidence.copies[:, heard] - features
    space = Space.fit(features, shifts, calm)
    return space, space.project(features)


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
class Space:
    """The principal components of standardised features, scaled to rows of length about one.

    Directions that harmless changes move are shrunk: a head has to pay for hearing them
    (within-class covariance normalisation: Hatch, Kajarekar, Stolcke, ICSLP 2006).
    """

    centre: Float
    basis: Float  # (D, P)

    @classmethod
    def fit(cls, features: Float, shifts: Float | None = None, calm: float = 0.0) -> Space:
        centre, scale = features.mean(0), features.std(0) + 1e-2
        scaled = ((features - centre) / scale).astype(np.float64)
        length = np.sqrt((scaled**2).sum(1).mean())
        values, vectors = np.linalg.eigh(scaled @ scaled.T)
        largest = np.argsort(-values)[:_COMPONENTS]
        largest = largest[values[largest] > 1e-6 * values.max()]
        axes = scaled.T @ (vectors[:, largest] / np.sqrt(values[largest]))  # (D, P), orthonormal
        basis = axes / (scale[:, None] * length)
        if shifts is not None and calm:
            moved = shifts @ basis
            values, vectors = np.linalg.eigh(moved.T @ moved)
            shrink = vectors / np.sqrt(1 + calm * values / max(values.mean(), 1e-12)) @ vectors.T
            shrunk = ((scaled @ axes / length) @ shrink) ** 2
            basis = basis @ shrink / np.sqrt(shrunk.sum(1).mean())
        return cls(centre.astype(np.float32), basis.astype(np.float32))

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
        self,
        folds: Sequence[Fold],
        known: npt.NDArray[np.intp],
        strength: float,
        judged: Double | None = None,
    ) -> Double:
        """Logits at `known` of rows, or of `judged` (N, P), each by a fit without its group."""
        judged = self.rows if judged is None else judged
        logits = np.zeros(len(self.rows))
        for train, test in folds:
            direction, intercept = self.fit(train, strength)
            logits[test] = judged[test] @ direction + intercept
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

    Where the direction of a measure is known its curve rises or falls only. It learns from copies
    too, where there are some, and is judged by pictures as they are.
    """

    measures: Float
    copies: Float | None
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
        sets = [self.measures] if self.copies is None else [self.measures, self.copies]
        values = np.concatenate([each[train] for each in sets]).astype(np.float64)
        values[:, np.isnan(values).all(0)] = 0  # scikit-learn cannot bin what was never measured
        labels = np.tile(self.labels[train], len(sets))
        model.fit(values, labels, sample_weight=np.tile(self.weights[train] / len(sets), len(sets)))
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
