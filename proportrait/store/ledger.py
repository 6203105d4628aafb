"""The ledger of an output folder: one line a source and try, and one before a paid request."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from proportrait.disk import BINARY, flush, replace_file, sync, write_all
from proportrait.errors import StoreError

Status = Literal["done", "failed", "rejected"]
# Lines about money alone: a source that has no others is new.
Money = Literal["pending", "lost"]
JOBS = "batches"  # folder of the batch jobs that pending lines name


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: how one try to make the pictures of one source ended.

    Attributes:
        source_id: the source; the last line about it that is not about money alone counts.
        stem: start of the names of its files.
        status: "done", "failed" (something went wrong) or "rejected" (the source is of no use);
            "pending" where a paid request is under way, until the next line of the source, and
            "lost" where its run ended before that.
        time: when the line was written, ISO 8601 in UTC.
        cost_usd: what this line's requests cost; the most that they can cost if their end is
            unknown.
        tries: requests made.
        seconds: time taken.
        files: (name in images/, sha256 of the picture) of each picture.
        commit: name of the staging folder that the files came from, "" where there was none.
        job: name of the batch job that the request of a "pending" line lies in: the line then stays
            pending after its run, until the results are there; "" where there is none.
        moves: (from, to) of files of this source that changed their place with it; paths relative
            to the output folder, the order is that of the moves.
        filename: the source's own name in its data set.
        error: class of the error that ended it, "" for "done".
        message: what the error said.
    """

    source_id: str
    stem: str
    status: Status | Money
    time: str
    cost_usd: float = 0.0
    tries: int = 1
    seconds: float = 0.0
    files: tuple[tuple[str, str], ...] = ()
    commit: str = ""
    job: str = ""
    moves: tuple[tuple[str, str], ...] = ()
    filename: str = ""
    error: str = ""
    message: str = ""

    @property
    def is_money(self) -> bool:
        """Whether the line says what requests may have cost, and nothing about the source."""
        return self.status in get_args(Money)

    def to_line(self) -> bytes:
        """The entry as one line of JSON."""
        data: dict[str, Any] = {key: getattr(self, key) for key in self.__slots__}
        data["files"] = [{"name": name, "sha256": sha256} for name, sha256 in self.files]
        for key in ("job", "moves"):
            if not data[key]:
                del data[key]
        if self.status == "done" or self.is_money:
            del data["filename"], data["error"], data["message"]
        if self.status != "done":
            del data["files"], data["commit"]
        return json.dumps(data, ensure_ascii=False, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Entry:
        """Read a line of `to_line`.

        Raises:
            ValueError: the line is damaged.
        """
        try:
            data = json.loads(line)
            known = {key: data[key] for key in cls.__slots__ if key in data}
            known["files"] = tuple((f["name"], f["sha256"]) for f in data.get("files", ()))
            known["moves"] = tuple((old, new) for old, new in data.get("moves", ()))
            entry = cls(**known)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no ledger entry: {error}") from error
        if entry.status not in (*get_args(Status), *get_args(Money)):
            raise ValueError(f"unknown status {entry.status!r}")
        return entry


class Ledger:
    """An append-only file of entries. A line counts once it is on the disk.

    The lines of one `append` reach the disk together. Not thread-safe: its owner holds a lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._length = 0  # bytes up to the end of the last good line
        self._last = b"\n"  # the last of these bytes
        self._file: int | None = None

    def read(self) -> list[Entry]:
        """Every entry, oldest first: see `each`."""
        return list(self.each())

    def each(self) -> Iterator[Entry]:
        """Every entry, oldest first, one in memory; a tail that a crash left torn is passed over.

        Raises:
            StoreError: a line before the last good one is damaged.
        """
        damaged = end = self._length = 0
        self._last = b"\n"
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                end += len(line)
                try:
                    entry = Entry.from_line(line)
                except ValueError:
                    damaged = damaged or number
                    continue
                if damaged:
                    raise StoreError(
                        f"line {damaged} of {self.path} is damaged: move the file away and run "
                        f"again; the ledger is then rebuilt from the records in metadata/"
                    )
                self._length, self._last = end, line[-1:]
                yield entry

    def open(self) -> None:
        """Open for appending after a `read`; cuts off the torn tail that it found."""
        self._file = os.open(self.path, os.O_CREAT | os.O_RDWR | BINARY, 0o666)
        os.ftruncate(self._file, self._length)
        flush(self._file)
        sync(self.path.parent)

    def append(self, lines: bytes) -> None:
        """Write lines of `Entry.to_line`, and wait until they are on the disk: now they count.

        Raises:
            OSError: nothing was added: what was written of them has been cut off again.
            ValueError: the ledger is not open.
        """
        if self._file is None:
            raise ValueError("the store is not open: use it in a `with` block")
        if self._last != b"\n":  # a crash took only the end of that line
            lines = b"\n" + lines
        try:
            os.lseek(self._file, self._length, os.SEEK_SET)
            write_all(self._file, lines)
            flush(self._file)
        except BaseException:
            os.ftruncate(self._file, self._length)
            raise
        self._length, self._last = self._length + len(lines), b"\n"

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Replace the whole ledger at once; it must not be open."""
        lines = b"".join(entry.to_line() for entry in entries)
        replace_file(self.path, lines)
        self._length, self._last = len(lines), b"\n"

    def close(self) -> None:
        """Stop appending."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
