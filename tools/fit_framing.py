"""Fit the limits between which a head is well framed (`proportrait/measures/framing.py`).

    python -m tools.fit_framing --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator wrote; its groups are the source portraits. A picture is well framed if every measure is
between its limits. Printed are figures of the limits in the code, of limits fitted without the
group of each picture, and of limits fitted without all of its set; then those limits and the ones
fitted to all pictures. The limit of PictureTilt comes from `tools.fit_tilt`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proportrait.arrays import Double
from proportrait.measures.framing import LIMITS, TILT_LIMIT
from tools.labelled import Looks, Table, compare, run

# What is fitted: limits below (0), above (1), or both. Of the two crops the smaller one is read.
SIDES = {
    "HeadSize": (0, 1),
    "LeftwardCropOfTheFaceImage": (0,),
    "MarginBelowOfTheFaceImage": (0,),
    "HorizontalOffset": (1,),
    "VerticalOffset": (0, 1),
    "HeadCutAtTheTop": (1,),
    "ChinCut": (1,),
}
NAMES = (*SIDES, "PictureTilt")
STEPS, ROUNDS = 100, 3  # limits to choose from, among the values; passes over all limits
GAIN = 0.002  # of accuracy: a narrower limit has to be better by so much


def limits_now() -> Double:
    """(F, 2): the limits in the code of `NAMES`, of amounts where a measure has a sign."""
    limits = np.array([LIMITS[name][:2] for name in SIDES] + [(-np.inf, TILT_LIMIT)])
    limits[NAMES.index("HorizontalOffset"), 0] = -np.inf
    return limits


def odds(values: Double, limits: Double) -> Double:
    """How far inside its limits the worst of the values (N, F) is, (N,); negative is outside."""
    widths = np.array([LIMITS[name][2] for name in SIDES] + [1.5])
    inside = np.minimum(values - limits[:, 0], limits[:, 1] - values) / widths
    return np.asarray(inside.min(1), np.float64)


def fit(rows: Table) -> Double:
    """Limits (F, 2), each in turn that with the highest accuracy beside the others."""
    weights = rows.weights() / rows.weights().sum()
    limits = np.tile([-np.inf, np.inf], (len(NAMES), 1))
    limits[-1] = limits_now()[-1]
    for _ in range(ROUNDS):
        for column, sides in enumerate(SIDES.values()):
            for side in sides:
                limits[column, side] = _best(rows, weights, limits, column, side)
    return limits


def _best(rows: Table, weights: Double, limits: Double, column: int, side: int) -> float:
    """The widest limit whose accuracy is within `GAIN` of the best."""
    values = rows.values[:, column]
    widest = (-np.inf, np.inf)[side]
    steps = np.unique(np.quantile(values, np.linspace(0, 1, STEPS)))
    choices = np.concatenate([[widest], steps if side == 0 else steps[::-1]])
    others = limits.copy()
    others[column, side] = widest
    inside = odds(rows.values, others) >= 0
    beyond = (values < choices[:, None], values > choices[:, None])[side]
    right = ((inside & ~beyond) == rows.good) @ weights
    return float(choices[np.argmax(right >= right.max() - GAIN)])


def read(looks: Looks) -> Table:
    """The measures of every picture whose face is large enough to measure."""
    rows = looks.table("framing", NAMES)
    return rows[np.flatnonzero(~np.isnan(rows.values).any(1))]


def report(rows: Table) -> None:
    """Print the figures, and the limits."""
    held_out = compare(rows, odds(rows.values, limits_now()), fit, odds)
    fitted, now = fit(rows), limits_now()
    print(f"{'':<28}{'now':>16}{'fitted':>16}   without a group")
    for column, (name, sides) in enumerate(SIDES.items()):
        for side in sides:
            values = np.array([limits[column, side] for limits in held_out])
            print(
                f"{name + (' from', ' to')[side]:<34}{now[column, side]:>10.3f}"
                f"{fitted[column, side]:>16.3f}   {values.min():.3f} to {values.max():.3f}"
            )


def fit_and_print(photos: Sequence[Path], made: Sequence[Path]) -> None:
    """Print figures and constants of labelled folders."""
    report(read(Looks.read(photos, made)))


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    return run("python -m tools.fit_framing", __doc__, argv, fit_and_print)


if __name__ == "__main__":
    sys.exit(main())
