"""A taste beside the six, in every format."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from importlib.resources import files as resources
from pathlib import Path

import pyarrow.parquet
import pytest
from jsonschema import Draft202012Validator

from proportrait import cli
from proportrait.labels import KEYS
from proportrait.score import Score, Scorer
from proportrait.score.formats import COLUMNS, columns
from proportrait.score.order import ordered
from proportrait.score.output import Output
from proportrait.score.report import _row
from proportrait.score.sheet import _tile
from proportrait.score.text import cards, table
from proportrait.sheets import BAD, GOOD
from proportrait.taste.verdict import TasteReason, TasteVerdict
from proportrait.taste.verdict.library import FOLDER_VARIABLE
from tests import FACE
from tests.score.samples import JUDGE, scored
from tests.taste.verdict.samples import taste

SMALL = TasteReason("the head is smaller", "size of the head", 1.2, 0.8, "face.Height", 0.2, 0.4)
PLAIN = TasteReason("the background is plainer", "clutter behind", 0.5, 0.1)
NO = TasteVerdict("a, b", 0.25, 0.4, favour=(PLAIN,), against=(SMALL, PLAIN))
YES = TasteVerdict("a, b", 0.75, 0.4)
SCORES = [
    scored("a.jpg", (90, 80, 70, 100, 60, 55), tastes=(NO,)),
    scored("b.jpg", (90, 80, 70, 100, 60, 55), tastes=(YES,)),
    Score("c.jpg", {}, {}, error="it is gone"),
]
NOBODY = scored("d.jpg", (None,) * 6, unknown=dict.fromkeys(KEYS, "no person is found"),
                tastes=(YES,))  # fmt: skip


def test_the_json_has_the_taste_and_the_schema_describes_it() -> None:
    schema = json.loads((resources("proportrait.score") / "score.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    for score in (*SCORES, NOBODY):
        validator.validate(score.to_json())
    assert SCORES[0].to_json()["tastes"] == {
        "a, b": {
            "verdict": 0, "word": "negative", "probability": 0.25, "threshold": 0.4,
            "for": [{"text": "the background is plainer", "about": "clutter behind",
                     "weight": 0.5, "otherwise": 0.1}],
            "against": [
                {"text": "the head is smaller", "about": "size of the head", "weight": 1.2,
                 "otherwise": 0.8, "measure": "face.Height", "value": 0.2, "typical": 0.4},
                {"text": "the background is plainer", "about": "clutter behind", "weight": 0.5,
                 "otherwise": 0.1},
            ],
        }
    }  # fmt: skip
    assert "tastes" not in scored("a.jpg", (90,) * 6).to_json()


def test_its_columns_stand_behind_those_of_today(tmp_path: Path) -> None:
    assert list(columns(("a, b",)))[: len(COLUMNS)] == list(COLUMNS)
    for suffix in ("csv", "parquet"):
        path = tmp_path / f"scores.{suffix}"
        Output(suffix, path, tastes=("a, b",)).write(iter(SCORES), [s.path for s in SCORES])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "scores.csv").read_text())))
    own = [{key: row[f"taste_a, b_{key}"] for key in ("verdict", "probability", "for", "against")}
           for row in rows]  # fmt: skip
    against = "the head is smaller; the background is plainer"
    assert own == [
        {"verdict": "0", "probability": "0.25", "for": PLAIN.text, "against": against},
        {"verdict": "1", "probability": "0.75", "for": "", "against": ""},
        dict.fromkeys(("verdict", "probability", "for", "against"), ""),
    ]
    stored = pyarrow.parquet.read_table(tmp_path / "scores.parquet").to_pylist()
    assert [row["taste_a, b_verdict"] for row in stored] == [0, 1, None]


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_run_with_a_taste_is_gone_on_with(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"scores.{suffix}"
    names = [score.path for score in SCORES]
    Output(suffix, path, tastes=("a, b",)).write(iter(SCORES), names)
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    output = Output(suffix, path, True, ("a, b",))
    judged = Counter(outcome.path for outcome in output.earlier(JUDGE))
    assert list(output.remaining(names, judged)) == ["c.jpg"]
    output.write(iter(SCORES[2:]), names)
    assert path.read_bytes() == whole


def test_cards_and_tables_tell_it_in_words() -> None:
    lines = list(cards(SCORES[:1]))
    assert lines[7:] == [
        "  taste a, b: negative 25 %",
        "    for      the background is plainer",
        "    against  the head is smaller; the background is plainer",
    ]
    assert list(cards([NOBODY])) == [
        "d.jpg: no verdict: no person is found", "  taste a, b: positive 75 %",
    ]  # fmt: skip
    head, first, *_ = table(SCORES, 7, ("a, b",))
    assert head.endswith("sharpness     taste a, b")
    assert first.endswith("  negative 25 %")


def test_a_contact_sheet_has_a_bar_and_the_page_the_verdict() -> None:
    for score, colour in ((SCORES[0], BAD), (SCORES[1], GOOD), (NOBODY, GOOD)):
        last = _tile(score).bars[-1]
        assert (last.name, last.share, last.colour) == (
            "a, b", score.tastes[0].probability, colour,
        )  # fmt: skip
    assert _row(SCORES[0], Path(), 160)["tastes"]["a, b"]["verdict"] == 0


def test_a_taste_sorts() -> None:
    assert [score.path for score in ordered(SCORES, "a, b")] == ["b.jpg", "a.jpg", "c.jpg"]
    assert [score.path for score in ordered(SCORES, "a, b", True)] == ["a.jpg", "b.jpg", "c.jpg"]


def test_the_command_asks_a_taste_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    taste().save(tmp_path / "large.safetensors")
    assert cli.main(["score", str(FACE), "--taste", "large", "--format", "json"]) == 0
    (body,) = json.loads(capsys.readouterr().out)
    plain = Scorer().image(FACE)
    assert (body["overall"], body["marks"]) == (plain.overall, plain.marks)
    assert body["judge"] != plain.judge
    (judgement,) = taste().predict(FACE)
    assert body["tastes"]["large"]["probability"] == judgement.probability
    assert body["tastes"]["large"]["verdict"] == 1
    about = [reason["about"] for reason in body["tastes"]["large"]["for"]]
    assert "size of the head" in about
    assert cli.main(["score", str(FACE), "--taste", "nine"]) == 2
    assert "holds large" in capsys.readouterr().err
    assert cli.main(["score", str(FACE), "--taste", "large", "--sort", "nine"]) == 2
    assert "sharpness, large, not 'nine'" in capsys.readouterr().err
