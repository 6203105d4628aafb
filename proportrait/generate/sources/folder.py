"""The pictures below a folder."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import PIL.Image

from proportrait import imaging
from proportrait.errors import ConfigurationError
from proportrait.generate.base import Portrait
from proportrait.generate.sources.names import escaped, file_stems, fingerprint

# Pictures that Pillow cannot read; they are reported, unlike files that are no pictures.
_UNREADABLE_PICTURES = {".heic", ".heif", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".psd"}


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileItem:
    """A picture file, read when it is opened (see `base.SourceItem`)."""

    source_id: str
    stem: str
    filename: str
    path: Path

    def open(self) -> Portrait:
        return Portrait(self.source_id, imaging.read(self.path))


class FolderSource:
    """All pictures below a folder, in the order of their relative path.

    A source_id is `folder:{relative path}#{fingerprint}`; the fingerprint is of the file's content.
    So a folder that is moved, renamed, or copied stays the same set of sources, another folder with
    files of the same names is another set, and new files change nothing about the others.

    Hidden files and folders and output folders of ours are left out. Links to files are followed,
    links to folders never, so that none leads out of the folder or in a circle.
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
                f"--source_dir {path} {what}: name a folder that holds pictures"
            )

    def __iter__(self) -> Iterator[FileItem]:
        """
        Raises:
            ConfigurationError: the folder holds no picture that can be read.
        """
        names = self._list()
        for name, stem in zip(names, file_stems(names), strict=True):
            path = self.path / name
            readable = escaped(name)
            yield FileItem(f"folder:{readable}#{fingerprint(path)}", stem, readable, path)

    def _list(self) -> list[str]:
        """Relative POSIX paths of the pictures, sorted."""
        known = {e for e, f in PIL.Image.registered_extensions().items() if f in imaging.FORMATS}
        names: list[str] = []
        unreadable: Counter[str] = Counter()
        for folder, subfolders, files in os.walk(self.path, onerror=_warn):
            here = Path(folder)
            subfolders[:] = [s for s in subfolders if s[0] != "." and not _is_output(here / s)]
            for file in files:
                extension = Path(file).suffix.lower()
                if file[0] == ".":
                    continue
                if extension in known:
                    names.append((here / file).relative_to(self.path).as_posix())
                elif extension in _UNREADABLE_PICTURES:
                    unreadable[extension] += 1
        left_out = ", ".join(
            f"{count} {extension}" for extension, count in sorted(unreadable.items())
        )
        if not names:
            also = f" (only {left_out}: convert them to JPEG first)" if left_out else ""
            raise ConfigurationError(
                f"{self.path} holds no picture that can be read{also}: put JPEG, PNG, WebP, BMP or "
                f"TIFF files there, or name another --source_dir"
            )
        if left_out:
            _log.warning("%s: left out %s; convert them to JPEG first", self.path, left_out)
        return sorted(names)


def _warn(error: OSError) -> None:
    _log.warning("left out %s: %s", error.filename, error.strerror)


def _is_output(folder: Path) -> bool:
    return (folder / "ledger.jsonl").is_file() and (folder / "metadata").is_dir()
