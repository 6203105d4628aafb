"""Judge portraits.

Prints for each picture a mark from 0 to 100 and good or bad for the six attributes, what speaks
against it, and what to do. "likely" is less sure, "perhaps" may as well be the other, and where
nobody could tell the reason is said. Of more than five pictures a table is printed. Exit code 1: a
file was no picture. With --strict, exit code 3: a picture lacks a verdict, or does not show exactly
one person."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from functools import partial
from pathlib import Path

from proportrait.commandline import count
from proportrait.imaging import each_file
from proportrait.score import PACKAGED, Scorer
from proportrait.score.text import cards, table
from proportrait.sheets import listing

EXAMPLES = """
proportrait score me.jpg                          # one photo, or several
proportrait score photos --picture verdicts.png   # a folder, and the photos with their verdicts
"""
_FEW = 5  # pictures, of which everything is printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait score`."""
    # fmt: off
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of them")
    add("--format", choices=("cards", "table", "json"),
        help=f"default: cards of up to {_FEW} pictures with reasons and advice, else a table")
    add("--picture", type=Path, metavar="FILE",
        help="draw the pictures with their verdicts (PNG), 60 a page: FILE, FILE-2, ...")
    add("--fix", type=Path, metavar="DIR",
        help="write the best crops of each photo there, NAME_1x1.jpg and NAME_4x5.jpg: straight, "
             "gently levelled, scored again, never worse; photos and files stay as they are")
    add("--strict", action="store_true",
        help="exit code 3 if a picture lacks a verdict or does not show exactly one person")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Print the verdicts; returns 0, 1 if a file is no picture, 3 by --strict."""
    from tqdm import tqdm

    from proportrait.fixes.files import fix_files
    from proportrait.fixes.write import prepare
    from proportrait.score.sheet import check, draw

    paths = list(each_file(options.paths, partial(print, file=sys.stderr)))
    if options.picture:
        check(options.picture)
    if options.fix:
        prepare(options.fix)
    scorer = Scorer(options.model)
    scores = list(
        tqdm(scorer.files(paths, options.workers), total=len(paths), unit="picture", desc="judging",
             leave=False, disable=len(paths) < 10)
    )  # fmt: skip
    fixes = list(
        tqdm(fix_files(scores, options.fix, scorer) if options.fix else (), total=len(scores),
             unit="picture", desc="fixing", leave=False, disable=not options.fix or len(paths) < 5)
    )  # fmt: skip
    if options.format == "json":
        rows = [entry.to_json() for entry in scores]
        for row, saved in zip(rows, fixes, strict=False):
            row |= {"fix": saved.to_json()} if "error" not in row else {}
        print(json.dumps(rows, indent=2))
    else:
        few = len(scores) <= _FEW if options.format is None else options.format == "cards"
        for line in (cards if few else table)(scores):
            print(line)
        for line in itertools.chain.from_iterable(saved.lines() for saved in fixes):
            print(line)
    if options.picture:
        print(f"picture     {listing(draw(scores, options.picture))}", file=sys.stderr)
    if any(entry.error for entry in scores):
        return 1
    return 3 if options.strict and not all(entry.certain for entry in scores) else 0
