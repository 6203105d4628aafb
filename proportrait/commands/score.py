"""Judge portraits.

Prints good or bad and the probability of good for the six attributes of each picture, or - and the
reason where nobody could tell. Exit code 1: a file was no picture. With --strict, exit code 3: a
picture lacks a verdict, or does not show exactly one person."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from proportrait.commandline import count, printable
from proportrait.imaging import each_file
from proportrait.labels import KEYS
from proportrait.score import PACKAGED, Scorer

EXAMPLES = """
proportrait score me.jpg                          # one photo, or several
proportrait score photos --picture verdicts.png   # a folder, and the photos with their verdicts
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait score`."""
    # fmt: off
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of them")
    add("--format", choices=("table", "json"), default="table")
    add("--picture", type=Path, metavar="FILE",
        help="draw the pictures with their verdicts (PNG), 60 a page: FILE, FILE-2, ...")
    add("--strict", action="store_true",
        help="exit code 3 if a picture lacks a verdict or does not show exactly one person")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Print the verdicts; returns 0, 1 if a file is no picture, 3 by --strict."""
    from tqdm import tqdm

    from proportrait.score.sheet import check, draw
    from proportrait.sheets import listing

    paths = list(each_file(options.paths, partial(print, file=sys.stderr)))
    if options.picture:
        check(options.picture)
    scorer = Scorer(options.model)
    scores = list(
        tqdm(scorer.files(paths, options.workers), total=len(paths), unit="picture", desc="judging",
             leave=False, disable=len(paths) < 10)
    )  # fmt: skip
    if options.format == "json":
        print(json.dumps([entry.to_json() for entry in scores], indent=2))
    else:
        print(f"{'picture':40s} " + " ".join(f"{key:>10s}" for key in KEYS))
        for entry in scores:
            verdicts = printable(entry.error or "") or " ".join(
                _cell(entry.verdicts[key], entry.probabilities[key]) for key in KEYS
            )
            name = printable(entry.path)
            name = name if len(name) <= 40 else f"…{name[-39:]}"
            print(f"{name:40s} {verdicts}" + (f"  ({entry.remark})" if entry.remark else ""))
    if options.picture:
        print(f"picture     {listing(draw(scores, options.picture))}", file=sys.stderr)
    if any(entry.error for entry in scores):
        return 1
    return 3 if options.strict and not all(entry.certain for entry in scores) else 0


def _cell(verdict: int | None, likely: float | None) -> str:
    """A verdict in the table, as wide as its column."""
    if verdict is None or likely is None:
        return f"{'-':>10s}"
    return f"{'good' if verdict else 'bad':>5s} {likely:4.2f}"
