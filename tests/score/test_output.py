"""Where scores go, and how a killed run goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from proportrait import cli
from proportrait.errors import ConfigurationError, StoreError
from proportrait.imaging import encode_png
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.model.saved import save
from proportrait.score import Score
from proportrait.score.formats import csv_head
from proportrait.score.output import FORMATS, Output
from proportrait.score.summary import Outcome
from tests import FACE, ROOT
from tests.score.samples import JUDGE, scored
from tests.tiny_training import banded, headshot

SCORES = [
    scored("a.jpg", (90, 80, 70, 100, 60, 55)),
    scored("=b\udcfc\n.jpg", (90, None, 70, 100, 60, 55), unknown={"background": "hidden"}),
    Score("c.jpg", {}, {}, error="it is gone"),
    scored("a.jpg", (90, 80, 70, 100, 60, 55)),  # named twice
]
PATHS = [score.path for score in SCORES]


def fresh(path: Path) -> None:
    Output.of(None, path, False).write(iter(SCORES), PATHS)


def go_on(path: Path) -> list[Outcome]:
    """Resume a file; returns the earlier outcomes."""
    output = Output.of(None, path, True)
    outcomes = list(output.earlier(JUDGE))
    waiting = list(SCORES)
    left = list(output.remaining(PATHS, Counter(outcome.path for outcome in outcomes)))

    def judged() -> Iterator[Score]:
        for path in left:
            yield next(score for score in waiting if score.path == path)

    output.write(judged(), PATHS)
    return outcomes


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_run_that_was_cut_anywhere_goes_on_to_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"scores.{suffix}"
    fresh(path)
    whole = path.read_bytes()
    for end in range(len(whole) + 1):
        path.write_bytes(whole[:end])
        outcomes = go_on(path)
        assert path.read_bytes() == whole
        lines = whole[:end].count(b"\n") - (suffix == "csv")
        expected = [Outcome.of(score) for score in SCORES[: max(0, lines)]]
        assert [outcome[1:] for outcome in outcomes] == [outcome[1:] for outcome in expected]


def test_the_file_need_not_be_there(tmp_path: Path) -> None:
    assert go_on(tmp_path / "a.csv") == []
    fresh(tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.csv", "name,age\nann,3\n", 1),
        ("a.csv", "my notes", 1),
        ("a.csv", csv_head() + "a.jpg,3\n", 2),
        ("a.jsonl", '{"schema": 1, "path": "a", "error": "b"}\n\n', 2),
        ("a.jsonl", '{"schema": 2, "path": "a", "error": "b"}\n', 1),
        ("a.jsonl", '{"schema": 1}\n', 1),
        ("a.jsonl", "[]\n", 1),
        ("a.jsonl", '{"key"', 1),
        ("a.jsonl", "\xff\n", 1),
    ],
)
def test_what_is_no_output_of_ours_stays_as_it_is(
    name: str, content: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=f"line {line} of .* is no score that this"):
        go_on(tmp_path / name)
    assert (tmp_path / name).read_bytes() == content.encode("latin-1")


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_what_another_judge_wrote_is_not_gone_on_with(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"scores.{suffix}"
    others = [SCORES[2], replace(SCORES[0], judge="other")]  # no judge of what cannot be read
    Output.of(None, path, False).write(iter(others), PATHS)
    whole = path.read_bytes() + b"half"
    path.write_bytes(whole)
    line = 3 if suffix == "csv" else 2
    with pytest.raises(ConfigurationError, match=f"line {line} of .* another model, other limits"):
        go_on(path)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_has_what_the_terminal_shows(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores"
    Output.of(kind, path, False).write(iter(SCORES), PATHS)
    if kind in ("parquet", "parts"):
        assert pyarrow.parquet.read_table(path).num_rows == len(SCORES)
    else:
        Output.of(kind, None, False).write(iter(SCORES), PATHS)
        assert capsys.readouterr().out == path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["scores"]


@pytest.mark.parametrize("kind", ["json", "parquet", "table"])
def test_of_a_run_that_fails_nothing_half_is_left(kind: str, tmp_path: Path) -> None:
    def broken() -> Iterator[Score]:
        yield SCORES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Output.of(kind, tmp_path / "scores", False).write(broken(), PATHS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_lines_are_in_the_file_as_soon_as_they_are_there(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "scores"

    def watched() -> Iterator[Score]:
        for number, score in enumerate(SCORES):
            if number:
                assert path.read_bytes().count(b"\n") == number + (kind == "csv")
            yield score

    Output.of(kind, path, False).write(watched(), PATHS)


@pytest.mark.parametrize(
    ("kind", "name", "resume", "message"),
    [
        ("parquet", None, False, "add --output scores.parquet"),
        ("parts", None, False, "add --output scores"),
        (None, None, True, "add --output scores.jsonl"),
        (None, "a.parquet", True, "a parquet that was cut short cannot be resumed: take .*jsonl"),
        ("json", "a", True, "a json that was cut short cannot be resumed"),
        (None, "a.xlsx", False, "tells no format by its suffix"),
        (None, "gone/a.csv", False, "gone is no folder"),
        (None, "folder.csv", False, "is a folder"),
        (None, "old.csv", False, "there already: go on with it by --resume, or name another"),
        (None, "old.json", False, "there already: name another file"),
        (None, "old", False, "there already: go on with it by --resume"),
    ],
)
def test_outputs_that_cannot_be_written(
    kind: str | None, name: str | None, resume: bool, message: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "old").mkdir()
    for old in ("old.csv", "old.json"):
        (tmp_path / old).write_text("old")
    with pytest.raises(ConfigurationError, match=message):
        Output.of(kind, tmp_path / name if name else None, resume)
    assert (tmp_path / "old.csv").read_text() == "old"


def test_a_file_that_comes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    output = Output.of(None, tmp_path / "a.csv", False)
    (tmp_path / "a.csv").write_text("other")
    with pytest.raises(StoreError):
        output.write(iter(SCORES), PATHS)
    assert (tmp_path / "a.csv").read_text() == "other"


def rows_of(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def test_parts_grow_to_the_rows_of_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, folder = tmp_path / "whole.parquet", tmp_path / "parts"
    fresh(whole)

    def broken() -> Iterator[Score]:
        yield from SCORES[:3]
        raise KeyboardInterrupt

    monkeypatch.setattr("proportrait.score.formats._ROW_GROUP", 2)
    with pytest.raises(KeyboardInterrupt):
        Output.of(None, folder, False).write(broken(), PATHS)
    (folder / ".9.new").write_bytes(b"half a part of a run that was killed")
    assert [len(rows_of(part)) for part in sorted(folder.glob("*.parquet"))] == [2, 1]
    outcomes = go_on(folder)
    expected = [Outcome.of(score) for score in SCORES[:3]]
    assert [outcome[1:] for outcome in outcomes] == [outcome[1:] for outcome in expected]
    assert rows_of(folder) == rows_of(whole)
    assert len(go_on(folder)) == len(SCORES)
    assert len(list(folder.glob("*.parquet"))) == 3


def test_a_part_never_takes_the_place_of_another(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "part-000001.parquet").write_bytes(b"of another run")
    Output("parts", folder, True).write(iter(SCORES), PATHS)
    assert (folder / "part-000001.parquet").read_bytes() == b"of another run"
    assert len(rows_of(folder / "part-000002.parquet")) == len(SCORES)


def test_parts_are_written_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proportrait.score.formats._PART_S", -1)
    fresh(tmp_path / "parts")
    assert len(list((tmp_path / "parts").iterdir())) == len(SCORES)


def test_parts_of_others_are_not_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    Output.of(None, folder, False).write(iter([replace(SCORES[0], judge="other")]), PATHS)
    with pytest.raises(ConfigurationError, match=r"a row of .* by another model, other limits"):
        go_on(folder)
    part = folder / "part-000000.parquet"
    part.write_bytes(b"no parquet")
    with pytest.raises(ConfigurationError, match="holds no scores that this version wrote"):
        go_on(folder)
    pyarrow.parquet.write_table(pyarrow.table({"path": ["a.jpg"]}), part)
    with pytest.raises(ConfigurationError, match="holds no scores that this version wrote"):
        go_on(folder)


# --- the command


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    save(headshot(), path)
    return path


def run(*arguments: object) -> int:
    return cli.main(["score", *map(str, arguments)])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_killed_run_is_resumed_to_the_bytes_of_a_whole_one(
    suffix: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(40):
        (photos / f"{number:02d}.png").write_bytes(b"no picture")
    for number in (0, 3, 20, 30, 39):
        (photos / f"{number:02d}.png").write_bytes(encode_png(banded("010101", number)))
    whole, part = tmp_path / f"whole.{suffix}", tmp_path / f"part.{suffix}"
    options = photos, "--model", model, "--workers", "1"
    assert run(*options, "--output", whole) == 1
    words = [sys.executable, "-m", "proportrait", "score", *map(str, options), "--output"]
    child = subprocess.Popen(
        [*words, str(part)], cwd=ROOT, stderr=subprocess.DEVNULL,
        env=os.environ | {FOLDER_VARIABLE: str(tmp_path / "cache")},
    )  # fmt: skip
    end = time.monotonic() + 120
    while not (part.exists() and part.read_bytes().count(b"\n") > 1):
        assert child.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    child.kill()
    child.wait()
    with part.open("ab") as file:
        file.write(whole.read_bytes()[part.stat().st_size :][:20])  # half of the next line
    assert whole.read_bytes().startswith(part.read_bytes())
    assert part.stat().st_size < whole.stat().st_size
    capsys.readouterr()
    assert run(*options, "--output", part, "--resume") == 1
    assert part.read_bytes() == whole.read_bytes()
    error = capsys.readouterr().err
    assert "unreadable  35 of 40 pictures:" in error  # of the run that was killed too
    assert error.count("01.png: the bytes are no picture of a known format") == 1
    assert "holds all" not in error
    assert run(*options, "--output", part, "--resume") == 1
    assert f"{part} holds all 40 pictures already" in capsys.readouterr().err
    assert run(*options, "--output", part, "--resume", "--limits", "badge") == 2
    assert "was judged by another model, other limits" in capsys.readouterr().err
    assert part.read_bytes() == whole.read_bytes()
    assert run(*options, "--output", part) == 2
    assert "by --resume" in capsys.readouterr().err


def test_results_are_sorted_and_gates_tell(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.png").write_bytes(encode_png(banded("010101", 1)))
    (tmp_path / "inner" / "b.jpg").write_bytes(FACE.read_bytes())
    options = tmp_path, "--model", model, "--format", "json"

    def names(*more: object) -> list[str]:
        assert run(*options, *more) == 0
        return [Path(score["path"]).name for score in json.loads(capsys.readouterr().out)]

    assert names() == ["a.png", "b.jpg"]
    assert names("--sort", "lighting") == ["b.jpg", "a.png"]  # nobody is on the other
    assert names("--sort", "path", "--reverse") == ["b.jpg", "a.png"]
    assert names("--no-recursive") == ["a.png"]
    assert names("--recursive") == ["a.png", "b.jpg"]
    assert run(*options, "--fail-under", "0") == 3  # one has no mark
    assert run(tmp_path / "inner", *options[1:], "--fail-under", "0") == 0
    assert run(tmp_path / "inner", *options[1:], "--fail-under", "100") == 3


def test_limits_decide_what_is_copied(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits, good = tmp_path / "own.toml", tmp_path / "good"
    names = ["lighting", "background", "attire", "expression", "framing", "sharpness"]
    everything = "\n".join(f"[{key}]\nmark = 0" for key in names)
    for text, copies in ((everything, 1), (f"{everything}\nFaceResolution = {{min = 20}}", 0)):
        limits.write_text(text)
        code = run(FACE, "--model", model, "--limits", limits, "--copy-good", good)
        assert code == 0
        output = capsys.readouterr()
        assert f"good        {copies} copied to {good}" in output.err
    assert "face resolution is 8.51 log2 px: the limit is at least 20" in " ".join(
        output.out.split()
    )
    assert (good / FACE.name).read_bytes() == FACE.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--resume --output a.csv --sort path", "no --resume"),
        ("--resume --output a.csv --picture b.png", "no --resume"),
        ("--reverse", "add --sort overall"),
        ("--limits passport", "or one of linkedin, cv, badge"),
        ("--copy-good {folder}", "its pictures would be judged too"),
    ],
)
def test_options_that_exclude_each_other(
    words: str, message: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    photo = tmp_path / "photos" / "a.jpg"
    photo.write_bytes(FACE.read_bytes())
    words = words.format(folder=photo.parent)
    assert run(photo.parent, "--model", model, *words.split()) == 2
    assert message in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["photos"]


@pytest.mark.parametrize("value", ["-1", "101", "nan", "good"])
def test_a_mark_is_a_number_from_0_to_100(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(FACE, f"--fail-under={value}")
    assert f"a mark from 0 to 100 is expected, not '{value}'" in capsys.readouterr().err
