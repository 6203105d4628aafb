"""Fit limits to labels of your own, and print what they cost.

A limit is the mark from which on an attribute passes: 50, unless your labels say otherwise. Shares
are of pictures of people by whom the limit was not fitted. With the name of a preset instead of
labels its TOML is given, to begin with. `proportrait score --limits FILE` uses it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from proportrait.commandline import count, printable
from proportrait.disk import disk_errors, write_file
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.limits import PASS, PRESETS
from proportrait.score import PACKAGED, Scorer

if TYPE_CHECKING:
    from proportrait.limits.fit import Fit
    from proportrait.train.data import Pictures

EXAMPLES = """
proportrait limits --from photos/labels.csv --output my.toml   # marks that fit your labels
proportrait limits --from badge --output my.toml               # a preset, to be changed
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait limits`."""
    # fmt: off
    add = parser.add_argument
    add("--from", dest="origin", required=True, metavar="FILE",
        help=f"a labels.csv (columns file,labels) beside its pictures, its folder, or a preset: "
             f"{', '.join(PRESETS)}")
    add("--output", type=Path, metavar="FILE", help="write the limits to a new TOML file")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Print and write limits; returns the exit code."""
    from proportrait.limits.fit import NEEDED, to_toml
    from proportrait.limits.limits import text_of
    from proportrait.train.evaluate import strangers

    output: Path | None = options.output
    if output is not None and os.path.lexists(output):
        raise ConfigurationError(f"{printable(output)} is there already: name another file")
    if options.origin in PRESETS:
        text = text_of(options.origin)
        if output is None:
            print(text, end="")
    else:
        scorer = Scorer(options.model)
        pictures = strangers(scorer.model, labelled := _pictures(Path(options.origin)))
        if left_out := len(labelled) - len(pictures):
            print(f"left out    {left_out} of {len(labelled)} pictures: of people whom the model "
                  f"has learnt from or was chosen by", file=sys.stderr)  # fmt: skip
        fits = _fits(pictures, scorer, options.workers)
        for line in _table(fits):
            print(line)
        if all(entry.few for entry in fits.values()):
            raise ConfigurationError(f"too few labels of every attribute: {NEEDED}")
        if any(entry.few for entry in fits.values()):
            print(f"too few labels: {NEEDED}", file=sys.stderr)
        if all(entry.note for entry in fits.values()):
            print(f"limits      none written: a mark of {PASS} serves your labels as well")
            return 0
        model = "the packaged model" if options.model == PACKAGED else printable(options.model)
        text = to_toml(fits, f"{len(pictures)} pictures, by {model}")
    if output is None:
        return 0
    with disk_errors(output):
        write_file(output, text.encode())
    print(f"limits      {printable(output)}: proportrait score PATH --limits {printable(output)}")
    return 0


def _pictures(place: Path) -> Pictures:
    """The labelled pictures of a folder, or of the folder of a labels.csv."""
    from proportrait.train.data import TABLE, Pictures

    if os.path.isdir(place):  # noqa: PTH112 - never raises
        return Pictures.from_folder(place)
    if place.name != TABLE or not os.path.isfile(place):  # noqa: PTH113
        raise ConfigurationError(
            f"{printable(place)} is no {TABLE}, no folder with one, and none of the presets "
            f"{', '.join(PRESETS)}"
        )
    return Pictures.from_folder(place.parent)


def _fits(pictures: Pictures, scorer: Scorer, workers: int | None) -> dict[str, Fit]:
    """By attribute; pictures without a verdict on it are left out."""
    import numpy as np
    from tqdm import tqdm

    from proportrait.limits.fit import fit
    from proportrait.limits.marks import mark_of

    thresholds = scorer.model.calibration.thresholds
    marks = np.full(pictures.labels.shape, np.nan)
    scores = scorer.files([Path(str(path)) for path in pictures.paths], workers)
    progress = tqdm(scores, total=len(pictures), unit="picture", leave=False, disable=None)
    for row, score in enumerate(progress):
        for column, key in enumerate(KEYS):
            if (likely := score.probabilities.get(key)) is not None:
                marks[row, column] = mark_of(likely, thresholds[column])
    fits = {}
    for column, key in enumerate(KEYS):
        rows = pictures.known[:, column] & ~np.isnan(marks[:, column])
        fits[key] = fit(
            marks[rows, column], pictures.labels[rows, column] > 0.5, pictures.sources[rows]
        )
    return fits


def _table(fits: Mapping[str, Fit]) -> Iterator[str]:
    """What the limits keep of good pictures, catch of bad ones, and get wrong; now and before."""
    yield f"{'':28s}at {PASS:<25d}fitted"
    yield f"{'':12s}{'good':>6s}{'bad':>6s}{'keeps':>9s}{'catches':>9s}{'wrong':>7s}" + (
        f"{'mark':>9s}{'keeps':>9s}{'catches':>9s}{'wrong':>7s}"
    )
    for key, entry in fits.items():
        before, after = (
            f"{_share(cost.keeps)}{_share(cost.catches)}{cost.wrong:>7d}"
            for cost in (entry.before, entry.after)
        )
        end = f"    {entry.note}" if entry.note else f"{entry.mark:>9d}{after}"
        yield f"{key:12s}{entry.good:>6d}{entry.bad:>6d}{before}{end}"


def _share(value: float) -> str:
    return f"{'-':>9s}" if isnan(value) else f"{value:>9.0%}"
