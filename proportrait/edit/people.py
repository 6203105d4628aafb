"""What the people of the built-in source look like, told from their latent seeds alone.

    python -m proportrait.edit.people      how well it is told, on held-out faces

data/rated_people.csv holds 248 faces by seed: sex, age band, and glasses by the sight of one rater
at 218 px, `?` where he could not say. The skin tone is measured, as the portrait is lit: the
individual typology angle (Chardon, Cretois, Hourseau, "Skin colour typology and suntanning
pathways", 1991) of the median colour of cheeks and forehead; above 55 degrees is very light, under
-30 dark. A ridge regression on the style gives each trait.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait.edit import data as edit_data
from proportrait.edit.fit_traits import AGES, auc
from proportrait.edit.stylegan import RATED_TRUNCATION, FaceSynthesizer

Float = npt.NDArray[np.float64]
Styles = npt.NDArray[np.float32]

RATED = Path(edit_data.__file__).parent / "rated_people.csv"
PENALTY = 300.0  # of squared weights a standard deviation; chosen by cross-validation
FOLDS = 8
# Names of the traits and their units.
TRAITS: dict[str, str] = {
    "men": "share",
    "age": "band from 0, child, to 3, old",
    "children": "share",
    "glasses": "share",
    "skin tone": "degrees; light is high",
}


@cache
def ratings() -> tuple[npt.NDArray[np.int64], dict[str, Float]]:
    """Seeds (n,) and by trait the rated values (n,), NaN where there is none."""
    with RATED.open(newline="") as file:
        rated = list(csv.DictReader(file))
    ages = np.array([AGES.index(row["age"]) for row in rated], np.float64)
    values = {
        "men": np.array([{"f": 0.0, "m": 1.0}.get(row["sex"], np.nan) for row in rated]),
        "age": ages,
        "children": (ages == 0).astype(np.float64),
        "glasses": np.array([float(row["glasses"]) for row in rated]),
        "skin tone": np.array([float(row["ita_deg"] or "nan") for row in rated]),
    }
    return np.array([int(row["seed"]) for row in rated]), values


class People:
    """Tells traits from styles."""

    def __init__(self, synthesizer: FaceSynthesizer) -> None:
        seeds, values = ratings()
        self._styles = synthesizer.styles(seeds.tolist(), RATED_TRUNCATION)
        self._models = {name: self._fit(rated, ~np.isnan(rated)) for name, rated in values.items()}

    def traits(self, styles: Styles) -> dict[str, Float]:
        """The traits of people by their styles (n, 512): (n,) each, in the units of `TRAITS`."""
        return {name: _tell(model, styles) for name, model in self._models.items()}

    def held_out(self, name: str) -> tuple[Float, Float]:
        """What was rated of a trait, and what models say that have not seen the face."""
        rated = ratings()[1][name]
        known = np.flatnonzero(~np.isnan(rated))
        said = np.zeros(len(known))
        for fold in range(FOLDS):
            held = np.arange(len(known)) % FOLDS == fold
            learn = np.isin(np.arange(len(rated)), known[~held])
            said[held] = _tell(self._fit(rated, learn), self._styles[known[held]])
        return rated[known], said

    def _fit(self, rated: Float, learn: npt.NDArray[np.bool_]) -> tuple[Float, float]:
        """Weights (512,) of a style and an intercept, by ridge regression in its dual form."""
        x = self._styles[learn].astype(np.float64)
        mean, deviation, target = x.mean(0), x.std(0), rated[learn]
        x = (x - mean) / deviation
        dual = np.linalg.solve(x @ x.T + PENALTY * np.eye(len(x)), target - target.mean())
        weights = (dual @ x) / deviation
        return weights, float(target.mean() - weights @ mean)


def _tell(model: tuple[Float, float], styles: Styles) -> Float:
    return np.asarray(styles @ model[0] + model[1], np.float64)


def main() -> None:
    """Print how well held-out faces are told."""
    people = People(FaceSynthesizer())
    for name, unit in TRAITS.items():
        rated, said = people.held_out(name)
        explained = 1 - ((rated - said) ** 2).mean() / rated.var()
        line = f"{name:<10} {len(rated)} faces, mean {rated.mean():7.2f}: R2 {explained:.2f}"
        line += f", r {np.corrcoef(rated, said)[0, 1]:.2f}"
        if unit == "share":
            line += f", AUC {auc(rated > 0.5, said):.3f}"
        print(f"{line}  ({unit})")


if __name__ == "__main__":
    main()
