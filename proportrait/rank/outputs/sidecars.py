"""XMP sidecars with stars, beside the photos: the one thing that is ever left among them."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from proportrait.commandline import printable
from proportrait.disk import add_file, disk_errors, replace_file, sync
from proportrait.imaging import pictures_folder
from proportrait.rank.outputs import xmp
from proportrait.rank.ranking import Ranked
from proportrait.score.copies import free_names

Naming = Literal["full", "short"]
NAMINGS: tuple[Naming, ...] = ("full", "short")

_SUFFIX, _BACKUP = ".xmp", ".bak"


def place_of(photo: Path, naming: Naming) -> Path:
    """me.jpg.xmp, as darktable and digiKam name it, or me.xmp, as Lightroom does."""
    return photo.with_name((photo.name if naming == "full" else photo.stem) + _SUFFIX)


def stars_of(score: float, limits: Sequence[float]) -> int:
    """From 1 to 5: one more for each limit that the score reaches."""
    return 1 + sum(score >= limit for limit in limits)


def write(
    photos: Sequence[Ranked],
    limits: Sequence[float],
    note: Callable[[str], None],
    naming: Naming = "full",
) -> dict[Path, bool]:
    """Write the stars of photos.

    Of a sidecar of another program only the rating changes, and a copy of it is kept beside it.

    Args:
        photos: the best first: of two that share a sidecar the first one counts.
        limits: four scores, from each of which on a photo has one star more.
        note: is told which sidecars stay as they are, and why.

    Returns:
        The sidecars with the stars of these photos, and whether each is of another program.

    Raises:
        StoreError: one cannot be written.
    """
    stars: dict[Path, int] = {}
    for photo in photos:
        stars.setdefault(place_of(photo.path, naming), stars_of(photo.score, limits))
    written = {}
    for path, number in stars.items():
        with disk_errors(path), _noted(path, note):
            written[path] = _write(path, number)
    return written


def remove(
    folder: Path,
    note: Callable[[str], None],
    but: Iterable[Path] = (),
    recursive: bool = True,
) -> int:
    """Take away the stars that earlier runs wrote in a folder; returns of how many sidecars.

    What was ours alone is deleted, what was of another program is as it was before. Where that has
    changed since, its rating alone goes back, unless it is no longer ours; a copy is kept.

    Args:
        note: is told which sidecars stay as they are, and why.
        but: sidecars that stay.
        recursive: go down into subfolders.

    Raises:
        StoreError: one cannot be written.
    """
    spared = set(map(_key, but))
    count = 0
    for path in _sidecars(pictures_folder(folder), recursive):
        if _key(path) not in spared:
            with disk_errors(path), _noted(path, note):
                count += _remove(path)
    return count


def _write(path: Path, stars: int) -> bool:
    """Write stars; returns whether the sidecar is of another program."""
    if not os.path.lexists(path):
        if not add_file(path, lambda place: place.write_bytes(xmp.new(stars))):
            raise xmp.NoSidecar("another program has just made it")
        return False
    current = _content(path)
    ours = xmp.stars_of(current)
    if ours and current == xmp.new(ours):
        replace_file(path, xmp.new(stars))
        return False
    if ours != stars or xmp.rating_of(current) != str(stars):
        backup = _backup(path, current, ours)
        changed = xmp.rated(backup.read_bytes() if backup else current, stars)
        if not backup:
            _save(path)
        _replace(path, changed)
    return True


def _remove(path: Path) -> bool:
    """Take away stars; returns whether there were any."""
    current = _content(path)
    ours = xmp.stars_of(current)
    if not ours:
        return False
    backup = _backup(path, current, ours)
    if current == xmp.new(ours):
        path.unlink()
        sync(path.parent)
    elif backup:
        copy = _content(backup)
        if (clean := xmp.unrated(copy)) != copy:  # it was made of what had stars of ours
            _replace(backup, clean)
        backup.replace(path)
        sync(path.parent)
    else:
        changed = xmp.unrated(current)
        _save(path)
        _replace(path, changed)
    return True


def _replace(path: Path, data: bytes) -> None:
    """Write a file in one step, which keeps the rights of the one that is there."""
    mode = stat.S_IMODE(path.stat().st_mode)
    replace_file(path, data)
    path.chmod(mode)


def _backup(path: Path, current: bytes, stars: int | None) -> Path | None:
    """The copy of what stars were written into, if nothing else has changed since."""
    for place in free_names(path.parent, path.name + _BACKUP):
        if not stars or not os.path.lexists(place):
            return None
        with contextlib.suppress(xmp.NoSidecar):
            if xmp.rated(_content(place), stars) == current:
                return place
    return None


def _save(path: Path) -> None:
    copy = partial(shutil.copy2, path)
    next(place for place in free_names(path.parent, path.name + _BACKUP) if add_file(place, copy))


def _content(path: Path) -> bytes:
    if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH113, PTH114 - never raise
        raise xmp.NoSidecar("it is no file of its own")
    try:
        return path.read_bytes()
    except OSError as error:
        raise xmp.NoSidecar(f"it cannot be read: {error.strerror}") from None


@contextlib.contextmanager
def _noted(path: Path, note: Callable[[str], None]) -> Iterator[None]:
    try:
        yield
    except xmp.NoSidecar as error:
        note(f"left        {printable(path)}: {error}")


def _key(path: Path) -> tuple[str, str]:
    return os.path.realpath(path.parent), path.name


def _sidecars(folder: Path, recursive: bool) -> Iterator[Path]:
    """Files with the suffix of a sidecar; links to folders and hidden folders are left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in sorted(folders) if recursive and not name.startswith(".")]
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix.lower() == _SUFFIX and not path.is_symlink():
                yield path
