"""Judge portraits.

Prints good or bad and how sure that is for the six attributes of each picture: "close" where it may
as well be the other, "-" and the reason where nobody could tell. Exit code 1: a file was no
picture. With --strict, exit code 3: a picture lacks a verdict, or does not show exactly one
person."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from proportrait.commandline import count, printable
from proportrait.imaging import each_file
from proportrait.labels import KEYS
from proportrait.score import PACKAGED, Score, Scorer
from proportrait.sheets import listing, verdict

EXAMPLES = """
proportrait score me.jpg                          # one photo, or several
proportrait score photos --picture verdicts.png   # a folder, and the photos with their verdicts
"""
_WIDEST = 40  # characters of a name in the table
_CELL = len("good, close")


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
        _print_table(scores)
    if options.picture:
        print(f"picture     {listing(draw(scores, options.picture))}", file=sys.stderr)
    if any(entry.error for entry in scores):
        return 1
    return 3 if options.strict and not all(entry.certain for entry in scores) else 0


def _print_table(scores: Sequence[Score]) -> None:
    """Print a row for each picture, as wide as its name needs."""
    names = [printable(score.path) for score in scores]
    width = min(_WIDEST, max(len("picture"), *map(len, names)))
    print(f"{'picture':{width}s}  " + "  ".join(f"{key:{_CELL}s}" for key in KEYS).rstrip())
    for name, score in zip(names, scores, strict=True):
        name = name if len(name) <= width else f"…{name[1 - width :]}"
        remark = f"  ({score.remark})" if score.remark else ""
        print(f"{name:{width}s}  {_cells(score)}{remark}".rstrip())


def _cells(score: Score) -> str:
    """The verdicts, or why there are none."""
    if score.error is not None:
        return printable(score.error)
    return "  ".join(f"{_cell(score, key):{_CELL}s}" for key in KEYS)


def _cell(score: Score, key: str) -> str:
    """A verdict with how sure it is, in the words of the contact sheet; - without a verdict."""
    good, likely = score.verdicts[key], score.probabilities[key]
    return "-" if good is None or likely is None else verdict(bool(good), likely)[0]
