"""What the contact sheet of verdicts says of each picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait import sheets
from proportrait.advice import Reason
from proportrait.errors import ConfigurationError
from proportrait.imaging import encode_png
from proportrait.labels import KEYS
from proportrait.score import Score, sheet
from proportrait.sheets import BAD, GOOD, TEXT, UNKNOWN, Tile
from tests import FACE
from tests.score.samples import scored

MARKS = (97, 8, 50, 100, 41, 0)


def tile(folder: Path, score: Score, monkeypatch: pytest.MonkeyPatch) -> Tile:
    """What is drawn of a score."""
    tiles: list[Tile] = []
    draw = sheets.draw

    def watch(title: str, sections: dict[str, list[Tile]], note: str) -> object:
        tiles.extend(sections[""])
        return draw(title, sections, note)

    monkeypatch.setattr(sheets, "draw", watch)
    assert sheet.draw([score], folder / "out.png") == [folder / "out.png"]
    return tiles[0]


def test_a_face_has_six_verdicts_and_how_sure_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = (
        Reason("background", "shelves", "Go."), Reason("background", "people", "Go."),
        Reason("framing", "too far", "Come."),
    )  # fmt: skip
    score = scored(str(FACE), MARKS, sure="110000", reasons=reasons)
    found = tile(tmp_path, score, monkeypatch)
    assert isinstance(found.picture, np.ndarray)
    assert found.name == "face.jpg"
    assert list(found.lines) == [("shelves", BAD), ("too far", BAD)]
    assert [(bar.name, bar.text, bar.colour) for bar in found.bars] == [
        ("lighting", "97  good", GOOD), ("background", "8  bad", BAD),
        ("attire", "50  perhaps good", GOOD), ("expression", "100  likely good", GOOD),
        ("framing", "41  perhaps bad", BAD), ("sharpness", "0  likely bad", BAD),
    ]  # fmt: skip
    assert [bar.share for bar in found.bars] == [mark / 100 for mark in MARKS]


def test_of_several_faces_it_is_said_which_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tile(tmp_path, scored(str(FACE), MARKS, faces=2), monkeypatch)
    assert len(found.bars) == 6
    assert found.lines == [("2 faces: the largest is judged", TEXT)]


def test_without_a_face_there_is_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = dict.fromkeys(KEYS, "no person is found")
    found = tile(tmp_path, scored(str(FACE), (None,) * 6, unknown=unknown), monkeypatch)
    assert list(found.bars) == []
    assert found.lines == [("no verdict: no person is found", BAD)]


def test_what_nobody_could_tell_is_no_bad_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = {"lighting": "the face is 20 px high", "sharpness": "the face is 20 px high"}
    score = scored(str(FACE), (None, *MARKS[1:5], None), unknown=unknown)
    found = tile(tmp_path, score, monkeypatch)
    bars = {bar.name: (bar.text, bar.share, bar.colour) for bar in found.bars}
    assert bars["lighting"] == bars["sharpness"] == ("cannot tell", 0.0, UNKNOWN)
    assert bars["framing"][0] == "41  bad"
    assert found.lines == [("lighting, sharpness: the face is 20 px high", TEXT)]


def test_a_picture_that_could_not_be_judged_is_shown_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, gone = tmp_path / "small.png", tmp_path / "gone.png"
    small.write_bytes(encode_png(np.full((64, 64, 3), 9, np.uint8)))
    error = "the picture is 64x64 px"
    found = tile(tmp_path, Score(str(small), {}, {}, error=error), monkeypatch)
    assert isinstance(found.picture, np.ndarray)
    assert found.lines == [("no verdict: the picture is 64x64 px", BAD)]
    error = "it cannot be read: No such file or directory"
    found = tile(tmp_path, Score(str(gone), {}, {}, error=error), monkeypatch)
    assert found.picture == "cannot be read: No such file or directory"
    assert found.lines == [("no verdict", BAD)]


@pytest.mark.parametrize("name", ["me.png", "hard.png", "soft.png", "loop.png", "nowhere/a.png"])
def test_nothing_but_a_sheet_is_drawn_over(tmp_path: Path, name: str) -> None:
    """A photo, a link to one, or a file that nobody asked about: all are somebody's."""
    (tmp_path / "me.png").write_bytes(encode_png(np.full((64, 64, 3), 9, np.uint8)))
    (tmp_path / "hard.png").hardlink_to(tmp_path / "me.png")
    (tmp_path / "soft.png").symlink_to("me.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    with pytest.raises(ConfigurationError, match=r"name another file|is no folder"):
        sheet.check(tmp_path / name)


def test_a_sheet_is_a_png_and_may_replace_an_earlier_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no name of a contact sheet"):
        sheet.check(tmp_path / "verdicts.jpg")
    path = tmp_path / "verdicts.png"
    sheet.check(path)
    sheet.draw([Score("gone.jpg", {}, {}, error="gone")], path)
    sheet.check(path)


def test_many_pictures_fill_pages(tmp_path: Path) -> None:
    scores = [Score(str(tmp_path / f"{n}.jpg"), {}, {}, error="gone") for n in range(121)]
    pages = sheet.draw(scores, tmp_path / "out.png")
    assert [page.name for page in pages] == ["out.png", "out-2.png", "out-3.png"]
