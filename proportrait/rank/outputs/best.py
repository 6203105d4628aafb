"""A folder of the best photos: copies or links, with names that sort by rank."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from proportrait.commandline import printable
from proportrait.disk import add_file, disk_errors, move_file, write_file
from proportrait.errors import ConfigurationError, StoreError
from proportrait.imaging import MADE_HERE, pictures_folder
from proportrait.rank.ranking import Ranked
from proportrait.score.copies import free_names, prepare

_DIGITS = 3  # of a rank in a name, at least
_NUMBERED = re.compile(r"\d{3,}_(.+)", re.DOTALL)
_REPEATED = re.compile(r"-\d+(?=(\.[^.]*)?$)")  # me-2.jpg: see `free_names`
_NOTE = b"proportrait rank keeps the best photos here; it leaves this folder out of the photos.\n"


class Best:
    """A folder that takes the best photos; nothing in it is ever replaced or deleted.

    A photo that an earlier run has put there is known by its content, and gets the name of its new
    rank. In a folder of photos it is marked, and is left out when these are listed.

    Args:
        folder: made when the first photo comes.
        photos: the folder of everything.
        links: make symbolic links, or hard ones where the system allows no others; else copies.

    Raises:
        ConfigurationError: it is the folder of photos, a subfolder that is not of ours, or a file.
    """

    def __init__(self, folder: Path, photos: Path, links: bool = False) -> None:
        self.folder, self._links = folder, links
        place = Path(os.path.realpath(folder))
        read = Path(os.path.realpath(pictures_folder(photos)))
        self._inside = read in place.parents
        if place == read or (self._inside and os.path.lexists(folder) and not _is_marked(folder)):
            raise ConfigurationError(
                f"{printable(folder)} holds photos of yours: name a new folder, in it or elsewhere"
            )
        if os.path.lexists(folder) and not os.path.isdir(folder):  # noqa: PTH112 - never raises
            raise ConfigurationError(f"{printable(folder)} is no folder: name another one")

    def take(self, photos: Sequence[Ranked]) -> int:
        """Put photos there; returns how many were not there before.

        Raises:
            StoreError: one cannot be read or written.
        """
        with disk_errors(self.folder):
            prepare(self.folder, [])
            if self._inside and not _is_marked(self.folder):
                write_file(self.folder / MADE_HERE, _NOTE)
            digits, earlier = max(_DIGITS, len(str(len(photos)))), self._earlier()
            return sum(
                self._put(photo.path, f"{photo.rank:0{digits}d}_", earlier[photo.path.name])
                for photo in photos
            )

    def _put(self, source: Path, number: str, earlier: list[Path]) -> bool:
        known = [path for path in earlier if self._is_same(path, source)]
        if any(path.name.startswith(number) for path in known):
            return False
        put: Callable[[Path], bool] = partial(_link if self._links else _copy, source)
        if known:
            put = partial(move_file, known[0])
        next(filter(put, free_names(self.folder, f"{number}{source.name}")))
        return not known

    def _earlier(self) -> defaultdict[str, list[Path]]:
        """Files that an earlier run may have put there, by the names of their photos."""
        files = defaultdict(list)
        for entry in sorted(os.listdir(self.folder)):  # noqa: PTH208 - names of any bytes
            if match := _NUMBERED.fullmatch(entry):
                for name in {match[1], _REPEATED.sub("", match[1])}:
                    files[name].append(self.folder / entry)
        return files

    def _is_same(self, path: Path, source: Path) -> bool:
        if self._links:
            return os.path.exists(path) and os.path.samefile(path, source)  # noqa: PTH110, PTH121
        is_file = os.path.isfile(path) and not os.path.islink(path)  # noqa: PTH113, PTH114
        return is_file and filecmp.cmp(path, source, shallow=False)


def _is_marked(folder: Path) -> bool:
    return os.path.isfile(folder / MADE_HERE)  # noqa: PTH113 - never raises


def _copy(source: Path, target: Path) -> bool:
    return add_file(target, partial(shutil.copy2, source))


def _link(source: Path, target: Path) -> bool:
    place = Path(os.path.abspath(source))  # noqa: PTH100 - links on the way stay
    for link in (target.symlink_to, target.hardlink_to):  # Windows may allow the second alone
        try:
            link(place)
        except FileExistsError:
            return False
        except OSError:
            continue
        return True
    raise StoreError(
        f"{printable(target)} cannot be linked, on this disk or between two: take --copy_to"
    )
