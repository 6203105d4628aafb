"""Scores as rows and lines."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from proportrait.advice import Reason
from proportrait.labels import KEYS
from proportrait.score import Score, formats
from proportrait.score.formats import COLUMNS, csv_texts, json_texts, jsonl_texts, write_parquet
from tests.score.samples import scored

WORST = Reason("framing", "it leans", "Straighten it.", "framing.PictureTilt", 20.0)
SCORES = [
    scored("a.jpg", (90, 80, 45, 100, 3, 55), sure="110110",
           reasons=(Reason("attire", "a, \"b\"", "Wear it."), WORST)),
    scored("b.jpg", (None, 90, 90, 90, 90, 90), unknown={"lighting": "dark glasses"}, faces=2,
           one_person=None, sure="011111"),
    Score("c.jpg", {}, {}, error="it is\ngone"),
]  # fmt: skip


def test_json_is_one_list() -> None:
    assert "".join(json_texts(SCORES)) == json.dumps([s.to_json() for s in SCORES], indent=2) + "\n"
    assert json.loads("".join(json_texts([]))) == []


def test_json_lines_are_a_line_each() -> None:
    lines = "".join(jsonl_texts(SCORES)).splitlines()
    assert [json.loads(line) for line in lines] == [score.to_json() for score in SCORES]


def test_csv_has_a_cell_for_every_number() -> None:
    text = "".join(csv_texts(SCORES))
    assert text.endswith("\n")
    first, second, third = csv.DictReader(io.StringIO(text, newline=""))
    assert list(first) == list(COLUMNS)
    assert [first[f"{key}_mark"] for key in KEYS] == ["90", "80", "45", "100", "3", "55"]
    assert [first[f"{key}_verdict"] for key in KEYS] == ["1", "1", "0", "1", "0", "1"]
    assert [first[f"{key}_sure"] for key in KEYS] == ["1", "1", "0", "1", "1", "0"]
    assert (first["framing_probability"], first["overall"]) == ("0.03", "33")
    assert (first["reason"], first["advice"]) == ("it leans", "Straighten it.")  # of the worst
    assert (first["one_person"], second["one_person"]) == ("1", "")
    assert (second["lighting_verdict"], second["overall"], second["reason"]) == ("", "", "")
    assert second["remarks"] == "2 faces: the largest is judged; lighting: dark glasses"
    assert third["error"] == r"it is\ngone"
    assert set(third.values()) == {"c.jpg", r"it is\ngone", ""}


@pytest.mark.parametrize("path", ["=1+1.jpg", "+a.jpg", "-a.jpg", "@a.jpg"])
def test_no_name_is_a_formula(path: str) -> None:
    _, line = csv_texts([Score(path, {}, {}, error="gone")])
    assert line.startswith(f"./{path},")  # the same file


def test_a_name_of_any_bytes_is_one_line_of_utf_8() -> None:
    _, line = csv_texts([Score("a\udcfc\n\x1b.jpg", {}, {}, error="gone")])
    assert line.encode().startswith(rb"a\xfc\n\x1b.jpg,")
    assert line.count("\n") == 1


def test_every_failed_attribute_has_its_first_reason_and_advice() -> None:
    rows = list(csv.DictReader(io.StringIO("".join(csv_texts(SCORES)), newline="")))
    texts = {
        name: text
        for name, text in rows[0].items()
        if name.partition("_")[0] in KEYS and name.endswith(("_reason", "_advice")) and text
    }
    assert texts == {
        "attire_reason": 'a, "b"', "attire_advice": "Wear it.",
        "framing_reason": "it leans", "framing_advice": "Straighten it.",
    }  # fmt: skip
    unasked = scored("a.jpg", (90, 80, 55, 90, 90, 90), unasked=("attire",))
    assert formats.cells(unasked)["attire_reason"].startswith("not asked: ")
    assert (rows[1]["lighting_reason"], rows[1]["lighting_advice"]) == ("dark glasses", "")


def test_the_first_columns_stay_where_they_were() -> None:
    assert list(COLUMNS)[:5] == [
        "path", "overall", "lighting_verdict", "lighting_mark", "lighting_probability",
    ]  # fmt: skip
    assert list(COLUMNS)[-1] == "judge"
    assert list(COLUMNS)[26:32] == [
        "reason", "advice", "faces", "one_person", "remarks", "error",
    ]  # fmt: skip


def test_parquet_has_types_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_ROW_GROUP", 2)
    with (tmp_path / "s.parquet").open("wb") as file:
        write_parquet(iter(SCORES), file)
    file_ = pyarrow.parquet.ParquetFile(tmp_path / "s.parquet")
    assert (file_.num_row_groups, file_.metadata.num_rows) == (2, 3)
    table = file_.read()
    assert table.schema.metadata[b"proportrait.score.schema"] == b"1"
    first, second, third = table.to_pylist()
    assert [first[f"{key}_verdict"] for key in KEYS] == [1, 1, 0, 1, 0, 1]
    assert (first["lighting_sure"], first["lighting_probability"]) == (True, 0.9)
    assert (second["lighting_mark"], second["one_person"]) == (None, None)
    assert (third["path"], third["overall"], third["faces"]) == ("c.jpg", None, None)
