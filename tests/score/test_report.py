"""The page of verdicts: what is in the file; what a browser makes of it: see `test_page`."""

from __future__ import annotations

import hashlib
import json
import os
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest

from proportrait.advice import Reason
from proportrait.errors import ConfigurationError, StoreError
from proportrait.imaging import decode, encode_png
from proportrait.labels import KEYS
from proportrait.score import Score, report
from proportrait.score import page as pages
from tests import FACE
from tests.score.samples import page_of, scored

GOOD = (97, 98, 99, 100, 96, 95)
HOSTILE = [
    '"><script>alert(1)<script>.jpg', "</script><img src=x onerror=alert(1)>.jpg", "<!--.jpg",
    "javascript:alert(1)", "a&amp;b'c`${d}.jpg", "\u202egpj.exe", os.fsdecode(b"M\xfcller%2e.jpg"),
]  # fmt: skip


def rows(page: Path) -> list[dict[str, Any]]:
    """The data of a page."""
    text = page.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    result: list[dict[str, Any]] = json.loads(data)
    return result


def test_a_page_holds_the_scores_and_their_pictures(tmp_path: Path) -> None:
    far = Reason("framing", "the head is small", "Crop.", "framing.HeadSize", 0.1, "h", 0.2, None)
    score = scored(str(FACE), (*GOOD[:4], 20, 95), "111101", reasons=(far,), faces=2,
                   remarks=("no end",), box=(0.1, 0.2, 0.3, 0.4))  # fmt: skip
    page = page_of([score, Score("gone.jpg", {}, {}, error="it is gone")], tmp_path)
    face, gone = rows(page)
    assert {key: face[key] for key in score.to_json() if key != "path"} == {
        key: value for key, value in score.to_json().items() if key != "path"
    }
    assert (face["name"], face["folder"]) == ("face.jpg", str(FACE.parent))
    assert face["words"] == {key: score.words(key) for key in KEYS}
    assert face["notes"] == ["2 faces: the largest is judged", "no end"]
    assert (tmp_path / unquote_to_bytes(face["href"]).decode()).resolve() == FACE
    head, data = face["image"].split(",")
    assert head == "data:image/jpeg;base64"
    assert decode(b64decode(data)).shape[:2] == (320, 320)
    assert face["size"] == [320, 320]
    assert gone == {
        "schema": 1, "error": "it is gone", "name": "gone.jpg", "folder": "", "notes": [],
        "href": os.path.relpath("gone.jpg", tmp_path).replace(os.sep, "/"),
        "missing": "cannot be read: No such file or directory",
    }  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_file_becomes_markup(tmp_path: Path, name: str) -> None:
    reason = Reason("framing", name, name)
    score = scored(str(tmp_path / name), (*GOOD[:4], 20, 95), reasons=(reason,), remarks=(name,))
    text = page_of([score], tmp_path).read_text(encoding="utf-8")
    assert text.count("<script") == text.count("</script") == 2
    assert "<img" not in text
    assert text.count("<!--") == 0
    (row,) = rows(tmp_path / "page.html")
    assert row["reasons"][0]["text"] == name
    assert unquote_to_bytes(row["href"]) == os.fsencode(name)
    assert re.fullmatch(r"[\w%.~-][\w%.~/-]*", row["href"])  # no scheme, no quote
    assert row["name"].isprintable()


def test_a_page_loads_nothing_and_runs_one_script(tmp_path: Path) -> None:
    text = page_of([scored(str(FACE), GOOD)], tmp_path).read_text(encoding="utf-8")
    assert set(re.findall(r"https?:[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}  # a name
    assert not re.findall(r"<(?:link|img|iframe|object|base)\b|\bon\w+=|@import|url\(", text)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    *_, script = re.findall(r"<script>(.*?)</script>", text, re.S)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")


def test_two_thousand_pictures_make_a_small_file(tmp_path: Path, monkeypatch: Any) -> None:
    """Of each a thumbnail of 160 px and three reasons."""
    sizes: list[int] = []
    small = pages.thumbnail(FACE, 160)

    def shrunk(path: Path, side: int) -> Any:
        sizes.append(side)
        return small

    monkeypatch.setattr(pages, "thumbnail", shrunk)
    few = Reason("framing", 80 * "x", 80 * "y", "framing.HeadSize", 0.123, "picture heights", 0, 1)
    marks = (10, 20, 30, *GOOD[3:])
    scores = (scored(f"photos/{n:04d}.jpg", marks, reasons=3 * (few,)) for n in range(2000))
    page = page_of(scores, tmp_path, 2000)
    assert set(sizes) == {160}
    assert len(rows(page)) == 2000
    assert page.stat().st_size < 20e6


def test_scores_pass_through_as_they_come(tmp_path: Path) -> None:
    """Whoever stops early leaves the earlier page, and nothing else."""
    earlier = page_of([], tmp_path).read_bytes()
    assert rows(tmp_path / "page.html") == []
    scores = [Score(f"{n}.jpg", {}, {}, error="gone") for n in range(3)]
    stream = report.written(iter(scores), tmp_path / "page.html", 3)
    assert next(stream) is scores[0]
    assert (tmp_path / "page.html").read_bytes() == earlier
    stream.close()
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert list(report.written(scores, tmp_path / "page.html", 3)) == scores
    assert [row["name"] for row in rows(tmp_path / "page.html")] == ["0.jpg", "1.jpg", "2.jpg"]
    with pytest.raises(StoreError, match="cannot be read or written"):
        list(report.written(scores, tmp_path / "nowhere" / "page.html", 3))


def test_a_picture_on_another_drive_has_a_whole_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object, start: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", fail)
    assert pages.link(Path("/photos/a b.jpg"), tmp_path) == "file:///photos/a%20b.jpg"


@pytest.mark.parametrize(
    "name", ["me.html", "hard.html", "soft.html", "loop.html", "nowhere/a.html", "a.pdf"]
)
def test_nothing_but_a_report_is_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / "me.html").write_text("<!doctype html><title>ProPortrait-Gen report</title>")
    (tmp_path / "hard.html").hardlink_to(tmp_path / "me.html")
    (tmp_path / "soft.html").symlink_to("me.html")
    (tmp_path / "loop.html").symlink_to("loop.html")
    with pytest.raises(ConfigurationError, match=r"name another file|no folder|no name of a page"):
        report.check(tmp_path / name)


def test_a_report_may_replace_an_earlier_one(tmp_path: Path) -> None:
    report.check(tmp_path / "page.html")
    report.check(page_of([], tmp_path))


def test_a_picture_too_small_to_judge_is_still_drawn(tmp_path: Path) -> None:
    small = tmp_path / "small.png"
    small.write_bytes(encode_png(np.full((20, 40, 3), 9, np.uint8)))
    (row,) = rows(page_of([Score(str(small), {}, {}, error="too small")], tmp_path))
    assert row["size"] == [40, 20]
    assert row["error"] == "too small"
