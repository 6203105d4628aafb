"""Folders and files as they are in the world; photos are described by a quick stand-in."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

from proportrait import cli
from proportrait.rank import indexing
from proportrait.rank.describe import PhotoEntry, version
from proportrait.rank.index import Index, index_path, key
from proportrait.rank.indexing import update
from tests.rank.samples import axis, face

MANY = 50_000


class World:
    """A folder of photos of one person, whose descriptions are counted."""

    def __init__(self, place: Path) -> None:
        self.photos = place / "photos"
        self.photos.mkdir()
        self.described = 0

    def describe(self, data: bytes, smallest: float, kind: str = "") -> PhotoEntry:
        self.described += 1
        number = int.from_bytes(hashlib.sha256(data).digest()[:8], "big")
        return PhotoEntry(hashlib.sha256(data).hexdigest(), (face(axis(0)),), {}, number)

    def write(self, *names: str) -> None:
        for name in names:
            (self.photos / name).parent.mkdir(parents=True, exist_ok=True)
            (self.photos / name).write_text(name)

    def run(self, *words: object) -> int:
        options = ("--ref", "me.jpg", "--photos", self.photos, "--format", "json", *words)
        return cli.main(["rank", *map(str, options)])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(tmp_path)
    monkeypatch.setenv("PROPORTRAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(indexing, "describe", world.describe)
    monkeypatch.setattr("proportrait.rank.match.references", lambda *_: axis(0)[None])
    return world


def names(text: str) -> list[str]:
    return sorted(Path(entry["path"]).name for entry in json.loads(text))


@pytest.mark.parametrize(
    ("damage", "note"),
    [
        (lambda data: b"damaged " * 1000, "was damaged, and is made again"),
        (lambda data: data[: len(data) // 2], "was damaged, and is made again"),
        (lambda data: data[:4096] + os.urandom(len(data) - 4096), "was damaged, and is made again"),
        (lambda data: b"", ""),
    ],
    ids=["text", "half", "random", "empty"],
)
def test_a_damaged_index_is_made_again_and_this_is_told(
    world: World,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[bytes], bytes],
    note: str,
) -> None:
    world.write("a.jpg", "b.jpg")
    assert world.run() == 0
    index_path().write_bytes(damage(index_path().read_bytes()))
    capsys.readouterr()
    assert world.run() == 0
    output, error = capsys.readouterr()
    assert names(output) == ["a.jpg", "b.jpg"]
    assert note in error
    assert world.described == 4
    assert world.run() == 0
    assert world.described == 4


def test_a_folder_that_cannot_be_written_is_ranked_and_stays_as_it_is(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("a.jpg", "deep/b.jpg")
    folders = (world.photos, world.photos / "deep")
    for folder in folders:
        os.utime(folder, (1e9, 1e9))
        folder.chmod(0o555)
    try:
        assert world.run() == 0
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert names(capsys.readouterr().out) == ["a.jpg", "b.jpg"]
    # Not even a temporary file was there for a moment: that counts where the right is no limit.
    assert [folder.stat().st_mtime for folder in folders] == [1e9, 1e9]


def test_links_in_a_circle_are_named_and_left(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("a.jpg", "deep/b.jpg")
    (world.photos / "deep" / "up").symlink_to(world.photos)
    (world.photos / "me").symlink_to(".")
    (world.photos / "self.jpg").symlink_to("self.jpg")
    (world.photos / "to.jpg").symlink_to("fro.jpg")
    (world.photos / "fro.jpg").symlink_to("to.jpg")
    assert world.run() == 1
    output, error = capsys.readouterr()
    assert names(output) == ["a.jpg", "b.jpg"]
    for name in ("me", "up"):
        assert f"{name} (a link to a folder: name that folder)" in error
    for name in ("self.jpg", "to.jpg", "fro.jpg"):
        assert f"{name}: it cannot be read: Too many levels of symbolic links" in error


@pytest.mark.parametrize(
    ("kind", "message"),
    [("empty", "holds no pictures"), ("texts", "holds no pictures"), ("loop", "is no folder"),
     ("gone", "is no folder")],
)  # fmt: skip
def test_a_folder_without_photos_is_one_clear_line(
    world: World, capsys: pytest.CaptureFixture[str], kind: str, message: str
) -> None:
    if kind == "texts":
        world.write("notes.txt")
    elif kind in ("loop", "gone"):
        world.photos.rmdir()
    if kind == "loop":
        world.photos.symlink_to(world.photos)
    assert world.run("--copy_to", world.photos.parent / "best") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {world.photos} {message}")
    assert not (world.photos.parent / "best").exists()


def test_what_only_looks_like_a_photo_is_no_obstacle(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write("a.jpg", "folder.jpg/b.jpg")
    os.mkfifo(world.photos / "pipe.jpg")
    assert world.run() == 0
    assert names(capsys.readouterr().out) == ["a.jpg", "b.jpg"]


def test_a_reference_without_a_face_is_one_clear_line(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    world.write("a.jpg")
    sky = world.photos.parent / "sky.png"
    PIL.Image.new("RGB", (300, 300), "skyblue").save(sky)
    assert cli.main(["rank", "--ref", str(sky), "--photos", str(world.photos)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {sky} shows no face: name a photo")


def test_a_killed_run_leaves_all_that_it_had_described(world: World) -> None:
    world.write(*(f"{number}.jpg" for number in range(30)))
    paths = sorted(world.photos.iterdir())

    def die(data: bytes, smallest: float, kind: str = "") -> PhotoEntry:
        if world.described == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return world.describe(data, smallest, kind)

    child = os.fork()
    if child == 0:
        indexing.describe = die  # type: ignore[assignment]
        with Index(index_path(), version(), print) as index:
            update(index, world.photos, paths, workers=1)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    notes: list[str] = []
    with Index(index_path(), version(), notes.append) as index:
        contents = update(index, world.photos, paths, workers=1)
    assert world.described == 10
    assert len(contents.photos) == 30
    assert notes == []


def test_a_folder_of_fifty_thousand_files(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """They are listed and known again; of one content, so that the test is quick."""
    first = world.photos / "00000.jpg"
    first.write_text("a photo")
    assert world.run() == 0
    (output, _), stat = capsys.readouterr(), first.stat()
    digest = hashlib.sha256(b"a photo").hexdigest()
    others = [world.photos / f"{number:05d}.jpg" for number in range(1, MANY)]
    for path in others:
        path.hardlink_to(first)
    with sqlite3.connect(index_path()) as file:
        rows = ((key(path), stat.st_size, stat.st_mtime_ns, digest) for path in others)
        file.executemany("INSERT INTO files VALUES (?, ?, ?, ?)", rows)
    assert world.run() == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert len(entry["similar"]) == MANY - 1
    assert {**entry, "similar": []} == json.loads(output)[0]
    assert world.described == 1
