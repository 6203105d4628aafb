"""What is verified: the records of an output folder, or the photos of a plain one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.imaging import is_data_set, list_pictures
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record, parse_file_stem


class Pictures:
    """The pictures of a folder, with the labels of their records.

    Attributes:
        path: the folder.
        images: where the pictures are; names are relative to it.
        store: its records, or None for a folder of photos, which have no labels.
        left_out: files that are not looked at and why, in one line; "" where there is none.
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
        self.left_out = ""
        self.store: RecordStore | None = None
        self.images = path
        self._photos: tuple[Path, ...] = ()
        if is_data_set(path):
            self.store, self.images = RecordStore(path), path / "images"
            return
        note = ""
        if os.path.isdir(path):  # noqa: PTH112 - never raises
            listing = list_pictures(path)
            self._photos, self.left_out, note = listing.paths, listing.left_out, listing.note
        if not self._photos:
            raise ConfigurationError(
                f"{printable(path)} holds neither images/ with metadata/ nor photos{note}: name "
                f"the folder that `proportrait generate` wrote with -o, or one with your "
                f"own photos"
            )

    def __iter__(self) -> Iterator[Record]:
        """Every picture's record, by name; photos make no claim."""
        self.problems = []
        if self.store is None:
            yield from (_photo(file.relative_to(self.path)) for file in self._photos)
            return
        with_record = set()
        for record in self.store.records():
            with_record.add(record.output_filename)
            self._check_name(record)
            yield record
        self.problems += map(str, self.store.problems)
        for file in list_pictures(self.images, recursive=False).paths:
            if file.name not in with_record:
                self.problems.append(
                    f"{printable(file)}: there is no readable record of it in metadata/"
                )

    def __len__(self) -> int:
        """How many records there seem to be."""
        if self.store is None:
            return len(self._photos)
        folder = self.path / "metadata"
        return len(list(folder.glob("[!.]*.json")))

    def _check_name(self, record: Record) -> None:
        try:
            _, _, labels = parse_file_stem(record.output_filename)
        except ValueError:
            return  # a name that says nothing
        if labels != record.labels:
            self.problems.append(
                f"{record.output_filename}: its record says {record.labels.code}; that counts"
            )


def _photo(file: Path) -> Record:
    nothing, name = LabelVector.of(()), str(file)
    return Record(
        output_filename=name,
        original_filename=name,
        source_id=f"photo:{name}",
        requested=nothing,
        labels=nothing,
        known=nothing,
    )
