"""Evaluate a model against labels.

DIR is a folder that `proportrait generate` wrote, or has a labels.csv with the columns file,labels
(six characters 0, 1, or ? for unknown). People from whom the model has learnt are left out.
Brackets hold 95 % intervals of a bootstrap by source."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from proportrait.commandline import count, seed
from proportrait.labels import KEYS
from proportrait.score import PACKAGED, Scorer

if TYPE_CHECKING:
    from proportrait.train.metrics import Report

EXAMPLES = """
proportrait evaluate photos                                        # the packaged model
proportrait evaluate output --model output/model/model.safetensors # yours
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait evaluate`."""
    # fmt: off
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="DIR", help="labelled pictures")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--format", choices=("table", "json"), default="table")
    add("--groups", type=Path, metavar="FILE",
        help="a CSV with the columns file and, say, complexion: figures of each of its groups "
             "instead of estimated ones")
    add("--seed", type=seed, default=0, help="of the bootstrap (default 0)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Print the figures of a model; returns the exit code."""
    from proportrait.train.data import Pictures
    from proportrait.train.evaluate import breakdown, judge, strangers

    scorer = Scorer(options.model)
    pictures = Pictures.from_folders(options.folders)
    others = strangers(scorer.model, pictures)
    if left_out := len(pictures) - len(others):
        print(
            f"left out {left_out} of {len(pictures)} pictures: of people whom the model "
            f"has learnt from or was chosen by", file=sys.stderr,
        )  # fmt: skip
    predictions = judge(scorer.model, others, options.workers)
    report, groups = (
        predictions.report(options.seed),
        breakdown(predictions, options.seed, options.groups),
    )
    if options.format == "json":
        data = report.to_json() | {
            "calibration_error": predictions.calibration_errors(),
            "groups": {name: part.to_json() for name, part in groups.items()},
        }
        print(json.dumps(data, indent=2))
        return 0
    print(report.table())
    for name, part in groups.items():
        print(
            f"{name:34s} {part.pictures:6d} pictures  overall {part.overall!s:22s} "
            f"exact {part.exact_match}"
        )
    if groups:
        _print_kept(groups)
    return 0


def _print_kept(groups: Mapping[str, Report]) -> None:
    """The share of the good bits of each group that are called good: for whom a model is worse."""
    print(f"\n{'good ones called good':35s}" + "".join(f"{key:>11s}" for key in KEYS))
    for name, part in groups.items():
        kept = (part.attributes[key].recall_good.value for key in KEYS)
        print(f"{name:35s}" + "".join(f"{value:11.2f}" for value in kept))
