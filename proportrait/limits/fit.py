"""Marks that fit labels of one's own, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import NamedTuple

import numpy as np

from proportrait.arrays import Double, Mask, Text
from proportrait.limits.marks import PASS
from proportrait.model.calibration import BALANCE, FEWEST, best_threshold

FOLDS = 5
SURE = 1.64  # standard errors: a gain that chance alone gives in one of twenty cases
NEEDED = f"{FEWEST} good and {FEWEST} bad ones of {FOLDS} people are needed"


class Cost(NamedTuple):
    """What a limit does to labelled pictures.

    Attributes:
        keeps: share of the good ones that pass; NaN without one.
        catches: share of the bad ones that do not; NaN without one.
        wrong: pictures whose verdict is not their label.
    """

    keeps: float
    catches: float
    wrong: int


@dataclass(frozen=True)
class Fit:
    """A limit of one attribute.

    Attributes:
        good, bad: labels.
        mark: from which on it passes; `PASS` where no other surely serves these labels better.
        before, after: at `PASS`, and at limits that were fitted without the people judged by them.
        note: why the mark is `PASS`, or "".
        few: whether there are too few labels to fit anything.
    """

    good: int
    bad: int
    mark: int
    before: Cost
    after: Cost
    note: str = ""
    few: bool = False


def fit(marks: Double, good: Mask, groups: Text) -> Fit:
    """The mark that serves labels best: balanced and plain accuracy count alike.

    Args:
        marks: (N,) of a model, [0, 100].
        good: (N,) the labels.
        groups: (N,) of pictures of one person or place.
    """
    before = cost(marks, good, np.full(len(marks), float(PASS)))
    counts = int(good.sum()), int((~good).sum())
    if min(counts) < FEWEST or len(np.unique(groups)) < FOLDS:
        return Fit(*counts, PASS, before, before, "too few labels", few=True)
    mark, limits = _limit(marks, good), _held_out(marks, good, groups)
    if mark == PASS or not _is_surely_better(marks, good, groups, limits):
        return Fit(*counts, PASS, before, before, f"no other mark than {PASS} is surely better")
    after = cost(marks, good, limits)
    return Fit(*counts, mark, before, after)


def cost(marks: Double, good: Mask, limits: Double) -> Cost:
    """What limits (N,) do to N pictures."""
    passes = marks >= limits
    keeps, catches = (float(part.mean()) if len(part) else nan
                      for part in (passes[good], ~passes[~good]))  # fmt: skip
    return Cost(keeps, catches, int((passes != good).sum()))


def to_toml(fits: Mapping[str, Fit], origin: str) -> str:
    """The limits of the attributes that have one, for `Limits.parse`.

    Args:
        origin: what they were fitted to, in one line.
    """
    parts = [f"# Fitted by `proportrait limits` to {origin}.\n"]
    for key, entry in fits.items():
        if entry.note:
            continue
        before, after = entry.before, entry.after
        parts.append(
            f"[{key}]\n"
            f"mark = {entry.mark}  # keeps {after.keeps:.0%} of {entry.good} good ones, catches "
            f"{after.catches:.0%} of {entry.bad} bad ones; {PASS}: {before.keeps:.0%} and "
            f"{before.catches:.0%}\n"
        )
    return "\n".join(parts)


def _held_out(marks: Double, good: Mask, groups: Text) -> Double:
    """For each picture the limit (N,) that is fitted without its group, and so many others."""
    from sklearn.model_selection import GroupKFold

    limits = np.full(len(marks), float(PASS))
    for learn, judge in GroupKFold(FOLDS).split(marks, groups=groups):
        if 0 < good[learn].sum() < len(learn):
            limits[judge] = _limit(marks[learn], good[learn])
    return limits


def _limit(marks: Double, good: Mask) -> int:
    shares = np.clip(marks / 100, 0.001, 0.999)  # PASS is one half of it
    return int(np.clip(round(100 * best_threshold(np.log(shares / (1 - shares)), good, BALANCE)),
                       1, 99))  # fmt: skip


def _is_surely_better(marks: Double, good: Mask, groups: Text, limits: Double) -> bool:
    """Whether limits (N,) gain more than `SURE` standard errors over `PASS`.

    The gain is that of the mean of balanced and plain accuracy; its error is that of a sum over
    groups, which are drawn whole (Liang and Zeger, 1986).
    """
    shares = np.where(good, good.mean(), 1 - good.mean())
    weights = (BALANCE / (2 * shares) + 1 - BALANCE) / len(good)
    changes = ((marks >= limits) == good) * 1.0 - ((marks >= PASS) == good)
    gains = np.bincount(np.unique(groups, return_inverse=True)[1], weights * changes)
    return bool(gains.sum() > SURE * np.sqrt((gains**2).sum()))
