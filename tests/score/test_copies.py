"""Copies of good pictures."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError, StoreError
from proportrait.score import Score
from proportrait.score.copies import Copies
from tests.score.samples import scored


def good(path: Path, content: bytes) -> Score:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return scored(str(path), (90,) * 6)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("links", [True, False])
def test_good_pictures_are_copied_under_names_of_their_own(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:  # as on exFAT

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    scores = [
        good(tmp_path / "a" / "me.jpg", b"1"),
        good(tmp_path / "b" / "me.jpg", b"2"),
        good(tmp_path / "c" / "me.jpg", b"3"),
        good(tmp_path / "c" / "you.jpg", b"4"),
        scored(str(tmp_path / "a" / "bad.jpg"), (40, *(90,) * 5)),
        scored(str(tmp_path / "a" / "unknown.jpg"), (None,) * 6),
        Score(str(tmp_path / "gone.jpg"), {}, {}, error="it is gone"),
    ]
    os.utime(tmp_path / "a" / "me.jpg", (1e9, 1e9))
    for _ in range(2):  # the second run finds its copies
        copies = Copies(tmp_path / "good", [tmp_path / "a"])
        for score in scores:
            copies.take(score)
        expected = {"me.jpg": b"1", "me-2.jpg": b"2", "me-3.jpg": b"3", "you.jpg": b"4"}
        assert contents(tmp_path / "good") == expected
        assert copies.count == 4
    assert (tmp_path / "good" / "me.jpg").stat().st_mtime == 1e9
    assert (tmp_path / "a" / "me.jpg").read_bytes() == b"1"  # the originals stay


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "me.jpg").write_bytes(b"mine")
    (tmp_path / "good" / "me-2.jpg").symlink_to(tmp_path / "nowhere")
    Copies(tmp_path / "good", []).take(good(tmp_path / "me.jpg", b"1"))
    assert (tmp_path / "good" / "me.jpg").read_bytes() == b"mine"
    assert (tmp_path / "good" / "me-3.jpg").read_bytes() == b"1"
    assert not (tmp_path / "nowhere").exists()


def test_copies_do_not_lie_among_what_is_judged(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for place in (photos, photos / "good", photos / "a" / "b"):
        with pytest.raises(ConfigurationError, match="its pictures would be judged too"):
            Copies(place, [photos])
    (tmp_path / "link").symlink_to(photos)
    with pytest.raises(ConfigurationError, match="would be judged"):
        Copies(tmp_path / "link" / "good", [photos])
    with pytest.raises(ConfigurationError, match="would be judged"):
        Copies(photos, [photos], recursive=False)
    assert list(photos.iterdir()) == []
    Copies(photos / "good", [photos], recursive=False)
    Copies(tmp_path / "other", [photos, photos / "me.jpg"])
    assert (photos / "good").is_dir()


def test_of_a_data_set_only_the_images_are_judged(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "metadata").mkdir()
    Copies(tmp_path / "good", [tmp_path])
    with pytest.raises(ConfigurationError):
        Copies(tmp_path / "images" / "good", [tmp_path])


def test_a_place_that_cannot_take_copies_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="no folder"):
        Copies(tmp_path / "file", [])
    with pytest.raises(StoreError):
        Copies(tmp_path / "file" / "good", [])
    copies = Copies(tmp_path / "good", [])
    with pytest.raises(StoreError, match=r"gone\.jpg cannot be read"):
        copies.take(scored(str(tmp_path / "gone.jpg"), (90,) * 6))
    assert list((tmp_path / "good").iterdir()) == []
