"""Fit what raters said of built-in faces to their style: `python -m tools.fit_traits`.

Ratings by sight, by seed: data/rated_faces.csv (480 faces: background, clothes, light) and
rated_people.csv (248 faces: sex, age band, glasses, and the measured skin tone). Takes seconds:
only styles are computed, no picture is drawn.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from proportrait.arrays import Double
from proportrait.edit.data import FOLDER, load_rows
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer
from proportrait.edit.synthesis.traits import AGES, auc

PENALTY = 100.0  # of squared weights a standard deviation; chosen by cross-validation
FOLDS = 6


def main() -> None:
    """Fit, say how well held-out faces are told, and write data/traits.npz."""
    synthesizer = FaceSynthesizer()
    offsets = synthesizer.styles(range(4000), RATED_TRUNCATION) - synthesizer.mean_style
    deviation = offsets.std(0)
    weights, intercepts = [], []
    for name, (seeds, rated, yes_or_no) in ratings().items():
        x = (synthesizer.styles(seeds, RATED_TRUNCATION) - synthesizer.mean_style) / deviation
        fit = _logistic if yes_or_no else _ridge
        told = np.zeros(len(rated))
        for fold in range(FOLDS):
            held = np.arange(len(rated)) % FOLDS == fold
            line = fit(x[~held], rated[~held])
            told[held] = x[held] @ line[:-1] + line[-1]
        if yes_or_no:
            said = f"AUC {auc(rated > 0.5, told):.3f}"
        else:
            said = f"r {np.corrcoef(told, rated)[0, 1]:.2f}"
        print(f"{name:<8} {said} on held-out faces ({len(rated)} rated)")
        line = fit(x, rated)
        weights.append(line[:-1] / deviation)
        intercepts.append(line[-1])
    np.savez(
        FOLDER / "traits.npz",
        weights=np.array(weights, np.float32),
        intercept=np.array(intercepts, np.float32),
    )


def ratings() -> dict[str, tuple[list[int], Double, bool]]:
    """By trait: seeds, what was rated, and whether that is yes or no."""
    faces, people = load_rows("rated_faces"), load_rows("rated_people")

    def take(rows: list[dict[str, str]], column: str, values: dict[str, float], yes_or_no: bool
             ) -> tuple[list[int], Double, bool]:  # fmt: skip
        known = [row for row in rows if row[column] in values]
        rated = np.array([values[row[column]] for row in known])
        return [int(row["seed"]) for row in known], rated, yes_or_no

    bits = {"0": 0.0, "1": 1.0}
    ages = {name: float(i) for i, name in enumerate(AGES)}
    tones = {row["ita_deg"]: float(row["ita_deg"]) for row in people if row["ita_deg"]}
    return {
        "clean": take(faces, "background", bits, True),
        "formal": take(faces, "attire", bits, True),
        "even": take(faces, "lighting", bits, True),
        "child": take(people, "age", {name: float(name == "child") for name in AGES}, True),
        "man": take(people, "sex", {"f": 0.0, "m": 1.0}, True),
        "age": take(people, "age", ages, False),
        "tone": take(people, "ita_deg", tones, False),
    }


def _logistic(x: Double, y: Double) -> Double:
    """Weights and intercept of a ridge-penalised, class-balanced logistic regression."""
    balance = np.where(y > 0.5, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    sign = np.where(y > 0.5, 1.0, -1.0)
    design = np.column_stack([x, np.ones(len(x))])

    def loss(w: Double) -> tuple[float, Double]:
        margin = sign * (design @ w)
        value = (balance * np.logaddexp(0, -margin)).sum() + PENALTY / 2 * (w[:-1] @ w[:-1])
        slope = -(balance * sign * expit(-margin)) @ design
        slope[:-1] += PENALTY * w[:-1]
        return float(value), slope

    fitted = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(fitted.x)


def _ridge(x: Double, y: Double) -> Double:
    """Weights and intercept of a ridge regression, in its dual form."""
    mean = x.mean(0)
    centred = x - mean
    dual = np.linalg.solve(centred @ centred.T + 3 * PENALTY * np.eye(len(x)), y - y.mean())
    weights = dual @ centred
    return np.append(weights, y.mean() - weights @ mean)


if __name__ == "__main__":
    main()
