"""What stands behind the words of a command line; without Ray."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from proportrait.distributed import shards
from proportrait.distributed.places import Disk, Store, place_of
from proportrait.distributed.sources import find
from proportrait.distributed.stream import Row
from proportrait.errors import ConfigurationError
from proportrait.looks.look import Wants


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    for name in ("b.jpg", "a.PNG", "inner/c.webp", ".hidden.jpg", "raw.nef", "notes.txt"):
        (tmp_path / name).write_bytes(b"no picture")
    return tmp_path


def test_a_folder_holds_its_pictures_by_name(folder: Path) -> None:
    notes = list[str]()
    source = find([str(folder)], notes.append)
    assert source.files == [f"{folder}/{name}" for name in ("a.PNG", "b.jpg", "inner/c.webp")]
    assert notes == ["left out: 1 .nef (convert them to JPEG first)"]
    assert find([f"{folder}/./b.jpg", "gone.jpg"], print).files == [f"{folder}/b.jpg", "gone.jpg"]
    assert find([str(folder)], print, recursive=False).files == source.files[:2]


def test_a_store_holds_them_too(folder: Path) -> None:
    uri = f"file://{folder}"
    source = find([uri], print)
    assert source.files == [f"{uri}/{name}" for name in ("a.PNG", "b.jpg", "inner/c.webp")]
    assert find([f"{uri}/"], print, recursive=False).files == source.files[:2]
    assert find([f"{uri}/notes.txt"], print).files == [f"{uri}/notes.txt"]
    place = source.place
    (folder / "a?b.jpg").write_bytes(b"odd")
    assert place.fetch(Row(f"{uri}/a?b.jpg")).data == b"odd"
    assert place.fetch(Row(source.files[0])) == (source.files[0], b"no picture", "")
    gone = place.fetch(Row(f"{uri}/gone.jpg"))
    assert "it cannot be read: " in place.look(gone, Wants()).error
    assert "no picture" in place.look(place.fetch(Row(source.files[1])), Wants()).error
    assert place.fetch(Row("x", None, "broken")) == ("x", None, "broken")


def table(folder: Path, name: str, **columns: object) -> str:
    write_table(pa.table(columns), folder / name)
    return str(folder / name)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"jpg": [b"1", b"2"]}, ["0", "1"]),
        ({"other": [b"0", b"0"], "bytes": [b"1", b"2"], "file_name": ["a", "b"]}, ["a", "b"]),
        ({"image": [{"bytes": b"1", "path": "a"}, {"bytes": b"2", "path": None}]}, ["a", "1"]),
        ({"image": [{"bytes": b"1", "path": "a"}, {"bytes": b"2", "path": "b"}],
          "id": [7, 8]}, ["7", "8"]),
    ],
)  # fmt: skip
def test_a_parquet_file_holds_pictures(
    columns: dict[str, object], names: list[str], tmp_path: Path
) -> None:
    shard = table(tmp_path, "a.parquet", **columns)
    source = find([str(tmp_path)], print)
    assert (source.sharded, source.paths, source.files) == (True, [shard], [])
    rows = list(shards.rows(source.place, shard))
    assert rows == [
        (f"{shard}/{name}", data, "") for name, data in zip(names, (b"1", b"2"), strict=True)
    ]


def test_a_row_without_a_picture_says_so(tmp_path: Path) -> None:
    shard = table(tmp_path, "a.parquet", image=[None, b"1"])
    assert list(shards.rows(Disk(), shard)) == [
        (f"{shard}/0", None, "its row holds no picture"),
        (f"{shard}/1", b"1", ""),
    ]


def test_a_parquet_file_lists_paths(tmp_path: Path) -> None:
    source = find([table(tmp_path, "a.parquet", path=["x.jpg", "y.jpg"], rating=[1.0, 2.0])], print)
    assert (source.sharded, source.files) == (False, ["x.jpg", "y.jpg"])
    stored = find([table(tmp_path, "b.parquet", file=[f"file://{tmp_path}/x.jpg"])], print)
    assert isinstance(stored.place, Store)


def test_a_tar_holds_pictures_and_what_belongs_to_them(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name in ("1.jpg", "1.json", "dir/2.PNG", "dir/.3.jpg"):
            entry = tarfile.TarInfo(name)
            entry.size = len(name)
            archive.addfile(entry, io.BytesIO(name.encode()))
    shard = f"file://{tmp_path}/a.tar.gz"
    source = find([shard, shard], print)
    assert (source.sharded, source.paths) == (True, [shard])
    rows = list(shards.rows(source.place, shard))
    assert rows == [(f"{shard}/{name}", name.encode(), "") for name in ("1.jpg", "dir/2.PNG")]


@pytest.mark.parametrize("name", ["a.tar", "a.parquet"])
def test_a_damaged_shard_is_a_row_of_its_failure(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"damaged")
    source = find([str(path)], print)
    (row,) = shards.rows(source.place, str(path))
    assert (row.path, row.data) == (str(path), None)
    assert row.error.startswith("the shard cannot be read to its end: ")
    assert Disk().look(row, Wants()).error == row.error


def test_what_cannot_be_read_says_what_to_do(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    text = table(tmp_path, "text.parquet", caption=["x"])
    for words, message in (
        ([str(empty)], "holds no pictures and no shards"),
        ([f"file://{empty}"], "holds no pictures and no shards"),
        ([f"file://{empty}/gone"], "cannot be listed"),
        (["ftp://host/a.jpg"], "cannot be read"),
        ([str(folder), f"file://{folder}"], "not both in one run"),
        ([f"{folder}/a.PNG", text], "not both in one run"),
        ([text], "neither a column of pictures .* its columns are caption"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            find(words, print)


def test_a_place_is_known_by_its_word() -> None:
    assert isinstance(place_of("photos/a.jpg"), Disk)
    assert isinstance(place_of("file:///photos"), Store)
