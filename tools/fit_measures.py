"""Fit how the measures of an attribute add up to its score, from labelled pictures.

    python -m tools.fit_measures sharpness --photos DIR [DIR ...] --made DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A folder of made pictures is what the
generator wrote; its groups are the source portraits. Copies whose label is known by construction
join the fit: a harmless change keeps the label of its picture, damage makes it bad. Printed are
figures of pictures whose group was left out of the fit, and the constants of
`proportrait/measures/<attribute>.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Double, Image, Mask, Text
from proportrait.commandline import exit_code
from proportrait.edit.retouch.blur import BLURS
from proportrait.faces import Face, shared_analyzer
from proportrait.labels import KEYS
from proportrait.measures import MODULES, Measure, Subject, detail
from proportrait.train.data import Pictures
from proportrait.workers import spread
from tools.labelled import FOLDS, groups_of, head_of_figures, print_figures

COPIES = 2.0  # weight of all copies of a set / that of its pictures
# Of squared weights a standard deviation, for sharpness: under 1 the small differences of its
# measures decide, and a change of scale by 10 % flips twice as many verdicts at the same AUC.
PENALTY = 10.0


@dataclass(frozen=True)
class Labelled:
    """A picture and its bit of the attribute; `name` is that of its set: "photos" or "made"."""

    path: Path
    good: bool
    group: str
    name: str


@dataclass(frozen=True, eq=False)
class Variant:
    """A picture, or a copy whose label is known by construction.

    Attributes:
        kind: "" for the picture itself, or what was done to it.
        good: its bit.
        image, face: RGB (H, W, 3), and the face in it.
    """

    kind: str
    good: bool
    image: Image
    face: Face


Variants = Callable[[Variant, np.random.Generator], Iterator[Variant]]


@dataclass(frozen=True, eq=False)
class Table:
    """N pictures and copies, F values of each.

    Attributes:
        values: (N, F).
        good: (N,) their bits.
        groups: (N,) what is left out together.
        sets: (N,) "photos" or "made".
        kinds: (N,) "" for a picture, else what was done to it.
        origins: (N,) the row of the picture that a copy was made of; its own for a picture.
    """

    values: Double
    good: Mask
    groups: Text
    sets: Text
    kinds: Text
    origins: np.ndarray

    def weights(self) -> Double:
        """(N,): good and bad weigh alike in every set, its copies `COPIES` of its pictures."""
        weights = np.zeros(len(self.good))
        for name in np.unique(self.sets):
            for copy, share in ((False, 1.0), (True, COPIES)):
                part = (self.sets == name) & ((self.kinds != "") == copy)
                for bit in (False, True):
                    rows = part & (self.good == bit)
                    weights[rows] = share / max(int(rows.sum()), 1)
        return np.asarray(weights * len(weights) / weights.sum(), np.float64)


def read(folders: Sequence[Path], name: str, key: str) -> list[Labelled]:
    """The pictures of the folders whose bit of an attribute is known."""
    rows = []
    for folder in folders:
        pictures = Pictures.from_folder(folder)
        groups = groups_of(folder, pictures)
        column = KEYS.index(key)
        for path, group, bit, known in zip(
            pictures.paths, groups, pictures.labels[:, column], pictures.known[:, column],
            strict=True,
        ):  # fmt: skip
            if known:
                rows.append(Labelled(Path(str(path)), bool(bit), group, name))
    return rows


def table(
    pictures: Sequence[Labelled], key: str, names: Sequence[str], variants: Variants, workers: int
) -> Table:
    """Measure every picture that has a face, and its copies."""
    rows: list[tuple[list[float], bool, str, str, str, int]] = []
    work = partial(_values, key, tuple(names), variants)
    progress = tqdm(spread(work, pictures, workers), total=len(pictures), leave=False)
    for picture, measured in progress:
        origin = len(rows)
        for kind, good, values in measured:
            rows.append((values, good, picture.group, picture.name, kind, origin))
    values, good, groups, sets, kinds, origins = zip(*rows, strict=True)
    return Table(
        np.array(values, np.float64), np.array(good, bool), np.array(groups, np.str_),
        np.array(sets, np.str_), np.array(kinds, np.str_), np.array(origins),
    )  # fmt: skip


def _values(
    key: str, names: tuple[str, ...], variants: Variants, picture: Labelled
) -> list[tuple[str, bool, list[float]]]:
    """Kind, bit, and values of a picture and its copies; empty where it cannot be assessed."""
    image = imaging.read(picture.path)
    faces = shared_analyzer().detect(image)
    if not faces:
        return []
    # The same copies in every run, whatever the order.
    rng = np.random.default_rng(list(picture.path.name.encode()))
    original = Variant("", picture.good, image, faces[0])
    rows = []
    for variant in (original, *variants(original, rng)):
        subject = Subject(variant.image, shared_analyzer(), face=variant.face)
        measures = [MODULES[key].measure(subject)[name] for name in names]
        values = [entry.value for entry in measures if isinstance(entry, Measure)]
        if len(values) < len(names):
            if variant is original:
                return []
            continue
        rows.append((variant.kind, variant.good, values))
    return rows


def held_out(model: Pipeline, rows: Table) -> Double:
    """Log odds (N,) of each row by a fit without its group."""
    odds = np.zeros(len(rows.good))
    weights = rows.weights()
    folds = GroupKFold(min(FOLDS, len(np.unique(rows.groups))))
    for learn, judge in folds.split(rows.values, rows.good, rows.groups):
        fit(model, rows.values[learn], rows.good[learn], weights[learn])
        odds[judge] = model.decision_function(rows.values[judge])
    return odds


def fit(model: Pipeline, values: Double, good: Mask, weights: Double) -> Pipeline:
    """Fit the last step of a pipeline with weights of the rows."""
    last = model.steps[-1][0]
    return model.fit(values, good, **{f"{last}__sample_weight": weights})


def report(rows: Table, odds: Double) -> None:
    """Print how well held-out pictures and copies are told, by set and by kind of copy."""
    head_of_figures()
    for name in np.unique(rows.sets):
        part = rows.sets == name
        pictures = part & (rows.kinds == "")
        print_figures(str(name), rows.good[pictures], odds[pictures])
        copies = part & (rows.kinds != "")
        if copies.any():
            print_figures(f"{name}, copies", rows.good[copies], odds[copies])
    print("verdicts that a copy changes")
    for kind in np.unique(rows.kinds[rows.kinds != ""]):
        part = (rows.kinds == kind) & (rows.good == rows.good[rows.origins])
        for name in np.unique(rows.sets[part]):
            copies = part & (rows.sets == name)
            flips = (odds[copies] >= 0) != (odds[rows.origins[copies]] >= 0)
            good = rows.good[copies]
            print(f"    {name + ', ' + kind:<24}", end="")
            print(f"{_mean(flips[good]):>6} of the good, {_mean(flips[~good])} of the bad")


def _mean(values: Mask) -> str:
    return f"{values.mean():.3f}" if len(values) else "-"


def _scaled(variant: Variant, share: float) -> Variant:
    image = cv2.resize(variant.image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    # Pixels have their centres at whole numbers.
    landmarks = variant.face.landmarks * share
    landmarks[:, :2] += (share - 1) / 2
    face = Face(variant.face.bbox * share, landmarks, variant.face.score)
    return Variant(f"scale {share:.0%}", variant.good, np.asarray(image, np.uint8), face)


def _grainy(variant: Variant, sigma: float, rng: np.random.Generator) -> Variant:
    noise = rng.normal(0, sigma, variant.image.shape)
    image = np.clip(np.rint(variant.image + noise), 0, 255).astype(np.uint8)
    return Variant(f"grain of {sigma:g}", variant.good, image, variant.face)


def _recompressed(variant: Variant) -> Variant:
    image = imaging.decode(imaging.encode_jpeg(variant.image, 75))
    return Variant("JPEG 75", variant.good, image, variant.face)


def _harmless_or_blurred(original: Variant, rng: np.random.Generator) -> Iterator[Variant]:
    """Changes of scale, grain, and JPEG: all of a bad picture, of which there are few.

    Of a good one a change drawn at random, and a blur, half of them with grain on top.
    """
    harmless: list[Callable[[], Variant]] = [
        lambda: _scaled(original, 0.9),
        lambda: _scaled(original, 0.65),
        lambda: _recompressed(original),
        lambda: _grainy(original, 6, rng),
        lambda: _grainy(original, 18, rng),
    ]
    if not original.good:
        yield from (change() for change in harmless)
        return
    yield harmless[int(rng.integers(len(harmless)))]()
    kind = str(rng.choice(list(BLURS)))
    image, _ = BLURS[kind](original.image, rng)
    blurred = Variant(kind, False, image, original.face)
    if rng.random() < 0.5:
        blurred = replace(_grainy(blurred, 12, rng), kind=f"{kind} and grain")
    yield blurred


def sharpness(pictures: Sequence[Labelled], workers: int) -> None:
    """Of every measure of detail: the value at which half of the pictures are sharp."""
    names = detail.NAMES
    rows = table(pictures, "sharpness", names, _harmless_or_blurred, workers)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / PENALTY, max_iter=1000))
    for column, name in enumerate(names):
        part = replace(rows, values=rows.values[:, [column]])
        print(f"\n{name}")
        report(part, held_out(model, part))
        fit(model, part.values, part.good, part.weights())
        print(f'"{name}": {_middle(model):.2f},')


def _middle(model: Pipeline) -> float:
    """The value of the only measure at which a scaled logistic regression is undecided."""
    scaler, regression = model.steps[0][1], model.steps[-1][1]
    middle = -regression.intercept_[0] / regression.coef_[0, 0]
    return float(middle * scaler.scale_[0] + scaler.mean_[0])


# By attribute: fits its constants and prints them with figures of held-out groups.
FITS: dict[str, Callable[[Sequence[Labelled], int], None]] = {"sharpness": sharpness}


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fit_measures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("attribute", choices=sorted(FITS))
    parser.add_argument("--photos", type=Path, nargs="+", default=[], metavar="DIR")
    parser.add_argument("--made", type=Path, nargs="+", default=[], metavar="DIR")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="default: 1")
    options = parser.parse_args(argv)
    if not options.photos and not options.made:
        parser.error("give --photos, --made, or both")

    def work() -> int:
        pictures = read(options.photos, "photos", options.attribute)
        pictures += read(options.made, "made", options.attribute)
        FITS[options.attribute](pictures, options.workers)
        return 0

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
