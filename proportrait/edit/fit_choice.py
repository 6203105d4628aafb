"""Fit which built-in faces are worth drawing: `python -m proportrait.edit.fit_choice`.

data/rated_faces.csv holds two raters' agreed view of 480 faces by seed; a logistic model on the
style predicts whether the background is clean, so that the person can be cut out of it well. Takes
seconds: only styles are computed, no picture is drawn. (Whether a face is a believable one cannot
be told from its style: AUC .45.)
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from proportrait.edit.stylegan import FaceSynthesizer

DATA = Path(__file__).parent / "data"
PENALTY = 100.0  # of squared weights per standard deviation; chosen by cross-validation
FOLDS = 6


def main() -> None:
    """Fit, say how well it predicts held-out faces, and write."""
    with (DATA / "rated_faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    synthesizer = FaceSynthesizer()
    styles = np.stack([synthesizer.style(int(row["seed"])) for row in rows])
    offset = styles - synthesizer.mean_style
    deviation = offset.std(0)
    x = offset / deviation
    rated = np.array([row["background"] != "?" for row in rows])
    y = np.array([row["background"] == "1" for row in rows])[rated]
    x = x[rated]
    scores = np.zeros(len(y))
    for fold in range(FOLDS):
        held = np.arange(len(y)) % FOLDS == fold
        scores[held] = x[held] @ _fit(x[~held], y[~held])[:-1]
    print(f"AUC {_auc(scores, y):.3f} on held-out faces ({len(y)} rated)")
    fitted = _fit(x, y)
    np.save(DATA / "choice.npy", np.append(fitted[:-1] / deviation, fitted[-1]).astype(np.float32))


def _fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights and intercept of a ridge-penalised, class-balanced logistic regression."""
    balance = np.where(y, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    sign = np.where(y, 1.0, -1.0)
    design = np.column_stack([x, np.ones(len(x))])

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (design @ w)
        value = (balance * np.logaddexp(0, -margin)).sum() + PENALTY / 2 * (w[:-1] @ w[:-1])
        slope = -(balance * sign * expit(-margin)) @ design
        slope[:-1] += PENALTY * w[:-1]
        return float(value), slope

    fitted = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(fitted.x)


def _auc(scores: np.ndarray, y: np.ndarray) -> float:
    """Probability that a positive scores above a negative (Mann and Whitney, 1947)."""
    above = scores[y][:, None] > scores[~y][None]
    ties = scores[y][:, None] == scores[~y][None]
    return float((above + 0.5 * ties).mean())


if __name__ == "__main__":
    main()
