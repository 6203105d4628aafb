"""Data sets streamed by the real `datasets`: local ones, and one of a Hub on the loopback."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from proportrait.errors import (
    ConfigurationError,
    CorruptImageError,
    FatalError,
    ImageError,
    UnreachableError,
)
from proportrait.generate.base import SourceItem
from proportrait.generate.sources.hub import HubItem, HubSource, item_path
from tests.fake_hub import FakeHub
from tests.made_pictures import EXPECTED, made_pictures

PICTURES = made_pictures()
NAMES = list(EXPECTED)


def outcome(item: SourceItem) -> tuple[int, ...] | str:
    try:
        return item.open().image.shape
    except ImageError as error:
        return type(error).__name__


def write_parquet(path: Path, rows: list[dict[str, Any] | None], column: str = "image") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    features = datasets.Features({column: datasets.Image(), "n": datasets.Value("int64")})
    table = pa.table(
        {column: pa.array(rows, features.arrow_schema.field(column).type), "n": range(len(rows))}
    )
    pq.write_table(table.replace_schema_metadata(features.arrow_schema.metadata), path)
    return path


def row(name: str, path: str | None = None) -> dict[str, Any]:
    return {"bytes": PICTURES[name], "path": path}


@pytest.fixture
def imagefolder(tmp_path: Path) -> Path:
    folder = tmp_path / "portraits"
    folder.mkdir()
    for name, data in PICTURES.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "set" / "train.parquet", [row(n, n) for n in NAMES])


def test_an_imagefolder_gives_every_row_and_a_bad_one_is_an_error_of_that_row(
    imagefolder: Path,
) -> None:
    items = list(HubSource(str(imagefolder)))
    assert [i.filename for i in items] == NAMES
    assert [outcome(i) for i in items] == list(EXPECTED.values())
    assert [i.stem for i in items[:2]] == ["portraits_00000", "portraits_00001"]


@pytest.mark.parametrize("as_file", [True, False])
def test_parquet_gives_every_row_from_a_file_and_from_a_folder(
    parquet: Path, as_file: bool
) -> None:
    items = list(HubSource(str(parquet if as_file else parquet.parent)))
    assert [outcome(i) for i in items] == list(EXPECTED.values())
    assert items[0].source_id.startswith("hf:local/train/a_good.jpg#")


@pytest.mark.parametrize("kind", ["binary", "struct"])
def test_parquet_that_other_tools_wrote_holds_pictures_too(tmp_path: Path, kind: str) -> None:
    data = list(PICTURES.values())
    column = data if kind == "binary" else [{"bytes": d, "path": None} for d in data]
    pq.write_table(pa.table({"photo": column, "age": range(len(data))}), tmp_path / "x.parquet")
    items = list(HubSource(str(tmp_path / "x.parquet")))
    assert [outcome(i) for i in items] == list(EXPECTED.values())


def test_ids_do_not_depend_on_the_run_the_order_or_the_place(parquet: Path, tmp_path: Path) -> None:
    first = {i.source_id: i.data for i in HubSource(str(parquet))}
    assert len(first) == len(NAMES)
    assert {i.source_id: i.data for i in HubSource(str(parquet))} == first
    rows = [row(n, n) for n in reversed(NAMES)]
    other = write_parquet(tmp_path / "elsewhere" / "shuffled.parquet", rows)
    assert {i.source_id: i.data for i in HubSource(str(other))} == first


def test_ids_of_an_imagefolder_survive_a_move_and_tell_other_content_apart(
    imagefolder: Path, tmp_path: Path
) -> None:
    first = [i.source_id for i in HubSource(str(imagefolder))]
    moved = shutil.move(imagefolder, tmp_path / "moved")
    assert [i.source_id for i in HubSource(str(moved))] == first
    (Path(moved) / "a_good.jpg").write_bytes(PICTURES["i_good.webp"])
    second = [i.source_id for i in HubSource(str(moved))]
    assert second[0] != first[0]
    assert second[1:] == first[1:]


def test_rows_without_a_path_or_with_the_same_one_are_told_apart(tmp_path: Path) -> None:
    rows = [
        row("a_good.jpg", "1.jpg"),
        row("e_alpha.png", "1.jpg"),
        row("e_alpha.png", "1.jpg"),
        row("e_alpha.png", "1.jpg"),
        row("a_good.jpg"),
        row("a_good.jpg"),
        None,
        None,
    ]
    path = str(write_parquet(tmp_path / "twice.parquet", rows))
    items = list(HubSource(path))
    ids = [i.source_id for i in items]
    assert len(set(ids)) == len(rows)
    assert [i.source_id for i in HubSource(path)] == ids
    assert [outcome(i) for i in items] == [(160, 192, 3)] * 6 + ["CorruptImageError"] * 2


def test_items_pickle(parquet: Path) -> None:
    item = next(iter(HubSource(str(parquet))))
    assert pickle.loads(pickle.dumps(item)) == item


def test_the_picture_column_is_found_by_its_type(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "set.parquet", [row("a_good.jpg")], column="portrait")
    assert outcome(next(iter(HubSource(str(path))))) == (160, 192, 3)

    none = tmp_path / "none.parquet"
    pq.write_table(pa.table({"age": [1], "name": ["x"]}), none)
    with pytest.raises(ConfigurationError, match="no picture column; its columns are: age, name"):
        next(iter(HubSource(str(none))))

    two = tmp_path / "two.parquet"
    data = [PICTURES["a_good.jpg"]]
    pq.write_table(pa.table({"front": data, "side": data, "age": [1]}), two)
    with pytest.raises(ConfigurationError, match=r"several picture columns \(front, side\)"):
        next(iter(HubSource(str(two))))
    assert outcome(next(iter(HubSource(str(two), image_column="side")))) == (160, 192, 3)
    with pytest.raises(ConfigurationError, match="no column 'age' with pictures"):
        next(iter(HubSource(str(two), image_column="age")))


def test_what_cannot_be_opened_is_one_clear_line(parquet: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\./absent does not exist"):
        HubSource("./absent")
    with pytest.raises(
        ConfigurationError, match=r"Bad split: test\. Available splits: \['train'\]"
    ):
        next(iter(HubSource(str(parquet.parent), split="test")))
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(parquet.read_bytes()[:3000])
    with pytest.raises(ConfigurationError, match=r"damaged\.parquet") as caught:
        next(iter(HubSource(str(damaged))))
    assert "\n" not in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        next(iter(HubSource(str(tmp_path / "empty"))))


def test_a_name_of_the_hub_fails_at_once_when_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    start = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"HF_HUB_OFFLINE is set.*--source stylegan"):
        next(iter(HubSource()))
    assert time.monotonic() - start < 5


class _Empty:
    """Stands for a streamed data set."""

    features = datasets.Features({"image": datasets.Image()})

    def decode(self, _: bool) -> _Empty:
        return self

    def select_columns(self, _: list[str]) -> _Empty:
        return self

    def cast_column(self, *_: object) -> _Empty:
        return self

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(())


class _BreaksOff(_Empty):
    """Its connection breaks after two rows."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield {"image": row("a_good.jpg", "1.jpg")}
        yield {"image": row("e_alpha.png", "2.png")}
        raise ConnectionError("Server Disconnected\nand a second line")


