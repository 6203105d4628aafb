"""What the commands share: their parser, types of options, and one clear line for an error."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from proportrait.errors import ConfigurationError, ProPortraitError

_JOINER = "\u200d"  # of several signs to one emoji

INTERRUPTED = "interrupted: the same command goes on"


class Command(Protocol):
    """A module with a command: its docstring is the description of `--help`.

    Attributes:
        EXAMPLES: two command lines, each with a comment, for the end of `--help`.
    """

    __doc__: str | None
    EXAMPLES: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""

    def execute(self, options: argparse.Namespace) -> int:
        """Do the work; returns the exit code."""


class Parser(argparse.ArgumentParser):
    """A parser that keeps the lines of its texts, and takes --dry-run for --dry_run."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse flags in either spelling; what stands behind `=` or a lone `--` stays."""
        words = list(sys.argv[1:] if args is None else args)
        end = words.index("--") if "--" in words else len(words)
        return super().parse_known_args([*map(_underscores, words[:end]), *words[end:]], namespace)


def parse(command: Command, argv: Sequence[str] | None, prog: str = "") -> argparse.Namespace:
    """The options of a command.

    Args:
        command: the module.
        argv: the words behind the command's name; None takes those of the process.
        prog: how the user calls it.

    Raises:
        SystemExit: an option that is unknown or out of range, or --help.
    """
    examples = command.EXAMPLES.strip().replace("\n", "\n  ")
    parser = Parser(prog=prog, description=command.__doc__, epilog=f"examples:\n  {examples}")
    command.add_arguments(parser)
    return parser.parse_args(argv)


def run(command: Command, argv: Sequence[str] | None = None, prog: str = "") -> int:
    """Read the options of a command and do its work; returns the exit code, 1 for a broken pipe."""
    options = parse(command, argv, prog)
    try:
        return exit_code(lambda: command.execute(options))
    except BrokenPipeError:  # of `| head`; the rest of the output is dropped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def exit_code(work: Callable[[], int]) -> int:
    """What `work` returns; 2 for wrong options, 1 for what a user can act on, 130 after Ctrl-C."""
    try:
        return work()
    except ConfigurationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ProPortraitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return 130


def printable(name: str | Path) -> str:
    """A file's name in one line that any terminal and any UTF-8 file can hold.

    Bytes that are no UTF-8 and characters that control a terminal or turn the direction of writing
    become escapes: `M\\xfcller.jpg`, `two\\nlines.jpg`. All that can be seen stays.
    """
    return "".join(map(_visible, str(name)))


def count(text: str) -> int:
    """A whole number of at least 1."""
    return int(_number(text, int, 1, math.inf, "a whole number of at least 1"))


def index(text: str) -> int:
    """A whole number of at least 0."""
    return int(_number(text, int, 0, math.inf, "a whole number of at least 0"))


def seed(text: str) -> int:
    """A whole number from 0 to 2**32 - 1, the range of scikit-learn's."""
    return int(_number(text, int, 0, 2**32, f"a whole number from 0 to {2**32 - 1}"))


def positive(text: str) -> float:
    """A number above 0."""
    return _number(text, float, 5e-324, math.inf, "a number above 0")


def dollars(text: str) -> float:
    """A number of at least 0."""
    return _number(text, float, 0.0, math.inf, "a number of at least 0")


def mark(text: str) -> float:
    """A number from 0 to 100."""
    return _number(text, float, 0.0, math.nextafter(100, 101), "a mark from 0 to 100")


def share(text: str) -> float:
    """A number from 0 to 0.9."""
    return _number(text, float, 0.0, math.nextafter(0.9, 1), "a share from 0 to 0.9")


def some_of(choices: Sequence[str], what: str) -> Callable[[str], tuple[str, ...]]:
    """Names with commas between them, or all; the tuple has the order of the choices."""

    def read(text: str) -> tuple[str, ...]:
        if text == "all":
            return tuple(choices)
        names = [name.strip() for name in text.split(",")]
        for name in names:
            if name not in choices:
                known = ", ".join(choices)
                raise argparse.ArgumentTypeError(f"no {what} {name!r}: all, or some of {known}")
        return tuple(choice for choice in choices if choice in names)

    return read


def _underscores(word: str) -> str:
    name, equals, value = word.partition("=")
    return name[:2] + name[2:].replace("-", "_") + equals + value if word[:2] == "--" else word


def _number(
    text: str, kind: Callable[[str], float], least: float, under: float, what: str
) -> float:
    with contextlib.suppress(ValueError):
        value = kind(text)
        if least <= value < under:
            return value
    raise argparse.ArgumentTypeError(f"{what} is expected, not {text!r}")


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs" or character == _JOINER:
        return character
    if "\udc80" <= character <= "\udcff":  # a byte, as Python names files that are no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
