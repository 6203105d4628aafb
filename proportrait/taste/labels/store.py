"""Labels of a taste in one SQLite file: every answer is a row, and none is ever changed.

An undo is a row too. Pictures are known by the SHA-256 of their files; they are never touched.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from proportrait.commandline import printable
from proportrait.disk import disk_errors
from proportrait.errors import ConfigurationError, StoreError
from proportrait.taste.labels.answers import Kind, Place, Undone, Value
from proportrait.taste.labels.file import default_path, open_file

LONGEST_NAME = 80  # characters of the name of a task or a rater

_VALID = """
FROM answers WHERE task = :task AND rater = :rater AND undoes IS NULL AND step NOT IN
(SELECT undoes FROM answers WHERE task = :task AND rater = :rater AND undoes IS NOT NULL)
"""


class Labels:
    """The labels of all tasks and raters; use it in a `with` block. Threads may share it.

    Args:
        path: the SQLite file; it is made where there is none.

    Raises:
        StoreError: the file cannot be opened, or is none of these.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = default_path() if path is None else Path(path)
        self._lock = threading.Lock()
        with disk_errors(self.path), self._errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_file(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; all answers are in it already."""
        with self._lock:
            self._file.close()

    def tasks(self) -> list[str]:
        """Names of the tasks, by name."""
        return [str(name) for (name,) in self._rows("SELECT name FROM tasks ORDER BY name")]

    def raters(self, task: str) -> list[str]:
        """Names of those who have answered something of a task, by name."""
        rows = self._rows(
            "SELECT DISTINCT raters.name FROM answers JOIN raters ON raters.number = rater "
            "JOIN tasks ON tasks.number = task WHERE tasks.name = ? ORDER BY raters.name", (task,),
        )  # fmt: skip
        return [str(name) for (name,) in rows]

    def add_task(self, name: str) -> None:
        """Make a task, which has no labels yet; one that there is stays as it is.

        Raises:
            ConfigurationError: the name is empty, too long, or no plain text.
        """
        with self._write() as file:
            _number(file, "tasks", name)

    def put_folder(self, task: str, folder: Path) -> None:
        """Remember of which folder a task is, which is made where it is new; the last one holds.

        Raises:
            ConfigurationError: as of `add_task`.
        """
        with self._write() as file:
            row = (_number(file, "tasks", task), os.fsencode(folder))
            file.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", row)

    def folders(self) -> dict[str, Path]:
        """The folder of each task of which one is known."""
        rows = self._rows("SELECT name, place FROM folders JOIN tasks ON number = task")
        return {str(name): Path(os.fsdecode(place)) for name, place in rows}

    def answer(
        self,
        task: str,
        rater: str,
        answers: Sequence[tuple[str, Value]],
        kind: Kind = Kind.LABEL,
        places: Mapping[str, Place] | None = None,
    ) -> int:
        """Write what one key press answers, to the disk; returns the number of the step.

        Args:
            task, rater: names, which are made where they are new.
            answers: SHA-256 of pictures, and their values.
            kind: why they were asked.
            places: where pictures are, by digest.

        Raises:
            StoreError: it cannot be written: nothing is.
        """
        with self._write() as file:
            row = (_number(file, "tasks", task), _number(file, "raters", rater))
            (step,) = file.execute("SELECT COALESCE(MAX(step), 0) + 1 FROM answers").fetchone()
            file.executemany(
                "INSERT INTO answers (step, task, rater, digest, value, kind, time) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(step, *row, digest, value, kind, time.time()) for digest, value in answers],
            )
            file.executemany(
                "INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?)",
                [
                    (digest, os.fsencode(place.path), place.size, place.changed_ns)
                    for digest, place in (places or {}).items()
                ],
            )
        return int(step)

    def undo(self, task: str, rater: str) -> list[Undone]:
        """Take back the rater's last step that stands, a key press or an import; [] without one."""
        with self._write() as file:
            names = self._names(file, task, rater)
            (step,) = file.execute(f"SELECT MAX(step) {_VALID}", names).fetchone()
            if step is None:
                return []
            undone = file.execute(
                "SELECT digest, value, kind FROM answers WHERE step = ?", (step,)
            ).fetchall()
            file.execute(
                "INSERT INTO answers (step, task, rater, kind, undoes, time) "
                "SELECT MAX(step) + 1, :task, :rater, 'undo', :undoes, :time FROM answers",
                names | {"undoes": step, "time": time.time()},
            )
            now = self._current(file, names)
        return [
            Undone(digest, _value(value), now.get(digest), Kind(kind))
            for digest, value, kind in undone
        ]

    def current(self, task: str, rater: str) -> dict[str, Value]:
        """The answer that holds for each picture, by digest, the earliest answered first."""
        with self._lock, self._errors():
            return self._current(self._file, self._names(self._file, task, rater))

    def repeats(self, task: str, rater: str) -> list[tuple[str, bool, bool]]:
        """Digest, earlier and later answer of each picture that was asked a second time."""
        with self._lock, self._errors():
            rows = self._file.execute(
                f"SELECT digest, value, kind {_VALID} AND value IS NOT NULL ORDER BY number",
                self._names(self._file, task, rater),
            ).fetchall()
        last: dict[str, bool] = {}
        pairs = []
        for digest, value, kind in rows:
            if kind == Kind.REPEAT and digest in last:
                pairs.append((str(digest), last[digest], bool(value)))
            last[digest] = bool(value)
        return pairs

    def history(self, task: str) -> list[dict[str, Any]]:
        """Every row of a task as it was written, JSON-ready."""
        cursor = self._rows(
            "SELECT answers.number, step, raters.name, digest, value, kind, undoes, time "
            "FROM answers JOIN raters ON raters.number = rater "
            "JOIN tasks ON tasks.number = task WHERE tasks.name = ? ORDER BY answers.number",
            (task,),
        )
        keys = ("number", "step", "rater", "digest", "value", "kind", "undoes", "time")
        return [dict(zip(keys, row, strict=True)) for row in cursor]

    def places(self) -> dict[str, Place]:
        """Where each picture was last, by digest."""
        rows = self._rows("SELECT digest, place, size, changed_ns FROM images")
        return {
            str(digest): Place(Path(os.fsdecode(place)), size, changed)
            for digest, place, size, changed in rows
        }

    def put_training(self, task: str, rater: str, labels: int, accuracy: float) -> None:
        """Remember how well a model did that was trained on so many labels."""
        with self._write() as file:
            row = (_number(file, "tasks", task), _number(file, "raters", rater))
            file.execute(
                "INSERT INTO trainings VALUES (?, ?, ?, ?, ?)",
                (*row, labels, accuracy, time.time()),
            )

    def trainings(self, task: str, rater: str) -> list[tuple[int, float]]:
        """Labels and cross-validated accuracy of each training, the last one of each number."""
        with self._lock, self._errors():
            rows = self._file.execute(
                "SELECT labels, accuracy, MAX(rowid) FROM trainings "
                "WHERE task = :task AND rater = :rater GROUP BY labels ORDER BY labels",
                self._names(self._file, task, rater),
            ).fetchall()
        return [(int(labels), float(accuracy)) for labels, accuracy, _ in rows]

    @staticmethod
    def _current(file: sqlite3.Connection, names: dict[str, int]) -> dict[str, Value]:
        # Beside MAX, SQLite gives the other columns of the row that has it.
        rows = file.execute(
            f"SELECT digest, value, MAX(number) {_VALID} GROUP BY digest ORDER BY MAX(number)",
            names,
        )
        return {str(digest): _value(value) for digest, value, _ in rows}

    @staticmethod
    def _names(file: sqlite3.Connection, task: str, rater: str) -> dict[str, int]:
        numbers = {}
        for key, table, name in (("task", "tasks", task), ("rater", "raters", rater)):
            row = file.execute(f"SELECT number FROM {table} WHERE name = ?", (name,)).fetchone()
            numbers[key] = row[0] if row else -1
        return numbers

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._errors():
            return self._file.execute(statement, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block has ended."""
        with self._lock, self._errors(), self._file as file:
            file.execute("BEGIN IMMEDIATE")
            yield file

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(
                f"the labels in {printable(self.path)} cannot be read or written: {error}: free "
                f"the disk, end what else writes there, or name another file with --labels"
            ) from error


def _number(file: sqlite3.Connection, table: str, name: str) -> int:
    if not name.strip(" .") or len(name) > LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(
            f"the name of a task or a rater is one line of 1 to {LONGEST_NAME} characters, with "
            f"others than dots, not "
            f"{printable(name[:LONGEST_NAME])!r}"
        )
    file.execute(f"INSERT OR IGNORE INTO {table} (name) VALUES (?)", (name,))
    (number,) = file.execute(f"SELECT number FROM {table} WHERE name = ?", (name,)).fetchone()
    return int(number)


def _value(value: int | None) -> Value:
    return None if value is None else bool(value)
