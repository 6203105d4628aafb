"""The best photos of one person, out of a folder of everything."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from proportrait.arrays import Float
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.imaging import each_file, pictures_folder
from proportrait.rank.bursts import leaders
from proportrait.rank.describe import SMALLEST, FaceEntry, PhotoEntry, version
from proportrait.rank.embedding import DEFAULT, checked
from proportrait.rank.index import Faces, Index, index_path
from proportrait.rank.indexing import Bar, Contents, update
from proportrait.rank.match import (
    SIMILARITY,
    SURE,
    Whose,
    best_of_photos,
    face_similarities,
    references,
    sure_face,
)
from proportrait.rank.parts import kind_of, parts_of, reasons_of, score_of
from proportrait.rank.tastes import TastePart
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
        box: x0, y0, x1, y1 of the person's face in shares of the sides of the photo as it lies;
            may pass 0 and 1.
        through: a sure photo of the person, without whose likeness this one would be none.
    """

    path: Path
    rank: int
    score: float
    similarity: float
    kind: Kind
    reasons: tuple[str, ...]
    similar: tuple[Path, ...] = ()
    parts: dict[str, float] = field(default_factory=dict)
    box: tuple[float, float, float, float] | None = None
    through: Path | None = None

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
        similar: near-duplicates by path, each with the rank of the photo that it is listed under.
    """

    photos: tuple[Ranked, ...]
    nearest: tuple[tuple[Path, float], ...] = ()
    others: int = 0
    faceless: int = 0
    failures: dict[Path, str] = field(default_factory=dict)
    similar: dict[Path, Ranked] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Match:
    photo: PhotoEntry
    face: FaceEntry
    paths: list[Path]
    similarity: float
    kind: Kind
    parts: dict[str, float]
    score: float
    through: Path | None = None


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
    faces: Sequence[int] = (),
    workers: int | None = None,
    taste: str | Path | None = None,
    embedding: str = DEFAULT,
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
        faces: or of each such reference, in their order, the one with this number, from the left.
        workers: processes that index; default: as many as cores and memory allow.
        taste: that is a part of the score: a name, or a file of `proportrait taste train`.
        embedding: "both", "dlib", "sface", or an .onnx file of InsightFace.

    Raises:
        AssessmentError: a reference shows no face, or several of which none is chosen.
        ConfigurationError: the folder holds no photos, or the weights cannot be read.
        ImageError: a reference cannot be read.
        StoreError: the index cannot be read or written.
    """
    part = None if taste is None else TastePart(taste, workers)
    table = read_weights(purpose, None if weights is None else Path(weights), part is not None)
    people = references(list(map(Path, refs)), largest, faces, checked(embedding))
    path = index_path() if index is None else Path(index)
    with Index(path, version(embedding), _log.warning, embedding) as file:
        contents = indexed(
            file, Path(photos), min_face, recursive=recursive, workers=workers, note=_log.warning
        )
        result = query(file, contents, people, table, similarity, min_face, taste=part)
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
    whose: Whose | None = None,
    taste: TastePart | None = None,
) -> Ranking:
    """Rank the photos of a person; nothing is looked at again, except for a new taste.

    Args:
        index: that holds them.
        contents: the photos that may be named.
        people: (R, D + 1) embeddings of references.
        weights: by kind.
        similarity: from which on it is the same person, [0, 1].
        smallest: px from forehead to chin of a face that counts.
        faces: all of the index, where they are in memory already.
        whose: known faces; similarity decides on the rest.
        taste: that the weights weigh, too.
    """
    faces = index.faces(contents.photos) if faces is None else faces
    limit = SURE if whose is None else None  # else it is known which faces are the person's
    values, sure = face_similarities(faces, contents.photos, people, smallest, limit)
    best, same = best_of_photos(faces, values, similarity, whose)
    matches = []
    own = {photo: contents.photos[photo] for photo in faces.photos[best[:same]].tolist()}
    liked = taste.marks(index, own) if taste else {}
    for number in best[:same].tolist():
        photo, face = index.photo_of(int(faces.ids[number]))
        identity = int(faces.photos[number])
        mark = liked.get(identity)
        match = _match(photo, face, own[identity], float(values[number]), weights, mark)
        if (way := sure_face(faces, number, people, similarity, sure)) is not None:
            match = replace(match, through=own[int(faces.photos[way])][0])
        matches.append(match)
    matches.sort(key=lambda match: (-match.score, str(match.paths[0])))
    nearest = best[same:][values[best[same:]] < similarity][:NEAREST]
    ranked, similar = _ranked(matches, weights)
    return Ranking(
        ranked,
        tuple((contents.photos[int(faces.photos[i])][0], float(values[i])) for i in nearest),
        len(best) - same,
        len(contents.photos) - len(best),
        contents.failures,
        similar,
    )


def _match(
    photo: PhotoEntry,
    face: FaceEntry,
    paths: list[Path],
    similarity: float,
    weights: dict[Kind, Weights],
    taste: float | None,
) -> _Match:
    kind, parts = kind_of(photo, face), parts_of(photo, face, taste)
    return _Match(photo, face, paths, similarity, kind, parts, score_of(parts, weights[kind]))


def _ranked(
    matches: list[_Match], weights: dict[Kind, Weights]
) -> tuple[tuple[Ranked, ...], dict[Path, Ranked]]:
    """The photos without near-duplicates, and these by their paths."""
    leading = leaders(
        [match.photo.phash for match in matches], [match.photo.time for match in matches]
    )
    groups: dict[int, list[_Match]] = {}
    for leader, match in zip(leading, matches, strict=True):
        groups.setdefault(leader, []).append(match)
    photos, similar = [], {}
    for place, group in enumerate(groups.values(), start=1):
        entries = [_entry(match, place, weights) for match in group]
        best, *others = (
            replace(entry, path=path)
            for entry, match in zip(entries, group, strict=True)
            for path in match.paths
        )
        photos.append(replace(best, similar=tuple(other.path for other in others)))
        similar.update({other.path: other for other in others})
    return tuple(photos), similar


def _entry(match: _Match, place: int, weights: dict[Kind, Weights]) -> Ranked:
    table = weights[match.kind]
    reasons = reasons_of(match.photo, match.parts, match.kind, table)
    if match.through is not None:
        reasons.append(way_of(match.through))
    return Ranked(
        match.paths[0], place, match.score, match.similarity, match.kind, tuple(reasons),
        parts={name: match.parts[name] for name in table.parts}, box=_box(match),
        through=match.through,
    )  # fmt: skip


def way_of(through: Path) -> str:
    """The reason of a photo that matches by its likeness to a sure one."""
    return f"as in {printable(through.name)}"


def _box(match: _Match) -> tuple[float, float, float, float]:
    """The box of the face before `numpy.rot90(photo, turns)`."""
    x0, y0, x1, y1 = match.face.box
    for _ in range(match.photo.turns % 4):
        x0, y0, x1, y1 = round(1 - y1, 5), x0, round(1 - y0, 5), x1
    return x0, y0, x1, y1
