"""Copies of the pictures that are good in everything."""

from __future__ import annotations

import filecmp
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from proportrait.commandline import printable
from proportrait.disk import add_file, disk_errors
from proportrait.errors import ConfigurationError
from proportrait.imaging import pictures_folder
from proportrait.score.verdicts import Score


def prepare(folder: Path, sources: Iterable[Path], recursive: bool = True) -> None:
    """Make a folder for pictures that are written while others are judged.

    Args:
        sources: pictures and folders that are judged.
        recursive: whether these folders are gone down into.

    Raises:
        ConfigurationError: it lies in a folder that is judged: what it holds would be judged next
            time; or it is a file.
        StoreError: it cannot be made.
    """
    place = Path(os.path.realpath(folder))
    for source in filter(os.path.isdir, sources):  # never raises, as that of Path may
        read = Path(os.path.realpath(pictures_folder(source)))
        if place == read or (recursive and read in place.parents):
            raise ConfigurationError(
                f"{printable(folder)} lies in {printable(source)}, which is judged: its pictures "
                f"would be judged too the next time: name a folder outside"
            )
    if os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112
        raise ConfigurationError(f"{printable(folder)} is no folder: name another one")
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


class Copies:
    """A folder that takes copies; originals stay, and nothing in it is ever replaced.

    Args:
        folder: made where it is not there.
        sources: pictures and folders that are judged.
        recursive: whether these folders are gone down into.

    Attributes:
        count: good pictures that lie in the folder, by this run or an earlier one.

    Raises:
        ConfigurationError: it lies in a folder that is judged: its copies would be judged next
            time; or it is a file.
        StoreError: it cannot be made.
    """

    def __init__(self, folder: Path, sources: Iterable[Path], recursive: bool = True) -> None:
        self.folder, self.count = folder, 0
        prepare(folder, sources, recursive)

    def take(self, score: Score) -> None:
        """Copy a picture whose six verdicts are good, under its name or one with a number.

        Raises:
            StoreError: it cannot be read or written.
        """
        if score.error is None and set(score.verdicts.values()) == {1}:
            self.copy(Path(score.path))

    def copy(self, source: Path) -> None:
        """Copy a picture under its name or one with a number.

        A copy of the same bytes that is there already is enough.

        Raises:
            StoreError: it cannot be read or written.
        """
        with disk_errors(self.folder):
            for target in free_names(self.folder, source.name):
                if os.path.lexists(target):
                    if target.is_file() and filecmp.cmp(source, target, shallow=False):
                        break
                elif add_file(target, partial(shutil.copy2, source)):
                    break
        self.count += 1


def free_names(folder: Path, name: str) -> Iterator[Path]:
    """me.jpg, me-2.jpg, me-3.jpg, ...: places for a file, the first that is free is taken."""
    path = folder / name
    yield path
    for number in itertools.count(2):
        yield folder / f"{path.stem}-{number}{path.suffix}"
