"""The table of the photographs that a model has learnt from."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError
from proportrait.train.card import list_photos
from proportrait.train.data import TABLE


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def folder(path: Path, rows: str, files: str) -> Path:
    path.mkdir(parents=True)
    for name in files.split():
        (path / name).write_bytes(name.encode())
    (path / TABLE).write_text(rows)
    return path


def test_photos_are_listed_without_their_names(tmp_path: Path) -> None:
    plain = folder(tmp_path / "plain", "file,labels\nann.jpg,1?0111\n", "ann.jpg")
    rows = (
        "file,labels,site,licence,sha256_of_original\n"
        f"bob.jpg,000000,firm.example,CC BY 4.0,{'0' * 64}\n"
        "cid.jpg,111111,firm.example,,\n"
    )
    full = folder(tmp_path / "full" / "images", "", "bob.jpg cid.jpg").parent
    (full / TABLE).write_text(rows + "dan.jpg,111110\n")  # a line that ends early
    (full / "images" / "dan.jpg").write_bytes(b"dan")
    text = list_photos([plain, full])
    assert ".jpg" not in text
    lines = list(csv.DictReader(io.StringIO(text)))
    assert list(lines[0]) == ["sha256", "site", "licence", "labels"]
    assert lines == sorted(lines, key=lambda line: line["sha256"])
    assert {line["sha256"]: tuple(line.values())[1:] for line in lines} == {
        digest(b"ann.jpg"): ("", "", "1?0111"),
        "0" * 64: ("firm.example", "CC BY 4.0", "000000"),
        digest(b"cid.jpg"): ("firm.example", "", "111111"),
        digest(b"dan"): ("", "", "111110"),
    }


def test_a_folder_without_a_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"has no labels\.csv: the last step learns from"):
        list_photos([tmp_path])