def test_a_split_without_rows_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: _Empty())
    with pytest.raises(ConfigurationError, match=r"split 'test' .* 'owner/name' has no rows"):
        next(iter(HubSource("owner/name", "test")))


def test_a_stream_that_breaks_off_stops_the_run_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: _BreaksOff())
    items = iter(HubSource("owner/name"))
    assert [next(items).source_id for _ in range(2)] == [
        "hf:owner/name/train/1.jpg",
        "hf:owner/name/train/2.png",
    ]
    message = r"broke off after 2 rows: Server Disconnected\. Run the same command again"
    with pytest.raises(FatalError, match=message) as caught:
        next(items)
    assert "\n" not in str(caught.value)


def test_a_picture_that_cannot_be_fetched_is_told_from_one_that_is_absent(tmp_path: Path) -> None:
    absent = HubItem("id", "stem", "1.jpg", None, str(tmp_path / "1.jpg"))
    with pytest.raises(CorruptImageError, match=r"1\.jpg cannot be read"):
        absent.open()
    unreachable = HubItem("id", "stem", "1.jpg", None, "http://127.0.0.1:9/1.jpg")
    with pytest.raises(UnreachableError, match=r"1\.jpg cannot be read"):
        unreachable.open()


@pytest.mark.parametrize(
    ("location", "root", "expected"),
    [
        ("hf://datasets/o/n@5f3c/data/1.png", None, "data/1.png"),
        ("zip://a/1.png::hf://datasets/o/n@5f3c/data.zip", None, "data.zip/a/1.png"),
        ("/home/me/set/a/1.png", "/home/me/set", "a/1.png"),
        ("1.png", "/home/me/set", "1.png"),
    ],
)
def test_item_path_keeps_only_what_names_the_picture(
    location: str, root: str | None, expected: str
) -> None:
    assert item_path(location, None if root is None else Path(root)) == expected


STREAM = """
import sys
from proportrait.errors import ConfigurationError, ImageError
from proportrait.generate.sources.hub import HubSource
for item in HubSource("someone/tiny-ffhq"):
    try:
        result = item.open().image.shape
    except ImageError as error:
        result = type(error).__name__
    print(item.source_id, item.stem, result, sep="|")
try:
    next(iter(HubSource("someone/absent")))
except ConfigurationError as error:
    print(error)
"""


@pytest.mark.parametrize("form", ["imagefolder", "parquet"])
def test_the_hub_itself_is_streamed(form: str, tmp_path: Path) -> None:
    if form == "parquet":
        write_parquet(tmp_path / "repo" / "train.parquet", [row(n, n) for n in NAMES])
    else:
        for name, data in PICTURES.items():
            (tmp_path / "repo" / "train").mkdir(parents=True, exist_ok=True)
            (tmp_path / "repo" / "train" / name).write_bytes(data)
    with FakeHub(tmp_path / "repo", "someone/tiny-ffhq") as address:
        # Its own process, because the Hub's client reads these when it is imported.
        settings = {"HF_ENDPOINT": address, "HF_HOME": str(tmp_path / "home"), "NO_PROXY": "*"}
        dropped = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_TOKEN", "HF_DATASETS_CACHE")
        kept = {k: v for k, v in os.environ.items() if k not in dropped}
        done = subprocess.run(
            [sys.executable, "-c", STREAM],
            env=kept | settings,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    *lines, error = done.stdout.splitlines()
    folder = "train/" if form == "imagefolder" else ""
    assert lines == [
        f"hf:someone/tiny-ffhq/train/{folder}{name}|ffhq_{index:05d}|{expected}"
        for index, (name, expected) in enumerate(EXPECTED.items())
    ]
    assert "someone/absent" in error
    assert "private or gated" in error
