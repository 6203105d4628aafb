"""Put data sets together: the shards of one run, or runs that were made apart.

A portrait that several folders hold alike is taken once. Where they do not agree, that of the
folder named first is taken, and its name is printed. The folders are only read. Pictures are
linked, which takes no room, where the disk can do that: a picture that you change in place then
changes in both folders, which --copy avoids. A run that is ended leaves nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from proportrait.commandline import printable
from proportrait.generate import report
from proportrait.store import RecordStore
from proportrait.store.merge import Merge, merge

EXAMPLES = """
proportrait merge part1 part2 part3 -o output       # of generate --shard 1/3, 2/3, 3/3
proportrait merge output more -o both --copy        # with pictures of its own
"""
_NAMES = 10  # conflicts that are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait merge`."""
    # fmt: off
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="DIR",
        help="folders that `proportrait generate` wrote")
    add("-o", "--output_dir", type=Path, required=True, metavar="DIR", help="a new folder")
    add("--copy", action="store_true", help="copy the pictures, where links would do")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Merge the folders; returns 1 where two of them contradict each other."""
    with tqdm(unit="portrait") as bar:
        union = merge(options.folders, options.output_dir, copy=options.copy, progress=bar.update)
    summaries = filter(None, map(report.last_summary, options.folders))
    makers = sorted({summary.generator for summary in summaries})
    report.publish(RecordStore(options.output_dir), " and ".join(makers), report.Tally())
    print(text(union, options.output_dir))
    return 1 if union.conflicts else 0


def text(union: Merge, output: Path) -> str:
    """What became of the sources, in lines."""
    how = "linked" if union.linked else "copied"
    lines = [f"portraits   {union.sources:,} with {union.pictures:,} pictures, {how}"]
    if union.duplicates:
        lines.append(f"duplicates  {union.duplicates:,} portraits in several folders, taken once")
    if union.new_names:
        lines.append(f"new names   {union.new_names:,} portraits whose file name another one has")
    if union.others:
        lines.append(
            f"left open   {union.others:,} that failed or whose files are gone: "
            f"`proportrait generate --retry_failed` tries them again"
        )
    if union.conflicts:
        lines.append(
            f"conflicts   {len(union.conflicts):,} portraits that the folders show or label "
            f"differently; that of the folder named first was taken:"
        )
        lines += [f"            {printable(name)}" for name in union.conflicts[:_NAMES]]
        if len(union.conflicts) > _NAMES:
            lines.append(f"            and {len(union.conflicts) - _NAMES:,} more")
    return "\n".join([*lines, f"written to  {printable(output)}"])
