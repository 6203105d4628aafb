"""Where portraits come from: the registry of sources, and the folder source."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import PIL.Image

from proportrait import imaging
from proportrait.errors import ConfigurationError
from proportrait.generate.base import Portrait, PortraitSource

DEFAULT_DATASET = "marcosv/ffhq-dataset"
SKIN_TONES = ("natural", "even")  # of the built-in faces: as they come, or a third each
STEM_LIMIT = 80  # characters; a whole file name stays far below the 255 that file systems allow

# Pictures that people have and that Pillow cannot read: told apart from files that are no pictures.
_UNREADABLE_PICTURES = {".heic", ".heif", ".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".psd"}
_FINGERPRINT_BLOCK = 65536  # bytes

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceOptions:
    """What the sources can be told; each takes what it needs.

    Attributes:
        hf_dataset: name on the Hugging Face Hub, or a local imagefolder or parquet file or folder.
        hf_split: the split of it.
        source_dir: the folder of `--source folder`.
        seed: of the run.
        skin_tones: of the built-in faces of `SKIN_TONES`.
    """

    hf_dataset: str = DEFAULT_DATASET
    hf_split: str = "train"
    source_dir: Path | None = None
    seed: int = 0
    skin_tones: str = "natural"


def _hub(options: SourceOptions) -> PortraitSource:
    from proportrait.generate.hub import HubSource

    return HubSource(options.hf_dataset, options.hf_split)


def _folder(options: SourceOptions) -> PortraitSource:
    if options.source_dir is None:
        raise ConfigurationError("--source folder needs --source_dir, the folder with the pictures")
    return FolderSource(options.source_dir)


def _stylegan(options: SourceOptions) -> PortraitSource:
    from proportrait.generate.stylegan_source import StyleganSource

    return StyleganSource(options.seed, options.skin_tones)


SOURCES: dict[str, Callable[[SourceOptions], PortraitSource]] = {
    "hf": _hub,
    "folder": _folder,
    "stylegan": _stylegan,
}


def open_source(
    name: str,
    *,
    hf_dataset: str = DEFAULT_DATASET,
    hf_split: str = "train",
    source_dir: str | Path | None = None,
    seed: int = 0,
    skin_tones: str = "natural",
) -> PortraitSource:
    """Make the source of that name; see `SourceOptions`.

    Raises:
        ConfigurationError: the name is unknown (the message lists the choices), or the source
            lacks an option.
    """
    factory = SOURCES.get(name)
    if factory is None:
        raise ConfigurationError(f"unknown source {name!r}; choose from {', '.join(SOURCES)}")
    folder = None if source_dir is None else Path(source_dir)
    return factory(SourceOptions(hf_dataset, hf_split, folder, seed, skin_tones))


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
            readable = _escaped(name)
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
        found = ", ".join(f"{count} {extension}" for extension, count in sorted(unreadable.items()))
        if not names:
            also = f" (only {found}: convert them to JPEG first)" if found else ""
            raise ConfigurationError(
                f"{self.path} holds no picture that can be read{also}: put JPEG, PNG, WebP, BMP or "
                f"TIFF files there, or name another --source_dir"
            )
        if found:
            _log.warning("%s: left out %s; convert them to JPEG first", self.path, found)
        return sorted(names)


def _warn(error: OSError) -> None:
    _log.warning("left out %s: %s", error.filename, error.strerror)


def _escaped(name: str) -> str:
    """The name with bytes that are no UTF-8 written as escapes: ids must be encodable."""
    return name.encode(errors="backslashreplace").decode()


def _is_output(folder: Path) -> bool:
    return (folder / "ledger.jsonl").is_file() and (folder / "metadata").is_dir()


def fingerprint(path: Path) -> str:
    """12 hex digits that name the content of a file: its size, first and last 64 KiB.

    Not the whole file, because every picture of a folder is looked at again at every resume.
    """
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as file:
            digest.update(file.read(_FINGERPRINT_BLOCK))
            if size > _FINGERPRINT_BLOCK:
                file.seek(max(_FINGERPRINT_BLOCK, size - _FINGERPRINT_BLOCK))
                digest.update(file.read())
    except OSError:
        return "unreadable"
    return digest.hexdigest()[:12]


def file_stems(names: list[str]) -> list[str]:
    """One stem for each relative path: the path without its extension, in safe characters.

    A short hash of the path follows where characters were replaced, where the stem was too long,
    or where another path has the same stem (a.jpg and a.png; case does not count).
    """
    plain = [str(PurePosixPath(name).with_suffix("")) for name in names]
    slugs = [slug(name) for name in plain]
    shared = Counter(s.casefold() for s in slugs)
    stems = []
    for name, wanted, safe in zip(names, plain, slugs, strict=True):
        if safe != wanted or shared[safe.casefold()] > 1:
            safe = f"{safe}-{hashlib.sha256(_escaped(name).encode()).hexdigest()[:8]}"
        stems.append(safe)
    return stems


def slug(text: str) -> str:
    """The text in [A-Za-z0-9_-], everything else as "-"; at most 71 characters, never empty."""
    safe = re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-_")
    return safe[: STEM_LIMIT - 9].rstrip("-_") or "portrait"
