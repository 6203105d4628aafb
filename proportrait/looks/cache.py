"""Looks that were taken already, kept beside the pictures: a run that is killed goes on there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import TracebackType

import numpy as np

from proportrait.errors import StoreError
from proportrait.looks.look import VERSION, Look

_TABLE = """CREATE TABLE IF NOT EXISTS looks (
    name TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, version INTEGER,
    said TEXT, features BLOB)"""
_SAID = tuple(field.name for field in fields(Look) if field.name != "features")
_EVERY = 64  # looks between two writes to the disk


class LookCache:
    """Looks by the name of the picture, in one SQLite file; a picture that changed has none.

    Use it in a `with` block; memory does not grow with the number of looks.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises:
            StoreError: it cannot be opened.
        """
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path)
            self._file.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be opened: {error}") from error
        self._waiting = 0

    def __enter__(self) -> LookCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.commit()
        self._file.close()

    def has(self, picture: Path, features: bool) -> bool:
        """Whether there is a look at a picture as it is now, with features if they are asked."""
        try:
            stat = picture.stat()
        except OSError:
            return False
        row = self._file.execute(
            "SELECT features IS NOT NULL, said FROM looks "
            "WHERE name = ? AND size = ? AND changed_ns = ? AND version = ?",
            (picture.name, stat.st_size, stat.st_mtime_ns, VERSION),
        ).fetchone()
        return row is not None and (
            bool(row[0]) or not features or bool(json.loads(row[1])["error"])
        )

    def put(self, picture: Path, look: Look) -> None:
        """Keep a look; a picture that is gone has none.

        Raises:
            StoreError: the disk is full or fails.
        """
        try:
            stat = picture.stat()
        except OSError:
            return
        said = json.dumps({name: getattr(look, name) for name in _SAID})
        blob = None if look.features is None else look.features.tobytes()
        row = (picture.name, stat.st_size, stat.st_mtime_ns, VERSION, said, blob)
        try:
            self._file.execute("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?, ?)", row)
            self._waiting += 1
            if self._waiting >= _EVERY:
                self._file.commit()
                self._waiting = 0
        except sqlite3.Error as error:
            raise StoreError(f"{self._path} cannot be written: {error}") from error

    def get(self, name: str) -> Look | None:
        """The look at a picture, or None."""
        row = self._file.execute(
            "SELECT said, features FROM looks WHERE name = ? AND version = ?", (name, VERSION)
        ).fetchone()
        if row is None:
            return None
        said = json.loads(row[0])
        for name in ("box", "size"):
            said[name] = said[name] and tuple(said[name])
        features = None if row[1] is None else np.frombuffer(row[1], np.float16)
        return Look(**said, features=features)

    def renamed(self, old: str, new: str) -> None:
        """A picture got another name."""
        self._file.execute("UPDATE OR REPLACE looks SET name = ? WHERE name = ?", (new, old))

    def names(self) -> Iterator[str]:
        """Of all pictures that were looked at."""
        for (name,) in self._file.execute("SELECT name FROM looks ORDER BY name"):
            yield name
