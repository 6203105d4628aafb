"""A cache of looks by the content of the picture: a later run, or a resumed one, reads them there.

The cache of a data set lies in it; that of other pictures in the user's cache directory, never in
a folder of the user's photos. Where nothing can be written, looks last as long as the process.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
from platformdirs import user_cache_path

from proportrait.imaging import is_data_set
from proportrait.looks.look import Look
from proportrait.looks.version import version
from proportrait.measures import Measure, Unassessed

NAME = "looks.sqlite"
FOLDER_VARIABLE = "PROPORTRAIT_CACHE"  # of the environment: overrides the user's cache directory
MOST = 500_000  # looks in the user's cache, about 1 KB each; the oldest go first
LAYOUT = 2  # of the tables; a file of another layout is emptied

# `files` maps a file with its size and time to its content's digest, so that it need not be read.
_TABLES = f"""
PRAGMA user_version = {LAYOUT};
CREATE TABLE IF NOT EXISTS looks (digest TEXT, version TEXT, body BLOB, PRIMARY KEY (digest));
CREATE TABLE IF NOT EXISTS features (digest TEXT, name TEXT, body BLOB, PRIMARY KEY (digest, name));
CREATE TABLE IF NOT EXISTS files (
    place TEXT PRIMARY KEY, size INTEGER, changed_ns INTEGER, digest TEXT);
"""
_BUSY_S = 30.0  # longest wait for another process that writes
_log = logging.getLogger(__name__)


def cache_path(folder: Path) -> Path:
    """The cache file for the pictures of a folder.

    Args:
        folder: with picture files: images/ of a data set of the generator, or any other.
    """
    if _is_ours(folder):
        return folder.parent / "verification" / NAME
    override = os.environ.get(FOLDER_VARIABLE)
    return (Path(override) if override else user_cache_path("proportrait", appauthor=False)) / NAME


def _is_ours(folder: Path) -> bool:
    return folder.name == "images" and is_data_set(folder.parent)


class LookCache:
    """Looks by picture, each in the file of `cache_path`; use it in a `with` block.

    Other processes can read a look as soon as it is put. A cache that cannot be read or written
    raises nothing: looks are then kept in memory until `close`.

    Args:
        read_only: write nothing, as in worker processes.
    """

    def __init__(self, read_only: bool = False) -> None:
        self.read_only = read_only
        self._files: dict[Path, _File] = {}

    def get(self, picture: Path) -> Look | None:
        """The look at a file with its present size and time, or None."""
        try:
            stat = picture.stat()
        except OSError:
            return None
        file = self._file(picture)
        digest = file.digest(_file_key(picture), stat.st_size, stat.st_mtime_ns)
        return None if digest is None else file.get(digest)

    def by_digest(self, picture: Path, digest: str) -> Look | None:
        """The look at the content of that SHA-256, from the cache file of `picture`, or None."""
        return self._file(picture).get(digest)

    def put(self, picture: Path, look: Look) -> None:
        """Store a look at a file; a look without a digest is not stored."""
        if not look.digest or self.read_only:
            return
        with contextlib.suppress(OSError):
            stat = picture.stat()
            self._file(picture).put(_file_key(picture), stat.st_size, stat.st_mtime_ns, look)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def __enter__(self) -> LookCache:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _file(self, picture: Path) -> _File:
        path = cache_path(picture.parent)
        if path not in self._files:
            most = None if _is_ours(picture.parent) else MOST
            self._files[path] = _File(path, self.read_only, most)
        return self._files[path]


class _File:
    """One SQLite file with looks; a temporary one replaces it where it cannot be used."""

    def __init__(self, path: Path, read_only: bool, most: int | None) -> None:
        self._path, self._read_only, self._most = path, read_only, most
        try:
            self._connection = _open(path, read_only)
        except (OSError, sqlite3.Error) as error:
            self._use_memory(error)

    def digest(self, place: str, size: int, changed_ns: int) -> str | None:
        """The digest of a file of this size and time, or None."""
        row = self._query(
            "SELECT digest FROM files WHERE place = ? AND size = ? AND changed_ns = ?",
            (place, size, changed_ns),
        )
        return str(row[0][0]) if row else None

    def get(self, digest: str) -> Look | None:
        """The look at the content of that digest, taken by this version, or None."""
        rows = self._query(
            "SELECT body FROM looks WHERE digest = ? AND version = ?", (digest, version())
        )
        if not rows:
            return None
        features = self._query("SELECT name, body FROM features WHERE digest = ?", (digest,))
        try:
            arrays = {str(name): np.frombuffer(body, np.float16) for name, body in features}
            return replace(_from_bytes(rows[0][0]), digest=digest, features=arrays)
        except (zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
            _log.info("a look in %s is damaged: %s", self._path, error)
            return None

    def put(self, place: str, size: int, changed_ns: int, look: Look) -> None:
        """Write a look and its file, as one transaction."""
        features = [(look.digest, name, body.tobytes()) for name, body in look.features.items()]
        try:
            with self._connection as write:
                write.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                    (place, size, changed_ns, look.digest),
                )
                # A new version of a look replaces its features too.
                write.execute("DELETE FROM features WHERE digest = ?", (look.digest,))
                write.execute(
                    "INSERT OR REPLACE INTO looks VALUES (?, ?, ?)",
                    (look.digest, version(), _to_bytes(look)),
                )
                write.executemany("INSERT INTO features VALUES (?, ?, ?)", features)
        except sqlite3.Error as error:
            self._connection.close()
            self._use_memory(error)

    def close(self) -> None:
        """Delete the oldest looks if there are too many, and close the file."""
        if not self._read_only and self._most is not None:
            with contextlib.suppress(sqlite3.Error), self._connection as write:
                oldest = "SELECT MAX(rowid) - ? FROM looks"
                if write.execute(
                    f"DELETE FROM looks WHERE rowid <= ({oldest})", (self._most,)
                ).rowcount:
                    for table in ("features", "files"):
                        write.execute(
                            f"DELETE FROM {table} WHERE digest NOT IN (SELECT digest FROM looks)"
                        )
        self._connection.close()

    def _query(self, statement: str, values: tuple[object, ...]) -> list[tuple[bytes, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            self._connection.close()
            self._use_memory(error)
            return []

    def _use_memory(self, error: Exception) -> None:
        _log.info("no cache of looks at %s: %s", self._path, error)
        self._connection = sqlite3.connect(
            "", check_same_thread=False
        )  # temporary: in memory, on the disk once it grows
        self._connection.executescript(_TABLES)


def _open(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except sqlite3.OperationalError:
        raise  # not accessible, or busy
    except sqlite3.DatabaseError:
        path.unlink()  # damaged: looks can be taken again
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    try:
        # Readers do not wait for writers; a look that a crash loses is taken again.
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        if file.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
            for table in ("looks", "features", "files"):
                file.execute(f"DROP TABLE IF EXISTS {table}")
        file.executescript(_TABLES)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _file_key(picture: Path) -> str:
    """A hash of the file's path, which may be private: SHA-256 in hex."""
    return hashlib.sha256(os.fsencode(os.path.realpath(picture))).hexdigest()


