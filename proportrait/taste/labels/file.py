"""The SQLite file of labels: where it is, and its tables."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from platformdirs import user_data_path

from proportrait.commandline import printable
from proportrait.errors import StoreError

FILE_NAME = "labels.sqlite"
FOLDER_VARIABLE = "PROPORTRAIT_LABELS"  # of the environment: overrides the user's data directory
LAYOUT = 1
_BUSY_S = 10.0  # longest wait for another process that writes

# A step is what one key press answers, a picture or a page of them, or an import. An undo names
# a step.
_TABLES = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS tasks (number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS raters (number INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS images (
    digest TEXT PRIMARY KEY, place BLOB, size INTEGER, changed_ns INTEGER);
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, step INTEGER, task INTEGER NOT NULL,
    rater INTEGER NOT NULL, digest TEXT, value INTEGER, kind TEXT NOT NULL, undoes INTEGER,
    time REAL NOT NULL);
CREATE INDEX IF NOT EXISTS of_whom ON answers (task, rater);
CREATE TABLE IF NOT EXISTS trainings (
    task INTEGER NOT NULL, rater INTEGER NOT NULL, labels INTEGER, accuracy REAL, time REAL);
CREATE TABLE IF NOT EXISTS folders (task INTEGER PRIMARY KEY, place BLOB NOT NULL);
PRAGMA user_version = {LAYOUT};
COMMIT;
"""


def default_path() -> Path:
    """The file in the user's data directory."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return (Path(folder) if folder else user_data_path("proportrait", appauthor=False)) / FILE_NAME


def open_file(path: Path) -> sqlite3.Connection:
    """The file with its tables, which are made where there are none.

    Raises:
        sqlite3.Error: it cannot be opened.
        StoreError: it is of a later version, or holds something else.
    """
    file = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False, isolation_level=None)
    try:
        (layout,) = file.execute("PRAGMA user_version").fetchone()
        tables = file.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        if layout > LAYOUT or (layout == 0 and tables):
            raise StoreError(
                f"{printable(path)} holds no labels of this version: name another file"
            )
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = FULL")  # an answer is on the disk when it is written
        file.executescript(_TABLES)
    except (sqlite3.Error, StoreError):
        file.close()
        raise
    return file
