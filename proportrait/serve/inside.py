"""Folders that were named at the start: nothing outside them is read, nothing written in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError, ImageError

OUTSIDE = "a link to a file outside the folder"


def is_inside(folder: Path, path: Path) -> bool:
    """Whether a file lies in a folder, which is resolved, also when links are followed."""
    return Path(os.path.realpath(path)).is_relative_to(folder)


def check_inside(folder: Path, path: Path) -> None:
    """Refuse a file that lies outside a folder.

    Raises:
        ImageError: it does.
    """
    if not is_inside(folder, path):
        raise ImageError(OUTSIDE)


def checked_folders(photos: Iterable[Path]) -> tuple[Path, ...]:
    """Folders of photos that somebody named, resolved, each once.

    Raises:
        ConfigurationError: one of them is no folder.
    """
    photos = tuple(photos)
    for folder in photos:
        if not os.path.isdir(folder):  # noqa: PTH112 - never raises
            raise ConfigurationError(
                f"{printable(folder)} is no folder: name one that holds photos"
            )
    return tuple(dict.fromkeys(Path(os.path.realpath(folder)) for folder in photos))


def check_apart(place: Path, folders: Iterable[Path], what: str, flag: str) -> None:
    """Refuse a place for what is written that lies in a folder of photos.

    Args:
        place: a file or a folder, which need not be there.
        folders: resolved.
        what: is written there.
        flag: that names the place.

    Raises:
        ConfigurationError: it does.
    """
    for folder in folders:
        if is_inside(folder, place):
            raise ConfigurationError(
                f"{what} would lie among the photos, at {printable(place)}: name a place outside "
                f"{printable(folder)} with {flag}"
            )
