"""Durable writes."""

from __future__ import annotations

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
