"""Versions that follow from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from proportrait import digest
from proportrait.digest import code_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a module and a room that has code and data."""
    (tmp_path / "edit" / "data" / "__pycache__").mkdir(parents=True)
    (tmp_path / "tone.py").write_text("FILM = 1\n")
    (tmp_path / "edit" / "editor.py").write_text("TRIES = 4\n")
    (tmp_path / "edit" / "data" / "donors.npz").write_bytes(b"donors")
    monkeypatch.setattr(digest, "files", lambda name: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "change",
    ["tone.py", "edit/editor.py", "edit/data/donors.npz", "edit/data/new.csv", "edit/new.py"],
)
def test_every_change_of_code_or_data_is_another_version(package: Path, change: str) -> None:
    before = code_digest(["tone.py", "edit"], [], [])
    (package / change).write_bytes(b"# a comment\n")
    assert code_digest(["tone.py", "edit"], [], []) != before


@pytest.mark.parametrize("change", ["edit/data/__pycache__/a.pyc", "edit/README.md", "other.py"])
def test_what_changes_no_picture_is_no_other_version(package: Path, change: str) -> None:
    before = code_digest(["tone.py", "edit"], [], [])
    (package / change).write_bytes(b"x")
    assert code_digest(["tone.py", "edit"], [], []) == before


def test_libraries_and_weights_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "version", {"numpy": "2.0"}.__getitem__)
    plain, library, weights = (
        code_digest(["tone.py"], libraries, weights)
        for libraries, weights in (([], []), (["numpy"], []), ([], ["0" * 64]))
    )
    assert len({plain, library, weights}) == 3
    monkeypatch.setattr(digest, "version", {"numpy": "2.1"}.__getitem__)
    assert code_digest(["tone.py"], ["numpy"], []) != library
    assert len(plain) == 16
