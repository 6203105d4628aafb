"""Which picture to label next, and which labels are likely mistakes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.members import mixed, squares
from proportrait.taste.space import Space

How = Literal["mixed", "uncertainty", "disagreement", "diversity", "random"]
HOWS: tuple[How, ...] = ("mixed", "uncertainty", "disagreement", "diversity", "random")
_POOL = 2000  # pictures that diversity compares
_BATCH = 4  # kinds of pictures that one is unsure of
_UNSURE = 5  # pictures of each kind, the least sure ones of all
_ROUNDS = 8  # of k-means


def next_index(
    ensemble: Ensemble,
    values: Float,
    labelled_mask: Mask,
    rng: np.random.Generator,
    how: How = "mixed",
    between: tuple[float, float] = (0.0, 1.0),
) -> int:
    """The row of the picture to label next.

    Args:
        ensemble: as it is now.
        values: (N, D) features of all pictures.
        labelled_mask: (N,) bool, whether a picture has its label already.
        rng: of chance.
        how: by what to choose; "uncertainty" takes one of a batch as `next_batch` does, "mixed"
            one of the first three ways by chance.
        between: lowest and highest probability of the pictures to choose from; where there are
            none, the one with the nearest probability is given.

    Raises:
        ValueError: all pictures are labelled.
    """
    open_rows = np.flatnonzero(~labelled_mask)
    if not len(open_rows):
        raise ValueError("every picture has its label")
    members, likely = ensemble.judgements(values[open_rows])
    low, high = between
    inside = (likely >= low) & (likely <= high)
    if not inside.any():
        return int(open_rows[np.maximum(low - likely, likely - high).argmin()])
    open_rows, members, likely = open_rows[inside], members[inside], likely[inside]
    if how == "mixed":
        how = rng.choice(["uncertainty", "uncertainty", "disagreement", "diversity"])
    if how == "random":
        return int(rng.choice(open_rows))
    if how == "uncertainty":
        rows = _diverse(ensemble, values[open_rows], likely, _BATCH, rng)
        return int(open_rows[rng.choice(rows)])
    if how == "disagreement":
        return int(open_rows[members.std(1).argmax()])
    if how != "diversity":
        raise ValueError(f"choose by one of {', '.join(HOWS)}, not {how!r}")
    return int(open_rows[_farthest(ensemble, values, open_rows, labelled_mask, rng)])


def next_batch(
    ensemble: Ensemble, values: Float, labelled_mask: Mask, rng: np.random.Generator, count: int
) -> list[int]:
    """Rows of up to `count` pictures to label before the ensemble learns again.

    They are unsure, and differ: the centres of clusters of the least sure ones, weighted by how
    unsure each is (Zhdanov, "Diverse mini-batch Active Learning", 2019).

    Args:
        ensemble, values, labelled_mask, rng: see `next_index`.
        count: at least 1.
    """
    open_rows = np.flatnonzero(~labelled_mask)
    likely = ensemble.probabilities(values[open_rows])
    chosen = open_rows[_diverse(ensemble, values[open_rows], likely, count, rng)]
    return [int(row) for row in chosen]


def first_batch(
    space: Space, values: Float, rng: np.random.Generator, count: int
) -> list[int]:  # fmt: skip
    """Rows of up to `count` pictures to label before there is an ensemble.

    They are the centres of clusters, that of the largest first, so that they are typical, and both
    labels come early.
    """
    places = rng.permutation(len(values))[:_POOL]
    points = mixed(space(values[places]), space.prior)
    return [int(places[row]) for row in _medoids(points, np.ones(len(points)), count, rng)]


def _diverse(
    ensemble: Ensemble, values: Float, likely: Float, count: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Rows of a batch among those that are open."""
    doubt = np.exp(-abs(_log_odds(likely) - _log_odds(ensemble.threshold)))
    least = np.argsort(-doubt, kind="stable")[: _UNSURE * count]
    weights = ensemble.models.weights
    points = mixed(ensemble.space(values[least], weights), weights)
    return least[_medoids(points, doubt[least], count, rng)]


def _log_odds(likely: npt.ArrayLike) -> Float:
    inner = np.clip(likely, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(inner / (1 - inner)), np.float32)


def _medoids(
    points: Float, weights: npt.NDArray[Any], count: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Rows nearest to the centres of up to `count` clusters by k-means, the heaviest first.

    Args:
        points: (N, K).
        weights: (N,), how much each counts.
    """
    centres = points[_seeds(points, count, rng)]
    for _ in range(_ROUNDS):
        nearest = squares(points, centres).argmin(1)
        for place in set(nearest.tolist()):
            inside = nearest == place
            centres[place] = np.average(points[inside], axis=0, weights=weights[inside])
    distances = squares(points, centres)
    sums = np.bincount(distances.argmin(1), weights, len(centres))
    rows = distances.argmin(0)[np.argsort(-sums, kind="stable")]
    return np.array(list(dict.fromkeys(rows.tolist())), np.intp)


def _seeds(points: Float, count: int, rng: np.random.Generator) -> list[int]:
    """Rows far from each other: k-means++ (Arthur, Vassilvitskii, 2007)."""
    rows = [int(rng.integers(len(points)))]
    distances = squares(points, points[rows])[:, 0].astype(np.float64)
    while len(rows) < count and (total := float(distances.sum())) > 1e-9:
        rows.append(int(rng.choice(len(points), p=distances / total)))
        distances = np.minimum(distances, squares(points, points[rows[-1:]])[:, 0])
    return rows


def _farthest(
    ensemble: Ensemble, values: Float, rows: npt.NDArray[np.intp], labelled: Mask,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """The place in `rows` of the picture that is farthest from every labelled one."""
    places = rng.permutation(len(rows))[:_POOL]
    known = np.flatnonzero(labelled)
    if not len(known):
        return int(places[0])
    weights = ensemble.models.weights  # what tells nothing makes no picture different
    points, others = (
        mixed(ensemble.space(part, weights), weights)
        for part in (values[rows[places]], values[known])
    )
    return int(places[squares(points, others).min(1).argmax()])


def suspects(ensemble: Ensemble, labels: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Rows of labels that are likely mistakes of one's own, the likeliest first.

    Args:
        ensemble: fitted to these labels, in their order.
        labels: (N,) bool.
    """
    wanted = np.asarray(labels, bool)
    own = np.where(wanted, ensemble.validated, 1 - ensemble.validated)
    rows = np.flatnonzero(own < 0.25)
    return rows[np.argsort(own[rows])]
