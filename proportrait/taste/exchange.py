"""Labels in and out: folders of copies, a CSV, and an ImageFolder."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from proportrait.commandline import printable
from proportrait.disk import disk_errors, sync, write_file
from proportrait.errors import ConfigurationError, StoreError
from proportrait.imaging import list_pictures
from proportrait.taste.labels import Kind, Labels, Place, Value

WORDS: dict[Value, str] = {True: "positive", False: "negative", None: "skip"}
_VALUES: dict[str, Value] = {
    **{word: value for value, word in WORDS.items()}, "1": True, "0": False, "": None,
}  # fmt: skip
_COLUMNS = ("file", "label", "digest")
_CHANGED = "the file has changed since its label"
_TABLE = "metadata.csv"  # of an ImageFolder, which datasets.load_dataset reads


@dataclass(frozen=True)
class Entry:
    """A picture with its label; the digest is "" where only the file is known, or the reverse."""

    path: Path | None
    value: Value
    digest: str = ""


@dataclass(frozen=True)
class Imported:
    """How many labels were taken, and what was left out and why."""

    count: int
    problems: tuple[str, ...]


def digest_of(path: Path) -> tuple[str, Place]:
    """The SHA-256 of a file in hex, and where it is.

    Raises:
        OSError: it cannot be read.
    """
    stat = path.stat()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, Place(path.absolute(), stat.st_size, stat.st_mtime_ns)


def entries_of(labels: Labels, task: str, rater: str) -> list[Entry]:
    """The labels of a rater that hold, with where their pictures were last."""
    places = labels.places()
    return [
        Entry(places[digest].path if digest in places else None, value, digest)
        for digest, value in labels.current(task, rater).items()
    ]


def to_csv(entries: Iterable[Entry]) -> str:
    """A table with the columns file, label (positive, negative, skip), and digest (SHA-256)."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    for entry in entries:
        path = "" if entry.path is None else _written(entry.path)
        table.writerow((path, WORDS[entry.value], entry.digest))
    return out.getvalue()


