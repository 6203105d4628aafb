"""Copies of a data set in the forms that other tools load."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from proportrait.disk import disk_errors, sync, write_file
from proportrait.errors import ConfigurationError, StoreError
from proportrait.labels import KEYS
from proportrait.store import RecordStore
from proportrait.store.records import Record

SHARD_BYTES = 256 * 1024 * 1024
ROW_GROUP = 100  # pictures; viewers read a whole row group to show one row


def export(store: RecordStore, kind: str) -> Path:
    """Write the data set of a store to `export/<kind>/` of its folder.

    Both kinds hold a row a picture: `image`, a column for each attribute (1, 0, or null where the
    bit is unknown), and where the picture came from. Twins of one portrait share `source_id`:
    split by it. An earlier export of the kind is replaced once the new one is complete; pictures
    and records of the store are not touched. Records that cannot be read are left out and stand
    in `store.problems`.

    Returns:
        The folder: `datasets.load_dataset(str(folder))` reads it.

    Raises:
        ConfigurationError: the kind is unknown.
        StoreError: there is nothing to export, the disk is full or cannot be written, or
            something that is no export stands in the way.
    """
    if kind not in EXPORTS:
        raise ConfigurationError(f"unknown export {kind!r}; the choices are {', '.join(EXPORTS)}")
    records = list(store.records())
    if not records:
        raise StoreError(f"there is no picture in {store.path} to export")
    target = store.path / "export" / kind
    fresh, old = (target.with_name(f".{kind}.{word}") for word in ("new", "old"))
    with disk_errors(target):
        if target.exists() and any(target.iterdir()) and not (target / _MARK).exists():
            raise StoreError(f"{target} holds other files than an export: move them away")
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            fresh.mkdir(parents=True)
            EXPORTS[kind](records, store.images, fresh)
            write_file(fresh / _MARK, _README.format(pictures=len(records)).encode())
            if target.exists():
                target.rename(old)
            fresh.rename(target)
            sync(target.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return target


def export_imagefolder(records: Sequence[Record], images: Path, folder: Path) -> None:
    """Write the ImageFolder form: pictures beside a metadata.jsonl with a line a picture.

    The pictures are hard links where the disk has them, and copies elsewhere.
    """
    # A folder of this name, because loaders read splits from names: without it, a picture called
    # "test_7_111111.jpg" would become a test split of its own.
    split = folder / "train"
    split.mkdir()
    for record in records:
        _link(images / record.output_filename, split / record.output_filename)
    # Loaders take the kinds of all columns from the first megabytes: rows without nulls go first.
    rows = sorted((_row(record) for record in records), key=lambda r: list(r.values()).count(None))
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    write_file(split / "metadata.jsonl", "".join(lines).encode())


def export_parquet(records: Sequence[Record], images: Path, folder: Path) -> None:
    """Write parquet shards of about `SHARD_BYTES` that hold the bytes of the pictures."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features, Image, Value

    text = Value("string")
    kinds = {key: Value("int64") for key in (*KEYS, "generation_seed")} | {
        "cost_usd": Value("float64")
    }
    columns = [key for key in _row(records[0]) if key != "file_name"]
    features = Features({"image": Image(), **{key: kinds.get(key, text) for key in columns}})
    schema: Any = features.arrow_schema

    shards = list(_shards(records, images))
    data = folder / "data"
    data.mkdir()
    for number, shard in enumerate(shards):
        path = data / f"train-{number:05d}-of-{len(shards):05d}.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for start in range(0, len(shard), ROW_GROUP):
                rows = []
                for record in shard[start : start + ROW_GROUP]:
                    row = _row(record)
                    name = row.pop("file_name")
                    rows.append(
                        {"image": {"bytes": (images / name).read_bytes(), "path": name}, **row}
                    )
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        sync(path)


Exporter = Callable[[Sequence[Record], Path, Path], None]
EXPORTS: dict[str, Exporter] = {"imagefolder": export_imagefolder, "parquet": export_parquet}

_MARK = "README.md"
_README = """\
---
pretty_name: Labelled portraits
task_categories:
- image-classification
---
# Labelled portraits

{pictures} pictures, exported by ProPortrait-Gen. Columns: `image`; one for each attribute
(1 professional, 0 degraded, null unknown); `label_code`, the six bits as the file name has them;
`requested_code`, the bits that were asked for; and where the picture came from. Pictures of one
portrait share `source_id`: split by it, never by row.
"""


def _row(record: Record) -> dict[str, Any]:
    bits = zip(KEYS, record.labels, record.known, strict=True)
    return {
        "file_name": record.output_filename,
        **{key: bit if known else None for key, bit, known in bits},
        "label_code": record.labels.code,
        "known_code": record.known.code,
        "requested_code": record.requested.code,
        "source_id": record.source_id,
        "parent": record.parent,
        "blur_type": record.blur_type,
        "framing_type": record.framing_type,
        "prompt_text": record.prompt_text,
        "generation_seed": record.generation_seed,
        "generator": record.generator,
        "model_version": record.model_version,
        "cost_usd": record.cost_usd,
        "sha256": record.sha256,
    }


def _shards(records: Sequence[Record], images: Path) -> Iterator[list[Record]]:
    shard: list[Record] = []
    size = 0
    for record in records:
        size += (images / record.output_filename).stat().st_size
        if shard and size > SHARD_BYTES:
            yield shard
            shard, size = [], (images / record.output_filename).stat().st_size
        shard.append(record)
    yield shard


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Not every file system has hard links.
        shutil.copyfile(source, target)
