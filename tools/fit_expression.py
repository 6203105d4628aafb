"""Fit what faults of an expression cost, from labelled pictures.

    python -m tools.fit_expression --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator wrote; its groups are the source portraits. Printed are the AUC of every measure alone,
figures of the pictures whose group was left out of the fit, and the constants of
`proportrait/measures/eyes.py` and `proportrait/measures/fitted/expression.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import theilslopes
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Double, Mask
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS
from proportrait.measures import Measure, Subject, expression
from proportrait.measures.eyes import gaze_terms
from proportrait.train.data import Pictures
from tools import labelled
from tools.labelled import fit_rising, folds_of, groups_of, run

# The measures that decide, and whether a higher (1) or lower (-1) value is the fault.
FAULTY = {
    "GazeAngle": 1,
    "EyeOpenness": -1,
    "MouthCornerHeight": -1,
    "MouthCavity": 1,
    "Agitation": 1,
    "MouthOpenBeyondSmile": 1,
}
KNOTS = (0.5, 0.8, 0.95)  # where a line bends: quantiles of the photographs
END = 0.995  # quantile from which on a fault costs no more
PENALTY = 3.0  # of squared slopes, in deviations of the good photographs
# Measures of hidden parts, and whether a higher (1) or lower (-1) value hides. Their limits were
# chosen on contact sheets of the photographs that lie beyond these shares.
HIDING = {"EyesVisible": -1, "MouthVisible": -1, "FaceOcclusionPrevention": 1}
_RARE = (0.001, 0.002, 0.005, 0.01, 0.02)


@dataclass(frozen=True, eq=False)
class Table(labelled.Table):
    """N pictures with a face; the values are of `expression.NAMES`.

    Attributes:
        gaze: (N, 4) of `gaze_terms`.
    """

    gaze: Double


class Additive:
    """Additive logistic regression with terms that are bent lines and only rise.

    Attributes:
        knots: (F, len(KNOTS) + 1) of each measure, rising; beyond the last a term is level.
        best: log odds where every term is 0.
        slopes: (F, len(KNOTS)), at least 0, that each knot but the last adds.
    """

    knots: Double
    best: float
    slopes: Double

    def fit(self, values: Double, good: Mask, weights: Double, photos: Mask) -> Additive:
        """Fit to values (N, F), higher is worse, NaN for no fault; bits, weights, photos (N,)."""
        self.knots = np.nanquantile(values[photos], (*KNOTS, END), axis=0).T
        deviations = np.nanstd(values[photos & good], axis=0)
        basis = self._basis(values) / deviations[:, None]
        self.best, slopes = fit_rising(basis.reshape(len(values), -1), good, weights, PENALTY)
        self.slopes = slopes.reshape(values.shape[1], -1) / deviations[:, None]
        return self

    def odds(self, values: Double) -> Double:
        """Log odds (N,) of being good."""
        odds: Double = self.best - (self._basis(values) * self.slopes).sum((1, 2))
        return odds

    def costs(self) -> Double:
        """(F, len(KNOTS) + 1): what each measure costs at its knots."""
        costs: Double = (self._basis(self.knots.T) * self.slopes).sum(2).T
        return costs

    def _basis(self, values: Double) -> Double:
        """(N, F, len(KNOTS)): how far a value lies beyond each knot."""
        limited = np.fmin(np.nan_to_num(values, nan=-np.inf), self.knots[:, -1])
        beyond: Double = np.maximum(limited[..., None] - self.knots[:, :-1], 0)
        return beyond


def read(photos: Sequence[Path], made: Sequence[Path]) -> Table:
    """Measure every picture whose bit is known and that has a face, the largest in it."""
    rows: list[tuple[list[float], list[float], bool, str, bool]] = []
    column, analyzer = KEYS.index("expression"), shared_analyzer()
    for folder in (*photos, *made):
        pictures = Pictures.from_folder(folder)
        groups = groups_of(folder, pictures)
        for index in tqdm(np.flatnonzero(pictures.known[:, column]), leave=False, disable=None):
            image = imaging.read(Path(str(pictures.paths[index])))
            faces = analyzer.detect(image)
            if not faces:
                continue
            measures = expression.measure(Subject(image, analyzer, face=faces[0]))
            values = [
                entry.value if isinstance(entry, Measure) else np.nan for entry in measures.values()
            ]
            gaze = list(gaze_terms(faces[0], analyzer.eyes(image, faces[0])))
            good = bool(pictures.labels[index, column])
            rows.append((values, gaze, good, groups[index], folder in photos))
    columns = list(zip(*rows, strict=True))
    return Table(
        np.array(columns[0], np.float64), np.array(columns[2], bool),
        np.array(columns[3], np.str_), np.array(columns[4], bool),
        np.array(columns[1], np.float64),
    )  # fmt: skip


def report(rows: Table) -> None:
    """Print how well every measure and their held-out combination separate good from bad."""
    faults = _faults(rows)
    odds, weights = np.zeros(len(rows.good)), rows.weights()
    for learn, judge in folds_of(rows.groups):
        model = Additive().fit(faults[learn], rows.good[learn], weights[learn], rows.photos[learn])
        odds[judge] = model.odds(faults[judge])
    for part, title in ((rows.photos, "photographs"), (~rows.photos, "made pictures")):
        if not part.any():
            continue
        print(f"{title}: {rows.good[part].sum()} good, {(~rows.good[part]).sum()} bad")
        for name, column in zip(expression.NAMES, rows.values.T, strict=True):
            known = part & ~np.isnan(column)
            value = column[known]
            if name in ("GazeYaw", "GazePitch"):
                value = np.abs(value)
            _line(name, rows.good[known], value)
        good, verdicts = rows.good[part], odds[part] >= 0
        _line("held-out combination", good, odds[part])
        print(f"    kept {verdicts[good].mean():.3f}, caught {(~verdicts[~good]).mean():.3f}")


def _line(title: str, good: Mask, values: Double) -> None:
    """AUC, and the balanced accuracy at the best limit."""
    auc = roc_auc_score(good, values)
    if auc < 0.5:
        auc, values = 1 - auc, -values
    limits = np.unique(values)
    kept = np.searchsorted(np.sort(values[good]), limits)
    caught = np.searchsorted(np.sort(values[~good]), limits)
    best = 0.5 + 0.5 * float((caught / (~good).sum() - kept / good.sum()).max())
    print(f"    {title:<24} AUC {auc:.3f}, balanced accuracy at the best limit {best:.3f}")


def hiding(rows: Table) -> None:
    """Print the values beyond which rare shares of the photographs lie."""
    print("of photographs" + "".join(f"{share:>10.1%}" for share in _RARE))
    for name, sign in HIDING.items():
        values = -sign * rows.values[rows.photos, expression.NAMES.index(name)]
        limits = -sign * np.quantile(values, _RARE)
        print(f"    {name:<24}" + "".join(f"{limit:>10.3g}" for limit in limits))


def _faults(rows: Table) -> Double:
    """(N, F) of `FAULTY`, higher is worse."""
    columns = [expression.NAMES.index(name) for name in FAULTY]
    faults: Double = rows.values[:, columns] * np.array(list(FAULTY.values()), np.float64)
    return faults


def constants(rows: Table) -> None:
    """Print the constants of `eyes` and `fitted.expression`, fitted to all pictures."""
    # Whoever looks at the camera turns the eyes back by as much as the head is turned away.
    head_x, head_y, iris_x, iris_y = rows.gaze[rows.photos & rows.good].T
    turn = -theilslopes(iris_x, head_x)[0]
    slope, level, *_ = theilslopes(iris_y, head_y)
    print(f"TURN, LEVEL, PITCH_SHARE = {turn:.3f}, {level:.3f}, {-slope / turn:.3f}")
    model = Additive().fit(_faults(rows), rows.good, rows.weights(), rows.photos)
    print(f"BEST = {model.best:.3f}")
    for (name, sign), knots, costs in zip(FAULTY.items(), model.knots, model.costs(), strict=True):
        order = slice(None, None, sign)
        values = ", ".join(f"{value:.4g}" for value in (sign * knots)[order])
        prices = ", ".join(f"{cost:.2f}" for cost in costs[order])
        print(f'"{name}": (({values}), ({prices})),')


def fit_and_print(photos: Sequence[Path], made: Sequence[Path]) -> None:
    """Print figures and constants of labelled folders."""
    rows = read(photos, made)
    report(rows)
    hiding(rows)
    constants(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    return run("python -m tools.fit_expression", __doc__, argv, fit_and_print)


if __name__ == "__main__":
    sys.exit(main())
