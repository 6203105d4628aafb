"""What a reader of the output folder finds first: README.md and labels.csv, of all its pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from proportrait.disk import disk_errors, replace_file
from proportrait.labels import ATTRIBUTES, KEYS
from proportrait.store.licence import licence
from proportrait.store.records import Record

README, TABLE = "README.md", "labels.csv"
_COLUMNS = ("file", "labels", "source_id", "parent")
_FIRST_LINE = "<!-- Written by ProPortrait-Gen, and anew by every stage: changes are lost. -->"
_FILES = """\
| here | what |
|---|---|
| `images/` | the pictures; a name has a digit for each label, also where `labels.csv` has ? |
| `metadata/` | a JSON for each picture: how it was made, what is known, where it came from |
| `labels.csv` | all labels in one table: 1 good, 0 bad, ? unknown |
| `contact_sheet.png` | the pictures with their labels, at most 200 of them, evenly picked |
| `summary.txt`, `summary.json` | figures of the last run of the generator, and of all pictures |
| `ledger.jsonl` | what became of every source portrait; a run goes on by it: keep it |
| `verification/`, `augmentation/` | reports of the later stages, where they ran |

Pictures with the same `source_id` show one person: split by it, never by picture.
"""


def write(folder: Path, records: Sequence[Record]) -> None:
    """Write README.md and labels.csv of a data set; files of these names of the user's stay.

    Args:
        folder: the output folder.
        records: of all its pictures.

    Raises:
        StoreError: one of them cannot be written.
    """
    files = {README: readme(records), TABLE: table(records)}
    with disk_errors(folder):
        for name, text in files.items():
            path = folder / name
            first = text.partition("\n")[0].encode()
            if not path.exists() or path.read_bytes().partition(b"\n")[0] == first:
                replace_file(path, text.encode())


def table(records: Sequence[Record]) -> str:
    """The labels as CSV: name in images/, six characters 0, 1, or ?, source, parent of a twin."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for record in records:
        bits = zip(record.labels, record.known, strict=True)
        code = "".join(str(bit) if known else "?" for bit, known in bits)
        writer.writerow((record.output_filename, code, record.source_id, record.parent or ""))
    return text.getvalue()


def readme(records: Sequence[Record]) -> str:
    """What the folder holds, in Markdown."""
    twins = sum(record.parent is not None for record in records)
    sources = len({record.source_id for record in records})
    makers = sorted({f"{r.generator} ({r.model_version})" for r in records if r.generator})
    lines = [
        _FIRST_LINE,
        "# Labelled portraits",
        f"{len(records):,} pictures of {sources:,} portraits, {twins:,} of them degraded twins of "
        f"others. Made by {', '.join(makers) or 'an unknown generator'}.",
        "",
        "| attribute | good (1) | bad (0) | unknown | good means | bad means |",
        "|---|---|---|---|---|---|",
    ]
    for attribute, key in zip(ATTRIBUTES, KEYS, strict=True):
        good = sum(record.labels[key] & record.known[key] for record in records)
        known = sum(record.known[key] for record in records)
        lines.append(
            f"| {key} | {good:,} | {known - good:,} | {len(records) - known:,} | {attribute.good} "
            f"| {attribute.bad} |"
        )
    return "\n".join([*lines, "", _FILES, licence(records)[1], ""])
