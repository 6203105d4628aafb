from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import ConfigurationError, StoreError
from proportrait.rank.index import Index, index_path, key
from tests.rank.samples import VERSION, axis, face, filled, photo


def test_what_is_put_is_read_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    first = face(rng.normal(size=128).astype(np.float32), eyes=None, pose=(1.5, -2.0, 3.0))
    entry = photo("a", first, face(axis(3)), mark=7, phash=(1 << 64) - 2, time=1e9)
    index, (number,) = filled(tmp_path / "i.sqlite", entry)
    with index:
        faces = index.faces()
        assert faces.embeddings.dtype == np.float32
        assert np.array_equal(faces.embeddings, [first.embedding, axis(3)])
        assert faces.photos.tolist() == [number, number]
        assert faces.heights.tolist() == [320.0, 320.0]
        same, person = index.photo_of(int(faces.ids[1]))
    assert person is same.faces[1]
    assert same.faces[0].to_json() == first.to_json()
    assert (same.digest, same.marks, same.phash, same.time) == ("a", entry.marks, entry.phash, 1e9)


def test_an_empty_index_has_an_empty_matrix(tmp_path: Path) -> None:
    index, _ = filled(tmp_path / "i.sqlite")
    with index:
        assert len(index.faces().embeddings) == 0


def test_an_entry_replaces_the_one_of_the_same_content(tmp_path: Path) -> None:
    index, (_, second) = filled(tmp_path / "i.sqlite", photo("a", face()), photo("a", face()))
    with index:
        assert index.photos(40.0) == {"a": second}
        assert index.faces().photos.tolist() == [second]


def test_entries_of_another_version_or_of_larger_faces_do_not_count(tmp_path: Path) -> None:
    index, _ = filled(tmp_path / "i.sqlite", photo("a", face()))
    with index:
        assert set(index.photos(50.0)) == {"a"}
        assert index.photos(39.0) == {}
    with Index(tmp_path / "i.sqlite", "other", print) as index:
        assert index.photos(50.0) == {}


def test_forget_deletes_a_folder_and_leaves_what_lies_elsewhere_too(tmp_path: Path) -> None:
    path = tmp_path / "i.sqlite"
    needle = np.full(128, 0.123456, np.float32)
    index, _ = filled(path, photo("only", face(needle)), photo("both", face(axis(1))))
    stat = tmp_path.stat()
    with index:
        for name, digest in (
            ("a/deep/x.jpg", "only"), ("a/y.jpg", "both"), ("b/z.jpg", "both"), ("ab/x", "both"),
        ):  # fmt: skip
            index.put_file(tmp_path / name, stat, digest)
        assert set(index.files(tmp_path / "a")) == {
            key(tmp_path / "a/deep/x.jpg"), key(tmp_path / "a/y.jpg"),
        }  # fmt: skip
        assert index.forget(tmp_path / "a") == 2
        assert set(index.photos(40.0)) == {"both"}
        assert index.faces().embeddings.tolist() == [axis(1).tolist()]
        assert len(index.files(tmp_path)) == 2
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert axis(1).tobytes() in kept
    assert needle.tobytes() not in kept


def test_names_may_be_any_bytes_and_a_link_to_the_folder_is_the_folder(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    name = os.fsdecode(b"M\xfcller.jpg")
    assert key(tmp_path / "link" / name) == os.fsencode(tmp_path / "photos") + b"/M\xfcller.jpg"


def test_a_damaged_index_in_its_place_is_made_again_and_this_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROPORTRAIT_CACHE", str(tmp_path))
    index_path().write_bytes(b"damaged " * 1000)
    notes: list[str] = []
    with Index(index_path(), VERSION, notes.append) as index:
        assert index.photos(40.0) == {}
        index.put(photo("a", face()), 40.0)
    assert len(notes) == 1
    assert "was damaged, and is made again" in notes[0]


def test_damage_inside_is_noticed_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.sqlite"
    index, _ = filled(path, *(photo(str(number), face()) for number in range(200)))
    index.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 20] = os.urandom(4096 * 17)
    path.write_bytes(data)
    notes: list[str] = []
    with Index(path, VERSION, notes.append) as index:
        assert index.photos(40.0) == {}
    assert len(notes) == 1


@pytest.mark.parametrize("kind", ["text", "database"])
def test_a_file_of_somebody_else_is_never_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "photos.db"
    if kind == "text":
        path.write_bytes(b"the only copy of my notes " * 100)
    else:
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE photos (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="is no index of faces"):
        Index(path, VERSION, print)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="name another file with --index"):
        Index(tmp_path / "file" / "i.sqlite", VERSION, print)


def test_an_index_that_fails_while_it_is_read_is_a_clear_error(tmp_path: Path) -> None:
    index, _ = filled(tmp_path / "i.sqlite", photo("a", face()))
    with sqlite3.connect(tmp_path / "i.sqlite") as other:
        other.execute("DROP TABLE faces")

    def read() -> None:
        with index:
            index.faces()

    with pytest.raises(StoreError, match=r"i\.sqlite cannot be read \(no such table"):
        read()
