"""Exports, loaded back through the `datasets` library without a network."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from proportrait.errors import ConfigurationError, StoreError
from proportrait.imaging import decode
from proportrait.labels import KEYS
from proportrait.store import RecordStore
from proportrait.store import export as export_module
from proportrait.store.export import EXPORTS, export
from tests.store_samples import commit_all, picture, source


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    commit_all(tmp_path / "output", 4, threads=1)
    return RecordStore(tmp_path / "output")


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`datasets.load_dataset(...)["train"]`, offline, with a cache of its own."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    yield lambda *names, split="train", **options: datasets.load_dataset(
        *names, cache_dir=str(tmp_path / "cache"), split=split, **options
    )
    datasets.enable_progress_bars()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_right(rows: Any) -> None:
    """The eight rows are those of four sources; labels hold, unknown bits are null."""
    assert len(rows) == 8
    by_hash = {row["sha256"]: row for row in rows}
    for number in range(4):
        for record, data in source(number)[2]:
            (row,) = (
                r
                for r in by_hash.values()
                if r["label_code"] == record.labels.code and r["source_id"] == record.source_id
            )
            assert np.array_equal(np.asarray(row["image"].convert("RGB")), decode(data))
            # The samples know lighting, background, framing, and sharpness.
            sharp = record.labels["sharpness"]
            assert [row[key] for key in KEYS] == [1, 0, None, None, 1, sharp]
            assert row["requested_code"] == "101111"
            assert row["known_code"] == "110011"
            assert (row["parent"], row["blur_type"]) == (record.parent, record.blur_type)
            assert row["framing_type"] is None
            assert row["cost_usd"] == record.cost_usd
            assert row["generation_seed"] == number


@pytest.mark.parametrize("by_name", [True, False])
def test_imagefolder_loads(store: RecordStore, load: Any, by_name: bool) -> None:
    folder = export(store, "imagefolder")
    assert folder == store.path / "export" / "imagefolder"
    rows = load("imagefolder", data_dir=str(folder)) if by_name else load(str(folder))
    assert_right(rows)


@pytest.mark.parametrize("by_name", [True, False])
def test_parquet_loads(
    store: RecordStore, load: Any, by_name: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "SHARD_BYTES", 2 * len(picture("any")) + 100)
    folder = export(store, "parquet")
    shards = sorted(path.name for path in (folder / "data").iterdir())
    assert shards == [f"train-{n:05d}-of-00004.parquet" for n in range(4)]
    rows = load("parquet", data_dir=str(folder)) if by_name else load(str(folder))
    assert_right(rows)


@pytest.mark.parametrize("kind", EXPORTS)
def test_columns_do_not_depend_on_the_kind(store: RecordStore, load: Any, kind: str) -> None:
    rows = load(str(export(store, kind)))
    assert rows.column_names[: len(KEYS) + 1] == ["image", *KEYS]
    assert {"label_code", "source_id", "sha256", "prompt_text"} <= set(rows.column_names)


@pytest.mark.parametrize("stem", ["test", "photo_val_1", "eval-3"])
@pytest.mark.parametrize("kind", EXPORTS)
def test_names_like_splits_stay_in_the_one_split(
    tmp_path: Path, load: Any, kind: str, stem: str
) -> None:
    commit_all(tmp_path / "output", 1)
    with RecordStore(tmp_path / "output") as store:
        record, data = source(1)[2][0]
        store.commit(
            "sample:1", stem, [(replace(record, output_filename=f"{stem}_101111.jpg"), data)]
        )
    assert len(load(str(export(store, kind)))) == 3


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_is_repeatable_and_touches_no_original(store: RecordStore, kind: str) -> None:
    originals = {p: p.read_bytes() for p in store.path.rglob("*") if p.is_file()}
    first = tree(export(store, kind))
    assert tree(export(store, kind)) == first
    with RecordStore(store.path) as opened:
        source_id, stem, pictures = source(4)
        opened.commit(source_id, stem, pictures)
    (store.images / source(0)[2][0][0].output_filename).unlink()
    last = tree(export(store, kind))
    assert len(list(store.records())) == 9
    assert len(store.problems) == 1
    if kind == "imagefolder":
        assert len(last["train/metadata.jsonl"].splitlines()) == 9
        assert len(last) == 9 + 2
    assert {p.name for p in (store.path / "export").iterdir()} == {kind}
    kept = {p: data for p, data in originals.items() if p.exists() and p.name != "ledger.jsonl"}
    assert len(kept) == len(originals) - 2
    assert all(path.read_bytes() == data for path, data in kept.items())


def test_imagefolder_links_or_copies(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    name = source(0)[2][0][0].output_filename
    linked = export(store, "imagefolder") / "train" / name
    assert linked.samefile(store.images / name)

    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_link)
    copied = export(store, "imagefolder") / "train" / name
    assert not copied.samefile(store.images / name)
    assert copied.read_bytes() == (store.images / name).read_bytes()


@pytest.mark.parametrize("kind", EXPORTS)
def test_labels_have_names_or_are_true_or_false(store: RecordStore, load: Any, kind: str) -> None:
    rows = load(str(export(store, kind)))
    for key in KEYS:
        feature = rows.features[key]
        if kind == "parquet":
            assert feature.names == ["bad", "good"]
        elif key not in ("attire", "expression"):  # of which the samples claim nothing
            assert feature.dtype == "bool"
    assert [rows[0][key] for key in KEYS][:4] == [1, 0, None, None]
    assert rows.features["generation_seed"].dtype == "int64"


@pytest.mark.parametrize("kind", EXPORTS)
def test_no_source_is_in_two_splits(tmp_path: Path, load: Any, kind: str) -> None:
    commit_all(tmp_path / "output", 20)
    folder = str(export(RecordStore(tmp_path / "output"), kind))
    sources = {
        name: set(load(folder, split=name)["source_id"]) for name in ("train", "validation", "test")
    }
    # 15 % of 20 sources are 3.
    assert {name: len(part) for name, part in sources.items()} == {
        "train": 14, "validation": 3, "test": 3,
    }  # fmt: skip
    assert len(set.union(*sources.values())) == 20


@pytest.mark.parametrize(
    ("source_id", "name", "sentence"),
    [
        ("stylegan:mobile-ffhq/7", "cc-by-nc-sa-4.0", "for non-commercial use"),
        ("folder:1", "other", "have the licence of the portraits"),
    ],
)
def test_the_card_tells_the_licence(
    tmp_path: Path, source_id: str, name: str, sentence: str
) -> None:
    with RecordStore(tmp_path) as store:
        record, data = source(1)[2][0]
        store.commit(source_id, "a", [(replace(record, source_id=source_id), data)])
    text = (export(store, "parquet") / "README.md").read_text()
    front_matter = yaml.safe_load(text.split("---")[1])
    assert front_matter["license"] == name
    assert sentence in text


def test_metadata_lines_with_all_columns_come_first(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        for number in range(3):
            source_id, stem, pictures = source(number)
            if number == 2:
                pictures = [(replace(r, known=r.known.ones()), data) for r, data in pictures]
            store.commit(source_id, stem, pictures)
    lines = (export(store, "imagefolder") / "train" / "metadata.jsonl").read_text().splitlines()
    nulls = [list(json.loads(line).values()).count(None) for line in lines]
    assert nulls == [1, 3, 3, 3, 5, 5]


@pytest.mark.parametrize("kind", EXPORTS)
def test_a_full_disk_keeps_the_last_export(
    store: RecordStore, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(export(store, kind))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="the disk is full"):
            export(store, kind)
    assert tree(store.path / "export" / kind) == before
    assert {p.name for p in (store.path / "export").iterdir()} == {kind}


def test_what_cannot_be_exported_is_an_error(store: RecordStore, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'csv'; the choices are imagefolder, parquet"):
        export(store, "csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="no picture"):
        export(RecordStore(tmp_path / "empty"), "parquet")
    mine = store.path / "export" / "parquet" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("x")
    with pytest.raises(StoreError, match="move them away"):
        export(store, "parquet")
    assert mine.read_text() == "x"