def _to_bytes(look: Look) -> bytes:
    """A look without its features and views; numbers keep every bit."""
    body = {
        "size": look.size,
        "turns": look.turns,
        "boxes": look.boxes.tolist(),
        "presence": look.presence,
        "measures": {
            key: [_row(entry) for entry in measures.values()]
            for key, measures in look.measures.items()
        },
        "scores": dict(look.scores),
        "reasons": dict(look.reasons),
        "remarks": look.remarks,
        "error": look.error,
    }
    return zlib.compress(json.dumps(body).encode(), 1)


def _from_bytes(data: bytes) -> Look:
    body = json.loads(zlib.decompress(data))
    return Look(
        size=(body["size"][0], body["size"][1]),
        turns=body["turns"],
        boxes=np.array(body["boxes"], np.float32).reshape(-1, 4),
        presence=body["presence"],
        measures={key: _entries(rows) for key, rows in body["measures"].items()},
        scores=body["scores"],
        reasons=body["reasons"],
        remarks=tuple(body["remarks"]),
        error=body["error"],
    )


def _row(entry: Measure | Unassessed) -> list[object]:
    return list(vars(entry).values())  # `astuple` copies deeply, which takes a millisecond a look


def _entries(rows: list[list[str]]) -> Mapping[str, Measure | Unassessed]:
    entries = (Unassessed(*row) if len(row) == 2 else Measure(*row) for row in rows)  # type: ignore[arg-type]
    return {entry.name: entry for entry in entries}
