"""Bring an index up to date with the photos of a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from proportrait.looks.look import WORKER_BYTES
from proportrait.rank.describe import SMALLEST, PhotoEntry, describe
from proportrait.rank.index import Index, key
from proportrait.workers import fitting_workers, spread

_FEW = 20  # photos: for fewer, starting processes takes longer than it saves

Task = Callable[[Path], PhotoEntry]
# (task, paths, workers, known) -> entries, as `workers.spread`
Spread = Callable[
    [Task, Iterable[Path], int, Callable[[Path], PhotoEntry | None]],
    Generator[tuple[Path, PhotoEntry], None, None],
]
Bar = Callable[[Iterable[tuple[Path, PhotoEntry]], int], Iterable[tuple[Path, PhotoEntry]]]


@dataclass
class Contents:
    """The photos of a folder that are in the index.

    Attributes:
        photos: paths by the id of their photo: several where files have the same content.
        failures: why others cannot be read, by path.
    """

    photos: dict[int, list[Path]] = field(default_factory=dict)
    failures: dict[Path, str] = field(default_factory=dict)


def update(
    index: Index,
    folder: Path,
    paths: Sequence[Path],
    smallest: float = SMALLEST,
    workers: int | None = None,
    bar: Bar = lambda entries, total: entries,
    spread: Spread = spread,
) -> Contents:
    """Index what is new or changed; a file that was renamed is known by its content.

    Args:
        index: to be brought up to date; each photo is in it as soon as it is described.
        folder: that the photos lie in.
        paths: of all its photos: what is not among them is left out of the answer.
        smallest: height of a face that counts, px.
        workers: processes; default: as many as cores and memory allow, one for a few photos.
        bar: wraps what is described, with its number, to show the progress.
        spread: gives the photos to processes.
    """
    contents = Contents()
    before, ids = index.files(folder), index.photos(smallest)
    digests: dict[Path, str] = {}
    stats: dict[Path, os.stat_result] = {}
    for path in paths:
        try:
            stats[path] = stat = path.stat()
        except OSError as error:
            contents.failures[path] = f"it cannot be read: {error.strerror}"
            continue
        size, changed, digest = before.get(key(path), (-1, -1, ""))
        if (size, changed) == (stat.st_size, stat.st_mtime_ns) and digest in ids:
            digests[path] = digest
    pending = [path for path in paths if path in stats and path not in digests]

    def renamed(path: Path) -> PhotoEntry | None:
        """The bare entry of a content that is known."""
        with contextlib.suppress(OSError):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            return PhotoEntry(digest) if digest in ids else None
        return None

    few = workers is None and len(pending) < _FEW
    count = 1 if few else fitting_workers(workers, WORKER_BYTES)
    task = partial(_describe, smallest=smallest, kind=index.kind)
    with contextlib.closing(spread(task, pending, count, renamed)) as entries:
        for path, entry in bar(entries, len(pending)):
            if not entry.digest:
                contents.failures[path] = entry.error
                continue
            if entry.digest not in ids:
                ids[entry.digest] = index.put(entry, smallest)
            index.put_file(path, stats[path], entry.digest)
            digests[path] = entry.digest
    errors = index.errors()
    for path in paths:
        if path in digests:
            number = ids[digests[path]]
            if number in errors:
                contents.failures[path] = errors[number]
            else:
                contents.photos.setdefault(number, []).append(path)
    return contents


def known(index: Index, folder: Path, paths: Sequence[Path], smallest: float) -> Contents:
    """The photos of a folder that an index holds already; of changed ones the earlier content.

    Args:
        index: that may be brought up to date meanwhile.
        folder, paths, smallest: as of `update`.
    """
    contents = Contents()
    files, ids, errors = index.files(folder), index.photos(smallest), index.errors()
    for path in paths:
        number = ids.get(files.get(key(path), (0, 0, ""))[2])
        if number is not None and number not in errors:
            contents.photos.setdefault(number, []).append(path)
    return contents


def _describe(path: Path, smallest: float, kind: str) -> PhotoEntry:
    try:
        return describe(path.read_bytes(), smallest, kind)
    except OSError as error:
        return PhotoEntry("", error=f"it cannot be read: {error.strerror}")
