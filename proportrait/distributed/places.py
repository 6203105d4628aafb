"""Where files lie: on disks, or in a store such as s3://."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from proportrait.commandline import printable
from proportrait.distributed.stream import Row
from proportrait.errors import ConfigurationError
from proportrait.imaging import list_pictures, pictures_folder
from proportrait.imaging.formats import PICTURE_SUFFIXES
from proportrait.looks.look import Look, Wants, look, look_at_file

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_SHARD_SUFFIXES = (".parquet", ".tar", ".tar.gz", ".tgz")
_SCHEME_END = "://"


@dataclass(frozen=True)
class Disk:
    """Files by their paths; on a cluster every machine has to have them, as on a network disk.

    Attributes:
        folder: that relative paths begin in.
    """

    folder: Path = field(default_factory=Path.cwd)

    def files(self, word: str, recursive: bool) -> tuple[list[str], str]:
        """The pictures of a folder, or its shards if it has none; of a file, itself.

        Returns:
            The paths by name, and what is left out of the folder, in one line.

        Raises:
            ConfigurationError: the folder holds neither, or cannot be listed.
        """
        if not os.path.isdir(word):  # noqa: PTH112 - of any name
            return [str(Path(word))], ""
        listing = list_pictures(pictures_folder(Path(word)), recursive=recursive)
        if listing.paths:
            return list(map(str, listing.paths)), listing.left_out
        if shards := sorted(str(path) for path in Path(word).iterdir() if is_shard(path.name)):
            return shards, listing.left_out
        raise ConfigurationError(f"{printable(word)} holds no pictures and no shards{listing.note}")

    def open(self, path: str) -> BinaryIO:
        """Open a file to be read from its beginning.

        Raises:
            OSError: it cannot be opened.
        """
        return Path(self.folder, path).open("rb")

    def fetch(self, row: Row) -> Row:
        """The row as it is: to read a file takes no time beside the look at it."""
        return row

    def look(self, row: Row, wants: Wants) -> Look:
        """The look at a row's picture."""
        if row.data is None and not row.error:
            return look_at_file(Path(self.folder, row.path), wants)
        return _look(row, wants)


@dataclass(frozen=True)
class Store:
    """Files by their URIs, in a store that pyarrow reads: s3, gs, abfs, hdfs.

    Attributes:
        scheme: what the URIs begin with, such as "s3://".
        system: gives access to the files.
    """

    scheme: str
    system: FileSystem

    @classmethod
    def of(cls, uri: str) -> Store:
        """The store of a URI.

        Raises:
            ConfigurationError: pyarrow reads no such store.
        """
        return cls(uri.partition(_SCHEME_END)[0] + _SCHEME_END, _parsed(uri)[0])

    def files(self, word: str, recursive: bool) -> tuple[list[str], str]:
        """As `Disk.files`; what is left out is not told."""
        from pyarrow.fs import FileSelector, FileType

        path = _parsed(word)[1].rstrip("/")  # without what follows a question mark
        try:
            if self.system.get_file_info(path).type == FileType.File:
                return [self.scheme + path], ""
            infos = self.system.get_file_info(FileSelector(path, recursive=recursive))
        except OSError as error:
            raise ConfigurationError(f"{printable(word)} cannot be listed: {error}") from error
        names = sorted(info.path for info in infos if info.is_file)
        visible = [name for name in names if "/." not in name.removeprefix(path)]
        pictures = [name for name in visible if Path(name).suffix.lower() in PICTURE_SUFFIXES]
        if files := pictures or list(filter(is_shard, visible)):
            return [self.scheme + name for name in files], ""
        raise ConfigurationError(f"{printable(word)} holds no pictures and no shards")

    def open(self, path: str) -> BinaryIO:
        """As `Disk.open`."""
        name = path.removeprefix(self.scheme)
        return cast(BinaryIO, self.system.open_input_stream(name, compression=None))

    def fetch(self, row: Row) -> Row:
        """The row with its bytes, or why they cannot be read."""
        if row.data is not None or row.error:
            return row
        try:
            with self.open(row.path) as file:
                return row._replace(data=file.read())
        except OSError as error:
            return row._replace(error=f"it cannot be read: {error.strerror or error}")

    def look(self, row: Row, wants: Wants) -> Look:
        """The look at the picture of a row that is fetched."""
        return _look(row, wants)


Place = Disk | Store


def place_of(word: str) -> Place:
    """The place of a path or URI."""
    return Store.of(word) if is_uri(word) else Disk()


def is_uri(word: str) -> bool:
    """Whether a word names something in a store."""
    return _SCHEME_END in word


def is_shard(name: str) -> bool:
    """Whether a file holds many pictures, by its name; hidden ones do not."""
    return name.lower().endswith(_SHARD_SUFFIXES) and not Path(name).name.startswith(".")


def _parsed(uri: str) -> tuple[FileSystem, str]:
    """The store of a URI, and the path in it."""
    from pyarrow.fs import FileSystem

    try:
        system, path = FileSystem.from_uri(uri)
        return system, str(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{printable(uri)} cannot be read: {error}") from error


def _look(row: Row, wants: Wants) -> Look:
    return Look(error=row.error) if row.error else look(row.data or b"", wants)
