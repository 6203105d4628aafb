"""Shards: parquet files with a column of pictures or of their paths, and tar files."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from proportrait.commandline import printable
from proportrait.distributed.places import Place
from proportrait.distributed.stream import Row
from proportrait.errors import ConfigurationError
from proportrait.imaging.formats import PICTURE_SUFFIXES

if TYPE_CHECKING:
    from pyarrow import Schema

# Names of columns: of those that are there the first counts.
_PICTURES = ("image", "bytes", "data", "jpg", "jpeg", "png", "webp", "picture", "photo", "content")
_NAMES = ("path", "file", "file_name", "filename", "name", "key", "__key__", "id")
_ROWS = 32  # of a parquet file, that are in memory at once


def rows(place: Place, shard: str) -> Iterator[Row]:
    """The pictures of a shard as SHARD/NAME; where it is damaged, a row of the shard says so."""
    import pyarrow

    read = _of_parquet if _is_parquet(shard) else _of_tar
    try:
        with place.open(shard) as file:
            for name, data in read(file):
                error = "" if data is not None else "its row holds no picture"
                yield Row(f"{shard}/{name}", data, error)
    except (OSError, EOFError, tarfile.TarError, pyarrow.ArrowException) as error:
        yield Row(shard, None, f"the shard cannot be read to its end: {error}")


def path_column(place: Place, shard: str) -> list[str] | None:
    """The paths that a parquet file lists; None where it holds pictures, or is no parquet file.

    Raises:
        ConfigurationError: it has neither a column of pictures nor one of paths.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    if not _is_parquet(shard):
        return None
    try:
        with place.open(shard) as file:
            table = ParquetFile(file)
            if _picture_column(table.schema_arrow) is not None:
                return None
            if (name := _name_column(table.schema_arrow)) is not None:
                return [str(path) for path in table.read([name])[name].to_pylist()]
    except (OSError, pyarrow.ArrowException):
        return None  # `rows` tells of it
    raise ConfigurationError(
        f"{printable(shard)} has neither a column of pictures (binary, such as image) nor one of "
        f"paths (text, such as path): its columns are {', '.join(table.schema_arrow.names)}"
    )


def _of_tar(file: BinaryIO) -> Iterator[tuple[str, bytes | None]]:
    """Pictures by their names; what else a tar of WebDataset holds is left out."""
    with tarfile.open(fileobj=file, mode="r|*") as members:
        for member in members:
            path = PurePosixPath(member.name)
            if member.isfile() and path.suffix.lower() in PICTURE_SUFFIXES:
                content = members.extractfile(member)
                if content is not None and not path.name.startswith("."):
                    yield member.name, content.read()


def _of_parquet(file: BinaryIO) -> Iterator[tuple[str, bytes | None]]:
    """Pictures by their names, or the numbers of their rows where they have none."""
    from pyarrow.parquet import ParquetFile

    table = ParquetFile(file)
    picture, name = _picture_column(table.schema_arrow), _name_column(table.schema_arrow)
    number = 0
    for batch in table.iter_batches(_ROWS, columns=[c for c in (picture, name) if c]):
        for row in batch.to_pylist():
            data, own = row[picture], row.get(name)
            if isinstance(data, dict):  # of Hugging Face datasets
                data, own = data["bytes"], own or data.get("path")
            yield str(number if own is None else own), data
            number += 1


def _picture_column(schema: Schema) -> str | None:
    """The column with the bytes of pictures, as such or as `bytes` of a struct."""
    from pyarrow import types

    def holds_bytes(kind: Any) -> bool:
        if types.is_struct(kind):
            return kind.get_field_index("bytes") >= 0 and holds_bytes(kind.field("bytes").type)
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    names = [field.name for field in schema if holds_bytes(field.type)]
    return next((name for name in _PICTURES if name in names), names[0] if names else None)


def _name_column(schema: Schema) -> str | None:
    from pyarrow import types

    names = [field.name for field in schema if types.is_string(field.type)
             or types.is_large_string(field.type) or types.is_integer(field.type)]  # fmt: skip
    return next((name for name in _NAMES if name in names), None)


def _is_parquet(shard: str) -> bool:
    return shard.lower().endswith(".parquet")
