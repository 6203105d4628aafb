"""Labelled pictures of one or more folders, and their split by source portrait."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask, Text
from proportrait.errors import ConfigurationError
from proportrait.imaging import is_data_set
from proportrait.labels import KEYS
from proportrait.store import RecordStore
from proportrait.train.settings import SPLITS

TABLE = "labels.csv"


@dataclass(frozen=True, eq=False)
class Pictures:
    """N labelled pictures.

    Attributes:
        paths: (N,) of the files.
        labels: (N, 6) float32, 0 or 1; 0 where it is unknown.
        known: (N, 6), whether the bit is known.
        sources: (N,) the group of each picture, which is never on both sides of a split.
        digests: (N,) SHA-256 of the files in hex, "" without a record.
    """

    paths: Text
    labels: Float
    known: Mask
    sources: Text
    digests: Text

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Pictures:
        """The pictures of a mask or an array of indices."""
        return Pictures(*(getattr(self, field.name)[index] for field in fields(self)))

    def __add__(self, other: Pictures) -> Pictures:
        return Pictures(
            *(
                np.concatenate([getattr(self, field.name), getattr(other, field.name)])
                for field in fields(self)
            )
        )

    @classmethod
    def from_folder(cls, folder: str | Path) -> Pictures:
        """Read a folder that the generator wrote, or one with a labels.csv.

        The table has the columns `file` and `labels` (six characters, `?` where a bit is unknown)
        and, where pictures share a person, `source_id`, or where they share their origin, `site`.
        Files lie beside it or in images/, see `picture_file`.

        Raises:
            ConfigurationError: the folder holds neither, or it cannot be read.
        """
        folder = Path(folder)
        if is_data_set(folder):
            return cls._from_records(folder)
        if os.path.isfile(folder / TABLE):  # noqa: PTH113 - never raises
            return cls._from_table(folder)
        raise ConfigurationError(
            f"{folder} holds neither images/ with metadata/ nor a {TABLE}: name the folder that "
            f"`proportrait generate` wrote with -o, or write {TABLE} with the columns "
            f"file,labels ({', '.join(KEYS)} as six characters 0, 1, or ?)"
        )

    @classmethod
    def from_folders(cls, folders: Sequence[str | Path]) -> Pictures:
        """Read several folders as one set; the same source name in two means the same person.

        Raises:
            ConfigurationError: a folder cannot be read, or no label of any picture is known.
        """
        sets = [cls.from_folder(folder) for folder in folders]
        whole = sets[0]
        for other in sets[1:]:
            whole = whole + other
        if not whole.known.any():
            raise ConfigurationError(
                f"no label of the {len(whole)} pictures of {', '.join(map(str, folders))} is "
                f"known: write 0 or 1 instead of ? where you know one"
            )
        return whole

    @classmethod
    def _from_records(cls, folder: Path) -> Pictures:
        records = sorted(RecordStore(folder).records(), key=lambda r: r.output_filename)
        if not records:
            raise ConfigurationError(f"{folder}/metadata holds no readable record")
        return cls(
            np.array([str(folder / "images" / r.output_filename) for r in records], np.str_),
            np.array([(r.labels & r.known).values for r in records], np.float32),
            np.array([r.known.values for r in records], bool),
            np.array([r.source_id for r in records], np.str_),
            np.array([r.sha256 for r in records], np.str_),
        )

    @classmethod
    def _from_table(cls, folder: Path) -> Pictures:
        try:
            text = (folder / TABLE).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{folder / TABLE} is not in UTF-8: save it as 'CSV UTF-8'"
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"{folder / TABLE} cannot be read: {error.strerror}"
            ) from error
        with io.StringIO(text, newline="") as file:
            reader = csv.DictReader(file)
            if missing := {"file", "labels"} - set(reader.fieldnames or ()):
                raise ConfigurationError(
                    f"{folder / TABLE} has no column {' and '.join(sorted(missing))}: its first "
                    f"line is file,labels"
                )
            rows = [row | {"line": str(reader.line_num)} for row in reader]
        if not rows:
            raise ConfigurationError(f"{folder / TABLE} names no picture")
        paths: list[Path] = []
        codes_of: dict[Path, tuple[str, str]] = {}  # of a file: its labels, and their line
        for row in rows:
            line, code, name = row["line"], row["labels"] or "", row["file"] or ""
            if len(code) != len(KEYS) or set(code) - set("01?"):
                raise ConfigurationError(
                    f"{folder / TABLE}, line {line}: labels are {len(KEYS)} characters 0, 1, or ?, "
                    f"not {code!r}"
                )
            path = picture_file(folder, name)
            if path is None:
                raise ConfigurationError(
                    f"{folder / TABLE}, line {line}: there is no {name!r} in {folder} or its "
                    f"images/"
                )
            before, where = codes_of.setdefault(path.resolve(), (code, line))
            if before != code:
                raise ConfigurationError(
                    f"{folder / TABLE}, line {line}: {name} has the labels {code}, and in line "
                    f"{where} {before}: keep one of the lines"
                )
            paths.append(path)
        codes = np.array([list(row["labels"]) for row in rows])
        return cls(
            np.array([str(path) for path in paths], np.str_),
            (codes == "1").astype(np.float32),
            codes != "?",
            np.array([_group(row) for row in rows], np.str_),
            np.array([""] * len(rows), np.str_),
        )

    def fingerprint(self) -> str:
        """SHA-256 of names, bytes, and labels: equal for equal data, wherever it lies."""
        lines = []
        for i in range(len(self)):
            path = Path(str(self.paths[i]))
            digest = self.digests[i] or hashlib.sha256(path.read_bytes()).hexdigest()
            bits = "".join("?" if not k else str(int(v)) for v, k in
                           zip(self.labels[i], self.known[i], strict=True))  # fmt: skip
            lines.append(f"{path.name}\0{digest}\0{bits}\0{self.sources[i]}\n")
        return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Split:
    """Parts of a set that share no source; `test` is empty in the published split."""

    train: Pictures
    validation: Pictures
    test: Pictures

    def others(self, folders: Sequence[str | Path]) -> Pictures:
        """The pictures of other folders, without sources that are in the test."""
        if not folders:
            return self.train[np.zeros(0, np.intp)]
        pictures = Pictures.from_folders(folders)
        return pictures[~np.isin(pictures.sources, self.test.sources)]

    @property
    def whole(self) -> Pictures:
        """All pictures."""
        return self.train + self.validation + self.test

    def warnings(self) -> list[str]:
        """What the training pictures cannot teach, one line an attribute.

        Raises:
            ConfigurationError: no label of the training or of the validation pictures is known.
        """
        for part, name in ((self.train, "training"), (self.validation, "validation")):
            if not part.known.any():
                raise ConfigurationError(
                    f"no label of the {len(part)} {name} pictures is known: label more people, or "
                    f"choose another split with --seed"
                )
        lines = []
        for column, key in enumerate(KEYS):
            bits = self.train.labels[self.train.known[:, column], column]
            if not len(bits):
                lines.append(f"{key}: no label is known, so that its verdicts will mean nothing")
            elif len(np.unique(bits)) == 1:
                lines.append(
                    f"{key}: all {len(bits)} known labels are {bits[0]:.0f}, so that nothing tells "
                    f"good from bad: add pictures of the other kind"
                )
        return lines


def split(pictures: Pictures, kind: str = "three", seed: int = 0) -> Split:
    """Split by source, with scikit-learn's GroupShuffleSplit.

    Args:
        kind: a name of `SPLITS`.

    Raises:
        ValueError: there is no such kind.
        ConfigurationError: there are too few sources.
    """
    if kind not in SPLITS:
        raise ValueError(f"unknown split {kind!r}; the splits are {', '.join(SPLITS)}")
    shares = SPLITS[kind]
    if len(np.unique(pictures.sources)) < 8:
        raise ConfigurationError(
            "a split needs at least 8 source portraits: make a larger set with --limit"
        )
    rest, test = np.arange(len(pictures)), np.zeros(0, np.intp)
    if shares[2]:
        rest, test = _split_off(pictures.sources, rest, shares[2], seed)
    train, validation = _split_off(
        pictures.sources, rest, shares[1] / (shares[0] + shares[1]), seed
    )
    return Split(*(pictures[np.sort(part)] for part in (train, validation, test)))


def picture_file(folder: Path, name: str) -> Path | None:
    """The file that a row of the labels.csv of a folder names, or None.

    It lies in images/ or beside the table; the name may have "images/" before it.
    """
    for path in (folder / "images" / name, folder / name):
        if os.path.isfile(path):  # noqa: PTH113 - never raises
            return path
    return None


def from_generator(paths: Text) -> Mask:
    """Whether each picture lies in a folder that the generator wrote, (N,) of paths (N,)."""
    folders = [Path(str(path)).parent for path in paths]
    has_records = {folder: is_data_set(folder.parent) for folder in set(folders)}
    return np.array([has_records[folder] for folder in folders], bool)


def _group(row: Mapping[str, str]) -> str:
    """What the picture of a row shares with others: its person, its site, or nothing."""
    return row.get("source_id") or row.get("site") or row["file"]


def source_hashes(sources: Text) -> str:
    """The distinct sources as 8 hex digits each, in one string: they name nobody."""
    return "".join(sorted({_hash(source) for source in sources}))


def new_sources(sources: Text, hashes: str) -> Mask:
    """Whether each source (N,) is absent from what `source_hashes` returned, (N,)."""
    known = {hashes[i : i + 8] for i in range(0, len(hashes), 8)}
    return np.array([_hash(source) not in known for source in sources], bool)


def _hash(source: str) -> str:
    return hashlib.sha256(str(source).encode()).hexdigest()[:8]


def _split_off(
    sources: Text, indices: npt.NDArray[np.intp], share: float, seed: int
) -> tuple[Any, Any]:
    from sklearn.model_selection import GroupShuffleSplit  # it takes a second to import

    splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    rest, part = next(splitter.split(indices, groups=sources[indices]))
    return indices[rest], indices[part]
