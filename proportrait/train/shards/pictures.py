"""Pictures of parquet shards, which are read a row group at a time.

The address of a picture is `FILE.parquet#GROUP/ROW`; where addresses stand among paths, `read`
reads both.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.disk import replace_file
from proportrait.train.data import Pictures

_HELD = 16  # row groups in memory, of each process that reads
_ADDRESS = re.compile(r"(.+\.parquet)#(\d+)/(\d+)")


def read(path: str) -> Image:
    """The picture of a file, or of an address.

    Raises:
        ProPortraitError: it is no picture.
    """
    address = _ADDRESS.fullmatch(path)
    return imaging.decode(_bytes(address)) if address else imaging.read(path)


def row_groups(pictures: Pictures) -> npt.NDArray[np.intp] | None:
    """The number of each picture's row group, (N,), or None where the pictures are files."""
    if not len(pictures) or not _ADDRESS.fullmatch(str(pictures.paths[0])):
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
