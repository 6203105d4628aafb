"""Who is in a folder of photos: people without a reference, with ids and names that stay."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.people.cluster import Integers, average_linkage
from proportrait.people.decisions import State, members, person_of, state
from proportrait.people.faces import Box, FaceKey, KnownFaces, box_of, known_faces, turned_back
from proportrait.rank.describe import SMALLEST, version
from proportrait.rank.embedding import DEFAULT, checked
from proportrait.rank.index import Index, index_path
from proportrait.rank.indexing import Contents
from proportrait.rank.match import Whose
from proportrait.rank.ranking import indexed

# 1 less the root of the mean squared distance of two groups of faces, from which on they are one
# person: `python -m benchmarks.people` fits it again.
SIMILARITY = 0.55
# Two faces of one photo are two people unless they are nearer than this: a collage, a mirror. Of
# 190,000 pairs of pictures of two made people the nearest are 0.38 apart.
TWINS = 0.3
_SPLIT_STEP = 0.01  # of similarity, by which a split looks for the limit that parts a person
_REFERENCES = 20  # faces of a person that `rank --person` compares with
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Person:
    """A person of a folder.

    Attributes:
        id: stays when photos are added.
        name: that was given, or None.
        photos: that show the person, the best headshot first.
        boxes: x0, y0, x1, y1 of the face in each photo as it lies, in shares of its sides.
        turns: quarter turns of each photo, as `numpy.rot90` counts them, until the heads stand.
    """

    id: int
    name: str | None
    photos: tuple[Path, ...]
    boxes: tuple[Box, ...]
    turns: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id, "name": self.name, "photos": list(map(str, self.photos)),
            "boxes": list(map(list, self.boxes)),
        }  # fmt: skip


@dataclass(frozen=True)
class People:
    """What came of a folder.

    Attributes:
        people: most photos first.
        unclear: how many faces are too small or blurred to tell whose they are.
        faceless: how many photos show no face that is large enough.
        failures: why photos could not be read, by path.
    """

    people: tuple[Person, ...]
    unclear: int = 0
    faceless: int = 0
    failures: dict[Path, str] = field(default_factory=dict)


def people(
    photos: str | Path,
    *,
    similarity: float = SIMILARITY,
    min_face: float = SMALLEST,
    index: str | Path | None = None,
    recursive: bool = True,
    workers: int | None = None,
    embedding: str = DEFAULT,
) -> list[Person]:
    """The people of a folder, most photos first.

    Args:
        photos: a folder; it is indexed where it is not yet.
        similarity: [0, 1], from which on it is the same person.
        min_face: px from forehead to chin of a face that counts.
        index: its file; default: in the user's cache directory.
        recursive: go down into subfolders.
        workers: processes that index; default: as many as cores and memory allow.
        embedding: as of `proportrait.rank.rank`.

    Raises:
        ConfigurationError: the folder holds no photos.
        StoreError: the index cannot be read or written.
    """
    path = index_path() if index is None else Path(index)
    with Index(path, version(checked(embedding)), _log.warning, embedding) as file:
        contents = indexed(
            file, Path(photos), min_face, recursive=recursive, workers=workers, note=_log.warning
        )
        return list(found(file, contents, similarity, min_face).people)


def found(
    index: Index, contents: Contents, similarity: float = SIMILARITY, smallest: float = SMALLEST
) -> People:
    """The people of some photos; all photos of the index help to tell them apart."""
    faces = known_faces(index, smallest)
    persons = grouped(index, faces, similarity)
    names = state(index).names
    here = np.isin(faces.photos, list(contents.photos))
    numbers = np.flatnonzero(here & (persons > 0))
    numbers = numbers[np.lexsort((-faces.scores[numbers], persons[numbers]))]
    result = []
    for person, group in itertools.groupby(numbers.tolist(), lambda number: int(persons[number])):
        places: dict[Path, int] = {}
        for number in group:
            for path in contents.photos[int(faces.photos[number])]:
                places.setdefault(path, number)
        turns = tuple(faces.turns[list(places.values())].tolist())
        keys = [faces.keys[number] for number in places.values()]
        boxes = tuple(map(turned_back, map(box_of, keys), turns))
        result.append(Person(person, names.get(person), tuple(places), boxes, turns))
    result.sort(key=lambda entry: (-len(entry.photos), entry.id))
    faceless = len(contents.photos) - len(np.unique(faces.photos[here]))
    unclear = int((here & (persons == 0)).sum())
    return People(tuple(result), unclear, faceless, contents.failures)


def whose(index: Index, word: str, smallest: float = SMALLEST) -> tuple[Float, Whose]:
    """Embeddings (R, D + 1) of the best faces of a person by id or name, and whose all faces are.

    People are told apart by the similarity of the last listing.

    Raises:
        ConfigurationError: there is no such person, or none of their photos is indexed.
    """
    person = person_of(index, word)
    faces = known_faces(index, smallest)
    persons = grouped(index, faces, last_similarity(index))
    if not (persons == person).any():
        raise ConfigurationError(
            f"no photo of {printable(word)} is in the index: `proportrait people --photos DIR` "
            f"looks at them again"
        )
    return references_of(faces, persons, person, state(index))


def references_of(
    faces: KnownFaces, persons: Integers, person: int, decided: State
) -> tuple[Float, Whose]:
    """What `whose` returns, where the person (F,) of each face is known."""
    own = np.flatnonzero(persons == person)
    best = own[np.argsort(-faces.scores[own], kind="stable")][:_REFERENCES]
    others = (persons > 0) & (persons != person)
    for face, who in decided.apart:
        if who == person and (number := faces.place(face)) is not None:
            others[number] = True
    return faces.embeddings[best], Whose(faces.ids[own], faces.ids[others])


def last_similarity(index: Index) -> float:
    """By which the people of the index were told apart the last time."""
    rows = index.rows("SELECT similarity FROM people_runs")
    return float(rows[0][0]) if rows else SIMILARITY


def parts_of_person(index: Index, person: int, similarity: float, smallest: float) -> list[FaceKey]:
    """The faces that leave a person at the least stricter limit that parts it.

    The limit rises until two faces or more leave together, or the first one leaves; the largest
    part stays.
    """
    faces = known_faces(index, smallest)
    own = [
        number
        for face, owner in members(index).items()
        if owner == person and (number := faces.place(face)) is not None
    ]
    single: list[int] = []
    for limit in np.arange(1 - similarity, 0, -_SPLIT_STEP):
        labels = average_linkage(faces.vectors[own], float(limit))
        sizes = np.bincount(labels, minlength=1)
        stays = sizes.argmax()
        left = [number for number, label in zip(own, labels, strict=True) if label != stays]
        single = single or left
        if np.sort(sizes)[-2:-1].sum() >= 2:
            return [faces.keys[number] for number in left]
    return [faces.keys[number] for number in single]


def grouped(index: Index, faces: KnownFaces, similarity: float) -> Integers:
    """The person (F,) of each face, 0 where it is unclear; kept in the index for the next time."""
    decided, before = state(index), members(index)
    fingerprint = _fingerprint(faces, decided, similarity)
    if index.rows("SELECT fingerprint FROM people_runs") == [(fingerprint,)]:
        return np.array([before.get(face, 0) for face in faces.keys], np.int64)
    fixed = np.zeros(len(faces.keys), np.int64)
    for face, person in decided.belongs.items():
        if (number := faces.place(face)) is not None:
            fixed[number] = person
    labels = average_linkage(faces.vectors, 1 - similarity, fixed, _apart(faces, decided, fixed))
    persons = _with_ids(index, faces, labels, fixed, before)
    digests = {digest for digest, _ in faces.keys}  # others, of an older version, stay as they were
    rows = {face: person for face, person in before.items() if face[0] not in digests}
    rows |= zip(faces.keys, persons.tolist(), strict=True)
    with index.writing() as write:
        write.execute("DELETE FROM members")
        write.executemany(
            "INSERT INTO members VALUES (?, ?, ?)",
            [(*face, person) for face, person in rows.items() if person],
        )
        write.execute("DELETE FROM people_runs")
        write.execute("INSERT INTO people_runs VALUES (?, ?)", (fingerprint, similarity))
    return persons


def _fingerprint(faces: KnownFaces, decided: State, similarity: float) -> str:
    """Of all that the people follow from."""
    decisions = sorted(decided.belongs.items()), sorted(decided.apart)
    text = repr((faces.keys, faces.clear.tolist(), decisions, similarity, TWINS))
    return hashlib.sha256(text.encode() + faces.embeddings.tobytes()).hexdigest()


def side_by_side(embeddings: Float, photos: Integers) -> Integers:
    """Numbers (P, 2) of two faces that one photo shows and that are not the same.

    Args:
        embeddings: (F, D).
        photos: (F,) of each face; those of one photo follow each other.
    """
    ends = np.flatnonzero(np.diff(photos, append=-1)) + 1
    pairs = [np.empty((0, 2), np.int64)]
    for start, end in itertools.pairwise([0, *ends.tolist()]):
        if end - start > 1:
            some = embeddings[start:end]
            distances = np.linalg.norm(some[:, None] - some[None], axis=2)
            pairs.append(start + np.argwhere(np.triu(distances >= TWINS, 1)))
    return np.concatenate(pairs)


def _apart(faces: KnownFaces, decided: State, fixed: Integers) -> Integers:
    """Faces (P, 2) that are two people: by decision, and side by side in one photo."""
    firsts = dict(zip(fixed[::-1].tolist(), range(len(fixed) - 1, -1, -1), strict=True))
    pairs = [
        (number, firsts[person])
        for face, person in decided.apart
        if person in firsts and (number := faces.place(face)) is not None
    ]
    decisions = np.array(pairs, np.int64).reshape(-1, 2)
    return np.concatenate([decisions, side_by_side(faces.vectors, faces.photos)])


def _with_ids(
    index: Index,
    faces: KnownFaces,
    labels: Integers,
    fixed: Integers,
    before: dict[FaceKey, int],
) -> Integers:
    """The person of each face: by decision, else the one that most of its cluster was before.

    A cluster without a clear or a decided face is nobody.
    """
    count = int(labels.max(initial=-1)) + 1
    ids = np.zeros(count, np.int64)
    np.maximum.at(ids, labels, fixed)
    known = np.zeros(count, bool)
    known[labels[faces.clear | (fixed > 0)]] = True
    votes: Counter[tuple[int, int]] = Counter()
    for face, person in before.items():
        if (number := faces.place(face)) is not None:
            votes[int(labels[number]), person] += 1
    taken = {0, *ids.tolist(), *state(index).belongs.values()}
    for (label, person), _ in sorted(votes.items(), key=lambda item: (-item[1], *item[0][::-1])):
        if known[label] and not ids[label] and person not in taken:
            ids[label] = person
            taken.add(person)
    sizes = np.bincount(labels, minlength=count)
    with index.writing() as write:
        write.execute("INSERT INTO people_ids VALUES (?)", (max(taken | {*before.values()}),))
        for label in np.argsort(-sizes, kind="stable"):
            if known[label] and not ids[label]:
                number = write.execute("INSERT INTO people_ids DEFAULT VALUES").lastrowid
                ids[label] = int(number or 0)
        write.execute("DELETE FROM people_ids")
    return ids[labels]
