"""The index: what photos show of faces, in one SQLite file, by the content of the photos.

It holds identity data. It lies in the user's cache directory, never among the photos unless it is
named there, and `Index.forget` takes a folder out of it for good.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from proportrait.arrays import Double, Float
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError, StoreError
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.embedding import DEFAULT
from proportrait.rank.schema import FORGOTTEN, LAYOUT, MARK, TABLES

NAME = "faces.sqlite"
_SEPARATOR = os.sep.encode()
_MAPPED = 1 << 34  # bytes; SQLite has a limit of its own, too
_ROWS = 512  # of the faces that are read at a time
_BUSY_S = 30.0  # longest wait for another process that writes


def index_path() -> Path:
    """The index in the user's cache directory."""
    override = os.environ.get(FOLDER_VARIABLE)
    return (Path(override) if override else user_cache_path("proportrait", appauthor=False)) / NAME


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of some photos.

    Attributes:
        embeddings: (F, D + 1) float32; see `proportrait.rank.embedding`.
        ids: (F,) int64, of the faces in the index.
        photos: (F,) int64, of their photos in the index.
        heights: (F,) float64, px from forehead to chin.
    """

    embeddings: Float
    ids: np.ndarray[tuple[int], np.dtype[np.int64]]
    photos: np.ndarray[tuple[int], np.dtype[np.int64]]
    heights: Double


class Index:
    """An index in a file; use it in a `with` block.

    Args:
        path: of the file; made where it is not there, and made again where it is damaged.
        version: of the entries: those of another version do not count.
        note: is told that a damaged index was made again.
        kind: of the embeddings of its faces.

    Raises:
        ConfigurationError: the file is no index.
        StoreError: it cannot be read or written.
    """

    def __init__(
        self, path: Path, version: str, note: Callable[[str], None], kind: str = DEFAULT
    ) -> None:
        self.path, self.kind, self._version = path, kind, version
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open(note)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"the index {printable(path)} cannot be read or written ({error}): name another "
                f"file with --index, or another folder with {FOLDER_VARIABLE}"
            ) from error

    def files(self, folder: Path) -> dict[bytes, tuple[int, int, str]]:
        """Size, time in ns, and digest of the files that the folder had, by `key`."""
        statement = "SELECT path, size, changed_ns, digest FROM files WHERE path >= ? AND path < ?"
        rows = self._connection.execute(statement, _below(folder))
        return {path: (size, changed, digest) for path, size, changed, digest in rows}

    def photos(self, smallest: float) -> dict[str, int]:
        """The id of every photo by its digest whose faces of so many px are known."""
        statement = "SELECT digest, id FROM photos WHERE version = ? AND smallest <= ?"
        return dict(self._connection.execute(statement, (self._version, smallest)))

    def put_file(self, path: Path, stat: os.stat_result, digest: str) -> None:
        """Note that a file has that content."""
        with self.writing() as write:
            write.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)",
                (key(path), stat.st_size, stat.st_mtime_ns, digest),
            )

    def put(self, entry: PhotoEntry, smallest: float) -> int:
        """Write what a photo shows, as one transaction: a killed run leaves whole entries.

        Args:
            entry: with a digest.
            smallest: height in px from which on its faces are in it.

        Returns:
            The id of the photo.
        """
        body = {
            "marks": entry.marks, "phash": f"{entry.phash:016x}", "time": entry.time,
            "turns": entry.turns,
        }  # fmt: skip
        with self.writing() as write:
            self._delete(write, "digest = ?", (entry.digest,))
            photo = write.execute(
                "INSERT INTO photos VALUES (NULL, ?, ?, ?, ?, ?)",
                (entry.digest, self._version, smallest, entry.error, json.dumps(body)),
            ).lastrowid
            write.executemany(
                "INSERT INTO faces VALUES (NULL, ?, ?, ?, ?)",
                (
                    (photo, face.height, json.dumps(face.to_json()), _to_bytes(face.embedding))
                    for face in entry.faces
                ),
            )
        assert photo is not None
        return photo

    def errors(self) -> dict[int, str]:
        """Why photos cannot be read, by their id."""
        return dict(self._connection.execute("SELECT id, error FROM photos WHERE error != ''"))

    def faces(self, photos: Iterable[int] | None = None) -> Faces:
        """The faces of photos by their ids, or all, as one matrix."""
        wanted = set(self.photos(np.inf).values() if photos is None else photos)
        statement = "SELECT id, photo, height, embedding FROM faces"
        cursor = self._connection.execute(statement)
        parts = []
        while rows := cursor.fetchmany(_ROWS):  # all at once take a quarter longer
            if rows := [row for row in rows if row[1] in wanted]:
                parts.append(_columns(rows))
        columns = zip(*parts, strict=True) if parts else [[column] for column in _columns([])]
        return Faces(*map(np.concatenate, columns))

    def photo_of(self, face: int) -> tuple[PhotoEntry, FaceEntry]:
        """The entry of a photo, and of its face with this id; KeyError where there is none."""
        row = self._connection.execute(
            "SELECT photos.id, digest, error, photos.body FROM photos "
            "JOIN faces ON faces.photo = photos.id WHERE faces.id = ?", (face,)
        ).fetchone()  # fmt: skip
        if row is None:
            raise KeyError(face)
        number, digest, error, text = row
        statement = "SELECT id, body, embedding FROM faces WHERE photo = ? ORDER BY id"
        faces = {
            row: FaceEntry.from_json(json.loads(body), np.frombuffer(blob, "<f4"))
            for row, body, blob in self._connection.execute(statement, (number,))
        }
        body = json.loads(text)
        photo = PhotoEntry(
            digest, tuple(faces.values()), body["marks"], int(body["phash"], 16), body["time"],
            error, body["turns"],
        )  # fmt: skip
        return photo, faces[face]

    def tastes(self, taste: str) -> dict[int, float]:
        """Probability of positive by photo, of a taste with this digest."""
        statement = "SELECT photo, probability FROM tastes WHERE taste = ?"
        return dict(self._connection.execute(statement, (taste,)))

    def put_tastes(self, taste: str, probabilities: Mapping[int, float]) -> None:
        """Write what a taste says of photos, by their ids."""
        with self.writing() as write:
            write.executemany(
                "INSERT OR REPLACE INTO tastes VALUES (?, ?, ?)",
                [(taste, photo, likely) for photo, likely in probabilities.items()],
            )

    def bodies(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The id of every face, and what `FaceEntry.to_json` made of it."""
        for number, body in self._connection.execute("SELECT id, body FROM faces"):
            yield number, json.loads(body)

    def forget(self, folder: Path) -> int:
        """Delete all that is known of the photos of a folder, also of those that it had once.

        With them go the decisions about their faces, and the names of people who have no others.
        What lies in other folders too stays. The bytes are overwritten.

        Returns:
            How many files were forgotten.
        """
        with self.writing() as write:
            count = write.execute(
                "DELETE FROM files WHERE path >= ? AND path < ?", _below(folder)
            ).rowcount
            self._delete(write, "digest NOT IN (SELECT digest FROM files)", ())
            for statement in FORGOTTEN:
                write.execute(statement)
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(count)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            raise StoreError(
                f"the index {printable(self.path)} cannot be read ({error}): run the same command "
                f"again; if that does not help, delete the file"
            ) from error

    @staticmethod
    def _delete(write: sqlite3.Connection, where: str, values: tuple[str, ...]) -> None:
        for table in ("faces", "tastes"):
            write.execute(
                f"DELETE FROM {table} WHERE photo IN (SELECT id FROM photos WHERE {where})", values
            )
        write.execute(f"DELETE FROM photos WHERE {where}", values)

    def rows(self, statement: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        return self._connection.execute(statement, tuple(values)).fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements are one transaction; StoreError if it cannot be written."""
        try:
            with self._connection as write:
                yield write
        except sqlite3.Error as error:
            raise StoreError(
                f"the index {printable(self.path)} cannot be written ({error}): free some space, "
                f"or name another file with --index, and run the same command again"
            ) from error

    def _open(self, note: Callable[[str], None]) -> sqlite3.Connection:
        try:
            return _connect(self.path)
        except sqlite3.OperationalError:
            raise  # not accessible, or busy
        except sqlite3.DatabaseError:
            if not _may_replace(self.path):
                raise ConfigurationError(
                    f"{printable(self.path)} is no index of faces: name another file with --index"
                ) from None
            decisions = list(_decisions(self.path))
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
            note(f"the index {printable(self.path)} was damaged, and is made again")
            file = _connect(self.path)
            with file:
                file.executemany(
                    "INSERT OR IGNORE INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", decisions
                )
            return file


def _to_bytes(embedding: Float) -> bytes:
    return embedding.astype("<f4").tobytes()


def _connect(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_BUSY_S)
    try:
        mark = file.execute("PRAGMA application_id").fetchone()[0]
        tables = file.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if mark != MARK and tables:
            raise sqlite3.DatabaseError("the database of another program")
        file.execute("PRAGMA journal_mode = WAL")  # an entry that a crash loses is taken again
        file.execute("PRAGMA synchronous = NORMAL")
        file.execute(f"PRAGMA mmap_size = {_MAPPED}")  # to read all of it takes half the time
        file.execute("PRAGMA secure_delete = ON")
        if mark == MARK and file.execute("PRAGMA user_version").fetchone() != (LAYOUT,):
            for table in ("photos", "faces", "files", "tastes"):
                file.execute(f"DROP TABLE IF EXISTS {table}")
        file.executescript(TABLES)
        if file.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")
    except sqlite3.Error:
        file.close()
        raise
    return file


def _decisions(path: Path) -> Iterator[tuple[Any, ...]]:
    """Yield what a damaged index still tells of decisions: unlike the rest they are no cache."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(path, timeout=_BUSY_S)) as file,
    ):
        yield from file.execute("SELECT * FROM decisions ORDER BY id")


