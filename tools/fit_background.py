"""Fit what faults of a background cost (`proportrait/measures/background.py`).

    python -m tools.fit_background --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator wrote; its groups are the source portraits. Pictures with another face, or hardly any
background, are left out: rules judge them. Printed are figures of the constants in the code, of
constants fitted without the group of each picture, and of constants fitted without all of its set;
then those constants and the ones fitted to all pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import product
from pathlib import Path

import numpy as np

from proportrait.arrays import Double
from proportrait.measures.background import BEST, CLUTTER, SKIN
from tools.labelled import Looks, Table, compare, fit_rising, run

NAMES = ("BackgroundClutter", "OtherSkin", "SingleFacePresent")
CALM = (30.0, 50.0, 75.0, 100.0, 150.0, 200.0)  # Lab / side, up to which clutter costs nothing
UNITS = (0.0003, 0.001, 0.003, 0.01)  # shares of the picture from which on skin is told from noise
PENALTY = 3.0  # of squared slopes


@dataclass(frozen=True)
class Model:
    """The log odds of a good background: BEST, CLUTTER, and SKIN of the measure.

    Attributes:
        best: without any fault.
        clutter: what log(BackgroundClutter / `calm`) costs where it is above 0.
        calm: Lab / side.
        skin: what log(1 + OtherSkin / `unit`) costs.
        unit: share of the picture.
    """

    best: float
    clutter: float
    calm: float
    skin: float
    unit: float

    def odds(self, values: Double) -> Double:
        """Log odds (N,) of values (N, 3) of `NAMES`."""
        faults = design(values, self.calm, self.unit) @ np.array([self.clutter, self.skin])
        return np.asarray(self.best - faults, np.float64)


def design(values: Double, calm: float, unit: float) -> Double:
    """(N, 2), at least 0: how far either fault goes in values (N, 3) of `NAMES`."""
    clutter = np.maximum(0, np.log((values[:, 0] + 1e-9) / calm))
    return np.stack([clutter, np.log1p(values[:, 1] / unit)], 1)


def fit(rows: Table) -> Model:
    """The model with the least loss on the pictures."""
    weights, signs = rows.weights(), np.where(rows.good, 1.0, -1.0)
    best, least = None, np.inf
    for calm, unit in product(CALM, UNITS):
        level, (clutter, skin) = fit_rising(
            design(rows.values, calm, unit), rows.good, weights, PENALTY
        )
        model = Model(level, float(clutter), calm, float(skin), unit)
        loss = float((weights * np.logaddexp(0, -signs * model.odds(rows.values))).sum())
        if loss < least:
            best, least = model, loss
    assert best is not None
    return best


def read(looks: Looks) -> Table:
    """The measures of every picture in colour with a background and one face."""
    rows = looks.table("background", NAMES)
    known = ~np.isnan(rows.values).any(1)
    return rows[np.flatnonzero(known & (rows.values[:, 2] == 0))]


def report(rows: Table) -> None:
    """Print the figures, and the constants."""
    now = Model(BEST, *CLUTTER, *SKIN)
    held_out = compare(rows, now.odds(rows.values), fit, lambda values, model: model.odds(values))
    print(f"{'':<24}{'BEST':>10}{'CLUTTER':>16}{'SKIN':>18}")
    for title, model in (
        ("now", now), ("fitted", fit(rows)),
        *((f"without group {index + 1}", model) for index, model in enumerate(held_out)),
    ):  # fmt: skip
        best, clutter, calm, skin, unit = astuple(model)
        print(f"{title:<24}{best:>10.2f}{f'({clutter:.2f}, {calm:g})':>16}", end="")
        print(f"{f'({skin:.2f}, {unit:g})':>18}")


def fit_and_print(photos: Sequence[Path], made: Sequence[Path]) -> None:
    """Print figures and constants of labelled folders."""
    report(read(Looks.read(photos, made)))


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    return run("python -m tools.fit_background", __doc__, argv, fit_and_print)


if __name__ == "__main__":
    sys.exit(main())