def predictions_csv(rows: Iterable[tuple[Path, float]]) -> str:
    """A table with the columns file and probability, of positive."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("file", "probability"))
    table.writerows((_written(path), f"{likely:.4f}") for path, likely in rows)
    return out.getvalue()


def to_folders(entries: Sequence[Entry], target: Path) -> list[str]:
    """Copy pictures to positive/ and negative/ of a new folder; returns what is left out and why.

    Raises:
        StoreError: the folder is there already, or cannot be written.
    """

    def write(fresh: Path) -> list[str]:
        problems = []
        for value in (True, False):
            folder = fresh / WORDS[value]
            folder.mkdir()
            chosen = [entry for entry in entries if entry.value is value]
            problems += _copy(chosen, folder)[1]
        return problems

    return _into(target, write)


def to_image_folder(entries: Sequence[Entry], target: Path) -> list[str]:
    """Copy pictures to a new folder with a metadata.csv; returns what is left out and why.

    `datasets.load_dataset("imagefolder", data_dir=target)` reads it: `label` is positive or
    negative.

    Raises:
        StoreError: the folder is there already, or cannot be written.
    """

    def write(fresh: Path) -> list[str]:
        chosen = [entry for entry in entries if entry.value is not None]
        names, problems = _copy(chosen, fresh)
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("file_name", "label"))
        table.writerows((names[entry], WORDS[entry.value]) for entry in chosen if entry in names)
        write_file(fresh / _TABLE, out.getvalue().encode())
        return problems

    return _into(target, write)


def copy_pictures(paths: Sequence[Path], target: Path) -> list[str]:
    """Copy pictures into a new folder; returns what is left out and why.

    Raises:
        StoreError: the folder is there already, or cannot be written.
    """
    return _into(target, lambda fresh: _copy([Entry(path, True) for path in paths], fresh)[1])


def _written(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def read_entries(place: Path) -> list[Entry]:
    """The labels of folders, of a CSV, or of an ImageFolder.

    Args:
        place: a folder with positive/ and negative/, or with a metadata.csv, or a CSV file with
            a column label (positive, negative, skip, 1, 0) and a column file, digest, or both.

    Raises:
        ConfigurationError: it is none of these, or a line of it is none.
    """
    if os.path.isfile(place):  # noqa: PTH113 - of any name
        return list(_rows(place, "file"))
    if os.path.isfile(place / _TABLE):  # noqa: PTH113
        return list(_rows(place / _TABLE, "file_name"))
    folders = [value for value in (True, False) if (place / WORDS[value]).is_dir()]
    if not folders:
        raise ConfigurationError(
            f"{printable(place)} holds no labels: name a CSV, or a folder with "
            f"{WORDS[True]}/ and {WORDS[False]}/, or with {_TABLE}"
        )
    return [
        Entry(path, value)
        for value in folders
        for path in list_pictures(place / WORDS[value]).paths
    ]


def add_entries(labels: Labels, task: str, rater: str, entries: Iterable[Entry]) -> Imported:
    """Write labels as those of a rater, in one step; what holds already is not written again."""
    now, answers, problems = labels.current(task, rater), {}, []
    places: dict[str, Place] = {}
    for entry in entries:
        digest = entry.digest
        if entry.path is not None:
            try:
                content, place = digest_of(entry.path)
                if digest and content != digest:
                    problems.append(
                        f"{printable(entry.path)}: the file has changed since its label"
                    )
                    continue
                digest, places[content] = content, place
            except OSError as error:
                if not digest:
                    problems.append(f"{printable(entry.path)}: {error.strerror or error}")
                    continue
        if digest not in now or now[digest] != entry.value:
            answers[digest] = entry.value
    if answers:
        labels.answer(task, rater, list(answers.items()), Kind.IMPORT, places)
    return Imported(len(answers), tuple(problems))


def _rows(table: Path, column: str) -> Iterator[Entry]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{printable(table)} cannot be read: {error}") from None
    for number, row in enumerate(rows, 2):
        name, digest = row.get(column) or "", (row.get("digest") or "").lower()
        word = row.get("label")
        if word is None or word.strip().lower() not in _VALUES or not (name or digest):
            raise ConfigurationError(
                f"{printable(table)}, line {number}: a column {column} or digest, and a column "
                f"label of {', '.join(filter(None, _VALUES))} are expected"
            )
        path = table.parent / name if name else None
        yield Entry(path, _VALUES[word.strip().lower()], digest)


def _copy(entries: Iterable[Entry], folder: Path) -> tuple[Mapping[Entry, str], list[str]]:
    """Names of the copies, and what is left out; of equal names the later one gets a number."""
    names: dict[Entry, str] = {}
    taken, problems = {_TABLE}, []
    for entry in entries:
        if entry.path is None:
            problems.append(f"{entry.digest[:12]}: nobody knows where this picture is")
            continue
        name, number = entry.path.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{entry.path.stem}-{number}{entry.path.suffix}"
        try:
            if entry.digest and digest_of(entry.path)[0] != entry.digest:
                problems.append(f"{printable(entry.path)}: {_CHANGED}")
                continue
            with entry.path.open("rb"):
                pass  # a picture that is gone is left out; a full disk ends the copy
        except OSError as error:
            problems.append(f"{printable(entry.path)}: {error.strerror or error}")
            continue
        shutil.copyfile(entry.path, folder / name)
        taken.add(name.lower())
        names[entry] = name
    return names, problems


def _into(target: Path, write: Callable[[Path], list[str]]) -> list[str]:
    """Fill a folder that appears under its name once it is complete."""
    if os.path.lexists(target):
        raise StoreError(f"{printable(target)} is there already: name another folder")
    fresh = target.with_name(f".{target.name}.new")
    with disk_errors(target):
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            fresh.mkdir(parents=True)
            problems = write(fresh)
            fresh.rename(target)
            sync(target.parent)
            return problems
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
