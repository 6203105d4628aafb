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

import argparse
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float
from proportrait.edit.data import load_rows
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

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
            name: (synthesizer.styles(seeds.tolist(), RATED_TRUNCATION).astype(np.float64), values)
            for name, (seeds, values) in ratings().items()
        }
        self._models = {name: _regression().fit(*rated) for name, rated in self._rated.items()}

    def traits(self, styles: Float) -> dict[str, Double]:
        """The traits of people by their styles (n, 512): (n,) each, in the units of `TRAITS`."""
        x = styles.astype(np.float64)
        return {name: np.asarray(model.predict(x)) for name, model in self._models.items()}

    def held_out(self, name: str) -> tuple[Double, Double]:
        """What was rated of a trait, and what models say that have not seen the face."""
        from sklearn.model_selection import PredefinedSplit, cross_val_predict

        styles, rated = self._rated[name]
        folds = PredefinedSplit(np.arange(len(rated)) % FOLDS)
        return rated, np.asarray(cross_val_predict(_regression(), styles, rated, cv=folds))


def _regression() -> Pipeline:
    """A ridge regression on styles in standard deviations."""
    # Worker processes import this module for its neighbours: scikit-learn would take a second.
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), Ridge(PENALTY))


def main() -> None:
    """Print how well held-out faces are told."""
    from sklearn.metrics import r2_score, roc_auc_score

    argparse.ArgumentParser(
        prog="python -m proportrait.edit.synthesis.traits", description=__doc__
    ).parse_args()
    people = People(FaceSynthesizer())
    for name, unit in TRAITS.items():
        rated, said = people.held_out(name)
        line = f"{name:<10} {len(rated)} faces, mean {rated.mean():7.2f}: "
        line += f"R2 {r2_score(rated, said):.2f}, r {np.corrcoef(rated, said)[0, 1]:.2f}"
        if unit == "share":
            line += f", AUC {roc_auc_score(rated > 0.5, said):.3f}"
        print(f"{line}  ({unit})")


if __name__ == "__main__":
    main()
