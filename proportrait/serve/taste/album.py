"""The pictures of a folder that may change, each with a number that it keeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.imaging import list_pictures
from proportrait.taste.labels import Place

_REST = 20  # times as long as a listing takes until all is listed anew
_LEAST_S = 3.0  # between two listings
_TICK_S = 0.5
_BLUR_S = 2.0  # how coarse the times of a file system may be


class Album:
    """Numbered pictures; threads may share it.

    Numbers begin at 0 and are given in the order in which pictures are listed. A picture that goes
    away keeps its number, in case it comes back.

    Attributes:
        folder: absolute; nothing outside it is ever read.
        paths: by number.
        is_listed: whether the whole folder was listed once.
        problem: why it cannot be listed, or "".
        failures: by number, why a picture cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.paths: list[Path] = []
        self.is_listed = False
        self.problem = ""
        self.failures: dict[int, str] = {}
        self._failed_ns: dict[int, int] = {}
        self._numbers: dict[Path, int] = {}
        self._digests: dict[int, str] = {}
        self._places: dict[str, Place] = {}
        self._by_digest: dict[str, int] = {}
        self._copies: dict[str, set[int]] = {}  # numbers of one content, if several
        self._gone: set[int] = set()
        self._folders: set[Path] = {self.folder}
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._began = self._took = 0.0

    def __len__(self) -> int:
        """How many pictures are there and can be used, as far as is known."""
        return len(self.paths) - len(self._gone | self.failures.keys())

    def holds(self, number: int) -> bool:
        """Whether a picture is there and can be used, as far as is known."""
        is_number = 0 <= number < len(self.paths)
        return is_number and number not in self._gone and number not in self.failures

    def name(self, number: int) -> str:
        """Its path inside the folder, in one printable line."""
        return printable(self.paths[number].relative_to(self.folder))

    def digest(self, number: int) -> str:
        """The SHA-256 of its content, "" where nobody has read it yet."""
        return self._digests.get(number, "")

    def number(self, digest: str) -> int | None:
        """Of the picture with that content, None where it is not here or not known yet."""
        number = self._by_digest.get(digest)
        return number if number is not None and number not in self._gone else None

    def count(self, digests: Iterable[str]) -> int:
        """How many pictures that can be used have one of these contents, as far as is known."""
        pairs = (
            (number, digest)
            for digest in digests
            if digest in self._by_digest
            for number in {self._by_digest[digest], *self._copies.get(digest, ())}
        )
        return sum(self.holds(n) and self._digests.get(n) == digest for n, digest in pairs)

    def place(self, digest: str) -> Place:
        """Where a picture was when it was read.

        Raises:
            KeyError: it never was.
        """
        return self._places[digest]

    def add(self, path: Path) -> int:
        """The number of a picture that is in the folder now."""
        with self._lock:
            if path in self._numbers:
                number = self._numbers[path]
                self._gone.discard(number)
                return number
            number = self._numbers[path] = len(self.paths)
            self.paths.append(path)
            if path.parent not in self._folders:
                self._folders.update((path.parent, *path.parent.parents[: self._depth(path)]))
            return number

    def recall(self, places: dict[str, Place]) -> None:
        """Know pictures again that were labelled before and have not changed since."""
        for digest, place in places.items():
            try:
                stat = place.path.stat()
            except OSError:
                continue
            same = (stat.st_size, stat.st_mtime_ns) == (place.size, place.changed_ns)
            if same and place.path.is_relative_to(self.folder):
                self.learn(self.add(place.path), digest, place)

    def learn(self, number: int, digest: str, place: Place) -> bool:
        """Remember the content of a picture; returns whether it was another one before."""
        with self._lock:
            before = self._digests.get(number, digest)
            self._digests[number] = digest
            self._places[digest] = place
            first = self._by_digest.get(digest, number)
            if first != number:
                self._copies.setdefault(digest, {first}).add(number)
            if self.number(digest) is None:
                self._by_digest[digest] = number
            self.failures.pop(number, None)
            return before != digest

    def fail(self, number: int, reason: str) -> None:
        """Leave a picture out, until its file changes; the reason names no folders."""
        with self._lock:
            self.failures[number] = reason
            self._failed_ns[number] = _changed_ns(self.paths[number])

    def update(self) -> None:
        """List the folder anew: what is new gets a number, what is no longer there is left out."""
        self._began, began = time.time(), time.perf_counter()
        try:
            listing = list_pictures(self.folder, each=self.add)
        except ConfigurationError as error:
            self.problem = str(error)
        else:
            self.problem = ""
            with self._lock:
                present = {self._numbers[path] for path in listing.paths}
                self._gone = set(range(len(self.paths))) - present
                for number in list(self.failures):  # a copy that was not finished may be now
                    if _changed_ns(self.paths[number]) != self._failed_ns[number]:
                        del self.failures[number]
            self.is_listed = True
        self._took = time.perf_counter() - began

    def wait(self) -> None:
        """Return when it is time to list the folder anew, or `stop` was called."""
        while not self._end.wait(_TICK_S) and not self._is_stale():
            pass

    def stop(self) -> None:
        """End `wait`, now and later."""
        self._end.set()

    def _is_stale(self) -> bool:
        age = time.time() - self._began
        if age < _LEAST_S:
            return False
        return age > _REST * self._took or any(map(self._has_changed, list(self._folders)))

    def _has_changed(self, folder: Path) -> bool:
        """Whether a file was added to a folder, or taken away, since the last listing began."""
        try:
            return folder.stat().st_mtime > self._began - _BLUR_S
        except OSError:
            return True

    def _depth(self, path: Path) -> int:
        return len(path.parent.relative_to(self.folder).parts)


def _changed_ns(path: Path) -> int:
    """When a file was changed, 0 where it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
