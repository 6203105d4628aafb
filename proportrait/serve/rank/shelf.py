"""One folder of photos: how far its index is, and the latest view of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from proportrait.commandline import printable
from proportrait.imaging import list_pictures, pictures_folder
from proportrait.rank.describe import PhotoEntry
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents, Spread, known, update
from proportrait.serve.inside import OUTSIDE, is_inside
from proportrait.serve.rank.person import Worth
from proportrait.serve.rank.view import View

_RENEW_S, _RENEW_SHARE = 3.0, 20  # between two views while photos are indexed; times of one view
_RECENT = 30  # photos of which the rate is taken
_NAMED = 50  # photos that cannot be used which are named


class Shelf:
    """A folder; one thread brings it up to date, others read it.

    Attributes:
        folder: resolved; in a data set of ours that of its pictures.
        name: of the folder, for the page.
        view: what is known of it, or None as long as nothing is.
        worths: of faces of the view, by id.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name = pictures_folder(folder), printable(folder.name or folder)
        self.view: View | None = None
        self.worths: dict[int, Worth] = {}
        self.is_waiting = self.is_indexing = False
        self.problem = self.note = ""
        self.total = 0
        self.failures: dict[Path, str] = {}
        self._pending = self._done = 0
        self._times: deque[float] = deque(maxlen=_RECENT)

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
        self._pending = self._done = 0
        self._times.clear()
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

        def watched(
            entries: Iterable[tuple[Path, PhotoEntry]], total: int
        ) -> Iterator[tuple[Path, PhotoEntry]]:
            nonlocal began, took
            self._pending = total
            self._times.append(time.monotonic())
            for path, entry in entries:
                yield path, entry  # it is in the index when the next one is asked for
                self._done += 1
                self._times.append(time.monotonic())
                if time.monotonic() - began > max(_RENEW_S, _RENEW_SHARE * took):
                    began = time.monotonic()
                    self._renew(index, known(index, self.folder, paths, smallest), smallest)
                    took = time.monotonic() - began

        contents = update(index, self.folder, paths, smallest, bar=watched, spread=spread)
        self.failures = outside | contents.failures
        self._renew(index, contents, smallest)

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
            "is_indexing": self.is_waiting or self.is_indexing,
            "progress": self._progress() if self.is_indexing else None,
            "problem": self.problem,
            "left_out": self.note,
            "failures": len(failures),
            "failed": [
                {"name": self.name_of(path), "reason": reason} for path, reason in failures[:_NAMED]
            ],
        }

    def _progress(self) -> dict[str, Any]:
        """Photos that were indexed, of how many, a second, and the seconds that are left."""
        times = list(self._times)
        rate = (len(times) - 1) / (times[-1] - times[0] or 1e-3) if len(times) > 1 else None
        left = None if rate is None else (self._pending - self._done) / rate
        return {"done": self._done, "total": self._pending, "rate": rate, "seconds_left": left}
