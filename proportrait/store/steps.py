"""Lines of the ledger and what goes with them: the files that a change of a source writes.

Nothing here touches the disk but to look whether a name is taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from proportrait.errors import StoreError
from proportrait.store.ledger import Entry, Status
from proportrait.store.records import Change, Record, SetAside, json_name, source_stem

MESSAGE_LIMIT = 2000  # characters of an error's message; a server's reply can be megabytes

Pictures = Sequence[tuple[Record, bytes]]


@dataclass(frozen=True)
class Step:
    """One atomic step of a source.

    Attributes:
        entry: its line in the ledger.
        files: bytes by name, of pictures and of JSONs.
    """

    entry: Entry
    files: Mapping[str, bytes]


def hashed(pictures: Pictures) -> list[Record]:
    """The records with the `sha256` of their pictures."""
    return [replace(r, sha256=hashlib.sha256(data).hexdigest()) for r, data in pictures]


def staged(records: Sequence[Record], pictures: Pictures) -> dict[str, bytes]:
    """The files of pictures whose records are `records`, by name."""
    files = {json_name(r.output_filename): r.to_bytes() for r in records}
    return files | {r.output_filename: data for r, data in pictures}


def made(
    source_id: str,
    stem: str,
    records: Sequence[Record],
    tries: int,
    seconds: float,
    cost_usd: float | None,
) -> Entry:
    """See `RecordStore.commit`."""
    return Entry(
        source_id,
        stem,
        "done",
        _now(),
        cost_usd=_cost(records) if cost_usd is None else cost_usd,
        tries=tries,
        seconds=round(seconds, 3),
        files=_files(records),
    )


def failed(
    source_id: str,
    stem: str,
    filename: str,
    error: BaseException,
    status: Status,
    tries: int,
    cost_usd: float,
) -> Entry:
    """See `RecordStore.fail`."""
    return Entry(
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


def pending(source_id: str, stem: str, tries: int, cost_usd: float, job: str) -> Entry:
    """See `RecordStore.reserve`."""
    return Entry(source_id, stem, "pending", _now(), cost_usd=cost_usd, tries=tries, job=job)


def lost(entry: Entry) -> Entry:
    """The line after a "pending" one whose run ended: its requests count as paid for good."""
    return replace(entry, status="lost", time=_now())


def amended(path: Path, entry: Entry, changes: Mapping[str, Change], aside: str) -> Step:
    """See `RecordStore.amend`; `path` is the output folder, `entry` the last of the source."""
    files, moves, jsons = dict(entry.files), [], {}
    for name, record in changes.items():
        if name not in files:
            raise ValueError(f"{name!r} is no picture of {entry.source_id!r}")
        sha256 = files.pop(name)
        json = f"metadata/{json_name(name)}"
        moves.append((json, f"{aside}/{json}"))
        if isinstance(record, SetAside):
            moves.append((f"images/{name}", f"{aside}/images/{name}"))
            continue
        fresh = record.output_filename
        if fresh != name:
            _check_free(path, fresh)
            moves.append((f"images/{name}", f"images/{fresh}"))
        files[fresh] = sha256
        jsons[json_name(fresh)] = record.to_bytes()
    return Step(_next(entry, files, moves), jsons)


def extended(path: Path, entry: Entry, records: Sequence[Record], pictures: Pictures) -> Step:
    """See `RecordStore.add`."""
    for record in records:
        _check_free(path, record.output_filename)
    files = dict((*entry.files, *_files(records)))
    return Step(_next(entry, files), staged(records, pictures))


def reverted(path: Path, entry: Entry, before: Entry, aside: str) -> Step:
    """See `RecordStore.revert`."""
    gone = {name for name, _ in entry.files} - {name for name, _ in before.files}
    jsons = {f"metadata/{json_name(name)}" for name in gone}
    jsons |= {old for old, _ in entry.moves if old.startswith("metadata/")}
    moves = [(json, f"{aside}/{json}") for json in sorted(jsons) if (path / json).exists()]
    moves += [(new, old) for old, new in reversed(entry.moves)]
    freed = {old for old, _ in moves}
    for _, place in moves:
        if place not in freed and (path / place).exists():
            raise StoreError(f"{path / place} is there again: move it away")
    return Step(_next(entry, dict(before.files), moves), {})


def rebuilt(records: Iterable[Record]) -> list[Entry]:
    """Ledger lines for a folder that has records but no ledger."""
    sources: dict[str, list[Record]] = {}
    for record in records:
        sources.setdefault(record.source_id, []).append(record)
    return [
        Entry(
            source_id,
            source_stem(group[0].output_filename),
            "done",
            group[0].timestamp or "",
            cost_usd=_cost(group),
            files=_files(group),
        )
        for source_id, group in sources.items()
    ]


def _next(entry: Entry, files: Mapping[str, str], moves: Sequence[tuple[str, str]] = ()) -> Entry:
    return replace(
        entry,
        time=_now(),
        cost_usd=0.0,
        tries=0,
        seconds=0.0,
        files=tuple(files.items()),
        moves=tuple(moves),
    )


def _check_free(path: Path, name: str) -> None:
    for place in (path / "images" / name, path / "metadata" / json_name(name)):
        if place.exists():
            raise StoreError(f"{place} is there already: the label cannot get this name")


def _files(records: Iterable[Record]) -> tuple[tuple[str, str], ...]:
    return tuple((record.output_filename, record.sha256) for record in records)


def _cost(records: Iterable[Record]) -> float:
    return sum(record.cost_usd for record in records if record.parent is None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
