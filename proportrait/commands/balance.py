"""Add badly framed twins of good pictures until half are bad, with --blur unsharp ones likewise.

A built-in face is drawn again from its record, so that a twin shows what is beside and below the
picture. Of other photos a part is shown, or a plain background goes on beyond the border: nothing
is padded with grey or mirrored. Every twin is measured, and kept only where its label is true. The
pictures themselves are not touched, a second run adds nothing, and one that is killed goes on.
Exit code 1: a record or its picture could not be read, or is not of the ledger; it is passed over,
and named at the end."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from proportrait.augment.balance import balance
from proportrait.augment.plan import KINDS
from proportrait.commandline import count, printable, seed, share, some_of
from proportrait.disk import disk_errors
from proportrait.errors import ConfigurationError
from proportrait.generate import report
from proportrait.imaging import is_data_set
from proportrait.sheets import listing
from proportrait.store import RecordStore
from proportrait.store.records import Record

EXAMPLES = """
proportrait balance --input output --dry_run      # what would be made
proportrait balance --input output --blur         # half of each
"""
_NAMED = 20  # records passed over that are named
ALL = tuple(kind for kinds in KINDS.values() for kind in kinds)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait balance`."""
    # fmt: off
    add = parser.add_argument
    add("-i", "--input", type=Path, default=Path("output"), metavar="DIR",
        help="folder that `proportrait generate` wrote (default ./output)")
    add("--balance", type=share, default=0.5, metavar="SHARE",
        help="share of the pictures that shall be badly framed, and unsharp (default 0.5)")
    add("--kinds", type=some_of(ALL, "kind"), default=ALL, metavar="NAMES",
        help=f"all (the default), or some of {','.join(ALL)}")
    add("--blur", action="store_true", help="balance sharpness too, not framing alone")
    add("--seed", type=seed, default=0, help="same seed, same twins (default 0)")
    add("--workers", type=count, metavar="N",
        help="processes (default: one a core, as far as the memory reaches)")
    add("--dry_run", action="store_true", help="say what would be made, and make nothing")
    # fmt: on


def settle(options: argparse.Namespace) -> None:
    """Find out which attributes are balanced.

    Raises:
        ConfigurationError: only kinds of blur, without --blur.
    """
    wanted = ("framing", "sharpness") if options.blur else ("framing",)
    options.attributes = [key for key in wanted if set(KINDS[key]) & set(options.kinds)]
    if not options.attributes:
        raise ConfigurationError(f"--kinds {','.join(options.kinds)} needs --blur")


def execute(options: argparse.Namespace) -> int:
    """Balance a folder; returns the exit code."""
    settle(options)
    if not is_data_set(options.input):
        raise ConfigurationError(
            f"{options.input} holds no records: name the folder that "
            f"`proportrait generate` wrote with -o"
        )
    added: list[Record] = []
    unreadable: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        store = RecordStore(options.input)
        if not any(True for _ in store.records()):  # before anything is written there
            raise ConfigurationError(f"{options.input}/metadata holds no readable record")
        if not options.dry_run:
            stack.enter_context(store)
        for attribute in options.attributes:
            added += balance(store, attribute, options, unreadable)
        problems = [str(error) for error in store.problems]
        problems += unreadable.values()
        problems += [
            f"{r.output_filename}: the ledger does not name it as a picture of {r.source_id}"
            for r in store.records()
            if store.owner(r.output_filename) != r.source_id
        ]
        if added:
            folder = options.input / "augmentation"
            with disk_errors(folder):
                folder.mkdir(exist_ok=True)
            pages = report.contact_sheet(store, added, folder / "twins.png", "degraded twins")
            report.refresh(store)
            print(f"pictures    {listing(pages)}")
    for problem in problems[:_NAMED]:
        print(f"passed over {printable(problem)}")
    if len(problems) > _NAMED:
        print(f"passed over {len(problems) - _NAMED} more")
    return 1 if problems else 0
