"""How an index follows a folder; photos are described by a stand-in, which is quick."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from proportrait.rank import indexing
from proportrait.rank.describe import PhotoEntry
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents, update
from tests.rank.samples import VERSION, axis, face


class Folder:
    """Photos whose faces are told by their text, and an index of them."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.photos, self.index = place / "photos", place / "index.sqlite"
        self.photos.mkdir()
        self.described: list[str] = []
        self.stop_at = ""
        monkeypatch.setattr(indexing, "describe", self._describe)

    def _describe(self, data: bytes, smallest: float, kind: str) -> PhotoEntry:
        text = data.decode()
        if text == self.stop_at:
            raise KeyboardInterrupt
        self.described.append(text)
        digest = hashlib.sha256(data).hexdigest()
        if text == "broken":
            return PhotoEntry(digest, error="it is damaged")
        if text == "memory":
            return PhotoEntry("", error="too little memory")
        return PhotoEntry(digest, (face(axis(len(text))),), {}, 0)

    def write(self, **texts: str) -> None:
        for name, text in texts.items():
            (self.photos / f"{name}.jpg").write_text(text)

    def update(self, smallest: float = 40.0) -> tuple[list[str], Contents]:
        """What was described by this run, and what it gave."""
        self.described = []
        with Index(self.index, VERSION, print) as index:
            contents = update(index, self.photos, sorted(self.photos.iterdir()), smallest)
        return self.described, contents

    def names(self, contents: Contents) -> list[list[str]]:
        return [[path.stem for path in paths] for paths in contents.photos.values()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    return Folder(tmp_path, monkeypatch)


def test_what_is_known_is_not_described_again(folder: Folder) -> None:
    folder.write(a="x", b="yy")
    assert folder.update()[0] == ["x", "yy"]
    described, contents = folder.update()
    assert described == []
    assert folder.names(contents) == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("change", "described", "names"),
    [
        (lambda f: f.write(c="zzz"), ["zzz"], [["a"], ["b"], ["c"]]),
        (lambda f: f.write(a="changed"), ["changed"], [["a"], ["b"]]),
        (lambda f: f.write(c="x"), [], [["a", "c"], ["b"]]),
        (lambda f: (f.photos / "a.jpg").rename(f.photos / "z.jpg"), [], [["b"], ["z"]]),
        (lambda f: (f.photos / "a.jpg").unlink(), [], [["b"]]),
    ],
    ids=["new", "changed", "copy", "renamed", "deleted"],
)
def test_a_change(
    folder: Folder, change: Callable[[Folder], object], described: list[str], names: list[list[str]]
) -> None:
    folder.write(a="x", b="yy")
    folder.update()
    change(folder)
    again, contents = folder.update()
    assert again == described
    assert folder.names(contents) == names


def test_a_run_that_was_ended_goes_on_where_it_was(folder: Folder) -> None:
    folder.write(a="x", b="yy", c="zzz")
    folder.stop_at = "zzz"
    with pytest.raises(KeyboardInterrupt):
        folder.update()
    folder.stop_at = ""
    assert folder.update()[0] == ["zzz"]


def test_what_cannot_be_read_is_named_and_what_may_pass_is_tried_again(folder: Folder) -> None:
    folder.write(a="x", b="broken", c="memory")
    (folder.photos / "d.jpg").symlink_to("nowhere")
    for described in (["x", "broken", "memory"], ["memory"]):
        again, contents = folder.update()
        assert again == described
        assert folder.names(contents) == [["a"]]
        assert {path.stem: why for path, why in contents.failures.items()} == {
            "b": "it is damaged",
            "c": "too little memory",
            "d": "it cannot be read: No such file or directory",
        }


def test_smaller_faces_are_looked_for_once(folder: Folder) -> None:
    folder.write(a="x")
    folder.update()
    assert folder.update(30.0)[0] == ["x"]
    assert folder.update(40.0)[0] == []
