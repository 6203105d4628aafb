"""Groups of files that appear together or not at all, whatever moment a run is killed at.

A group is written to `.staging/<id>/`, then one line to the ledger, then its files are moved into
place, the JSONs last. The line on the disk is the commit: a crash before it leaves a staging folder
that no line names, which the next opening deletes; a crash after it leaves one that a line names,
which the next opening moves into place. A line may also name files that move elsewhere: that
happens first, and again after a crash, where a move that was made already is passed over. Nothing
outside `.staging` is ever deleted.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from proportrait.disk import disk_errors, sync, write_file
from proportrait.errors import StoreError
from proportrait.store.ledger import Entry, Ledger

_FOLDER = re.compile(r"[0-9a-f]{32}")


@dataclass(eq=False)
class _Ticket:
    """A ledger line that waits to be written, and its staged files."""

    line: bytes
    folder: Path | None = None
    moves: tuple[tuple[str, str], ...] = ()
    durable: bool = False
    finished: bool = False
    error: StoreError | None = None


class Journal:
    """Commits groups of files into `images/` and `metadata/` of an output folder.

    `write` may be called from many threads: groups that arrive while one is being written share
    the next one's waits for the disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger(path / "ledger.jsonl")
        self._staging = path / ".staging"
        self._images = path / "images"
        self._metadata = path / "metadata"
        self._queue: list[_Ticket] = []
        self._queue_guard = threading.Lock()
        self._writing = threading.Lock()
        self._is_open = False

    def open(self, rebuild: Callable[[], list[Entry]]) -> list[Entry]:
        """Finish or undo what a crash left, and open for writing.

        Args:
            rebuild: gives the entries where the ledger is missing or empty.

        Returns:
            Every entry, oldest first.

        Raises:
            StoreError: the ledger is damaged, or the folders stand on two disks.
            OSError: a folder cannot be written.
        """
        places = (self._staging, self._images, self._metadata)
        for folder in places:
            folder.mkdir(exist_ok=True)
        if len({folder.stat().st_dev for folder in places}) > 1:
            raise StoreError(
                f"images/ and metadata/ of {self.path} must be on one disk with it: "
                f"link the whole output folder instead"
            )
        entries = self.ledger.read()
        if not entries and (entries := rebuild()):
            self.ledger.rewrite(entries)
        self.ledger.open()
        committed = {entry.commit: entry.moves for entry in entries}
        folders = [f for f in self._staging.iterdir() if _FOLDER.fullmatch(f.name)]
        # The unfinished ones go first: on a full disk that makes room for the others.
        for folder in folders:
            if folder.name not in committed:
                shutil.rmtree(folder)
        self._publish([(f, committed[f.name]) for f in folders if f.name in committed])
        self._is_open = True
        return entries

    def close(self) -> None:
        """Wait for the write under way, then stop; later writes are refused."""
        with self._writing:
            self._is_open = False
            self.ledger.close()
            with contextlib.suppress(OSError):  # it is missing, or holds what an error left
                self._staging.rmdir()

    def write(self, entry: Entry, files: Mapping[str, bytes]) -> None:
        """Commit an entry and its files, and wait until they are on the disk.

        Args:
            entry: the ledger line; its `commit` is filled in here.
            files: bytes by name; *.json go to `metadata/`, the others to `images/`.

        Raises:
            StoreError: the disk is full or fails. Nothing was saved, unless it failed after the
                ledger line was written: then the next opening finishes the commit.
            ValueError: the journal is not open, or the entry holds a number that JSON cannot say.
        """
        if not self._is_open:
            raise ValueError("the store is not open: use it in a `with` block")
        folder = self._staging / uuid.uuid4().hex if files or entry.moves else None
        if folder is not None:
            entry = replace(entry, commit=folder.name)
        ticket = _Ticket(entry.to_line(), folder, entry.moves)
        try:
            if folder is not None:
                with disk_errors(self.path):
                    folder.mkdir()
                    for name, data in files.items():
                        write_file(folder / name, data)
                    sync(folder)
            self._submit(ticket)
        except Exception:
            # Not on Ctrl-C: another thread may just be writing this ticket.
            if folder is not None and not ticket.durable:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def _submit(self, ticket: _Ticket) -> None:
        with self._queue_guard:
            self._queue.append(ticket)
        with self._writing:
            if not ticket.finished:
                with self._queue_guard:
                    group, self._queue = self._queue, []
                self._write_group(group)
        if ticket.error is not None:
            raise StoreError(str(ticket.error)) from ticket.error

    def _write_group(self, group: Sequence[_Ticket]) -> None:
        failure: StoreError | None = StoreError("the write was interrupted")
        try:
            with disk_errors(self.path):
                folders = [(t.folder, t.moves) for t in group if t.folder is not None]
                if folders:
                    sync(self._staging)
                self.ledger.append(b"".join(t.line for t in group))
                for ticket in group:
                    ticket.durable = True
                self._publish(folders)
            failure = None
        except StoreError as error:
            failure = error
        finally:
            for ticket in group:
                ticket.error, ticket.finished = failure, True

    def _publish(self, commits: Sequence[tuple[Path, tuple[tuple[str, str], ...]]]) -> None:
        """Move what the commits name, then put their files in place: all pictures, then JSONs."""
        if not commits:
            return
        self._move([move for _, moves in commits for move in moves])
        staged = sorted(itertools.chain.from_iterable(f.iterdir() for f, _ in commits))
        for is_json, place in ((False, self._images), (True, self._metadata)):
            for file in staged:
                if (file.suffix == ".json") is is_json:
                    file.replace(place / file.name)
            sync(place)
        for folder, _ in commits:
            folder.rmdir()

    def _move(self, moves: Sequence[tuple[str, str]]) -> None:
        """Move files within the output folder; what is at its new place already stays there."""
        touched = set()
        for old, new in ((self.path / a, self.path / b) for a, b in moves):
            if not new.exists() and old.exists():
                new.parent.mkdir(parents=True, exist_ok=True)
                old.replace(new)
                touched |= {old.parent, new.parent}
        for place in sorted(touched):
            sync(place)
