"""Scores as JSON, JSON lines, CSV, Parquet, and parts of Parquet, each written as they come."""

from __future__ import annotations

import csv
import io
import itertools
import json
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from proportrait.commandline import printable
from proportrait.disk import add_file
from proportrait.labels import KEYS
from proportrait.score.verdicts import SCHEMA, UNASKED, Score

if TYPE_CHECKING:
    import pyarrow

# Columns of CSV and Parquet, with the types of pyarrow.
COLUMNS: dict[str, str] = {
    "path": "string",
    "overall": "int16",
    **{
        f"{key}_{name}": kind
        for key in KEYS
        for name, kind in (
            ("verdict", "int8"), ("mark", "int16"), ("probability", "float64"), ("sure", "bool"),
        )
    },
    "reason": "string",
    "advice": "string",
    "faces": "int32",
    "one_person": "bool",
    "remarks": "string",
    "error": "string",
    **{f"{key}_{name}": "string" for key in KEYS for name in ("reason", "advice")},
    "judge": "string",
}  # fmt: skip
# Columns of each taste, behind the others: "taste_NAME_" and these.
_OF_A_TASTE = {"verdict": "int8", "probability": "float64", "for": "string", "against": "string"}
_FORMULA = tuple("=+-@")  # what begins a formula in a spreadsheet
_ROW_GROUP = 5_000  # pictures that are held until they are written to Parquet
_PART_S = 60.0  # seconds after which a part of Parquet is written with fewer
PARTS = "part-*.parquet"  # names of parts


def columns(tastes: Sequence[str] = ()) -> dict[str, str]:
    """`COLUMNS`, and behind them those of tastes by their names."""
    return COLUMNS | {
        _column(taste, name): kind for taste in tastes for name, kind in _OF_A_TASTE.items()
    }


def _column(taste: str, name: str) -> str:
    return f"taste_{taste}_{name}"


def cells(score: Score) -> dict[str, Any]:
    """The values of `columns`; None where there is none.

    Names are `printable`. "reason" and "advice" are those of the worst attribute, "lighting_reason"
    and such the first of each that failed, why there is no verdict, or that it is not asked for.
    """
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row["path"] = path_cell(score.path)
    if score.error is not None:
        return row | {"error": printable(score.error)}
    for key in KEYS:
        row[f"{key}_verdict"] = score.verdicts[key]
        row[f"{key}_mark"] = score.marks[key]
        row[f"{key}_probability"] = score.probabilities[key]
        row[f"{key}_sure"] = score.sure[key]
        row[f"{key}_reason"] = score.unknown.get(key)
        if key in score.unasked:
            row[f"{key}_reason"] = f"not asked: {UNASKED}"
    failures = score.failures
    for failure in failures:
        row[f"{failure.attribute}_reason"] = failure.text
        row[f"{failure.attribute}_advice"] = failure.advice or None
    first = failures[0] if failures else None
    return row | {
        "overall": score.overall,
        "reason": first and first.text,
        "advice": first and first.advice,
        "faces": score.faces,
        "one_person": score.one_person,
        "remarks": printable(score.remark) or None,
        "judge": score.judge or None,
        **{
            _column(taste.name, name): value
            for taste in score.tastes
            for name, value in (
                ("verdict", taste.verdict), ("probability", taste.probability),
                ("for", "; ".join(reason.text for reason in taste.favour) or None),
                ("against", "; ".join(reason.text for reason in taste.against) or None),
            )
        },
    }  # fmt: skip


def path_cell(path: str) -> str:
    """A path in one line; one that would be a formula to a spreadsheet has "./" before it."""
    name = printable(path)
    return f"./{name}" if name.startswith(_FORMULA) else name


def json_texts(scores: Iterable[Score]) -> Iterator[str]:
    """One list, as `json.dumps` writes it with an indent of 2."""
    begin = "[\n"
    for score in scores:
        yield begin + textwrap.indent(json.dumps(score.to_json(), indent=2), "  ")
        begin = ",\n"
    yield "[]\n" if begin == "[\n" else "\n]\n"


def jsonl_texts(scores: Iterable[Score]) -> Iterator[str]:
    """A line a picture."""
    return (f"{json.dumps(score.to_json())}\n" for score in scores)


def csv_texts(scores: Iterable[Score], tastes: Sequence[str] = ()) -> Iterator[str]:
    """The names of the columns, then a line a picture; true is 1, unknown is empty."""
    yield csv_head(tastes)
    names = columns(tastes)
    for score in scores:
        values = map(cells(score).get, names)
        yield _csv_line(int(value) if isinstance(value, bool) else value for value in values)


def csv_head(tastes: Sequence[str] = ()) -> str:
    """The line with the names of the columns."""
    return _csv_line(columns(tastes))


def _csv_line(values: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def write_parquet(scores: Iterable[Score], file: BinaryIO, tastes: Sequence[str] = ()) -> None:
    """A Parquet file, in row groups.

    Raises:
        OSError: it cannot be written.
    """
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema, rows = parquet_schema(tastes), map(cells, scores)
    with ParquetWriter(file, schema) as writer:
        while group := list(itertools.islice(rows, _ROW_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema))


def parquet_schema(tastes: Sequence[str] = ()) -> pyarrow.Schema:
    """The columns of a Parquet file, and the version of their meaning."""
    import pyarrow

    types = [(name, pyarrow.type_for_alias(kind)) for name, kind in columns(tastes).items()]
    return pyarrow.schema(types, {"proportrait.score.schema": str(SCHEMA)})


def write_parts(scores: Iterable[Score], folder: Path, tastes: Sequence[str] = ()) -> None:
    """Parquet files in a folder, each of which appears whole; at the end, or an early one, too.

    A part is written after so many pictures or seconds, so that a killed run loses few; none ever
    takes the place of another.

    Raises:
        OSError: it cannot be written.
    """
    numbers = itertools.count(len(list(folder.glob(PARTS))))

    def save(group: list[Score]) -> None:
        text = io.BytesIO()
        write_parquet(group, text, tastes)
        while not add_file(
            folder / f"part-{next(numbers):06d}.parquet",
            lambda path: path.write_bytes(text.getvalue()),
        ):
            pass  # another run has that number

    group: list[Score] = []
    began = 0.0
    try:
        for score in scores:
            began = began if group else time.monotonic()
            group.append(score)
            if len(group) == _ROW_GROUP or time.monotonic() - began > _PART_S:
                full, group = group, []
                save(full)
    finally:  # also of a run that is interrupted
        if group:
            save(group)
