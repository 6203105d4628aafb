"""ProPortrait-Gen: labelled portraits, and a model that says what makes a headshot professional."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import cast

from proportrait import __version__, commandline

COMMANDS = {  # in the order in which data flow
    "generate": "make a labelled portrait data set",
    "merge": "put data sets together, such as shards",
    "verify": "hold every label against its picture",
    "balance": "add twins that balance framing and sharpness",
    "train": "train a model on labelled pictures",
    "evaluate": "evaluate a model against labels",
    "score": "judge your photos",
    "rank": "find the best photos of one person in a folder",
    "people": "find out who is in a folder of photos",
    "limits": "fit the limits of score to your own labels",
    "taste": "learn your taste from labels, and sift by it",
    "serve": "judge photos on a web page, and by REST",
    "publish": "publish a data set or a model on the Hub",
    "download": "fetch the published data set",
}
OVERVIEW = {  # an example of each command, for a first look
    "your photos": {
        "score": "score me.jpg",
        "rank": "rank --ref me.jpg --photos .",
        "people": "people --photos .",
        "serve": "serve",
        "taste": "taste label --folder me --task keep",
        "limits": "limits --from photos/labels.csv",
    },
    "a labelled data set, and a model of your own": {
        "generate": "generate --mock",
        "merge": "merge part1 part2 -o output",
        "verify": "verify --input output",
        "balance": "balance --input output",
        "train": "train output",
        "evaluate": "evaluate photos",
        "publish": "publish output --to hub me/portraits",
        "download": "download -o output",
    },
}
_END = "`proportrait COMMAND --help` explains a command."


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if something failed, 2 for wrong options, 3 by a gate, 130 after Ctrl-C."""
    words = sys.argv[1:] if argv is None else argv
    if not words:
        print(overview(), file=sys.stderr)
        return 2
    parser().parse_args(words[:1])  # ends here at --help and where there is no such command
    return run(words[0], words[1:])


def run(name: str, argv: Sequence[str] | None = None, prog: str = "") -> int:
    """Run one command; nothing of the others is imported."""
    module = import_module(f"proportrait.commands.{name}")
    return commandline.run(cast(commandline.Command, module), argv, prog or f"proportrait {name}")


def overview() -> str:
    """What there is, each with an example to try."""
    lines = [f"{__doc__}"]
    for title, examples in OVERVIEW.items():
        lines += ["", f"{title}:"]
        lines += [
            f"  {f'proportrait {words}':50s} {COMMANDS[name]}" for name, words in examples.items()
        ]
    return "\n".join([*lines, "", _END])


def parser() -> commandline.Parser:
    """The parser of the first word."""
    listing = "\n".join(f"  {name:10s} {line}" for name, line in COMMANDS.items())
    whole = commandline.Parser(
        prog="proportrait", usage="proportrait COMMAND ...",
        description=f"{__doc__}\n\ncommands:\n{listing}", epilog=_END,
    )  # fmt: skip
    whole.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    whole.add_argument("--version", action="version", version=__version__)
    return whole


if __name__ == "__main__":
    sys.exit(main())
