"""Durable writes."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from proportrait import disk


def test_a_replaced_file_is_on_the_disk_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are synced before the name changes, the folder after that."""
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    steps: list[tuple[str, bytes, list[str]]] = []

    def note(step: str) -> None:
        steps.append((step, path.read_bytes(), sorted(p.name for p in tmp_path.iterdir())))

    sync, fsync = disk.sync, disk.os.fsync
    monkeypatch.setattr(disk, "sync", lambda place: (note(f"sync {place.name}"), sync(place)))
    monkeypatch.setattr(disk.os, "fsync", lambda file: (note("fsync"), fsync(file)))
    disk.replace_file(path, b"new")
    assert steps == [
        ("fsync", b"old", [".a.json.new", "a.json"]),
        (f"sync {tmp_path.name}", b"new", ["a.json"]),
        ("fsync", b"new", ["a.json"]),
    ]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_added_and_none_replaced(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:  # as on exFAT

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "a.jpg"
    assert disk.add_file(path, lambda temporary: temporary.write_bytes(b"mine"))
    assert not disk.add_file(path, lambda temporary: temporary.write_bytes(b"other"))

    def meanwhile(temporary: Path) -> None:
        temporary.write_bytes(b"late")
        (tmp_path / "b.jpg").write_bytes(b"first")

    assert not disk.add_file(tmp_path / "b.jpg", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        disk.add_file(tmp_path / "c.jpg", _interrupted)
    contents = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}
    assert contents == {"a.jpg": b"mine", "b.jpg": b"first"}


def _interrupted(temporary: Path) -> None:
    temporary.write_bytes(b"half")
    raise KeyboardInterrupt


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, GeneratorExit])
def test_a_file_that_is_written_in_parts_takes_its_place_at_the_end(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def break_off() -> None:
        with disk.replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        break_off()
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.json", b"old")]
    with disk.replacing(path) as file:
        file.write(b"one ")
        file.write(b"two")
        assert path.read_bytes() == b"old"
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.json", b"one two")]


@pytest.mark.parametrize("fails", [False, True])
def test_the_drive_is_told_to_write_where_fsync_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """As on macOS; a disk that does not know the command is synced as anywhere else."""
    calls: list[object] = []

    def drive_sync(file: int, command: int) -> None:
        calls.append(command)
        if fails:
            raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(disk, "_DRIVE_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", drive_sync)
    monkeypatch.setattr(disk.os, "fsync", lambda file: calls.append("fsync"))
    disk.write_file(tmp_path / "a", b"x")
    disk.sync(tmp_path)
    assert calls == [51, "fsync", 51, "fsync"] if fails else [51, 51]
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_folder_is_the_same_under_each_of_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    assert disk.is_same_folder(tmp_path / "photos", tmp_path / "link")
    assert disk.is_same_folder(tmp_path / "new", tmp_path / "photos" / ".." / "new")
    assert not disk.is_same_folder(tmp_path / "photos", tmp_path)
    # A disk that does not tell case apart.
    monkeypatch.setattr(os.path, "samefile", lambda a, b: str(a).lower() == str(b).lower())
    assert disk.is_same_folder(tmp_path / "photos", tmp_path / "Photos")


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_moved_and_none_replaced(
    tmp_path: Path, links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    first, second = tmp_path / "a.jpg", tmp_path / "b.jpg"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    assert not disk.move_file(first, second)
    assert disk.move_file(first, tmp_path / "c.jpg")
    contents = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}
    assert contents == {"b.jpg": b"second", "c.jpg": b"first"}
