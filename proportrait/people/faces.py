"""The faces of an index, each with a key that stays when its photo is looked at again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from proportrait.arrays import Double, Float, Mask
from proportrait.people.cluster import Integers
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.index import Index, matrix
from proportrait.rank.parts import kind_of, parts_of, score_of
from proportrait.rank.weights import read_weights

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in shares of the sides
FaceKey = tuple[str, str]  # SHA-256 of the photo, and the face's box: "x0 y0 x1 y1"

# Sharpness of a face from which on it can be told whose it is. Of made people's faces below it,
# spoilt by blur or 45 px high and less, a third are no more like their person than the limit asks.
CLEAR = 0.35
_SAME_PLACE = 0.5  # overlap (intersection over union) of two boxes of one face


@dataclass(frozen=True, eq=False)
class KnownFaces:
    """Faces in the order of their keys' photos, whenever they were indexed.

    Attributes:
        keys: of each.
        ids, photos: (F,) of the faces and of their photos in the index.
        embeddings: (F, D + 1) float32; see `proportrait.rank.embedding`.
        clear: (F,) whether it can be told whose they are.
        scores: (F,) of `rank` for a headshot, [0, 100].
        turns: (F,) quarter turns, as `numpy.rot90` counts them, until the heads of its photo stand.
    """

    keys: list[FaceKey]
    ids: Integers
    photos: Integers
    embeddings: Float
    clear: Mask
    scores: Double
    turns: Integers
    _places: dict[str, list[int]] = field(default_factory=dict)

    @property
    def vectors(self) -> Float:
        """What their distances are Euclidean in: (F, D) float32."""
        return np.ascontiguousarray(self.embeddings[:, :-1])

    def place(self, key: FaceKey) -> int | None:
        """The number of the face with this key, or of one in the same place of the photo."""
        digest, box = key
        numbers = self._places.get(digest, [])
        exact = [number for number in numbers if self.keys[number] == key]
        if exact or not numbers:
            return exact[0] if exact else None
        overlaps = [_overlap(box, self.keys[number][1]) for number in numbers]
        best = int(np.argmax(overlaps))
        return numbers[best] if overlaps[best] >= _SAME_PLACE else None


def known_faces(index: Index, smallest: float) -> KnownFaces:
    """All faces of an index that are at least so many px high, whatever folder they lie in."""
    valid = set(index.photos(smallest).values())
    rows = index.rows(
        "SELECT digest, faces.id, photo, faces.body, embedding FROM faces "
        "JOIN photos ON photos.id = faces.photo WHERE height >= ? ORDER BY digest, faces.id",
        (smallest,),
    )
    rows = [row for row in rows if row[2] in valid]
    bodies = {
        photo: json.loads(body)
        for photo, body in index.rows("SELECT id, body FROM photos")
        if photo in valid
    }
    embeddings = matrix([row[4] for row in rows])
    faces = [
        FaceEntry.from_json(json.loads(row[3]), embedding)
        for row, embedding in zip(rows, embeddings, strict=True)
    ]
    keys = [(row[0], " ".join(map(str, face.box))) for row, face in zip(rows, faces, strict=True)]
    return KnownFaces(
        keys,
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.int64),
        embeddings,
        np.array([face.sharpness >= CLEAR for face in faces], bool),
        np.array(_scores([row[2] for row in rows], faces, bodies), np.float64),
        np.array([bodies[row[2]].get("turns", 0) for row in rows], np.int64),
        _by_photo(keys),
    )


def _scores(
    photos: Sequence[int], faces: Sequence[FaceEntry], bodies: Mapping[int, dict[str, Any]]
) -> list[float]:
    weights = read_weights("headshot")
    result = []
    for photo, group in itertools.groupby(zip(photos, faces, strict=True), lambda pair: pair[0]):
        entry = PhotoEntry("", tuple(face for _, face in group), bodies[photo]["marks"])
        result += [
            score_of(parts_of(entry, face), weights[kind_of(entry, face)]) for face in entry.faces
        ]
    return result


def _by_photo(keys: Iterable[FaceKey]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for number, (digest, _) in enumerate(keys):
        places.setdefault(digest, []).append(number)
    return places


def box_of(key: FaceKey) -> Box:
    """The box of a face in the photo whose heads stand."""
    x0, y0, x1, y1 = map(float, key[1].split())
    return x0, y0, x1, y1


def turned_back(box: Box, turns: int) -> Box:
    """The box in a photo of one in `numpy.rot90(photo, turns)`."""
    x0, y0, x1, y1 = box
    for _ in range(turns % 4):
        x0, y0, x1, y1 = round(1 - y1, 5), x0, round(1 - y0, 5), x1
    return x0, y0, x1, y1


def _overlap(one: str, other: str) -> float:
    a, b = np.array(box_of(("", one))), np.array(box_of(("", other)))
    sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    both = float(sides.prod())
    union = float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - both
    return both / max(union, 1e-9)
