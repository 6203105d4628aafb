from __future__ import annotations

import csv
import io
from pathlib import Path

from proportrait.rank.output import to_csv, to_paths, to_table
from proportrait.rank.ranking import Ranked

PHOTO = Ranked(
    Path("=cmd.jpg"), 1, 71.26, 0.5, "single", ("eyes open", "face sharp"), (Path("b.jpg"),)
)


def test_a_name_is_no_formula_in_a_spreadsheet() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([PHOTO])))
    assert not row["path"].startswith("=")
    assert (row["score"], row["reasons"], row["similar"]) == (
        "71.3", "eyes open; face sharp", "b.jpg",
    )  # fmt: skip


def test_a_table_lists_what_is_alike_under_the_best() -> None:
    _, first, reasons, similar = to_table([PHOTO]).splitlines()
    assert first.split() == ["1", "71.3", "0.50", "single", "=cmd.jpg"]
    assert reasons.strip() == "eyes open; face sharp"
    assert similar.strip() == "like it: b.jpg"


def test_bare_paths() -> None:
    assert to_paths([PHOTO, PHOTO]) == "=cmd.jpg\n=cmd.jpg\n"
