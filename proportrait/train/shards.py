"""Labelled pictures in parquet shards, which are read a row group at a time.

`proportrait generate --export parquet` writes such shards. The address of a picture in one is
`FILE.parquet#GROUP/ROW`; where addresses stand among paths, `read` reads both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.disk import replace_file
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.store.export import SPLITS
from proportrait.train.data import Pictures, Split, split

LARGEST_GROUP = 1000  # rows; a whole group is read for one of them
_HELD = 16  # row groups in memory, of each process that reads
_ADDRESS = re.compile(r"(.+\.parquet)#(\d+)/(\d+)")
_COLUMNS = ("source_id", "sha256", *KEYS)


def read(path: str) -> Image:
    """The picture of a file, or of an address.

    Raises:
        ProPortraitError: it is no picture.
    """
    address = _ADDRESS.fullmatch(path)
    return imaging.decode(_bytes(address)) if address else imaging.read(path)


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


def row_groups(pictures: Pictures) -> npt.NDArray[np.intp] | None:
    """The number of each picture's row group, (N,), or None where the pictures are files."""
    if not any(_ADDRESS.fullmatch(str(path)) for path in pictures.paths[:1]):
        return None
    groups = [str(path).rpartition("/")[0] for path in pictures.paths]
    return np.unique(groups, return_inverse=True)[1]


def by_shard(pictures: Pictures) -> list[npt.NDArray[np.intp]]:
    """The numbers of the pictures of each shard; files are one shard."""
    shards = np.array([str(path).rpartition("#")[0] if _ADDRESS.fullmatch(str(path)) else ""
                       for path in pictures.paths])  # fmt: skip
    return [np.flatnonzero(shards == shard) for shard in np.unique(shards)]


def unpacked(pictures: Pictures, folder: Path) -> Pictures:
    """The same pictures, those of shards as files in a folder, named by their SHA-256."""
    paths = [str(path) for path in pictures.paths]
    for number, path in enumerate(paths):
        if address := _ADDRESS.fullmatch(path):
            file = folder / str(pictures.digests[number])
            if not file.exists():
                folder.mkdir(parents=True, exist_ok=True)
                replace_file(file, _bytes(address))
            paths[number] = str(file)
    return replace(pictures, paths=np.array(paths, np.str_))


def _shards(folder: Path) -> list[Path]:
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


def _bytes(address: re.Match[str]) -> bytes:
    file, group, row = address.groups()
    data: bytes = _group(file, int(group))[int(row)].as_py()
    return data


@lru_cache(maxsize=_HELD)
def _group(file: str, group: int) -> Any:
    """The bytes of the pictures of a row group."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as shard:
        table = shard.read_row_group(group, columns=["image.bytes"], use_threads=False)
    return table.column("image").combine_chunks().field("bytes")
