"""Which picture to label next, and which labels are likely mistakes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask
from proportrait.taste.ensemble import Ensemble

How = Literal["mixed", "uncertainty", "disagreement", "diversity", "random"]
HOWS: tuple[How, ...] = ("mixed", "uncertainty", "disagreement", "diversity", "random")
_POOL = 2000  # pictures that diversity compares


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
        how: by what to choose; "mixed" takes one of the first three in turn by chance.
        between: lowest and highest probability of the pictures to choose from; where there are
            none, the one with the nearest probability is given.

    Raises:
        ValueError: all pictures are labelled.
    """
    open_rows = np.flatnonzero(~labelled_mask)
    if not len(open_rows):
        raise ValueError("every picture has its label")
    members = ensemble.members(values[open_rows])
    odds = np.log(members / (1 - members)).mean(1)
    likely = 1 / (1 + np.exp(-odds))  # as `Ensemble.probabilities`, in one pass
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
        return int(open_rows[abs(likely - ensemble.threshold).argmin()])
    if how == "disagreement":
        return int(open_rows[members.std(1).argmax()])
    if how != "diversity":
        raise ValueError(f"choose by one of {', '.join(HOWS)}, not {how!r}")
    return int(open_rows[_farthest(ensemble, values, open_rows, labelled_mask, rng)])


def _farthest(
    ensemble: Ensemble, values: Float, rows: npt.NDArray[np.intp], labelled: Mask,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """The place in `rows` of the picture that is farthest from every labelled one."""
    places = rng.permutation(len(rows))[:_POOL]
    known = np.flatnonzero(labelled)
    if not len(known):
        return int(places[0])
    roots = np.sqrt(ensemble.models.weights)  # what tells nothing makes no picture different
    points, others = (
        np.concatenate([w * block for w, block in zip(roots, ensemble.space(part), strict=True)], 1)
        for part in (values[rows[places]], values[known])
    )
    squares = (points**2).sum(1)[:, None] + (others**2).sum(1) - 2 * points @ others.T
    return int(places[squares.min(1).argmax()])


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
