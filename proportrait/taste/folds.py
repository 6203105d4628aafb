"""Splits for cross-validation: what belongs together stays together, and each has both labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask


def copies(values: Float) -> npt.NDArray[np.int64]:
    """Groups (N,) of rows (N, D) that are the same, as whole numbers."""
    places: dict[bytes, int] = {}
    return np.array([places.setdefault(row.tobytes(), len(places)) for row in values], np.int64)


def folds(labels: Mask, groups: npt.NDArray[Any], most: int, seed: int) -> list[Mask]:
    """Masks (N,) of what is held out, at most `most`; each leaves both labels behind.

    Every group is held out once, unless its labels are then missing: none without two groups of
    each label.

    Args:
        labels: (N,) bool.
        groups: (N,), what belongs together.
        most: folds.
        seed: of the order of the groups.
    """
    _, group = np.unique(groups, return_inverse=True)
    group = group.ravel()
    counts = np.stack([np.bincount(group, labels == kind) for kind in (False, True)], 1)
    fewest = int((counts > 0).sum(0).min())
    if fewest < 2:
        return []
    number = min(most, fewest)
    totals, load = counts.sum(0), np.zeros((number, 2))
    place = np.zeros(len(counts), np.int64)
    order = np.random.default_rng(seed).permutation(len(counts))
    for row in order[np.argsort(-counts[order].max(1), kind="stable")]:
        # Where its labels are rarest so far, each label in shares of all.
        place[row] = (((load + counts[row]) / totals) ** 2 - (load / totals) ** 2).sum(1).argmin()
        load[place[row]] += counts[row]
    masks = [place[group] == fold for fold in range(number)]
    return [held for held in masks if held.any() and len(set(labels[~held])) == 2]
