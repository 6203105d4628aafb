"""One data set from several: shards, or runs that were made apart.

Nothing is held in memory but one line of a ledger: what is known of all sources lies in a temporary
SQLite file. The folders that are put together are only read; their pictures are linked where the
disk can do that, so that a set takes its room once.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from proportrait.disk import disk_errors, flush, sync
from proportrait.errors import ConfigurationError, StoreBusyError, StoreError
from proportrait.store import RecordStore, steps
from proportrait.store.ledger import JOBS, Entry, Ledger
from proportrait.store.records import Record, json_name, source_stem, unique_stems

_DONE, _FAILED, _GONE = range(3)  # what is preferred; gone: done, but its files are not there
_TABLES = """
    CREATE TABLE source (id TEXT, folder INT, line INT, state INT, stem TEXT, files TEXT,
                         PRIMARY KEY (id, folder)) WITHOUT ROWID;
    CREATE TABLE stem (name TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID;
    CREATE TABLE payment (line TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_WINNERS = """
    CREATE TABLE winner AS SELECT id, folder, line, state FROM (
        SELECT *, row_number() OVER (PARTITION BY id ORDER BY state, folder) AS place FROM source)
    WHERE place = 1;
    CREATE UNIQUE INDEX winner_id ON winner (id);
"""
_TWICE = """
    SELECT id, group_concat(folder) FROM (SELECT id, folder FROM source WHERE state = ?
                                          ORDER BY id, folder)
    GROUP BY id HAVING count(*) > 1 ORDER BY id
"""


@dataclass
class Merge:
    """What became of the sources of several folders.

    Attributes:
        sources: portraits that are done, of all folders together.
        pictures: of them.
        duplicates: sources that were done alike in several folders; they are taken once.
        conflicts: sources that were done in several folders, and not alike: that of the folder
            named first is taken.
        others: sources that failed, or whose files are gone, in every folder that names them.
        new_names: sources whose files got another name, as another source has theirs.
        linked: whether every picture is linked, not copied.
    """

    sources: int = 0
    pictures: int = 0
    duplicates: int = 0
    others: int = 0
    new_names: int = 0
    linked: bool = True
    conflicts: tuple[str, ...] = ()


def merge(
    folders: Sequence[Path],
    output: Path,
    *,
    copy: bool = False,
    progress: Callable[[], object] = lambda: None,
) -> Merge:
    """Make one data set of several, in one step: after a crash there is no `output`.

    Shards of one run give the pictures and records of the whole run, byte for byte. In the ledger
    of the union each source has its last line, and every payment counts once. Repairs that were
    made before can be undone in the folder where they were made.

    Args:
        folders: data sets; the order decides conflicts, and who keeps a name.
        output: a new folder, or an empty one.
        copy: copy every picture, where links would do.
        progress: called for every source that is done.

    Raises:
        ConfigurationError: a folder is no data set, or is named twice; `output` is not empty.
        StoreError: a folder is not readable, or was left in the middle of a write.
        StoreBusyError: another merge writes to `output`.
    """
    _check(folders, output)
    output = Path(os.path.abspath(output))  # noqa: PTH100 - links of the user's stay
    with disk_errors(output), _new_folder(output) as part:
        database = sqlite3.connect(part / "sources.sqlite")
        with contextlib.closing(database):
            database.executescript(f"PRAGMA journal_mode = OFF; {_TABLES}")
            union = _Union(folders, part, database, copy, progress)
            union.survey()
            union.write()
        (part / "sources.sqlite").unlink()
    return union.result


def _check(folders: Sequence[Path], output: Path) -> None:
    places: dict[str, Path] = {}
    for folder in folders:
        if not (folder / "metadata").is_dir():
            raise ConfigurationError(
                f"{folder} is no data set: name folders that `proportrait generate` wrote"
            )
        first = places.setdefault(os.path.realpath(folder), folder)
        if first is not folder:
            raise ConfigurationError(f"{folder} is {first}: name each folder once")
        staging = folder / ".staging"
        if staging.is_dir():
            raise StoreBusyError(
                f"a run is writing to {folder}, or was ended in the middle of a write: wait, or "
                f"run its command again, which finishes it"
            )
        if (folder / JOBS).is_dir():
            raise StoreBusyError(
                f"batch jobs of {folder} are under way: run its command again, which fetches them"
            )
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise ConfigurationError(
            f"{output} is there already: name a new folder with -o; to add to it, name it as one "
            f"of the folders that are put together"
        )


@contextlib.contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """A folder that gets the name `output` when the block ends without an error.

    What a killed run left is cleared by the next one.
    """
    part = output.with_name(f".{output.name}.merge")
    part.mkdir(parents=True, exist_ok=True)
    lock = FileLock(part / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise StoreBusyError(f"another merge is writing to {output}: wait until it ends") from None
    try:
        for left in part.iterdir():
            if left.name != ".lock":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield part
        lock.release()
        (part / ".lock").unlink(missing_ok=True)
        sync(part)
        part.replace(output)
        sync(output.parent)
    except BaseException:
        lock.release()
        shutil.rmtree(part, ignore_errors=True)
        raise


class _Union:
    """A union on its way: first all ledgers are read, then what wins is written."""

    def __init__(
        self,
        folders: Sequence[Path],
        part: Path,
        database: sqlite3.Connection,
        copy: bool,
        progress: Callable[[], object],
    ) -> None:
        self.folders, self.part, self.database, self.copy = folders, part, database, copy
        self.progress = progress
        self.result = Merge()

    def survey(self) -> None:
        """Note the last line about each source of each folder, and which folder's counts."""
        for number, folder in enumerate(self.folders):
            for line, entry in _lines(folder):
                if not entry.is_money:
                    self.database.execute(
                        "REPLACE INTO source VALUES (?, ?, ?, ?, ?, ?)",
                        (entry.source_id, number, line, int(entry.status != "done"), entry.stem,
                         json.dumps(entry.files)),
                    )  # fmt: skip
            gone = [
                (source_id, number)
                for source_id, files in self.database.execute(
                    "SELECT id, files FROM source WHERE folder = ? AND state = ?", (number, _DONE)
                )
                if not all(_is_there(folder, name) for name, _ in json.loads(files))
            ]
            self.database.executemany(
                f"UPDATE source SET state = {_GONE} WHERE id = ? AND folder = ?", gone
            )
        self.database.executescript(_WINNERS)
        conflicts = []
        for source_id, group in self.database.execute(_TWICE, (_DONE,)):
            first, *others = map(int, group.split(","))
            if all(self._alike(source_id, first, other) for other in others):
                self.result.duplicates += 1
            else:
                conflicts.append(source_id)
        self.result.conflicts = tuple(conflicts)

    def write(self) -> None:
        """Write files and ledger of the union, and wait until they are on the disk."""
        for name in ("images", "metadata"):
            (self.part / name).mkdir()
        with (self.part / "ledger.jsonl").open("wb") as ledger:
            for number, folder in enumerate(self.folders):
                pending: dict[str, Entry] = {}
                for line, entry in _lines(folder):
                    if entry.status == "pending":
                        pending[entry.source_id] = entry
                        continue
                    pending.pop(entry.source_id, None)
                    state = None if entry.is_money else self._state(entry, number, line)
                    if state is None:
                        self._pay(ledger, entry)
                    else:
                        ledger.write(self._taken(folder, entry, state).to_line())
                for entry in pending.values():
                    self._pay(ledger, entry)
            ledger.flush()
            flush(ledger.fileno())
        if hasattr(os, "sync"):  # copies and new records: one wait for all of them
            os.sync()
        for name in ("images", "metadata", "."):
            sync(self.part / name)

    def _alike(self, source_id: str, one: int, other: int) -> bool:
        """Whether two folders have the same pictures and records of a source."""
        texts = [
            files
            for number in (one, other)
            for (files,) in self.database.execute(
                "SELECT files FROM source WHERE id = ? AND folder = ?", (source_id, number)
            )
        ]
        jsons = [json_name(name) for name, _ in json.loads(texts[0])]
        return texts[0] == texts[1] and all(
            (self.folders[one] / "metadata" / name).read_bytes()
            == (self.folders[other] / "metadata" / name).read_bytes()
            for name in jsons
        )

    def _state(self, entry: Entry, folder: int, line: int) -> int | None:
        """How the source is in the union if this is the line that counts, else None."""
        *winner, state = self.database.execute(
            "SELECT folder, line, state FROM winner WHERE id = ?", (entry.source_id,)
        ).fetchone()
        return state if winner == [folder, line] else None

    def _pay(self, ledger: BinaryIO, entry: Entry) -> None:
        """What a line that does not count any more cost, unless a copy of it was counted."""
        if entry.cost_usd and self._is_new_payment(entry):
            ledger.write(replace(entry, status="lost", job="", files=(), moves=()).to_line())

    def _is_new_payment(self, entry: Entry) -> bool:
        line = entry.to_line().decode()
        fresh = self.database.execute("INSERT OR IGNORE INTO payment VALUES (?)", (line,))
        return fresh.rowcount > 0

    def _taken(self, folder: Path, entry: Entry, state: int) -> Entry:
        """Put the files of a source into the union; returns its line there."""
        cost = entry.cost_usd if not entry.cost_usd or self._is_new_payment(entry) else 0.0
        stems = {
            stem: self._free_stem(entry.source_id, stem)
            for stem in (entry.stem, *(source_stem(name) for name, _ in entry.files))
        }
        entry = replace(entry, cost_usd=cost, stem=stems[entry.stem], moves=(), commit="")
        if state != _DONE:
            self.result.others += 1
            return entry
        names = {name: _renamed(name, stems) for name, _ in entry.files}
        for old, new in names.items():
            self._put(f"{folder}/images/{old}", f"{self.part}/images/{new}")
            old_json, new_json = f"metadata/{json_name(old)}", f"metadata/{json_name(new)}"
            if old == new:
                self._put(f"{folder}/{old_json}", f"{self.part}/{new_json}")
            else:
                record = _with_names(Record.read(folder / old_json), names)
                (self.part / new_json).write_bytes(record.to_bytes())
        self.result.sources += 1
        self.result.pictures += len(names)
        self.result.new_names += any(old != new for old, new in names.items())
        self.progress()
        return replace(entry, files=tuple((names[name], sha256) for name, sha256 in entry.files))

    def _put(self, source: str, place: str) -> None:  # a Path each would take half the time
        if not self.copy:
            try:
                os.link(source, place)
                return
            except FileExistsError:
                raise
            except OSError:  # another disk, or one without links
                self.copy = True
        self.result.linked = False
        shutil.copyfile(source, place)

    def _free_stem(self, source_id: str, stem: str) -> str:
        """The stem, or one with a part of the sha256 of its source behind it: as in one run."""
        for unique in unique_stems(source_id, stem):
            name = unique.casefold()
            self.database.execute("INSERT OR IGNORE INTO stem VALUES (?, ?)", (name, source_id))
            owner = self.database.execute("SELECT id FROM stem WHERE name = ?", (name,)).fetchone()
            if owner == (source_id,):
                return unique
        raise StoreError(f"no free name for {stem}")


def _lines(folder: Path) -> Iterator[tuple[int, Entry]]:
    """The lines of a folder's ledger, or what its records tell where it has none."""
    path = folder / "ledger.jsonl"
    with disk_errors(folder):
        if path.exists() and path.stat().st_size:
            yield from enumerate(Ledger(path).each())
        else:
            yield from enumerate(steps.rebuilt(RecordStore(folder).records()))


def _is_there(folder: Path, name: str) -> bool:
    paths = f"{folder}/images/{name}", f"{folder}/metadata/{json_name(name)}"
    return all(map(os.path.exists, paths))


def _renamed(name: str, stems: Mapping[str, str]) -> str:
    stem = source_stem(name)
    return stems[stem] + name.removeprefix(stem)


def _with_names(record: Record, names: Mapping[str, str]) -> Record:
    parent = record.parent
    return replace(
        record,
        output_filename=names[record.output_filename],
        parent=names.get(parent, parent) if parent else parent,
    )
