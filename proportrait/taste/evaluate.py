"""How well a taste is learnt: everything that is chosen is chosen without what is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask
from proportrait.errors import ConfigurationError
from proportrait.taste.choose import first_batch, next_batch
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.folds import copies, folds
from proportrait.taste.space import Space

FOLDS = 10
SEEDS = 10  # of the learning curve
STEPS = (10, 20, 30, 40, 60, 80)  # labels at which the curve is read
_FIRST = 4  # labels, at least, before any choice by a model
_CLUSTERS = 8  # the first active labels are of the centres of so many
_BATCH = 0.1  # active labels between two trainings, a share of those that there are
_HELD = 3  # folds of the curve: one is judged, from the others labels are taken


@dataclass(frozen=True)
class Evaluation:
    """Figures of a taste on pictures that it has not learnt from.

    Attributes:
        accuracy: share of right labels, at the threshold that each fold learnt from the others.
        auc: area under the ROC curve.
        threshold: learnt from all labels.
        curve: accuracy by number of labels, chosen actively and by chance; a mean over seeds.
    """

    accuracy: float
    auc: float
    threshold: float
    curve: list[dict[str, float]]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return dict(vars(self))


def evaluate(
    values: Float,
    labels: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    *,
    names: Sequence[str] | None = None,
    seed: int = 0,
    seeds: int = SEEDS,
) -> Evaluation:
    """Evaluate a taste by nested cross-validation, and its learning curve.

    Args:
        values: (N, D) features.
        labels: (N,) bool.
        groups: (N,), what belongs together.
        names: of the columns; see `Ensemble.fit`.
        seed: of the folds.
        seeds: repetitions of the learning curve; 0 leaves it out.

    Raises:
        ConfigurationError: fewer than two pictures of a label.
    """
    wanted = np.asarray(labels, bool)
    together = copies(values) if groups is None else np.asarray(groups)
    splits = folds(wanted, together, FOLDS, seed)
    if not splits:
        raise ConfigurationError("at least two different pictures of each label are needed")
    likely, right = np.full(len(wanted), np.nan), []
    for held in splits:
        taste = Ensemble.fit(values[~held], wanted[~held], seed, together[~held], names=names)
        likely[held] = taste.probabilities(values[held])
        right.append((likely[held] >= taste.threshold) == wanted[held])
    judged = np.isfinite(likely)
    whole = Ensemble.fit(values, wanted, seed, together, names=names)
    return Evaluation(
        round(float(np.concatenate(right).mean()), 4),
        round(auc(likely[judged], wanted[judged]), 4),
        round(whole.threshold, 4),
        learning_curve(values, wanted, together, names=names, seeds=seeds) if seeds else [],
    )


def learning_curve(
    values: Float,
    labels: Mask,
    groups: npt.NDArray[Any],
    *,
    names: Sequence[str] | None = None,
    seeds: int = SEEDS,
    steps: Sequence[int] = STEPS,
) -> list[dict[str, float]]:
    """Accuracy on a third that is held out, by number of labels: {labels, active, random}.

    Labels are given in the order in which they are asked for; the held-out third is never asked.
    """
    results: dict[tuple[int, str], list[float]] = {}
    for seed in range(seeds):
        for held in folds(labels, groups, _HELD, seed)[:1]:
            for name in ("active", "random"):
                course = _course(values, labels, held, names, seed, name == "active", steps)
                for step, accuracy in course:
                    results.setdefault((step, name), []).append(accuracy)
    return [
        {"labels": step, **{name: round(float(np.mean(results[step, name])), 4)
                            for name in ("active", "random")}}
        for step in steps if (step, "active") in results
    ]  # fmt: skip


def _course(
    values: Float, labels: Mask, held: Mask, names: Sequence[str] | None, seed: int, active: bool,
    steps: Sequence[int],
) -> list[tuple[int, float]]:  # fmt: skip
    """Accuracy on the held-out rows at each step of labelling the others."""
    rng = np.random.default_rng(seed)
    pool = np.flatnonzero(~held)
    space = Space.fit(values[pool], names)
    rows, open_labels = values[pool], labels[pool]
    known = np.zeros(len(pool), bool)
    first = first_batch(space, rows, rng, _CLUSTERS) if active else []
    for row in (*first, *rng.permutation(len(pool))):  # until both labels are there
        known[row] = True
        if known.sum() >= _FIRST and len(set(open_labels[known])) == 2:
            break

    def learn() -> Ensemble:
        return Ensemble.fit(rows[known], open_labels[known], seed, names=names, space=space)

    course: list[tuple[int, float]] = []
    stops = [step for step in steps if known.sum() <= step <= len(pool)]
    for stop in stops:
        while (missing := stop - int(known.sum())) > 0:
            if active:
                taste = Ensemble.fit(
                    rows[known], open_labels[known], seed, names=names, space=space
                )
                count = min(missing, max(1, int(known.sum() * _BATCH)))
                known[next_batch(taste, rows, known, rng, count)] = True
            else:
                known[rng.choice(np.flatnonzero(~known), missing, replace=False)] = True
        taste = learn()
        likely = taste.probabilities(values[held])
        course.append((stop, float(((likely >= taste.threshold) == labels[held]).mean())))
    return course


def auc(scores: npt.NDArray[Any], labels: Mask) -> float:
    """Area under the ROC curve: the share of pairs in the right order, ties count half."""
    from scipy.stats import rankdata

    positive = int(labels.sum())
    ranks = rankdata(scores)[labels].sum() - positive * (positive + 1) / 2
    return float(ranks / (positive * (len(labels) - positive)))
