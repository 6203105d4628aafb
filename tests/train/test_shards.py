"""Parquet shards are trained on as the files that they were made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from proportrait import imaging
from proportrait.errors import ConfigurationError
from proportrait.store import RecordStore
from proportrait.store import export as export_module
from proportrait.train import batches, run
from proportrait.train.batches import Batches, Shuffled
from proportrait.train.data import TABLE, Pictures
from proportrait.train.shards.index import read_split
from proportrait.train.shards.pictures import by_shard, read, row_groups, unpacked
from tests.store_samples import commit_all
from tests.tiny_training import no_boxes, preprocessing

SOURCES = 20  # of two pictures each; 3 are in the test, 3 in the validation


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RecordStore:
    folder = tmp_path_factory.mktemp("shards") / "set"
    commit_all(folder, SOURCES, threads=1)
    return RecordStore(folder)


@pytest.fixture(scope="module")
def folder(store: RecordStore) -> Path:
    """Row groups of three pictures, and several shards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_module, "ROW_GROUP", 3)
        patch.setattr(export_module, "SHARD_BYTES", 10_000)
        return export_module.export(store, "parquet")


@pytest.fixture(scope="module")
def train(folder: Path) -> Pictures:
    return read_split([folder], "three", 0).train


def test_shards_hold_what_the_files_hold(store: RecordStore, folder: Path) -> None:
    parts = read_split([folder], "three", 0)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [28, 6, 6]
    assert len(by_shard(parts.train)) > 2
    files = Pictures.from_folder(store.path)
    whole = parts.whole
    here, there = np.argsort(whole.digests), np.argsort(files.digests)
    for name in ("digests", "labels", "known", "sources"):
        assert np.array_equal(getattr(whole, name)[here], getattr(files, name)[there])
    for i, j in zip(here, there, strict=True):
        assert np.array_equal(read(str(whole.paths[i])), imaging.read(str(files.paths[j])))


def test_an_epoch_has_each_picture_once_and_few_row_groups_at_a_time(
    train: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BUFFER", 6)
    groups = row_groups(train)
    assert groups is not None
    order = Shuffled(len(train), 1, 8, groups)
    first = [number for _, number in order]
    assert sorted(n for n in first if n >= 0) == list(range(28))
    assert [n for n in first if n < 0] == [~n for n in first[:4]]  # 28 are filled up to 32
    assert max(len(set(groups[first[i : i + 6]])) for i in range(0, 24, 6)) <= 4
    assert np.any(np.diff(groups[first[:6]]) != 0)
    order.start = 11
    assert [number for _, number in order] == first[11:]  # as after kill -9
    order.start, order.epoch = 0, 1
    assert [number for _, number in order] != first


def test_worker_processes_read_the_pictures_of_their_batches(train: Pictures) -> None:
    items = Batches(train, no_boxes(len(train)), preprocessing(("whole",), 32))
    order = Shuffled(len(train), 0, groups=row_groups(train))

    def labels(workers: int) -> list[torch.Tensor]:
        loader = torch.utils.data.DataLoader(items, 4, sampler=order, num_workers=workers)
        return [torch.cat([views.flatten(1), labels], 1) for views, labels, _ in loader]

    assert torch.equal(torch.cat(labels(0)), torch.cat(labels(2)))


def test_pictures_are_unpacked_once(train: Pictures, tmp_path: Path) -> None:
    files = unpacked(train, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(train.digests)
    assert np.array_equal(imaging.read(str(files.paths[5])), read(str(train.paths[5])))
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert unpacked(files, tmp_path / "other").paths.tolist() == files.paths.tolist()
    unpacked(train, tmp_path / "out")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert row_groups(files) is None


def test_boxes_of_shards_are_looked_for_once(
    train: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def width(pictures: Pictures, workers: int | None) -> np.ndarray:
        """The first pixel of each picture stands for its box."""
        return np.array([imaging.read(str(p))[0, 0, [0, 1, 2, 0]] for p in pictures.paths], float)

    monkeypatch.setattr(run, "collect_boxes", width)
    boxes = run._boxes(train, tmp_path, None)
    assert boxes.tolist() == [read(str(p))[0, 0, [0, 1, 2, 0]].tolist() for p in train.paths]
    monkeypatch.setattr(run, "collect_boxes", None)
    assert np.array_equal(run._boxes(train, tmp_path, None), boxes)
    with pytest.raises(TypeError):  # other pictures have other boxes
        run._boxes(train[np.arange(5)], tmp_path, None)


def test_shards_that_cannot_be_trained_on_say_why(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="shards are trained on alone"):
        read_split([folder, tmp_path], "three", 0)
    table = pa.concat_tables([pq.read_table(file) for file in (folder / "data").iterdir()])
    pq.write_table(table.drop_columns("sha256"), tmp_path / "a.parquet")
    with pytest.raises(ConfigurationError, match="has no column sha256"):
        read_split([tmp_path], "three", 0)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigurationError, match="is damaged"):
        read_split([tmp_path], "three", 0)
    pq.write_table(pa.concat_tables([table] * 26), tmp_path / "a.parquet")
    with pytest.raises(ConfigurationError, match=r"groups of 1040 pictures.*row_group_size=100"):
        read_split([tmp_path], "three", 0)
    (tmp_path / TABLE).write_text("file,labels")
    with pytest.raises(ConfigurationError, match="names no picture"):  # a result beside pictures
        read_split([tmp_path], "three", 0)
    (tmp_path / TABLE).unlink()
    pq.write_table(table, tmp_path / "a.parquet")
    parts = read_split([tmp_path], "three", 0)  # split by source, as a folder of files
    assert len(parts.whole) == 40
    assert not set(parts.train.sources) & set(parts.validation.sources)
    pq.write_table(table, tmp_path / "validation-0.parquet")
    with pytest.raises(ConfigurationError, match=r"20 sources .* in the training split and in"):
        read_split([tmp_path], "three", 0)
