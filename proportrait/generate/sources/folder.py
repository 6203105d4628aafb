"""The pictures below a folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from proportrait import imaging
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.generate.base import Portrait
from proportrait.generate.sources.names import escaped, file_stems, fingerprint

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileItem:
    """A picture file, read when it is opened (see `base.SourceItem`)."""

    source_id: str
    stem: str
    filename: str
    path: Path

    def open(self) -> Portrait:
        return Portrait(self.source_id, imaging.read(self.path, longest=None))


class FolderSource:
    """All pictures below a folder, in the order of their relative path.

    A source_id is `folder:{relative path}#{fingerprint}`; the fingerprint is of the file's content.
    So a folder that is moved, renamed, or copied stays the same set of sources, another folder with
    files of the same names is another set, and new files change nothing about the others.

    What is listed and what is left out is told at `imaging.list_pictures`.
    """

    name = "folder"

    def __init__(self, path: str | Path) -> None:
        """
        Raises:
            ConfigurationError: there is no such folder.
        """
        self.path = Path(path).expanduser()
        if not self.path.is_dir():
            what = "is a file" if self.path.exists() else "does not exist"
            raise ConfigurationError(
                f"--source_dir {printable(path)} {what}: name a folder that holds pictures"
            )

    def __iter__(self) -> Iterator[FileItem]:
        """
        Raises:
            ConfigurationError: the folder holds no picture that can be read, or cannot be listed.
        """
        names = self._list()
        for name, stem in zip(names, file_stems(names), strict=True):
            path = self.path / name
            readable = escaped(name)
            yield FileItem(f"folder:{readable}#{fingerprint(path)}", stem, readable, path)

    def _list(self) -> list[str]:
        """Relative POSIX paths of the pictures, sorted."""
        listing = imaging.list_pictures(self.path)
        if not listing.paths:
            raise ConfigurationError(
                f"{printable(self.path)} holds no picture that can be read{listing.note}: put "
                f"JPEG, HEIC, PNG, WebP or TIFF files there, or name another --source_dir"
            )
        if listing.left_out:
            _log.warning("%s: left out %s", printable(self.path), listing.left_out)
        return [path.relative_to(self.path).as_posix() for path in listing.paths]
