"""What the people of the built-in source look like, told from their latent seeds alone.

    python -m proportrait.edit.synthesis.traits      how well it is told, on held-out faces

data/rated_people.csv holds 248 faces by seed: sex, age band, and glasses by the sight of one rater
at 218 px, `?` where he could not say. The skin tone is measured, as the portrait is lit: the
individual typology angle (Chardon, Cretois, Hourseau, "Skin colour typology and suntanning
pathways", 1991) of the median colour of cheeks and forehead; above 55 degrees is very light, under
-30 dark. The complexion is a person's own, whatever the light, by the sight of two raters of
data/rated_natural.csv (2,000 faces; they agreed on 95 %): what is measured takes a pale face in the
shade for a dark one. A ridge regression on the style gives each trait.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float, Mask
from proportrait.edit.data import load_rows
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer

PENALTY = 300.0  # of squared weights a standard deviation; chosen by cross-validation
FOLDS = 8
AGES = ("child", "young", "middle", "old")  # about: to 14, to 39, to 59, above
# Complexions, and from where on one is told: nearer to the mean than what was rated, as what a
# regression tells is.
COMPLEXIONS: tuple[tuple[str, float], ...] = (
    ("skin brown or dark", 1.2), ("skin intermediate or tan", 0.5), ("skin light", -np.inf),
)  # fmt: skip
# Names of the traits and their units.
TRAITS: dict[str, str] = {
    "men": "share",
    "age": "band from 0, child, to 3, old",
    "children": "share",
    "glasses": "share",
    "skin tone": "degrees; light is high",
    "complexion": "band from 0, light, to 2, dark",
}


@cache
def ratings() -> dict[str, tuple[npt.NDArray[np.int64], Double]]:
    """By trait the seeds (n,) of the faces that were rated, and what was said of them (n,)."""
    people, natural = load_rows("rated_people"), load_rows("rated_natural")
    ages = [float(AGES.index(row["age"])) for row in people]
    columns: dict[str, tuple[list[dict[str, str]], list[float]]] = {
        "men": (people, [{"f": 0.0, "m": 1.0}.get(row["sex"], np.nan) for row in people]),
        "age": (people, ages),
        "children": (people, [float(age == 0) for age in ages]),
        "glasses": (people, [float(row["glasses"]) for row in people]),
        "skin tone": (people, [float(row["ita_deg"] or "nan") for row in people]),
        "complexion": (natural, [float(row["complexion"]) for row in natural]),
    }
    found = {}
    for name, (rows, values) in columns.items():
        rated = np.array(values, np.float64)
        known = ~np.isnan(rated)
        found[name] = np.array([int(row["seed"]) for row in rows])[known], rated[known]
    return found


class People:
    """Tells traits from styles."""

    def __init__(self, synthesizer: FaceSynthesizer) -> None:
        self._rated = {
            name: (synthesizer.styles(seeds.tolist(), RATED_TRUNCATION), values)
            for name, (seeds, values) in ratings().items()
        }
        self._models = {name: _fit(*rated) for name, rated in self._rated.items()}

    def traits(self, styles: Float) -> dict[str, Double]:
        """The traits of people by their styles (n, 512): (n,) each, in the units of `TRAITS`."""
        return {name: _tell(model, styles) for name, model in self._models.items()}

    def held_out(self, name: str) -> tuple[Double, Double]:
        """What was rated of a trait, and what models say that have not seen the face."""
        styles, rated = self._rated[name]
        said = np.zeros(len(rated))
        for fold in range(FOLDS):
            held = np.arange(len(rated)) % FOLDS == fold
            said[held] = _tell(_fit(styles[~held], rated[~held]), styles[held])
        return rated, said


def _fit(styles: Float, target: Double) -> tuple[Double, float]:
    """Weights (512,) of a style and an intercept, by ridge regression in its dual form."""
    x = styles.astype(np.float64)
    mean, deviation = x.mean(0), x.std(0)
    x = (x - mean) / deviation
    dual = np.linalg.solve(x @ x.T + PENALTY * np.eye(len(x)), target - target.mean())
    weights = (dual @ x) / deviation
    return weights, float(target.mean() - weights @ mean)


def _tell(model: tuple[Double, float], styles: Float) -> Double:
    return np.asarray(styles @ model[0] + model[1], np.float64)


def auc(rated: Mask, values: Double) -> float:
    """Chance that a positive has the higher value (Mann and Whitney, 1947).

    Ties count half; NaN without a pair.
    """
    good, bad = values[rated], values[~rated]
    if not len(good) or not len(bad):
        return float("nan")
    return float(((good[:, None] > bad) + 0.5 * (good[:, None] == bad)).mean())


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
