"""What the fits of measures share: folders, the groups that are left out, and rising lines."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.model_selection import GroupKFold

from proportrait.arrays import Double, Mask, Text
from proportrait.train.data import TABLE, Pictures

FOLDS = 10  # of whole groups
WEIGHT = 1000.0  # sum of the weights of all pictures: the scale that penalties are set for

Rows = npt.NDArray[np.intp]


def groups_of(folder: Path, pictures: Pictures) -> list[str]:
    """What is left out together: the column `site` of labels.csv, else the sources."""
    if (folder / TABLE).is_file():
        with (folder / TABLE).open(newline="", encoding="utf-8-sig") as file:
            if sites := [row["site"] for row in csv.DictReader(file) if row.get("site")]:
                return sites
    return [str(source) for source in pictures.sources]


def folds_of(groups: Text) -> Iterator[tuple[Rows, Rows]]:
    """Rows to learn from and rows to judge, of groups (N,) that are never in both."""
    count = min(FOLDS, len(np.unique(groups)))
    yield from GroupKFold(count, shuffle=True, random_state=0).split(groups, groups=groups)


def scaled(weights: Double) -> Double:
    """Weights (N,) whose sum is `WEIGHT`."""
    result: Double = weights * WEIGHT / weights.sum()
    return result


def fit_rising(design: Double, good: Mask, weights: Double, penalty: float) -> tuple[float, Double]:
    """Fit a logistic regression whose terms only cost: the best log odds, and slopes (F,).

    Args:
        design: (N, F), at least 0: how far each term applies.
        good, weights: (N,).
        penalty: of the squared slopes, which are at least 0.
    """
    signs = np.where(good, 1.0, -1.0)

    def loss(parameters: Double) -> tuple[float, Double]:
        odds = parameters[0] - design @ parameters[1:]
        slope = -signs * weights / (1 + np.exp(np.clip(signs * odds, -60, 60)))
        total = (weights * np.logaddexp(0, -signs * odds)).sum()
        total += penalty / 2 * (parameters[1:] ** 2).sum()
        gradient = [[slope.sum()], penalty * parameters[1:] - design.T @ slope]
        return float(total), np.concatenate(gradient)

    start = np.full(design.shape[1] + 1, 0.1)
    bounds = [(None, None)] + [(0, None)] * design.shape[1]
    solution = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(solution[0]), np.asarray(solution[1:], np.float64)


def parse_folders(
    prog: str, description: str | None, argv: Sequence[str] | None
) -> argparse.Namespace:
    """`photos` and `made`, lists of folders, of a command line."""
    parser = argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--made", type=Path, nargs="+", default=[], metavar="DIR")
    return parser.parse_args(argv)
