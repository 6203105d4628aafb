"""What the fits of measures share: folders, the groups that are left out, and rising lines."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from proportrait.arrays import Double, Mask, Text
from proportrait.commandline import exit_code
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, Wants
from proportrait.looks.survey import survey
from proportrait.train.data import TABLE, Pictures

FOLDS = 10  # of whole groups
WEIGHT = 1000.0  # sum of the weights of all pictures: the scale that penalties are set for
MADE = 0.5  # weight of all made pictures / that of the photographs, in `Table.weights`

Rows = npt.NDArray[np.intp]
Model = TypeVar("Model")


@dataclass(frozen=True, eq=False)
class Table:
    """N pictures whose bit of an attribute is known.

    Attributes:
        values: (N, F) native values, or scores; NaN where one could not be taken.
        good: (N,) their bits.
        groups: (N,) what is left out together.
        photos: (N,) whether it is a photograph.
    """

    values: Double
    good: Mask
    groups: Text
    photos: Mask

    def __getitem__(self, rows: Rows | Mask) -> Table:
        """The pictures of a mask or of row numbers."""
        return Table(self.values[rows], self.good[rows], self.groups[rows], self.photos[rows])

    def weights(self) -> Double:
        """(N,): good and bad weigh alike among photographs and among made pictures."""
        weights = np.zeros(len(self.good))
        for photos, share in ((True, 1.0), (False, MADE)):
            for bit in (False, True):
                rows = (self.photos == photos) & (self.good == bit)
                weights[rows] = share / max(int(rows.sum()), 1)
        return scaled(weights)

    def sets(self) -> Iterator[tuple[str, Mask]]:
        """Name and rows (N,) of the photographs and of the made pictures, where there are some."""
        for name, rows in (("photographs", self.photos), ("made pictures", ~self.photos)):
            if rows.any():
                yield name, rows


@dataclass(frozen=True, eq=False)
class Looks:
    """N labelled pictures with a face.

    Attributes:
        looks: at them.
        labels, known: (N, 6).
        groups: (N,) what is left out together.
        photos: (N,) whether it is a photograph.
    """

    looks: Sequence[Look]
    labels: Mask
    known: Mask
    groups: Text
    photos: Mask

    @classmethod
    def read(cls, photos: Sequence[Path], made: Sequence[Path]) -> Looks:
        """Look at every picture of the folders; what has been looked at before is in the cache."""
        looks, labels, known, groups, is_photo = [], [], [], [], []
        with LookCache() as cache:
            for folder in (*photos, *made):
                pictures = Pictures.from_folder(folder)
                rows = survey(pictures.paths.tolist(), Wants(), cache, total=len(pictures))
                progress = tqdm(rows, total=len(pictures), leave=False, disable=None)
                for index, (group, (_, look)) in enumerate(
                    zip(groups_of(folder, pictures), progress, strict=True)
                ):
                    if not look.faces:
                        continue
                    looks.append(look)
                    labels.append(pictures.labels[index] > 0)
                    known.append(pictures.known[index])
                    groups.append(group)
                    is_photo.append(folder in photos)
        return cls(
            looks, np.array(labels, bool).reshape(-1, len(KEYS)),
            np.array(known, bool).reshape(-1, len(KEYS)), np.array(groups, np.str_),
            np.array(is_photo, bool),
        )  # fmt: skip

    def table(self, key: str, names: Sequence[str]) -> Table:
        """Values of the pictures whose bit of an attribute is known.

        Args:
            key: of the attribute.
            names: of its measures, or `SCORE`; "attribute.Name" of another attribute's.
        """
        column = KEYS.index(key)
        rows = np.flatnonzero(self.known[:, column])
        inputs = [name if "." in name else f"{key}.{name}" for name in names]
        values = [self.looks[int(row)].measure_array(inputs) for row in rows]
        return Table(
            np.array(values, np.float64).reshape(-1, len(names)), self.labels[rows, column],
            self.groups[rows], self.photos[rows],
        )  # fmt: skip


def head_of_figures() -> None:
    """Print the line above those of `print_figures`."""
    print(f"{'':<28}{'good':>6}{'bad':>6}{'AUC':>8}{'balanced':>10}{'kept':>8}{'caught':>8}")


def print_figures(title: str, good: Mask, odds: Double) -> None:
    """Print how well log odds (N,), good from 0 on, separate pictures with the bits (N,)."""
    kept, caught = float((odds[good] >= 0).mean()), float((odds[~good] < 0).mean())
    auc = roc_auc_score(good, odds) if 0 < good.sum() < len(good) else np.nan
    print(
        f"{title:<28}{good.sum():>6}{(~good).sum():>6}{auc:>8.3f}{(kept + caught) / 2:>10.3f}"
        f"{kept:>8.3f}{caught:>8.3f}"
    )


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


def compare(
    rows: Table,
    now: Double,
    fit: Callable[[Table], Model],
    odds: Callable[[Double, Model], Double],
) -> list[Model]:
    """Print figures of constants in the code, fitted without groups, and fitted without the set.

    Args:
        rows: pictures.
        now: (N,) log odds by the constants in the code.
        fit: constants to pictures.
        odds: log odds (N,) of values (N, F) by constants.

    Returns:
        The constants of every fold.
    """
    held_out, models = np.zeros(len(now)), []
    for learn, judge in folds_of(rows.groups):
        models.append(fit(rows[learn]))
        held_out[judge] = odds(rows.values[judge], models[-1])
    head_of_figures()
    for name, part in rows.sets():
        print_figures(f"{name}, now", rows.good[part], now[part])
        print_figures("    groups left out", rows.good[part], held_out[part])
        if not part.all():
            others = odds(rows.values[part], fit(rows[~part]))
            print_figures("    this set left out", rows.good[part], others)
    return models


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


def folder_parser(prog: str, description: str | None) -> argparse.ArgumentParser:
    """A parser of `--photos`, a list of folders."""
    parser = argparse.ArgumentParser(
        prog=prog, description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR")
    return parser


def run(
    prog: str,
    description: str | None,
    argv: Sequence[str] | None,
    work: Callable[[Sequence[Path], Sequence[Path]], None],
) -> int:
    """Parse a command line, and call work(photos, made): 0, or 2 where a folder cannot be read."""
    parser = folder_parser(prog, description)
    parser.add_argument("--made", type=Path, nargs="+", default=[], metavar="DIR")
    options = parser.parse_args(argv)

    def call() -> int:
        work(options.photos, options.made)
        return 0

    return exit_code(call)
