"""Addresses, labels, and splits of the pictures of parquet shards.

`proportrait generate --export parquet` writes such shards.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.errors import ConfigurationError
from proportrait.imaging import is_data_set
from proportrait.labels import KEYS
from proportrait.store.export import SPLITS
from proportrait.train.data import TABLE, Pictures, Split, split

LARGEST_GROUP = 1000  # rows; a whole group is read for one of them
_COLUMNS = ("source_id", "sha256", *KEYS)


def read_split(folders: Sequence[Path], kind: str, seed: int) -> Split:
    """The pictures of folders, split by source; or those of shards, by the splits in their names.

    Args:
        folders: of files, or one with shards.
        kind, seed: of the split, see `data.split`; shards without a validation are split so too.

    Raises:
        ConfigurationError: a folder cannot be read, shards are not alone, or their splits share a
            source.
    """
    files = {folder: _shards(folder) for folder in folders}
    if not any(files.values()):
        return split(Pictures.from_folders(folders), kind, seed)
    if len(folders) > 1:
        raise ConfigurationError(
            "shards are trained on alone: put the data sets together with `proportrait merge`, and "
            "export the whole"
        )
    parts = {name: _pictures([f for f in files[folders[0]] if _split_of(f) == name])
             for name in SPLITS}  # fmt: skip
    if not len(parts["validation"]):
        return split(parts["train"] + parts["test"], kind, seed)
    result = Split(parts["train"], parts["validation"], parts["test"])
    held = np.concatenate([result.validation.sources, result.test.sources])
    shared = np.intersect1d(result.train.sources, held)
    if len(shared):
        raise ConfigurationError(
            f"{len(shared)} sources of {folders[0]} are in the training split and in another one "
            f"(the first is {shared[0]}): export the data set again"
        )
    return result


def _shards(folder: Path) -> list[Path]:
    if is_data_set(folder) or (folder / TABLE).is_file():
        return []  # a parquet beside them may be a result
    data = folder / "data"
    return sorted((data if data.is_dir() else folder).glob("*.parquet"))


def _split_of(file: Path) -> str:
    """The split that begins a shard's name; train where none does."""
    return next((name for name in SPLITS if file.name.startswith(name)), "train")


def _pictures(files: Sequence[Path]) -> Pictures:
    """Addresses, labels, and sources of the pictures of shards."""
    paths: list[str] = []
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for file in files:
        table, sizes = _labels(file)
        paths += [
            f"{file}#{group}/{row}" for group, size in enumerate(sizes) for row in range(size)
        ]
        for name in _COLUMNS:
            columns[name] += table.column(name).to_pylist()
    bits = np.array([columns[key] for key in KEYS], float).T.reshape(-1, len(KEYS))  # NaN: null
    known = ~np.isnan(bits)
    return Pictures(
        np.array(paths, np.str_),
        np.where(known, bits, 0).astype(np.float32),
        known,
        np.array(columns["source_id"], np.str_),
        np.array(columns["sha256"], np.str_),
    )


def _labels(file: Path) -> tuple[Any, list[int]]:
    """All columns of a shard but the pictures, and the rows of each group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as shard:
            table = shard.read(columns=list(_COLUMNS))
            sizes = [shard.metadata.row_group(i).num_rows for i in range(shard.num_row_groups)]
    except (pa.ArrowInvalid, OSError) as error:
        raise ConfigurationError(f"{file} is damaged ({error}): export it again") from error
    missing = set(_COLUMNS) - set(table.column_names)
    if missing:
        raise ConfigurationError(
            f"{file} has no column {', '.join(sorted(missing))}: shards are those of `proportrait "
            f"generate --export parquet`"
        )
    if sizes and max(sizes) > LARGEST_GROUP:
        raise ConfigurationError(
            f"{file} has row groups of {max(sizes)} pictures, all of which are read to see one: "
            f"write it again with row_group_size=100"
        )
    return table, sizes
