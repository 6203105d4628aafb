"""The output folder of stage one: what was made of every source, and what was not, and why.

    images/       one JPEG a picture
    metadata/     one JSON of the same stem (see `records`)
    ledger.jsonl  one line a source and try (see `ledger`)
    .staging/     files on their way (see `journal`)
    .lock         held while a run writes

A user's own files and older data sets can stand beside ours: they are never changed or deleted.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from types import TracebackType
from typing import Literal

from filelock import FileLock, Timeout

from proportrait.disk import disk_errors
from proportrait.errors import StoreBusyError, StoreError
from proportrait.store.journal import Journal
from proportrait.store.ledger import Entry, Ledger, Status
from proportrait.store.records import Change, Record, SetAside, parse_file_stem

MESSAGE_LIMIT = 2000  # characters of an error's message; a server's reply can be megabytes

_log = logging.getLogger(__name__)


class RecordStore:
    """Pictures, records, and ledger of one output folder.

    Reading works at any time. Writing needs a `with` block, which holds the folder's lock and
    first finishes or undoes what a crash left. All methods are thread-safe.

    Attributes:
        path: the output folder; `images` and `metadata` are folders in it.
        problems: what the last `records()` could not read, one error a file.
        spent_usd: the cost of every line of the ledger, of failures too, over all runs.
    """

    def __init__(self, path: str | Path) -> None:
        """Read the ledger of `path`, if there is one.

        Raises:
            StoreError: the ledger is damaged or cannot be read.
        """
        self.path = Path(path)
        self.images = self.path / "images"
        self.metadata = self.path / "metadata"
        self.problems: list[StoreError] = []
        self._journal = Journal(self.path)
        self._lock = FileLock(self.path / ".lock", timeout=0, thread_local=False)
        self._guard = threading.Lock()
        with disk_errors(self.path):
            self._load(self._journal.ledger.read())

    def __enter__(self) -> RecordStore:
        """Lock the folder, repair what a crash left, and open it for writing.

        Raises:
            StoreBusyError: another run holds the lock.
            StoreError: the folder cannot be written, or the ledger is damaged.
        """
        with disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise StoreBusyError(
                    f"another run is writing to {self.path}: "
                    f"wait until it ends, or name another output folder"
                ) from None
            try:
                self._load(self._journal.open(self._entries_of_records))
            except BaseException:
                self._journal.close()
                self._lock.release()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the write under way, then give the lock back."""
        self._journal.close()
        self._lock.release()

    def commit(
        self,
        source_id: str,
        stem: str,
        pictures: Sequence[tuple[Record, bytes]],
        *,
        tries: int = 1,
        seconds: float = 0.0,
        cost_usd: float | None = None,
    ) -> list[Record]:
        """Save all pictures of one source as one atomic thing, and wait until they are on the disk.

        Args:
            source_id: the source, equal to that of every record.
            stem: start of the file names, from `unique_stem`.
            pictures: (record, bytes of the image file); `sha256` is filled in here.
            tries: requests made, failed ones included.
            seconds: time taken.
            cost_usd: what the requests cost in all; None takes the sum over the records that are
                no twins.

        Returns:
            The records as they were saved.

        Raises:
            StoreError: the disk is full or cannot be written, or a file of one of these names
                belongs to someone else; nothing half-written is left.
            ValueError: the pictures do not belong together, or the store is not open.
        """
        records = [replace(r, sha256=hashlib.sha256(data).hexdigest()) for r, data in pictures]
        self._check_names(source_id, [r.output_filename for r in records])
        if any(r.source_id != source_id for r in records):
            raise ValueError(f"not every picture is one of {source_id!r}")
        if cost_usd is None:
            cost_usd = _cost(records)
        files = {_json_name(r.output_filename): r.to_bytes() for r in records}
        files |= {r.output_filename: data for r, data in pictures}
        entry = Entry(
            source_id,
            stem,
            "done",
            _now(),
            cost_usd=cost_usd,
            tries=tries,
            seconds=round(seconds, 3),
            files=tuple((r.output_filename, r.sha256) for r in records),
        )
        self._journal.write(entry, files)
        with self._guard:
            self._remember(entry)
        return records

    def amend(self, source_id: str, changes: Mapping[str, Change], aside: str) -> None:
        """Change what is said of pictures of one source, or take some away, as one atomic thing.

        `revert` undoes it.

        Args:
            source_id: the source.
            changes: by the picture's present name its new record, whose `output_filename` may be
                another, or `SetAside` where the picture is taken away.
            aside: folder inside the output folder that replaced JSONs and such pictures move to.

        Raises:
            StoreError: a new name is taken, or the disk is full; nothing has changed.
            ValueError: a picture is not one of this source, or the store is not open.
        """
        entry = self._entries[source_id]
        files, moves, jsons = dict(entry.files), [], {}
        for name, record in changes.items():
            if name not in files:
                raise ValueError(f"{name!r} is no picture of {source_id!r}")
            sha256 = files.pop(name)
            json = f"metadata/{_json_name(name)}"
            moves.append((json, f"{aside}/{json}"))
            if isinstance(record, SetAside):
                moves.append((f"images/{name}", f"{aside}/images/{name}"))
                continue
            fresh = record.output_filename
            if fresh != name:
                self._check_free(fresh)
                moves.append((f"images/{name}", f"images/{fresh}"))
            files[fresh] = sha256
            jsons[_json_name(fresh)] = record.to_bytes()
        self._write_amended(entry, files, moves, jsons)

    def add(self, source_id: str, pictures: Sequence[tuple[Record, bytes]]) -> list[Record]:
        """Save more pictures of a source that is done, as one atomic thing.

        Returns:
            The records as they were saved, with `sha256` filled in.

        Raises:
            StoreError: a name is taken, or the disk is full; nothing has changed.
        """
        entry = self._entries[source_id]
        records = [replace(r, sha256=hashlib.sha256(data).hexdigest()) for r, data in pictures]
        files, staged = dict(entry.files), {}
        for record, (_, data) in zip(records, pictures, strict=True):
            name = record.output_filename
            self._check_free(name)
            files[name] = record.sha256
            staged[name], staged[_json_name(name)] = data, record.to_bytes()
        self._write_amended(entry, files, [], staged)
        return records

    def revert(self, entry: Entry, before: Entry, aside: str) -> None:
        """Undo an entry of `amend`: every file has its former bytes at its former place.

        Args:
            entry: what made the source as it is now, with moves.
            before: the one before it.
            aside: folder that the JSONs move to which it had made.

        Raises:
            StoreError: a former name is taken.
        """
        gone = {name for name, _ in entry.files} - {name for name, _ in before.files}
        jsons = {f"metadata/{_json_name(name)}" for name in gone}
        jsons |= {old for old, _ in entry.moves if old.startswith("metadata/")}
        moves = [(json, f"{aside}/{json}") for json in sorted(jsons) if (self.path / json).exists()]
        moves += [(new, old) for old, new in reversed(entry.moves)]
        freed = {old for old, _ in moves}
        for _, place in moves:
            if place not in freed and (self.path / place).exists():
                raise StoreError(f"{self.path / place} is there again: move it away")
        self._write_amended(entry, dict(before.files), moves, {})

    def owner(self, name: str) -> str | None:
        """The source that a picture in images/ is of, or None if the ledger does not say."""
        return self._owner.get(name)

    def files_of(self, source_id: str) -> list[str]:
        """Names of the pictures of a source."""
        return [name for name, _ in self._entries[source_id].files]

    def read(self, name: str) -> Record:
        """The record of a picture.

        Raises:
            StoreError: it cannot be read.
        """
        return Record.read(self.metadata / _json_name(name))

    def history(self) -> list[Entry]:
        """Every line of the ledger, oldest first."""
        with disk_errors(self.path):
            return Ledger(self.path / "ledger.jsonl").read()

    def _write_amended(
        self,
        entry: Entry,
        files: Mapping[str, str],
        moves: Sequence[tuple[str, str]],
        staged: Mapping[str, bytes],
    ) -> None:
        fresh = replace(
            entry,
            time=_now(),
            cost_usd=0.0,
            tries=0,
            seconds=0.0,
            files=tuple(files.items()),
            moves=tuple(moves),
        )
        self._journal.write(fresh, staged)
        with self._guard:
            for name, _ in entry.files:
                self._owner.pop(name, None)
            self._remember(fresh)

    def _check_free(self, name: str) -> None:
        for path in (self.images / name, self.metadata / _json_name(name)):
            if path.exists():
                raise StoreError(f"{path} is there already: the label cannot get this name")

    def fail(
        self,
        source_id: str,
        stem: str,
        filename: str,
        error: BaseException,
        *,
        status: Literal["failed", "rejected"] = "failed",
        tries: int = 1,
        cost_usd: float = 0.0,
    ) -> None:
        """Record that no pictures were made of a source, and why.

        Args:
            source_id: the source.
            stem: start of the file names it would have had.
            filename: the source's own name in its data set.
            error: what went wrong; its class and message are kept.
            status: "rejected" where the source is of no use, "failed" otherwise.
            tries: requests made.
            cost_usd: what they cost.

        Raises:
            StoreError: the ledger cannot be written.
        """
        entry = Entry(
            source_id,
            stem,
            status,
            _now(),
            cost_usd=cost_usd,
            tries=tries,
            filename=filename,
            error=type(error).__name__,
            message=str(error)[:MESSAGE_LIMIT],
        )
        self._journal.write(entry, {})
        with self._guard:
            self._remember(entry)

    def status(self, source_id: str) -> Status | None:
        """How the last try of a source ended; None if it is new or its files are gone."""
        entry = self._entries.get(source_id)
        return None if entry is None or source_id in self._missing else entry.status

    def is_finished(self, source_id: str, retry_failed: bool = False) -> bool:
        """Whether a run can pass over a source.

        With `retry_failed` only sources that are done are passed over: a rejected one is looked at
        again too, since its file may have been replaced.
        """
        status = self.status(source_id)
        return status == "done" or (status is not None and not retry_failed)

    def unique_stem(self, source_id: str, stem: str) -> str:
        """Reserve the start of a source's file names: `stem`, unless it is someone else's.

        Then a part of the sha256 of the source_id follows it. Case does not tell stems apart, as
        on many disks. Call it in the order of the source, so that names do not depend on
        concurrency.
        """
        digest = hashlib.sha256(source_id.encode()).hexdigest()
        with self._guard:
            for unique in (stem, *(f"{stem}-{digest[:length]}" for length in (6, 16, 64))):
                if self._stems.setdefault(unique.casefold(), source_id) == source_id:
                    return unique
        raise StoreError(f"no free name for {stem} in {self.path}")

    def failures(self) -> list[Entry]:
        """The last entry of every source whose last try failed or was rejected."""
        with self._guard:
            return [entry for entry in self._entries.values() if entry.status != "done"]

    def missing(self) -> dict[str, list[Path]]:
        """Files of finished sources that were not there at the opening, by source_id."""
        with self._guard:
            return dict(self._missing)

    def counts(self) -> dict[str, int]:
        """Numbers of sources done, failed, rejected, and missing, and of pictures in place."""
        counts = dict.fromkeys(("done", "failed", "rejected", "missing", "pictures"), 0)
        with self._guard:
            for source_id, entry in self._entries.items():
                if source_id in self._missing:
                    counts["missing"] += 1
                else:
                    counts[entry.status] += 1
                    counts["pictures"] += len(entry.files)
        return counts

    def records(self) -> Iterator[Record]:
        """Every record with its picture in place, by name; the rest is put into `problems`."""
        self.problems = []
        with disk_errors(self.path):
            images, jsons = _names(self.images), _names(self.metadata)
        for name in sorted(name for name in jsons if name.endswith(".json")):
            path = self.metadata / name
            try:
                record = Record.read(path)
                if _json_name(record.output_filename) != name:
                    raise StoreError(f"{path}: output_filename names {record.output_filename}")
                if record.output_filename not in images:
                    raise StoreError(f"{path}: there is no images/{record.output_filename}")
            except StoreError as error:
                _log.warning("passed over: %s", error)
                self.problems.append(error)
            else:
                yield record

    def _check_names(self, source_id: str, names: Sequence[str]) -> None:
        if not names or len({_json_name(name) for name in names}) < len(names):
            raise ValueError(f"the pictures of a source need one name each, not {names}")
        for name in names:
            if PurePath(name).name != name or name.endswith(".json"):
                raise ValueError(f"{name!r} is no name of a picture in images/")
            if self._owner.get(name) == source_id:
                continue
            for path in (self.images / name, self.metadata / _json_name(name)):
                if path.exists():
                    raise StoreError(
                        f"{path} is there already and belongs to another source: "
                        f"move it away, or name another output folder"
                    )

    def _entries_of_records(self) -> list[Entry]:
        """Ledger lines for a folder that has records but no ledger."""
        sources: dict[str, list[Record]] = {}
        for record in self.records():
            sources.setdefault(record.source_id, []).append(record)
        return [
            Entry(
                source_id,
                _stem_of(records[0].output_filename),
                "done",
                records[0].timestamp,
                cost_usd=_cost(records),
                files=tuple((r.output_filename, r.sha256) for r in records),
            )
            for source_id, records in sources.items()
        ]

    def _load(self, entries: Iterable[Entry]) -> None:
        """Take over the state that the ledger and two listings tell."""
        self._entries: dict[str, Entry] = {}
        self._owner: dict[str, str] = {}  # name in images/ -> source_id
        self._stems: dict[str, str] = {}  # casefolded -> source_id, "" for files we did not make
        self._missing: dict[str, list[Path]] = {}
        self.spent_usd = 0.0
        for entry in entries:
            self._remember(entry)
        images, jsons = _names(self.images), _names(self.metadata)
        ours = self._owner.keys() | {_json_name(name) for name in self._owner}
        for name in (images | jsons) - ours:
            self._stems.setdefault(_stem_of(name).casefold(), "")
        for source_id, entry in self._entries.items():
            names = [name for name, _ in entry.files]
            gone = [self.images / name for name in names if name not in images]
            gone += [self.metadata / n for n in map(_json_name, names) if n not in jsons]
            if gone:
                self._missing[source_id] = gone

    def _remember(self, entry: Entry) -> None:
        self._entries[entry.source_id] = entry
        self._missing.pop(entry.source_id, None)
        self._stems.setdefault(entry.stem.casefold(), entry.source_id)
        self._owner.update((name, entry.source_id) for name, _ in entry.files)
        self.spent_usd += entry.cost_usd


def _cost(records: Iterable[Record]) -> float:
    return sum(record.cost_usd for record in records if record.parent is None)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def _json_name(name: str) -> str:
    return f"{name.rpartition('.')[0] or name}.json"


def _stem_of(name: str) -> str:
    try:
        return parse_file_stem(name)[0]
    except ValueError:
        return PurePath(name).stem


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
