"""Fit what raters said of built-in faces to their style: `python -m tools.fit_traits`.

Ratings by sight, by seed: data/rated_faces.csv (480 faces: background, clothes, light) and
rated_people.csv (248 faces: sex, age band, glasses, and the measured skin tone). Takes seconds:
only styles are computed, no picture is drawn.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from proportrait.arrays import Double
from proportrait.edit.data import FOLDER, load_rows
from proportrait.edit.synthesis.network import RATED_TRUNCATION, FaceSynthesizer
from proportrait.edit.synthesis.traits import AGES

PENALTY = 100.0  # of squared weights a standard deviation; chosen by cross-validation
FOLDS = 6


def main(argv: Sequence[str] | None = None) -> None:
    """Fit, say how well held-out faces are told, and write data/traits.npz."""
    argparse.ArgumentParser(prog="python -m tools.fit_traits", description=__doc__).parse_args(argv)
    synthesizer = FaceSynthesizer()
    offsets = synthesizer.styles(range(4000), RATED_TRUNCATION) - synthesizer.mean_style
    deviation = offsets.std(0).astype(np.float64)
    weights, intercepts = [], []
    for name, (seeds, rated, yes_or_no) in ratings().items():
        x = (synthesizer.styles(seeds, RATED_TRUNCATION) - synthesizer.mean_style) / deviation
        model = _classifier() if yes_or_no else Ridge(3 * PENALTY)
        folds = PredefinedSplit(np.arange(len(rated)) % FOLDS)
        method = "decision_function" if yes_or_no else "predict"
        told = cross_val_predict(model, x, rated, cv=folds, method=method)
        if yes_or_no:
            said = f"AUC {roc_auc_score(rated, told):.3f}"
        else:
            said = f"r {np.corrcoef(told, rated)[0, 1]:.2f}"
        print(f"{name:<8} {said} on held-out faces ({len(rated)} rated)")
        model.fit(x, rated)
        weights.append(model.coef_.ravel() / deviation)
        intercepts.append(float(np.squeeze(model.intercept_)))
    np.savez(
        FOLDER / "traits.npz",
        weights=np.array(weights, np.float32),
        intercept=np.array(intercepts, np.float32),
    )


def _classifier() -> LogisticRegression:
    return LogisticRegression(C=1 / PENALTY, class_weight="balanced", tol=1e-8, max_iter=1000)


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


if __name__ == "__main__":
    main()
