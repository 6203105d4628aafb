"""The command on a real folder: one person in two photos, a blurred face, and a sky."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from proportrait import cli
from proportrait.people import people
from tests import FACE


def run(*words: object) -> int:
    return cli.main(["people", *map(str, words)])


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    face = PIL.Image.open(FACE).convert("RGB")
    face.save(folder / "good.png")
    face.resize((220, 220)).resize((512, 512)).crop((60, 60, 512, 512)).save(folder / "soft.png")
    PIL.Image.new("RGB", (300, 300), "skyblue").save(folder / "sky.png")
    return folder


@pytest.fixture(scope="module")
def index(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index that holds them."""
    index = tmp_path_factory.mktemp("index") / "faces.sqlite"
    assert run("--photos", photos, "--index", index) == 0
    return index


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    capsys.readouterr()
    return capsys


def listed(photos: Path, index: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run("--photos", photos, "--index", index, "--format", "json") == 0
    result: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return result


def test_json_has_the_keys_that_scripts_rely_on(
    photos: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (person,) = listed(photos, index, capsys)
    assert person["name"] is None
    assert isinstance(person["id"], int)
    assert sorted(person["photos"]) == [str(photos / name) for name in ("good.png", "soft.png")]
    assert {path.name for path in photos.iterdir()} == {"good.png", "soft.png", "sky.png"}


def test_names_splits_and_undo_without_looking_again(
    photos: Path,
    index: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("proportrait.rank.indexing.describe", None)
    assert run("--name", "1=Anna", "--index", index) == 0
    assert "decided     1 is Anna" in capsys.readouterr().err
    assert run("--split", "anna", photos / "soft.png", "--index", index) == 0
    assert "1 face left 1, 1 stayed" in capsys.readouterr().err
    both = listed(photos, index, capsys)
    assert [(person["id"], person["name"]) for person in both] == [(1, "Anna"), (2, None)]
    words = ("rank", "--person", "Anna", "--photos", str(photos), "--index", str(index))
    assert cli.main([*words, "--format", "json"]) == 0
    (only,) = json.loads(capsys.readouterr().out)
    assert only["path"] == str(photos / "good.png")
    assert run("--photos", photos, "--undo", "--index", index) == 0
    output, error = capsys.readouterr()
    assert "the last split, of 1, is undone" in error
    assert output.splitlines()[1].split()[:3] == ["1", "2", "Anna"]
    assert people(photos, index=index)[0].name == "Anna"
    assert run("--undo", "--index", index) == 0


def test_the_sheet_is_written_again_and_nothing_else_is_replaced(
    photos: Path, index: Path, tmp_path: Path, said: pytest.CaptureFixture[str]
) -> None:
    sheet, other = tmp_path / "people.html", tmp_path / "mine.html"
    for _ in range(2):
        assert run("--photos", photos, "--index", index, "--output", sheet) == 0
    assert "1 person in" in sheet.read_text()
    other.write_text("mine")
    assert run("--photos", photos, "--index", index, "--output", other) == 2
    assert other.read_text() == "mine"
    assert "is there already" in said.readouterr().err


def test_who_is_in_fewer_photos_may_be_left_out(
    photos: Path, index: Path, said: pytest.CaptureFixture[str]
) -> None:
    assert run("--photos", photos, "--index", index, "--min_photos", 3) == 3
    output, error = said.readouterr()
    assert output == ""
    assert "left out    1 people in fewer photos" in error


def test_forget_deletes_all(photos: Path, tmp_path: Path, said: pytest.CaptureFixture[str]) -> None:
    index, folder = tmp_path / "i.sqlite", tmp_path / "photos"
    folder.mkdir()
    (folder / "good.png").write_bytes((photos / "good.png").read_bytes())
    run("--photos", folder, "--index", index)
    run("--name", "1=Annabella", "--index", index)
    assert run("--forget", folder, "--index", index) == 0
    assert said.readouterr().out.endswith(f"1 files in {index}\n")
    assert b"Annabella" not in b"".join(file.read_bytes() for file in tmp_path.glob("i.sqlite*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--photos is missing"),
        (["--name", "1=A", "--no_cache"], "nothing can be decided"),
        (["--name", "Anna"], "--name is WHO=NAME"),
        (["--name", "1=A", "--output", "a.json"], "--output needs --photos"),
        (["--photos", ".", "--output", "a.pdf"], "ends with .html, .json, .txt"),
        (["--merge", "99", "98"], "there is no person '99'"),
        (["--undo"], "nothing can be undone"),
    ],
)
def test_wrong_options_say_what_to_do(
    words: list[str],
    message: str,
    said: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROPORTRAIT_CACHE", str(tmp_path))
    assert run(*words) == 2
    assert message in said.readouterr().err
