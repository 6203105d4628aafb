"""What is known of a folder from its ledger and two listings."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from proportrait.errors import StoreError
from proportrait.store.index import Index
from proportrait.store.ledger import Entry

TIME = "2026-01-02T03:04:05+00:00"


def done(source_id: str, *names: str, cost_usd: float = 0.0) -> Entry:
    files = tuple((name, "0" * 64) for name in names)
    return Entry(source_id, "a", "done", TIME, cost_usd=cost_usd, files=files)


def folder(path: Path, *names: str) -> Path:
    for place, suffix in (("images", "jpg"), ("metadata", "json")):
        (path / place).mkdir()
        for name in names:
            (path / place / f"{name}.{suffix}").touch()
    return path


def test_an_entry_without_its_files_is_missing(tmp_path: Path) -> None:
    path = folder(tmp_path, "a_111111")
    entries = [done("s:1", "a_111111.jpg"), done("s:2", "b_111111.jpg", cost_usd=0.5)]
    index = Index(path, entries)
    assert (index.get("s:1"), index.get("s:2"), index["s:2"]) == (entries[0], None, entries[1])
    assert index.missing() == {
        "s:2": [path / "images" / "b_111111.jpg", path / "metadata" / "b_111111.json"]
    }
    assert index.counts() == {"done": 1, "failed": 0, "rejected": 0, "missing": 1, "pictures": 1}
    assert index.spent_usd == 0.5


def test_a_replaced_entry_frees_the_names_that_its_source_has_no_longer(tmp_path: Path) -> None:
    index = Index(tmp_path, [done("s:1", "a_111111.jpg", "a_blur_111110.jpg")])
    index.replace(done("s:1", "a_011111.jpg", "a_blur_111110.jpg"))
    names = ("a_111111.jpg", "a_011111.jpg", "a_blur_111110.jpg")
    assert [index.owner(name) for name in names] == [None, "s:1", "s:1"]


def test_a_name_is_free_for_its_own_source_only(tmp_path: Path) -> None:
    index = Index(folder(tmp_path, "a_111111"), [done("s:1", "a_111111.jpg")])
    index.check_names("s:1", ["a_111111.jpg"])
    index.check_names("s:2", ["a_111110.jpg"])
    with pytest.raises(StoreError, match=r"a_111111\.jpg is there already"):
        index.check_names("s:2", ["a_111111.jpg"])


def test_a_source_without_any_free_stem_is_an_error(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"s:1").hexdigest()
    stems = ["a", f"a-{digest[:6]}", f"a-{digest[:16]}", f"a-{digest}"]
    index = Index(folder(tmp_path, *(f"{stem}_111111" for stem in stems)))
    with pytest.raises(StoreError, match="no free name for a in"):
        index.unique_stem("s:1", "a")
