"""Copies of a data set in the forms that other tools load."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from proportrait.disk import disk_errors, sync, write_file
from proportrait.errors import ConfigurationError, StoreError
from proportrait.labels import ATTRIBUTES, KEYS
from proportrait.store import RecordStore
from proportrait.store.licence import licence
from proportrait.store.records import Record

SHARD_BYTES = 256 * 1024 * 1024
SPLITS = ("train", "validation", "test")
CLASSES = ("bad", "good")  # names of the bits 0 and 1
FEWEST_SOURCES = 8  # with fewer there is no split
_HELD_OUT = 0.15  # share of the sources in the test, and in the validation
ROW_GROUP = 100  # pictures; viewers read a whole row group to show one row


def export(store: RecordStore, kind: str) -> Path:
    """Write the data set of a store to `export/<kind>/` of its folder.

    Both kinds hold a row a picture: `image`, a column for each attribute (a class label 1 good or 0
    bad, in the ImageFolder true or false, null where the bit is unknown), and where the picture
    came from. Twins of one portrait share `source_id`, and are never in two of the `splits`. An
    earlier export of the kind is replaced once the new one is complete; pictures and records of the
    store are not touched. Records that cannot be read are left out and stand in `store.problems`.

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
            parts = splits(records)
            for name, part in parts.items():
                EXPORTS[kind](part, store.images, fresh, name)
            write_file(fresh / _MARK, card(parts, kind).encode())
            if target.exists():
                target.rename(old)
            fresh.rename(target)
            sync(target.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return target


def splits(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by split: no source is in two; under `FEWEST_SOURCES` sources all are for training.

    The order of the sources is that of their SHA-256, so that it says nothing of them.
    """
    sources = sorted(
        {record.source_id for record in records},
        key=lambda source: hashlib.sha256(source.encode()).digest(),
    )
    held = round(_HELD_OUT * len(sources)) if len(sources) >= FEWEST_SOURCES else 0
    split_of = dict.fromkeys(sources, "train")
    split_of |= dict.fromkeys(sources[:held], "test")
    split_of |= dict.fromkeys(sources[held : 2 * held], "validation")
    parts: dict[str, list[Record]] = {}
    for name in SPLITS:
        if part := [record for record in records if split_of[record.source_id] == name]:
            parts[name] = part
    return parts


def export_imagefolder(records: Sequence[Record], images: Path, folder: Path, name: str) -> None:
    """Write the ImageFolder form: pictures beside a metadata.jsonl with a line a picture.

    The pictures are hard links where the disk has them, and copies elsewhere.
    """
    # A folder of this name, because loaders read splits from names: without it, a picture called
    # "test_7_111111.jpg" would become a test split of its own.
    split = folder / name
    split.mkdir()
    for record in records:
        _link(images / record.output_filename, split / record.output_filename)
    # Loaders take the kinds of all columns from the first megabytes: rows without nulls go first.
    rows = sorted(map(_row, records), key=lambda row: list(row.values()).count(None))
    for row in rows:  # JSON has no class labels, but bits
        row |= {key: None if row[key] is None else bool(row[key]) for key in KEYS}
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    write_file(split / "metadata.jsonl", "".join(lines).encode())


def export_parquet(records: Sequence[Record], images: Path, folder: Path, name: str) -> None:
    """Write parquet shards of about `SHARD_BYTES` that hold the bytes of the pictures."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import ClassLabel, Features, Image, Value

    kinds: dict[str, Any] = {"image": Image(), "label": ClassLabel(names=list(CLASSES))}
    features = Features(
        {column: kinds.get(kind) or Value(kind) for column, kind in columns(records[0]).items()}
    )
    schema: Any = features.arrow_schema

    shards = list(_shards(records, images))
    data = folder / "data"
    data.mkdir(exist_ok=True)
    for number, shard in enumerate(shards):
        path = data / f"{name}-{number:05d}-of-{len(shards):05d}.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for start in range(0, len(shard), ROW_GROUP):
                rows = []
                for record in shard[start : start + ROW_GROUP]:
                    row = _row(record)
                    file = row.pop("file_name")
                    rows.append(
                        {"image": {"bytes": (images / file).read_bytes(), "path": file}, **row}
                    )
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        sync(path)


Exporter = Callable[[Sequence[Record], Path, Path, str], None]
EXPORTS: dict[str, Exporter] = {"imagefolder": export_imagefolder, "parquet": export_parquet}

_MARK = "README.md"
_README = """\
# Labelled portraits

{pictures} pictures of {sources} portraits, exported by ProPortrait-Gen. Columns: `image`; one for
each attribute (good, bad, or null where it is unknown; in an ImageFolder true or false);
`label_code`, the six bits as the file name has them; `requested_code`, the bits that were asked
for; and where the picture came from. Pictures of one portrait share `source_id`, and are in one
split: {splits}.

{licence}

| attribute | good | bad |
|---|---|---|
"""


def card(parts: Mapping[str, Sequence[Record]], kind: str) -> str:
    """The data set card, with the front matter that the Hugging Face Hub reads."""
    records = [record for part in parts.values() for record in part]
    name, sentence = licence(records)
    front_matter: dict[str, Any] = {
        "pretty_name": "Labelled portraits",
        "license": name,
        "task_categories": ["image-classification"],
    }
    if kind == "parquet":  # the ImageFolder's columns follow from its JSON
        label = {"class_label": {"names": {str(bit): word for bit, word in enumerate(CLASSES)}}}
        features = [
            {"name": column, "dtype": label if dtype == "label" else dtype}
            for column, dtype in columns(records[0]).items()
        ]
        front_matter["dataset_info"] = {"features": features}
    text = _README.format(
        pictures=len(records),
        sources=len({record.source_id for record in records}),
        splits=", ".join(f"{len(part)} pictures for {name}" for name, part in parts.items()),
        licence=sentence,
    )
    # JSON is YAML too.
    lines = (f"{key}: {json.dumps(value)}\n" for key, value in front_matter.items())
    rows = (f"| {a.key} | {a.good} | {a.bad} |\n" for a in ATTRIBUTES)
    return "".join(["---\n", *lines, "---\n", text, *rows])


def columns(record: Record) -> dict[str, str]:
    """The columns and the kinds of their values, "label" for a bit."""
    special = {"generation_seed": "int64", "cost_usd": "float64"} | dict.fromkeys(KEYS, "label")
    return {"image": "image"} | {
        key: special.get(key, "string") for key in _row(record) if key != "file_name"
    }


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
