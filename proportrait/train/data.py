"""Labelled pictures of one or more folders, and their split by source portrait."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit

from proportrait.arrays import Float, Mask, Text
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.store import RecordStore

TABLE = "labels.csv"
# (train, validation, test) shares of the sources. The published figures are of `published`, where
# the pictures that the figures are of also chose the best epoch; reported figures are of `three`.
SPLITS: dict[str, tuple[float, float, float]] = {
    "three": (0.70, 0.15, 0.15),
    "published": (0.80, 0.20, 0.0),
}


@dataclass(frozen=True, eq=False)
class Pictures:
    """N labelled pictures.

    Attributes:
        paths: (N,) of the files.
        labels: (N, 6) float32, 0 or 1; 0 where it is not known.
        known: (N, 6) which bits are claims.
        sources: (N,) the group of each: its pictures are never on both sides of a split.
        digests: (N,) SHA-256 of the files in hex, "" where no record tells it.
    """

    paths: Text
    labels: Float
    known: Mask
    sources: Text
    digests: Text

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: Any) -> Pictures:
        """Those that a mask or an array of indices chooses."""
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

        The table has the columns `file` and `labels` (six characters, `?` where a bit is not
        known) and, where pictures share a person, `source_id`. Files lie beside it or in images/.

        Raises:
            ConfigurationError: the folder holds neither, or nothing can be read of it.
        """
        folder = Path(folder)
        if (folder / "metadata").is_dir():
            return cls._from_records(folder)
        if (folder / TABLE).is_file():
            return cls._from_table(folder)
        raise ConfigurationError(
            f"{folder} holds neither images/ with metadata/ nor a {TABLE}: name the folder that "
            f"synthetic_dataset_generator.py wrote with -o, or write {TABLE} with the columns "
            f"file,labels ({', '.join(KEYS)} as six characters 0, 1, or ?)"
        )

    @classmethod
    def from_folders(cls, folders: Sequence[str | Path]) -> Pictures:
        """Several folders as one set; a source of the same name in two is the same person."""
        sets = [cls.from_folder(folder) for folder in folders]
        whole = sets[0]
        for other in sets[1:]:
            whole = whole + other
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
        place = folder / "images" if (folder / "images").is_dir() else folder
        try:
            text = (folder / TABLE).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{folder / TABLE} is not in UTF-8: save it as 'CSV UTF-8'"
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
        for row in rows:
            line, code, name = row["line"], row["labels"] or "", row["file"] or ""
            if len(code) != len(KEYS) or set(code) - set("01?"):
                raise ConfigurationError(
                    f"{folder / TABLE}, line {line}: labels are {len(KEYS)} characters 0, 1, or ?, "
                    f"not {code!r}"
                )
            if not (place / name).is_file():
                raise ConfigurationError(
                    f"{folder / TABLE}, line {line}: there is no {place / name}"
                )
        codes = np.array([list(row["labels"]) for row in rows])
        return cls(
            np.array([str(place / row["file"]) for row in rows], np.str_),
            (codes == "1").astype(np.float32),
            codes != "?",
            np.array([row.get("source_id") or row["file"] for row in rows], np.str_),
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
    """Parts of a set that share no source; `test` is empty in the published split.

    `learn` is what is learnt from: `train`, and what was added to it.
    """

    train: Pictures
    validation: Pictures
    test: Pictures
    learn: Pictures

    def with_more(self, folders: Sequence[str | Path]) -> Split:
        """Learn from these folders too, but for people who are in the validation or the test."""
        learn = self.learn
        held = np.concatenate([self.validation.sources, self.test.sources])
        for folder in folders:
            more = Pictures.from_folder(folder)
            learn = learn + more[~np.isin(more.sources, held)]
        return replace(self, learn=learn)

    @property
    def whole(self) -> Pictures:
        """Learnt from, validation, and test, in this order."""
        return self.learn + self.validation + self.test


def split(pictures: Pictures, kind: str = "three", seed: int = 0) -> Split:
    """Split by source, with scikit-learn's GroupShuffleSplit.

    Args:
        kind: of `SPLITS`.

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
    rest, held = np.arange(len(pictures)), np.zeros(0, np.intp)
    if shares[2]:
        rest, held = _cut(pictures.sources, rest, shares[2], seed)
    learn, choose = _cut(pictures.sources, rest, shares[1] / (shares[0] + shares[1]), seed)
    train = pictures[np.sort(learn)]
    return Split(train, pictures[np.sort(choose)], pictures[np.sort(held)], train)


def made_here(paths: Text) -> Mask:
    """Which pictures (N,) lie in a folder that the generator wrote: (N,)."""
    folders = [Path(str(path)).parent for path in paths]
    written = {folder: (folder.parent / "metadata").is_dir() for folder in set(folders)}
    return np.array([written[folder] for folder in folders], bool)


def marks(sources: Text) -> str:
    """The people of a set, as 8 hex digits each, one after the other; see `unmarked`."""
    return "".join(sorted({_mark(source) for source in sources}))


def unmarked(sources: Text, marked: str) -> Mask:
    """Which sources (N,) are none of those that `marks` stands for: (N,)."""
    known = {marked[i : i + 8] for i in range(0, len(marked), 8)}
    return np.array([_mark(source) not in known for source in sources], bool)


def _mark(source: str) -> str:
    return hashlib.sha256(str(source).encode()).hexdigest()[:8]


def _cut(sources: Text, among: npt.NDArray[np.intp], share: float, seed: int) -> tuple[Any, Any]:
    cutter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    kept, held = next(cutter.split(among, groups=sources[among]))
    return among[kept], among[held]
