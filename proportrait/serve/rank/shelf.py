"""One folder of photos: how far its index is, and the latest view of it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from proportrait.commandline import printable
from proportrait.imaging import list_pictures, pictures_folder
from proportrait.rank.describe import PhotoEntry
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents, Spread, known, update
from proportrait.serve.inside import OUTSIDE, is_inside
from proportrait.serve.rank.crowd import Crowd
from proportrait.serve.rank.person import Worth
from proportrait.serve.rank.view import View

_RENEW_S, _RENEW_SHARE = 3.0, 20  # between two views while photos are indexed; times of one view
_RECENT = 30  # steps of which the rate is taken
_NAMED = 50  # photos that cannot be used which are named


class Stopped(Exception):
    """The server ends, or forgets the folder."""


class Pace:
    """How far work is, of which each step takes about as long.

    Args:
        total: steps.
    """

    def __init__(self, total: int) -> None:
        self.done, self.total = 0, total
        self._times = deque([time.monotonic()], maxlen=_RECENT)

    def step(self) -> None:
        """Count one more."""
        self.done += 1
        self._times.append(time.monotonic())

    def to_json(self) -> dict[str, Any]:
        """Steps done, of how many, a second, and the seconds that are left."""
        times = list(self._times)
        rate = (len(times) - 1) / (times[-1] - times[0] or 1e-3) if len(times) > 1 else None
        left = None if rate is None else (self.total - self.done) / rate
        return {"done": self.done, "total": self.total, "rate": rate, "seconds_left": left}


class Shelf:
    """A folder; one thread brings it up to date, others read it.

    Attributes:
        folder: resolved; in a data set of ours that of its pictures.
        name: of the folder, for the page.
        view: what is known of it, or None as long as nothing is.
        crowd: its people, or None as long as nobody is known.
        worths: of faces of the view, by id.
        idle: is set while the folder is not brought up to date.
        is_leaving: whether the index is to forget the folder: an update then ends.
        is_forgotten: whether it has, and nobody has looked again since.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = pictures_folder(folder), printable(folder.name or folder)
        self.view: View | None = None
        self.crowd: Crowd | None = None
        self.worths: dict[int, Worth] = {}
        self.is_waiting = self.is_indexing = self.is_leaving = self.is_forgotten = False
        self.idle = asyncio.Event()
        self.idle.set()
        self.problem = self.note = ""
        self.total = 0
        self.failures: dict[Path, str] = {}
        self._pace = Pace(0)

    def update(self, index: Index, smallest: float, spread: Spread) -> None:
        """Index what is new in the folder, and renew the view now and then meanwhile.

        Args:
            index: of this thread.
            smallest: px of a face that counts.
            spread: gives photos to processes; what it raises ends the update.

        Raises:
            ConfigurationError: the folder cannot be listed.
            StoreError: the index cannot be read or written.
        """
        self.is_waiting, self.is_indexing = False, True
        self.problem = ""
        self._pace = Pace(0)
        self.worths = {}
        listing = list_pictures(self.folder)
        self.note = listing.left_out
        outside = {
            path: OUTSIDE
            for path in listing.paths
            if path.is_symlink() and not is_inside(self.folder, path)
        }
        paths = [path for path in listing.paths if path not in outside]
        self.total, self.failures = len(paths), outside
        if not paths:
            self.problem = f"it holds no photos that can be read{listing.note}"
        began = time.monotonic()
        self._renew(index, known(index, self.folder, paths, smallest), smallest)
        took = time.monotonic() - began
        if self.crowd is None and self.view is not None:
            crowd = Crowd.of(index, self.view.contents.photos, smallest)
            self.crowd = crowd if crowd.people else None  # who was known before is there at once

        def watched(
            entries: Iterable[tuple[Path, PhotoEntry]], total: int
        ) -> Iterator[tuple[Path, PhotoEntry]]:
            nonlocal began, took
            self._pace = Pace(total)
            for path, entry in entries:
                if self.is_leaving:
                    raise Stopped
                yield path, entry  # it is in the index when the next one is asked for
                self._pace.step()
                if time.monotonic() - began > max(_RENEW_S, _RENEW_SHARE * took):
                    began = time.monotonic()
                    self._renew(index, known(index, self.folder, paths, smallest), smallest)
                    took = time.monotonic() - began

        contents = update(index, self.folder, paths, smallest, bar=watched, spread=spread)
        self.failures = outside | contents.failures
        self._renew(index, contents, smallest)
        self.crowd = self._grouped(index, contents, smallest)

    def forget(self, index: Index) -> int:
        """Take the folder out of an index, and forget what is in memory; returns files."""
        self.view = self.crowd = None
        self.worths, self.failures, self.total = {}, {}, 0
        self.problem = self.note = ""
        self.is_forgotten, self.is_leaving = True, False
        return index.forget(self.folder)

    def _grouped(self, index: Index, contents: Contents, smallest: float) -> Crowd:
        crowd = Crowd.of(index, contents.photos, smallest).grouped(index)
        before = self.crowd.version if self.crowd else 0
        return replace(crowd, version=before + crowd.version + 1)

    def _renew(self, index: Index, contents: Contents, smallest: float) -> None:
        if self.view is None or contents.photos != self.view.contents.photos:
            self.view = View(index, self.folder, contents, smallest)

    def name_of(self, path: Path) -> str:
        """A file for the page: below the folder, in one printable line."""
        return printable(path.relative_to(self.folder))

    def state(self) -> dict[str, Any]:
        """How far it is, JSON-ready."""
        view, failures = self.view, list(self.failures.items())
        return {
            "name": self.name,
            "photos": self.total,
            "ready": sum(map(len, view.contents.photos.values())) if view else 0,
            "faces": len(view.rows) if view else 0,
            "people": self.crowd
            and {
                "version": self.crowd.version,
                "count": len(self.crowd.people),
                "loose": len(self.crowd.loose),
                "undo": self.crowd.undo,
            },
            "is_indexing": self.is_waiting or self.is_indexing,
            "is_forgotten": self.is_forgotten,
            "progress": self._pace.to_json() if self.is_indexing else None,
            "problem": self.problem,
            "left_out": self.note,
            "failures": len(failures),
            "failed": [
                {"name": self.name_of(path), "reason": reason} for path, reason in failures[:_NAMED]
            ],
        }
