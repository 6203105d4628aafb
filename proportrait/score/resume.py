"""What the file of an earlier run, which may have been killed, already holds."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

from proportrait.commandline import printable
from proportrait.disk import flush
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.score.formats import PARTS, columns, csv_head, parquet_schema, path_cell
from proportrait.score.summary import Outcome
from proportrait.score.verdicts import SCHEMA

RESUMABLE = ("jsonl", "csv", "parts")  # a line a picture, or a file of some


def name_in(kind: str | None, path: str) -> str:
    """A picture's path as a file of that format has it."""
    return path if kind == "jsonl" else path_cell(path)


def earlier(
    path: Path, kind: str | None, judge: str, tastes: Sequence[str] = ()
) -> Iterator[Outcome]:
    """The pictures of the whole lines; then half a line at the end is cut off.

    Nothing is cut off a file that is not wholly ours. Paths are as `name_in` writes them.

    Args:
        kind: jsonl or csv.
        judge: `Scorer.judge` of who goes on.
        tastes: names of those that it asks.

    Raises:
        ConfigurationError: a line is none of ours, or by another judge.
        OSError: the file cannot be read or written.
    """
    with path.open("rb+") as file:
        end = 0
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                if number == 1 and not _may_begin(line, kind, tastes):
                    _refuse(path, number)
                return _cut(file, end)
            end += len(line)
            try:
                text = line.decode()
                if kind == "csv" and number == 1:
                    if text.rstrip() != csv_head(tastes).rstrip():
                        _refuse(path, number)
                    continue
                outcome = _of_json(text) if kind == "jsonl" else _of_cells(text, tastes)
            except (ValueError, LookupError, TypeError, csv.Error):
                _refuse(path, number)
            _check_judge(outcome, judge, f"line {number} of {printable(path)}")
            yield outcome


def earlier_parts(folder: Path, judge: str, tastes: Sequence[str] = ()) -> Iterator[Outcome]:
    """The pictures of the parts in a folder; see `earlier`.

    Raises:
        ConfigurationError: a part is none of ours, or by another judge.
        OSError: one cannot be read.
    """
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    needed = ["path", "error", "overall", "one_person", "judge",
              *(f"{key}_verdict" for key in KEYS)]  # fmt: skip
    for part in sorted(folder.glob(PARTS)):
        try:
            table = ParquetFile(part)
        except ArrowException:
            table = None
        if table is None or not table.schema_arrow.equals(parquet_schema(tastes), True):
            raise ConfigurationError(
                f"{printable(part)} holds no scores that this version wrote, or of other tastes: "
                f"name another folder"
            )
        for batch in table.iter_batches(columns=needed):
            for row in batch.to_pylist():
                sure = None not in (row[f"{key}_verdict"] for key in KEYS)
                certain = row["one_person"] is True and sure
                judged_by = row["judge"] or ""
                outcome = Outcome(row["path"], row["error"], row["overall"], certain, judged_by)
                _check_judge(outcome, judge, f"a row of {printable(part)}")
                yield outcome


def _check_judge(outcome: Outcome, judge: str, place: str) -> None:
    if outcome.error is None and outcome.judge != judge:
        raise ConfigurationError(
            f"{place} was judged by another model, other limits or tastes, or another version: "
            f"take the options of that run, or another file"
        )


def _refuse(path: Path, number: int) -> NoReturn:
    raise ConfigurationError(
        f"line {number} of {printable(path)} is no score that this version wrote: name another file"
    )


def _may_begin(half: bytes, kind: str | None, tastes: Sequence[str]) -> bool:
    """Whether a half line may be the beginning of a first line of ours."""
    begin = (csv_head(tastes) if kind == "csv" else f'{{"schema": {SCHEMA}, "path": "').encode()
    return begin.startswith(half) or (kind == "jsonl" and half.startswith(begin))


def _cut(file: BinaryIO, end: int) -> None:
    file.truncate(end)
    file.flush()
    flush(file.fileno())


def _of_json(line: str) -> Outcome:
    data = json.loads(line)
    if data["schema"] != SCHEMA:
        raise ValueError("another version")
    if "error" in data:
        return Outcome(data["path"], data["error"], None, False)
    verdicts = [data["verdicts"][key] for key in KEYS]
    certain = data["one_person"] is True and None not in verdicts
    return Outcome(data["path"], None, data["overall"], certain, data["judge"])


def _of_cells(line: str, tastes: Sequence[str]) -> Outcome:
    (values,) = csv.reader([line])
    row = dict(zip(columns(tastes), values, strict=True))
    certain = row["one_person"] == "1" and all(row[f"{key}_verdict"] for key in KEYS)
    overall = int(row["overall"]) if row["overall"] else None
    return Outcome(row["path"], row["error"] or None, overall, certain, row["judge"])
