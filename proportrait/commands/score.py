"""Judge portraits.

Prints for each picture a mark from 0 to 100 and good or bad for the six attributes, what speaks
against it, and what to do. "likely" is less sure, "perhaps" may as well be the other, and where
nobody could tell the reason is said. Of more than five pictures a table is printed. Exit code 1: a
file was no picture. With --strict, exit code 3: a picture lacks a verdict, or does not show exactly
one person."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from proportrait.commandline import count, printable
from proportrait.imaging import each_file
from proportrait.score import PACKAGED, Scorer
from proportrait.score.text import cards, table
from proportrait.sheets import listing

EXAMPLES = """
proportrait score me.jpg                          # one photo, or several
proportrait score photos --report verdicts.html   # a folder, and a page to sort, filter, and print
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
    add("--report", type=Path, metavar="FILE",
        help="write one HTML page: thumbnails, verdicts, reasons, advice; to sort, filter, print")
    add("--strict", action="store_true",
        help="exit code 3 if a picture lacks a verdict or does not show exactly one person")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Print the verdicts; returns 0, 1 if a file is no picture, 3 by --strict."""
    from tqdm import tqdm

    from proportrait.score import report
    from proportrait.score.sheet import check, draw

    paths = list(each_file(options.paths, partial(print, file=sys.stderr)))
    if options.picture:
        check(options.picture)
    if options.report:
        report.check(options.report)
    stream = Scorer(options.model).files(paths, options.workers)
    if options.report:
        stream = report.written(stream, options.report, len(paths))
    scores = list(
        tqdm(stream, total=len(paths), unit="picture", desc="judging", leave=False,
             disable=len(paths) < 10)
    )  # fmt: skip
    if options.format == "json":
        print(json.dumps([entry.to_json() for entry in scores], indent=2))
    else:
        few = len(scores) <= _FEW if options.format is None else options.format == "cards"
        for line in (cards if few else table)(scores):
            print(line)
    if options.picture:
        print(f"picture     {listing(draw(scores, options.picture))}", file=sys.stderr)
    if options.report:
        print(f"report      {printable(options.report)}", file=sys.stderr)
    if any(entry.error for entry in scores):
        return 1
    return 3 if options.strict and not all(entry.certain for entry in scores) else 0
