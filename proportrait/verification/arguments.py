"""The arguments of stage two."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from proportrait.commandline import count, some_of
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS


def parse(argv: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    """Read the command line.

    Raises:
        ConfigurationError: options that exclude each other.
        SystemExit: an option that is unknown, or --help.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # fmt: off
    add = parser.add_argument
    add("-i", "--input", type=Path, default=Path("output"), metavar="DIR",
        help="folder with images/ and metadata/, or with photos and subfolders (default ./output)")
    add("-o", "--output", type=Path, metavar="DIR",
        help="folder of the reports (default: INPUT/verification; of photos, which nothing is "
             "written beside, ./verification)")
    add("--attributes", type=some_of(KEYS, "attribute"), default=KEYS, metavar="NAMES",
        help=f"all (the default), or some of {','.join(KEYS)}")
    add("--mode", choices=("report", "fix", "quarantine"), default="report",
        help="report: change nothing (the default). fix: write the bits that pictures show into "
             "file names, records, and ledger. quarantine: move contradicted pictures with their "
             "records to verification/RUN/")
    add("--dry_run", action="store_true", help="say what the mode would change, and change nothing")
    add("--workers", type=count, metavar="N",
        help="processes (default: one a core, as far as the memory reaches)")
    add("--no-model", dest="model", action="store_false",
        help="measures alone, without a model that learns from the labels")
    add("--undo", metavar="RUN",
        help="put back exactly what a run of fix or quarantine changed: its name, or last")
    # fmt: on
    options = parser.parse_args(argv)
    if options.undo and (options.mode != "report" or options.dry_run):
        raise ConfigurationError("--undo goes with --input alone")
    return options
