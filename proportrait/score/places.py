"""Whether a page or a picture can be written to a place, before anything is judged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError


def check(
    path: Path, what: str, suffixes: tuple[str, ...], is_ours: Callable[[Path], bool]
) -> None:
    """Look whether a file may be written there.

    Args:
        what: it is, such as "page".
        suffixes: that its name may have, such as ".html"; the first is suggested.
        is_ours: whether a file that is there is an earlier one, which may be replaced.

    Raises:
        ConfigurationError: its name has another suffix, its folder is not there, or something else
            than an earlier one would be lost.
    """
    name = printable(path)
    if path.suffix.lower() not in suffixes:
        example = f"verdicts{suffixes[0]}"
        raise ConfigurationError(f"{name} is no name of a {what}: give one such as {example}")
    check_folder(path)
    if os.path.lexists(path) and not is_ours(path):
        raise ConfigurationError(f"{name} is there and no {what} of ours: name another file")


def check_folder(path: Path) -> None:
    """Look whether the folder of a file is there.

    Raises:
        ConfigurationError: it is not.
    """
    if not os.path.isdir(path.parent):  # noqa: PTH112 - never raises
        raise ConfigurationError(f"{printable(path.parent)} is no folder: make it first")
