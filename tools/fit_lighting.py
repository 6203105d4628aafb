"""Fit what faults of the light cost (`proportrait/measures/fitted/lighting.py`).

    python -m tools.fit_lighting --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator or `tools.draw_rated_faces` wrote; its groups are the source portraits. Of every well-lit
photograph a copy in spoilt light joins the fit. Printed are how well each measure separates good
from bad, figures of pictures whose group was left out of the fit, also by how dark the skin is, and
the constants.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Double, Image, Mask, Text
from proportrait.faces import Face, shared_analyzer
from proportrait.labels import KEYS
from proportrait.measures import Measure, Subject, lighting
from proportrait.tone import LINEAR, to_srgb
from proportrait.train.data import Pictures
from proportrait.train.evaluate import typology_angle
from tools.labelled import fit_rising, folds_of, groups_of, run, scaled

# The measures that decide, and whether only a high value is a fault, or both a high and a low one.
FAULTY = {
    "SideLight": "high", "TopLight": "both", "NoseLight": "both",
    "ShadowEdges": "high", "DiffuseContrast": "high", "SkinHighlight": "both",
    "BlownHighlights": "high", "WhiteLevel": "both",
    "SkinRedness": "both", "SkinYellowness": "both", "ColourSpread": "high",
}  # fmt: skip
# Where a line bends: quantiles of the photographs. Between the inner ones a fault costs nothing,
# beyond the outer ones no more, or beyond this share of all pictures.
KNOTS = {"both": (0.005, 0.1, 0.35, 0.65, 0.9, 0.995), "high": (0.4, 0.8, 0.995)}
END = 0.01
PENALTY = 3.0  # of squared slopes, in deviations of the good photographs
MADE = 0.4  # weight of a folder of made pictures, or of copies / that of a folder of photographs
BAD = 0.4  # weight of the bad / that of the good: a good photo called bad hurts more
DARK = 4.0  # weight of good pictures of the darker third: dark skin in good light is no fault


@dataclass(frozen=True, eq=False)
class Table:
    """N pictures with a face.

    Attributes:
        values: (N, F) of `FAULTY`.
        tones: (N,) typology angle of the skin in degrees; NaN in black and white.
        good: (N,) their bits.
        groups: (N,) what is left out together.
        folders: (N,) where they lie.
        photos: (N,) whether it is a photograph.
    """

    values: Double
    tones: Double
    good: Mask
    groups: Text
    folders: Text
    photos: Mask

    def weights(self) -> Double:
        """(N,): folders weigh alike, photographs more, and in each good and bad."""
        weights, dark = np.zeros(len(self.good)), self.thirds() == 0
        for folder in np.unique(self.folders):
            for bit, share in ((True, 1.0), (False, BAD)):
                rows = (self.folders == folder) & (self.good == bit)
                weights[rows] = share / max(int(rows.sum()), 1)
        weights *= np.where(self.photos, 1.0, MADE) * np.where(dark & self.good, DARK, 1.0)
        return scaled(weights)

    def thirds(self) -> Double:
        """(N,): 0 for the darkest third of the skins of a folder, 2 for the lightest, or NaN."""
        thirds = np.full(len(self.good), np.nan)
        for folder in np.unique(self.folders):
            rows = (self.folders == folder) & ~np.isnan(self.tones)
            if (rows & self.good).any():
                limits = np.quantile(self.tones[rows & self.good], (1 / 3, 2 / 3))
                thirds[rows] = np.digitize(self.tones[rows], limits)
        return thirds


class Additive:
    """Additive logistic regression of bent lines that rise on both sides of what is usual.

    Attributes:
        best: log odds where every term is 0.
        tables: by measure, its knots and what it costs there.
    """

    best: float
    tables: dict[str, tuple[Double, Double]]

    def fit(self, values: Double, good: Mask, weights: Double, photos: Mask) -> Additive:
        """Fit to values (N, F), bits, weights, and photos (N,)."""
        columns = list(zip(FAULTY.items(), values.T, strict=True))
        knots = [_knots(column, photos, sides) for (_, sides), column in columns]
        scales = [max(float(column[photos & good].std()), 1e-9) for _, column in columns]
        bases = [
            _basis(column, k) / s for (_, column), k, s in zip(columns, knots, scales, strict=True)
        ]
        self.best, slopes = fit_rising(np.hstack(bases), good, weights, PENALTY)
        self.tables, used = {}, 0
        for ((name, _), _), k, s in zip(columns, knots, scales, strict=True):
            basis = _basis(k, k) / s
            self.tables[name] = k, basis @ slopes[used : used + basis.shape[1]]
            used += basis.shape[1]
        return self

    def odds(self, values: Double) -> Double:
        """Log odds (N,) of being good."""
        costs = [
            np.interp(column, *self.tables[name])
            for name, column in zip(FAULTY, values.T, strict=True)
        ]
        odds: Double = self.best - np.sum(costs, axis=0)
        return odds


def _knots(column: Double, photos: Mask, sides: str) -> Double:
    """(3 or 6,), rising: the inner ones of the photographs, the outer ones of all pictures."""
    knots: Double = np.quantile(column[photos], KNOTS[sides])
    ends = np.quantile(column, (END, 1 - END))
    knots[-1] = max(knots[-1], ends[1])
    if sides == "both":
        knots[0] = min(knots[0], ends[0])
    return knots


def _basis(values: Double, knots: Double) -> Double:
    """(N, 2 or 4): how far values (N,) lie beyond the knots that bend a line up or down."""
    limited = np.clip(values, knots[0] if len(knots) > 3 else -np.inf, knots[-1])
    beyond = [limited - knot for knot in knots[-3:-1]]
    if len(knots) > 3:
        beyond += [knot - limited for knot in knots[1:3]]
    basis: Double = np.maximum(np.stack(beyond, 1), 0)
    return basis


def read(photos: Sequence[Path], made: Sequence[Path]) -> Table:
    """Measure every picture whose bit is known and whose face can be assessed."""
    rows: list[tuple[list[float], float, bool, str, str, bool]] = []
    column, analyzer = KEYS.index("lighting"), shared_analyzer()
    for folder in (*photos, *made):
        pictures = Pictures.from_folder(folder)
        groups = groups_of(folder, pictures)
        for index in tqdm(np.flatnonzero(pictures.known[:, column]), leave=False, disable=None):
            image = imaging.read(Path(str(pictures.paths[index])))
            subject = Subject(image, analyzer)
            values = _values(subject)
            if len(values) < len(FAULTY):
                continue
            good = bool(pictures.labels[index, column])
            tone = typology_angle(image, subject.face)
            rows.append((values, tone, good, groups[index], str(folder), folder in photos))
            if good and folder in photos:
                copy = spoilt(image, subject.face, np.random.default_rng(index))
                values = _values(Subject(copy, analyzer, face=subject.face, mask=subject.mask))
                rows.append((values, np.nan, False, groups[index], f"{folder}, spoilt", False))
    columns = list(zip(*rows, strict=True))
    return Table(
        np.array(columns[0], np.float64), np.array(columns[1], np.float64),
        np.array(columns[2], bool), np.array(columns[3], np.str_),
        np.array(columns[4], np.str_), np.array(columns[5], bool),
    )  # fmt: skip


def _values(subject: Subject) -> list[float]:
    """The values of `FAULTY`; fewer where a measure could not be taken."""
    measures = lighting.measure(subject)
    entries = [measures[name] for name in FAULTY]
    return [entry.value for entry in entries if isinstance(entry, Measure)]


def spoilt(image: Image, face: Face, rng: np.random.Generator) -> Image:
    """A copy that is too dark, too bright, shaded on one side, or in coloured light."""
    gain: Double = np.ones((1, 1, 3))
    colour = rng.permutation([0.35, 0.6, 1.5]) * rng.uniform(0.8, 1.0)
    # 0 on one side of the face and 1 on the other, in any direction.
    angle, middle = rng.uniform(0, 2 * np.pi), face.landmarks[:, :2].mean(0)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    along = (x - middle[0]) * np.cos(angle) + (y - middle[1]) * np.sin(angle)
    side = 1 / (1 + np.exp(-np.clip(along / (rng.uniform(0.02, 0.1) * face.height), -30, 30)))
    kind = rng.integers(5)
    if kind == 0:
        gain = gain * 2.0 ** -rng.uniform(2.5, 4.0)
    elif kind == 1:
        gain = gain * 2.0 ** rng.uniform(1.5, 2.5)
    elif kind == 2:
        gain = 2.0 ** (-rng.uniform(2.0, 4.5) * side)[..., None]
    elif kind == 3:
        gain = colour[None, None]
    else:
        gain = 1 + (colour - 1) * side[..., None]
    return to_srgb(np.asarray(LINEAR[image] * gain, np.float32))


def held_out(rows: Table) -> Double:
    """Log odds (N,) of each row by a fit without its group."""
    odds, weights = np.zeros(len(rows.good)), rows.weights()
    for learn, judge in folds_of(rows.groups):
        part = (rows.values[learn], rows.good[learn], weights[learn], rows.photos[learn])
        odds[judge] = Additive().fit(*part).odds(rows.values[judge])
    return odds


def report(rows: Table, odds: Double) -> None:
    """Print how well every measure and the held-out combination separate good from bad."""
    thirds = rows.thirds()
    for folder in np.unique(rows.folders):
        part = rows.folders == folder
        good = rows.good[part]
        print(f"{folder}: {good.sum()} good, {(~good).sum()} bad")
        if not 0 < good.sum() < len(good):
            print(f"    held out: {((odds[part] >= 0) == good).mean():.3f} right")
            continue
        for name, column in zip(FAULTY, rows.values[part].T, strict=True):
            strange = np.abs(column - np.median(column[good]))
            print(f"    {name:<16} AUC {roc_auc_score(~good, column):.3f},", end="")
            print(f" of its distance from the usual {roc_auc_score(~good, strange):.3f}")
        kept, caught = (odds[part][good] >= 0).mean(), (odds[part][~good] < 0).mean()
        print(f"    held out: AUC {roc_auc_score(good, odds[part]):.3f}, kept {kept:.3f},", end="")
        print(f" caught {caught:.3f}, balanced accuracy {(kept + caught) / 2:.3f}")
        for third, name in enumerate(("dark", "medium", "light")):
            tone = part & rows.good & (thirds == third)
            if tone.any():
                print(f"    {name} skin: {(odds[tone] >= 0).mean():.3f} of {tone.sum()} kept")


def constants(rows: Table) -> None:
    """Print the constants, fitted to all pictures."""
    model = Additive().fit(rows.values, rows.good, rows.weights(), rows.photos)
    print(f"BEST = {model.best:.3f}")
    for name, (knots, costs) in model.tables.items():
        values = ", ".join(f"{value:.4g}" for value in knots)
        prices = ", ".join(f"{cost:.2f}" for cost in costs)
        print(f'"{name}": (\n    ({values}),\n    ({prices}),\n),')


def fit_and_print(photos: Sequence[Path], made: Sequence[Path]) -> None:
    """Print figures and constants of labelled folders."""
    rows = read(photos, made)
    report(rows, held_out(rows))
    constants(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    return run("python -m tools.fit_lighting", __doc__, argv, fit_and_print)


if __name__ == "__main__":
    sys.exit(main())
