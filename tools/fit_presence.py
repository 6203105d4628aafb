"""Fit what tells a person in a picture without a face (`proportrait/looks/presence.py`).

    python -m tools.fit_presence --photos DIR [DIR ...]

A folder of photographs holds images/ and labels.csv with the columns file, labels, and site: where
a photo comes from, the group that is left out together. A photo cut off below the chin shows a
body, the whole one a head; that its face could be seen hardly matters to a silhouette and to
clothes. Nobody is in views of the built-in panoramas, whose groups are the places. Printed are
figures of the limits in the code and of limits fitted without the group of each picture, then the
limits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Double, Image, Mask
from proportrait.commandline import exit_code
from proportrait.edit.data import FOLDER
from proportrait.edit.retouch.backgrounds.panoramas import Lens, photograph
from proportrait.errors import ConfigurationError
from proportrait.faces import FaceAnalyzer, shared_analyzer
from proportrait.faces.face import CHIN
from proportrait.looks.presence import CUT, HEAD_SHAPE, SHAPE, WORN_ALONE, WORN_WITH_SHAPE, signs
from proportrait.train.data import Pictures
from tools.labelled import Table, compare, folder_parser, groups_of

EVERY = 3  # one in so many photos
VIEWS, SIZE = 20, (480, 400)  # of each place; height and width in px
LENS = Lens(blur=(0.004, 0.01), field=(40, 80), busy=True, detail=0.2)
SMALLEST = 0.25  # of a photo's height below the chin, to show a body
GAIN = 0.002  # of balanced accuracy: other limits than those in the code are better by so much
WORN = (0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.17, 0.24, 0.35, 0.5)
SHARES = (0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4)
CUTS = (0.03, 0.05, 0.08, 0.1, 0.12, 0.16, 0.22, 0.3, 0.4, 0.5)
# By what is decided: the limits in the code, and those to choose from.
PERSON, PERSON_CHOICES = (WORN_ALONE, WORN_WITH_SHAPE, SHAPE), (WORN, WORN, SHARES)
HEAD, HEAD_CHOICES = (HEAD_SHAPE, CUT), (SHARES, CUTS)

Limits = tuple[float, ...]


def person_odds(values: Double, limits: Limits) -> Double:
    """At least 0 where signs (N, 3) show a person: the log of how far they are beyond limits."""
    alone, with_shape, shape = limits
    worn, share, _ = np.log(np.maximum(values, 1e-9)).T
    beside = np.minimum(worn - np.log(with_shape), share - np.log(shape))
    return np.asarray(np.maximum(worn - np.log(alone), beside), np.float64)


def head_odds(values: Double, limits: Limits) -> Double:
    """At least 0 where signs (N, 3) of a picture with a person show a head."""
    _, share, cut = np.log(np.maximum(values, 1e-9)).T
    return np.asarray(np.minimum(share - np.log(limits[0]), np.log(limits[1]) - cut), np.float64)


def fit_person(rows: Table) -> Limits:
    """The limits with the best balanced accuracy, or those in the code."""
    choices = (limits for limits in product(*PERSON_CHOICES) if limits[1] < limits[0])
    return _best(rows, PERSON, [(limits, person_odds(rows.values, limits)) for limits in choices])


def fit_head(rows: Table) -> Limits:
    """The limits with the best balanced accuracy, or those in the code."""
    choices = product(*HEAD_CHOICES)
    return _best(rows, HEAD, [(limits, head_odds(rows.values, limits)) for limits in choices])


def _best(rows: Table, now: Limits, choices: Sequence[tuple[Limits, Double]]) -> Limits:
    accuracy = {limits: _balanced(rows.good, odds >= 0) for limits, odds in choices}
    best = max(accuracy, key=lambda limits: accuracy[limits])
    return now if accuracy[now] >= accuracy[best] - GAIN else best


def _balanced(good: Mask, verdicts: Mask) -> float:
    return float(verdicts[good].mean() + (~verdicts[~good]).mean()) / 2


def places() -> Iterator[tuple[str, Image]]:
    """The name of a place, and a view of it (H, W, 3)."""
    for file in sorted(FOLDER.glob("place_*.webp")):
        name = file.stem.removeprefix("place_")
        for seed in range(VIEWS):
            view = photograph(name, np.random.default_rng(seed), *SIZE, LENS)
            yield name, np.asarray(np.rint(255 * view), np.uint8)


def people(image: Image, analyzer: FaceAnalyzer) -> Iterator[tuple[str, Image]]:
    """Whether it is a "head" or a "body", and a picture made of a photo (H, W, 3) with a face."""
    if not (faces := analyzer.detect(image)):
        return
    yield "head", image
    chin = max(0, round(float(faces[0].point(CHIN)[1])) + 1)
    if len(image) - chin >= SMALLEST * len(image):
        yield "body", image[chin:]


def read(photos: Sequence[Path]) -> tuple[Table, Table]:
    """The signs in all pictures, good where there is a person; and of those, where it is a head."""
    analyzer, rows = shared_analyzer(), []
    for folder in photos:
        pictures = Pictures.from_folder(folder)
        chosen = list(zip(pictures.paths, groups_of(folder, pictures), strict=True))[::EVERY]
        for path, group in tqdm(chosen, leave=False, disable=None):
            for kind, image in people(imaging.read(Path(str(path))), analyzer):
                rows.append((kind, signs(image, analyzer), group))
    if not rows:
        raise ConfigurationError("no photo has a face: name folders of portraits")
    rows += [("nobody", signs(image, analyzer), name) for name, image in places()]
    kinds, values, groups = (np.array(column) for column in zip(*rows, strict=True))
    everybody = Table(values, kinds != "nobody", groups, np.ones(len(rows), bool))
    persons = np.flatnonzero(kinds != "nobody")
    return everybody, Table(values, kinds == "head", groups, everybody.photos)[persons]


def _report(
    names: str,
    rows: Table,
    now: Limits,
    fit: Callable[[Table], Limits],
    odds: Callable[[Double, Limits], Double],
) -> None:
    """Print figures, and the limits."""
    held_out = compare(rows, odds(rows.values, now), fit, odds)
    print(f"{names} = {now} now, {fit(rows)} fitted,")
    print(f"    without a group {sorted(set(held_out))}")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 where a folder cannot be read."""
    options = folder_parser("python -m tools.fit_presence", __doc__).parse_args(argv)

    def work() -> int:
        everybody, persons = read(options.photos)
        print("a person (good) or nobody (bad)")
        _report("WORN_ALONE, WORN_WITH_SHAPE, SHAPE", everybody, PERSON, fit_person, person_odds)
        print("\na head (good) or a body without one (bad)")
        _report("HEAD_SHAPE, CUT", persons, HEAD, fit_head, head_odds)
        return 0

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
