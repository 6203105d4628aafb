"""The pictures below a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.imaging.formats import PICTURE_SUFFIXES, UNREADABLE_SUFFIXES

MADE_HERE = ".made_by_proportrait"  # a file that marks a folder of ours among the user's photos


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        folder: the folder.
        paths: its pictures, each beginning with `folder`, by their relative POSIX path.
        unreadable: how many files of which suffix are pictures that are not read.
        outputs: subfolders that are output folders of ours, which hold no photos of the user.
        closed: subfolders that could not be listed.
        links: links to folders, which are not followed.
    """

    folder: Path
    paths: tuple[Path, ...]
    unreadable: Counter[str]
    outputs: tuple[Path, ...]
    closed: tuple[Path, ...]
    links: tuple[Path, ...]

    @property
    def left_out(self) -> str:
        """What is left out and what to do about it, in one line; "" where nothing is."""
        parts = []
        if self.unreadable:
            counts = (f"{number} {suffix}" for suffix, number in sorted(self.unreadable.items()))
            parts.append(f"{', '.join(counts)} (convert them to JPEG first)")
        parts += [f"{printable(path)} (made by this program)" for path in self.outputs]
        parts += [f"{printable(path)} (no right to list it)" for path in self.closed]
        parts += [
            f"{printable(path)} (a link to a folder: name that folder)" for path in self.links
        ]
        return "; ".join(parts)

    @property
    def note(self) -> str:
        """What is left out, to be put behind a sentence; "" where nothing is."""
        return f" (left out: {self.left_out})" if self.left_out else ""


def is_data_set(folder: Path) -> bool:
    """Whether a folder is a data set of ours, with images/ and metadata/."""
    # Unlike those of Path these never raise, whatever the right to look or the length of a name.
    return os.path.isdir(folder / "images") and os.path.isdir(folder / "metadata")  # noqa: PTH112


def pictures_folder(folder: Path) -> Path:
    """Where the pictures of a folder lie: of a data set of ours in its images/."""
    return folder / "images" if is_data_set(folder) else folder


def each_file(
    paths: Iterable[str | Path], note: Callable[[str], None], *, recursive: bool = True
) -> Iterator[Path]:
    """Yield files as they are named, and the pictures of folders, by name.

    Args:
        paths: files, folders, and data sets of ours.
        note: is told what is left out of a folder, in one line.
        recursive: whether to go down into subfolders.

    Raises:
        ConfigurationError: a folder holds no pictures, or cannot be listed.
    """
    for path in map(Path, paths):
        if not os.path.isdir(path):  # noqa: PTH112 - of any name, and without the right to look
            yield path
            continue
        listing = list_pictures(pictures_folder(path), recursive=recursive)
        if not listing.paths:
            raise ConfigurationError(
                f"{printable(path)} holds no pictures that can be read{listing.note}"
            )
        if listing.left_out:
            note(f"left out: {listing.left_out}")
        yield from listing.paths


def list_pictures(
    folder: str | Path,
    *,
    recursive: bool = True,
    each: Callable[[Path], object] = lambda path: None,
) -> Listing:
    """The pictures in a folder and its subfolders, known by their suffix.

    Hidden files and folders and output folders of ours are left out; so is what is no file, such as
    a pipe. Links to files are followed, even to nowhere; links to folders never, so that none leads
    out of the folder or in a circle. Names may be any bytes.

    Args:
        folder: where to look.
        recursive: whether to go down into subfolders.
        each: is told of every picture as soon as it is known, in no order.

    Raises:
        ConfigurationError: the folder cannot be listed.
    """
    folder = Path(folder)
    paths: list[Path] = []
    unreadable: Counter[str] = Counter()
    outputs: list[Path] = []
    closed: list[Path] = []
    links: list[Path] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = list(_visible_entries(here))
        except OSError as error:
            if here == folder:
                raise ConfigurationError(_unlisted(folder, error)) from None
            closed.append(here)
            continue
        for entry in entries:
            path, suffix = here / entry.name, Path(entry.name).suffix.lower()
            if entry.is_dir(follow_symlinks=False):
                if recursive:
                    (outputs if _is_output(path) else waiting).append(path)
            elif entry.is_symlink() and os.path.isdir(entry.path):  # noqa: PTH112
                links.append(path)
            elif not _is_picture_file(entry):
                continue
            elif suffix in PICTURE_SUFFIXES:
                paths.append(path)
                each(path)
            elif suffix in UNREADABLE_SUFFIXES:
                unreadable[suffix] += 1
    paths.sort(key=Path.as_posix)  # all begin with the same folder
    return Listing(
        folder,
        tuple(paths),
        unreadable,
        tuple(sorted(outputs)),
        tuple(sorted(closed)),
        tuple(sorted(links)),
    )


def _visible_entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from (entry for entry in entries if not entry.name.startswith("."))


def _is_picture_file(entry: os.DirEntry[str]) -> bool:
    """A file, or a link to one or to nowhere."""
    if entry.is_symlink():
        return os.path.isfile(entry.path) or not os.path.exists(entry.path)  # noqa: PTH110, PTH113
    return entry.is_file()


def _unlisted(folder: Path, error: OSError) -> str:
    advice = "name a folder that holds pictures"
    if isinstance(error, PermissionError):
        advice = "give yourself the right to read it, or name its pictures one by one"
    return f"{printable(folder)} cannot be listed: {error.strerror}: {advice}"


def _is_output(folder: Path) -> bool:
    """Whether this program wrote it: a folder of the user's may be a data set too."""
    if os.path.isfile(folder / MADE_HERE):  # noqa: PTH113
        return True
    return is_data_set(folder) and os.path.isfile(folder / "ledger.jsonl")  # noqa: PTH113
