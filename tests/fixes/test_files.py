"""`proportrait score --fix`: files and lines."""

from __future__ import annotations

import json
from importlib.resources import files as resources
from pathlib import Path

import PIL.Image
import pytest
from jsonschema import Draft202012Validator

from proportrait import cli
from tests import FACE
from tests.fixes.photos import off_centre


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """The same person with room around and too near, in one folder."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "close.jpg").write_bytes(FACE.read_bytes())
    path = tmp_path / "photos" / "me.png"
    PIL.Image.fromarray(off_centre()).save(path)
    return path


def test_crops_lie_beside_the_photos_and_nothing_is_replaced(
    photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photo.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert cli.main(["score", str(folder), "--fix", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()[-4:]
    assert lines[0].startswith(f"{folder / 'close.jpg'}: no 1:1 crop: the head fills the photo")
    assert lines[1].startswith(f"{folder / 'close.jpg'}: no 4:5 crop: ")
    assert lines[2].startswith(f"{folder / 'me_1x1.jpg'}: ")
    assert " of 100, framing " in lines[2]
    assert "cropped to " in lines[2]
    crops = {path.name for path in folder.iterdir()} - set(before)
    assert crops == {"me_1x1.jpg", "me_4x5.jpg"}
    assert {name: (folder / name).read_bytes() for name in before} == before
    (folder / "me_1x1.jpg").write_bytes(b"mine")
    assert cli.main(["score", str(photo), "--fix", str(folder)]) == 0
    assert f"{folder / 'me_1x1.jpg'}: is there already" in capsys.readouterr().out
    assert (folder / "me_1x1.jpg").read_bytes() == b"mine"


def test_json_has_the_crops_beside_the_score(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "crops"
    (photo.parent / "broken.jpg").write_bytes(b"no picture")
    words = ["score", str(photo.parent), "--format", "json", "--fix", str(folder)]
    assert cli.main(words) == 1
    broken, close, me = json.loads(capsys.readouterr().out)
    assert "fix" not in broken
    assert [set(entry) for entry in close["fix"]] == [{"aspect", "reason"}] * 2
    assert [entry["file"] for entry in me["fix"]] == [
        str(folder / "me_1x1.jpg"), str(folder / "me_4x5.jpg"),
    ]  # fmt: skip
    assert PIL.Image.open(folder / "me_4x5.jpg").size == (
        me["fix"][1]["width"], me["fix"][1]["height"],
    )  # fmt: skip
    schema = json.loads((resources("proportrait.score") / "score.schema.json").read_text("utf-8"))
    for row in (broken, close, me):
        Draft202012Validator(schema).validate(row)


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_judged(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cli.main(["score", str(photo), "--fix", str(tmp_path / "file")]) == 2
    captured = capsys.readouterr()
    assert "is no folder: name another one for --fix" in captured.err
    assert captured.out == ""
