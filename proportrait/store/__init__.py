"""The output folder of stage one: what was made of every source, and what was not, and why.

    images/       one JPEG a picture
    metadata/     one JSON of the same stem (see `records`)
    ledger.jsonl  one line a source and try (see `ledger`)
    .staging/     files on their way (see `journal`), while a run writes
    .lock         held while a run writes

A user's own files and older data sets can stand beside ours: they are never changed or deleted.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast

from filelock import FileLock, Timeout

from proportrait.disk import disk_errors
from proportrait.errors import StoreBusyError, StoreError
from proportrait.store import steps
from proportrait.store.index import Index, names
from proportrait.store.journal import Journal
from proportrait.store.ledger import Entry, Ledger, Status
from proportrait.store.records import Change, Record, json_name

_LOCK = ".lock"
_log = logging.getLogger(__name__)


class RecordStore:
    """Pictures, records, and ledger of one output folder.

    Reading works at any time. Writing needs a `with` block, which holds the folder's lock and
    first finishes or undoes what a crash left. All methods are thread-safe.

    >>> from proportrait import LabelVector, RecordStore
    >>> from proportrait.store.records import Record
    >>> from tempfile import TemporaryDirectory
    >>> good = LabelVector.ones()
    >>> record = Record("me_111111.jpg", "me.jpg", "photo:me", good, good, good)
    >>> with TemporaryDirectory() as folder:
    ...     with RecordStore(folder) as store:
    ...         _ = store.commit("photo:me", "me", [(record, b"the bytes of a JPEG")])
    ...     [record.labels.code for record in RecordStore(folder).records()]
    ['111111']

    Attributes:
        path: the output folder; `images` and `metadata` are folders in it.
        problems: what the last `records()` could not read, one error a file.
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
        self._lock = FileLock(self.path / _LOCK, timeout=0, thread_local=False)
        with disk_errors(self.path):
            entries = self._journal.ledger.read() or steps.rebuilt(self._records())
            self._index = Index(self.path, entries)

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
                entries = self._journal.open(lambda: steps.rebuilt(self.records()))
                self._index = Index(self.path, entries)
                for entry in self._index.pending():  # of a run that ended before it knew the end
                    self._write(steps.lost(entry))
            except BaseException:
                self._journal.close()
                self._lock.release()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the write under way, then give the lock back."""
        self._journal.close()
        if os.name != "nt":  # there the lock removes its file itself
            # While it is held: who waits for it sees that its file is gone, and makes a new one.
            with contextlib.suppress(OSError):
                (self.path / _LOCK).unlink()
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
            tries, seconds: requests made, failed ones included, and the time taken.
            cost_usd: of all requests; None takes the sum over the records that are no twins.

        Returns:
            The records as they were saved.

        Raises:
            StoreError: the disk is full or cannot be written, or a file of one of these names
                belongs to someone else; nothing half-written is left.
            ValueError: the pictures do not belong together, or the store is not open.
        """
        records = steps.hashed(pictures)
        self._index.check_names(source_id, [r.output_filename for r in records])
        if any(r.source_id != source_id for r in records):
            raise ValueError(f"not every picture is one of {source_id!r}")
        entry = steps.made(source_id, stem, records, tries, seconds, cost_usd)
        self._journal.write(entry, steps.staged(records, pictures))
        self._index.add(entry)
        return records

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
            source_id, stem: the source, and the start of the file names it would have had.
            filename: the source's own name in its data set.
            error: what went wrong; its class and message are kept.
            status: "rejected" where the source is of no use, "failed" otherwise.
            tries, cost_usd: requests made, and what they cost.

        Raises:
            StoreError: the ledger cannot be written.
        """
        self._write(steps.failed(source_id, stem, filename, error, status, tries, cost_usd))

    def reserve(
        self, source_id: str, stem: str, tries: int, cost_usd: float, job: str = ""
    ) -> None:
        """Write down what a source's requests can have cost, before the next one is sent.

        The money counts as spent from here on, until `commit` or `fail` says what it was in the
        end; where the run is killed before that, it stays spent.

        Args:
            source_id, stem: the source, as new as it was, and the start of its file names.
            tries: requests, the next one included.
            cost_usd: the most that all of them can have cost; it replaces what was reserved before.
            job: name of the batch job of the request, which goes on when the run has ended.

        Raises:
            StoreError: the ledger cannot be written: do not send the request.
        """
        self._write(steps.pending(source_id, stem, tries, cost_usd, job))

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
        self._amend(steps.amended(self.path, self._index[source_id], changes, aside))

    def add(self, source_id: str, pictures: Sequence[tuple[Record, bytes]]) -> list[Record]:
        """Save more pictures of a source that is done, as one atomic thing.

        Returns:
            The records as they were saved, with `sha256` filled in.

        Raises:
            StoreError: a name is taken, or the disk is full; nothing has changed.
        """
        records = steps.hashed(pictures)
        self._amend(steps.extended(self.path, self._index[source_id], records, pictures))
        return records

    def revert(self, entry: Entry, before: Entry, aside: str) -> None:
        """Undo an entry of `amend`: every file has its former bytes at its former place.

        Args:
            entry, before: what made the source as it is now, with moves, and the one before it.
            aside: folder that the JSONs move to which it had made.

        Raises:
            StoreError: a former name is taken.
        """
        self._amend(steps.reverted(self.path, entry, before, aside))

    def _write(self, entry: Entry) -> None:
        self._journal.write(entry, {})
        self._index.add(entry)

    def _amend(self, step: steps.Step) -> None:
        self._journal.write(step.entry, step.files)
        self._index.replace(step.entry)

    def jobs(self) -> dict[str, Entry]:
        """source_id -> the entry that names the batch job of its request."""
        return self._index.jobs()

    @property
    def spent_usd(self) -> float:
        """Dollars over all runs: failures, and requests that may have been paid, count too."""
        return self._index.spent_usd

    def owner(self, name: str) -> str | None:
        """The source whose last line in the ledger names a picture in images/, or None."""
        source_id = self._index.owner(name)
        known = source_id is not None and name in self.files_of(source_id)
        return source_id if known else None

    def files_of(self, source_id: str) -> list[str]:
        """Names of the pictures of a source."""
        return [name for name, _ in self._index[source_id].files]

    def read(self, name: str) -> Record:
        """The record of a picture.

        Raises:
            StoreError: it cannot be read.
        """
        return Record.read(self.metadata / json_name(name))

    def history(self) -> list[Entry]:
        """Every line of the ledger that is not about money alone, oldest first.

        Raises:
            StoreError: the folder does not exist.
        """
        self._check_folder()
        with disk_errors(self.path):
            entries = Ledger(self.path / "ledger.jsonl").read()
        return [entry for entry in entries if not entry.is_money]

    def status(self, source_id: str) -> Status | None:
        """How the last try of a source ended; None if it is new or its files are gone."""
        entry = self._index.get(source_id)
        return None if entry is None else cast(Status, entry.status)

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
        return self._index.unique_stem(source_id, stem)

    def failures(self) -> list[Entry]:
        """The last entry of every source whose last try failed or was rejected."""
        return self._index.failures()

    def missing(self) -> dict[str, list[Path]]:
        """Files of finished sources that were not there at the opening, by source_id."""
        return self._index.missing()

    def counts(self) -> dict[str, int]:
        """Numbers of sources done, failed, rejected, and missing, and of pictures in place.

        Raises:
            StoreError: the folder does not exist.
        """
        self._check_folder()
        return self._index.counts()

    def records(self) -> Iterator[Record]:
        """Every record with its picture in place, by name; the rest is put into `problems`.

        Raises:
            StoreError: the folder does not exist, or cannot be listed.
        """
        self._check_folder()
        return self._records()

    def _check_folder(self) -> None:
        if not os.path.isdir(self.path):  # noqa: PTH112 - never raises
            raise StoreError(
                f"there is no folder {self.path}: name one that `proportrait generate` wrote"
            )

    def _records(self) -> Iterator[Record]:
        self.problems = []
        with disk_errors(self.path):
            images, jsons = names(self.images), names(self.metadata)
        for name in sorted(jsons):
            if not name.endswith(".json") or name.startswith("."):  # "._a.json" of macOS
                continue
            path = self.metadata / name
            try:
                record = Record.read(path)
                if json_name(record.output_filename) != name:
                    raise StoreError(f"{path}: output_filename names {record.output_filename}")
                if record.output_filename not in images:
                    raise StoreError(f"{path}: there is no images/{record.output_filename}")
            except StoreError as error:
                _log.warning("passed over: %s", error)
                self.problems.append(error)
            else:
                yield record
