"""What is verified: the records of an output folder, or the photos of a plain one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record, parse_file_stem

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff"}


class Pictures:
    """The pictures of a folder, with what is said of them.

    Attributes:
        path: the folder.
        store: its records, or None for a plain folder of photos, of which nothing is said.
        problems: what the last iteration found wrong, one line each.
    """

    def __init__(self, path: Path) -> None:
        """Find out what the folder holds.

        Raises:
            ConfigurationError: it is not there, or holds no pictures.
            StoreError: its ledger is damaged.
        """
        self.path = path
        self.problems: list[str] = []
        if (path / "images").is_dir():
            self.store: RecordStore | None = RecordStore(path)
            self.images = path / "images"
        elif path.is_dir() and any(is_picture(file) for file in path.iterdir()):
            self.store, self.images = None, path
        else:
            raise ConfigurationError(
                f"{path} holds neither images/ with metadata/ nor photos: name the folder that "
                f"synthetic_dataset_generator.py wrote with -o, or one with your own photos"
            )

    def __iter__(self) -> Iterator[Record]:
        """Every picture's record, by name; photos make no claim."""
        self.problems = []
        if self.store is None:
            for file in sorted(filter(is_picture, self.path.iterdir())):
                yield _photo(file)
            return
        with_record = set()
        for record in self.store.records():
            with_record.add(record.output_filename)
            self._check_name(record)
            yield record
        self.problems += map(str, self.store.problems)
        for file in sorted(self.images.iterdir()):
            if is_picture(file) and file.name not in with_record:
                self.problems.append(f"{file}: there is no readable record of it in metadata/")

    def __len__(self) -> int:
        """How many records there seem to be."""
        folder = self.path if self.store is None else self.path / "metadata"
        return sum(is_picture(f) if self.store is None else f.suffix == ".json"
                   for f in folder.iterdir()) if folder.is_dir() else 0  # fmt: skip

    def _check_name(self, record: Record) -> None:
        try:
            _, _, labels = parse_file_stem(record.output_filename)
        except ValueError:
            return  # a name that says nothing
        if labels != record.labels:
            self.problems.append(
                f"{record.output_filename}: its record says {record.labels.code}; that counts"
            )


def is_picture(file: Path) -> bool:
    """Whether a file's name is that of a picture which is not hidden, and the file is there."""
    return file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file()


def _photo(file: Path) -> Record:
    nothing = LabelVector.of(())
    return Record(
        output_filename=file.name,
        original_filename=file.name,
        source_id=f"photo:{file.name}",
        requested=nothing,
        labels=nothing,
        known=nothing,
    )
