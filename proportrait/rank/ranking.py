"""The best photos of one person, out of a folder of everything."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.imaging import each_file, pictures_folder
from proportrait.rank.bursts import leaders
from proportrait.rank.describe import SMALLEST, FaceEntry, PhotoEntry, version
from proportrait.rank.index import Faces, Index, index_path
from proportrait.rank.indexing import Bar, Contents, update
from proportrait.rank.match import SIMILARITY, references, similarities
from proportrait.rank.parts import kind_of, parts_of, reasons_of, score_of
from proportrait.rank.weights import Kind, Weights, read_weights

NEAREST = 20  # photos of others that a ranking names
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ranked:
    """A photo of the person.

    Attributes:
        path: of the file.
        rank: 1 is the best.
        score: [0, 100].
        similarity: [0, 1], of the face with the references.
        kind: "single", or "group" where others are as prominent.
        reasons: what counts for and against it, in words.
        similar: near-duplicates and others of its burst, which are no better.
        parts: [0, 100], of the score, by name of those that its kind weighs.
    """

    path: Path
    rank: int
    score: float
    similarity: float
    kind: Kind
    reasons: tuple[str, ...]
    similar: tuple[Path, ...] = ()
    parts: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "path": str(self.path), "rank": self.rank, "score": round(self.score, 1),
            "similarity": round(self.similarity, 3), "kind": self.kind,
            "reasons": list(self.reasons), "similar": list(map(str, self.similar)),
            "parts": {name: round(value, 1) for name, value in self.parts.items()},
        }  # fmt: skip


@dataclass(frozen=True)
class Ranking:
    """What came of a folder.

    Attributes:
        photos: of the person, the best first.
        nearest: photos of other people with their similarity, the `NEAREST` that are most alike.
        others: how many photos show other people.
        faceless: how many photos show no face that is large enough.
        failures: why photos could not be read, by path.
    """

    photos: tuple[Ranked, ...]
    nearest: tuple[tuple[Path, float], ...] = ()
    others: int = 0
    faceless: int = 0
    failures: dict[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Match:
    photo: PhotoEntry
    face: FaceEntry
    paths: list[Path]
    similarity: float
    kind: Kind
    parts: dict[str, float]
    score: float


def rank(
    refs: Sequence[str | Path],
    photos: str | Path,
    *,
    top: int | None = None,
    purpose: str = "headshot",
    weights: str | Path | None = None,
    similarity: float = SIMILARITY,
    min_face: float = SMALLEST,
    index: str | Path | None = None,
    recursive: bool = True,
    largest: bool = False,
    workers: int | None = None,
) -> list[Ranked]:
    """The photos of a person, the best first; a list without photos where there is none.

    Args:
        refs: photos that show the person alone.
        photos: a folder; it is indexed where it is not yet.
        top: how many at most.
        purpose: "headshot", "social", "group", or one of `weights`.
        weights: a TOML file, as `data/weights.toml`.
        similarity: [0, 1], from which on it is the same person.
        min_face: px from forehead to chin of a face that counts.
        index: its file; default: in the user's cache directory.
        recursive: go down into subfolders.
        largest: of a reference with several faces, take the largest.
        workers: processes that index; default: as many as cores and memory allow.

    Raises:
        AssessmentError: a reference shows no face, or several.
        ConfigurationError: the folder holds no photos, or the weights cannot be read.
        ImageError: a reference cannot be read.
        StoreError: the index cannot be read or written.
    """
    table = read_weights(purpose, None if weights is None else Path(weights))
    people = references(list(map(Path, refs)), largest)
    path = index_path() if index is None else Path(index)
    with Index(path, version(), _log.warning) as file:
        contents = indexed(
            file, Path(photos), min_face, recursive=recursive, workers=workers, note=_log.warning
        )
        result = query(file, contents, people, table, similarity, min_face)
    return list(result.photos[:top])


def indexed(
    index: Index,
    folder: Path,
    smallest: float,
    *,
    recursive: bool = True,
    workers: int | None = None,
    note: Callable[[str], None] = lambda line: None,
    bar: Bar = lambda entries, total: entries,
) -> Contents:
    """The photos of a folder, of which the index then holds all.

    Raises:
        ConfigurationError: it is no folder, or holds no photos.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 - never raises
        raise ConfigurationError(f"{printable(folder)} is no folder: name one that holds photos")
    paths = list(each_file([folder], note, recursive=recursive))
    return update(index, pictures_folder(folder), paths, smallest, workers, bar)


def query(
    index: Index,
    contents: Contents,
    people: Float,
    weights: dict[Kind, Weights],
    similarity: float = SIMILARITY,
    smallest: float = SMALLEST,
    faces: Faces | None = None,
) -> Ranking:
    """Rank the photos of a person; nothing is looked at again.

    Args:
        index: that holds them.
        contents: the photos that may be named.
        people: (R, 128) embeddings of references.
        weights: by kind.
        similarity: from which on it is the same person, [0, 1].
        smallest: px from forehead to chin of a face that counts.
        faces: all of the index, where they are in memory already.
    """
    faces = index.faces(contents.photos) if faces is None else faces
    values = np.where(faces.heights >= smallest, similarities(faces.embeddings, people), -1)
    values[~np.isin(faces.photos, list(contents.photos))] = -1
    order = np.argsort(-values, kind="stable")
    _, first = np.unique(faces.photos[order], return_index=True)
    best = order[np.sort(first)]  # of each photo the face that is most alike, the most alike first
    same, large = int((values[best] >= similarity).sum()), int((values[best] >= 0).sum())
    matches = []
    for number in best[:same]:
        photo, face = index.photo_of(int(faces.ids[number]))
        paths = contents.photos[int(faces.photos[number])]
        matches.append(_match(photo, face, paths, float(values[number]), weights))
    matches.sort(key=lambda match: (-match.score, str(match.paths[0])))
    nearest = best[same:large][:NEAREST]
    return Ranking(
        tuple(_ranked(matches, weights)),
        tuple((contents.photos[int(faces.photos[i])][0], float(values[i])) for i in nearest),
        large - same,
        len(contents.photos) - large,
        contents.failures,
    )


def _match(
    photo: PhotoEntry,
    face: FaceEntry,
    paths: list[Path],
    similarity: float,
    weights: dict[Kind, Weights],
) -> _Match:
    kind, parts = kind_of(photo, face), parts_of(photo, face)
    return _Match(photo, face, paths, similarity, kind, parts, score_of(parts, weights[kind]))


def _ranked(matches: list[_Match], weights: dict[Kind, Weights]) -> list[Ranked]:
    leading = leaders(
        [match.photo.phash for match in matches], [match.photo.time for match in matches]
    )
    similar: dict[int, list[Path]] = {}
    for number, (leader, match) in enumerate(zip(leading, matches, strict=True)):
        similar.setdefault(leader, []).extend(match.paths[1:] if leader == number else match.paths)
    return [
        Ranked(
            match.paths[0], place, match.score, match.similarity, match.kind,
            tuple(reasons_of(match.photo, match.parts, match.kind, weights[match.kind])),
            tuple(similar[number]),
            {name: match.parts[name] for name in weights[match.kind].parts},
        )
        for place, (number, match) in enumerate(
            ((number, matches[number]) for number in similar), start=1
        )
    ]  # fmt: skip