def _columns(rows: Sequence[tuple[int, int, float, bytes]]) -> tuple[np.ndarray[Any, Any], ...]:
    """The columns of `Faces`."""
    ids, owners, heights, blobs = zip(*rows, strict=True) if rows else ((), (), (), ())
    return (
        matrix(blobs),
        np.array(ids, np.int64), np.array(owners, np.int64), np.array(heights, np.float64),
    )  # fmt: skip


def matrix(blobs: Sequence[bytes]) -> Float:
    """Embeddings (F, D + 1), each as it is in the index."""
    return np.frombuffer(b"".join(blobs), "<f4").reshape(len(blobs), -1 if blobs else 1)


def _may_replace(path: Path) -> bool:
    """Whether a file that cannot be opened is ours: by its place, or by the mark in its header."""
    if path == index_path():
        return True
    header = path.read_bytes()[:72]
    return header.startswith(b"SQLite format 3\0") and header[68:72] == MARK.to_bytes(4, "big")


def key(path: Path) -> bytes:
    """How the index names a file: its name may be any bytes, its folder is reached by one way."""
    return _real(os.fsencode(path.parent)) + _SEPARATOR + os.fsencode(path.name)


@lru_cache(maxsize=1024)
def _real(folder: bytes) -> bytes:
    return os.path.realpath(folder).rstrip(_SEPARATOR)


def _below(folder: Path) -> tuple[bytes, bytes]:
    """The first key in a folder, and the first one behind it."""
    prefix = _real(os.fsencode(folder)) + _SEPARATOR
    return prefix, prefix[:-1] + bytes([prefix[-1] + 1])
