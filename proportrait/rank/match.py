"""Whose face it is: similarity with reference photos."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.commandline import printable
from proportrait.errors import AssessmentError, ConfigurationError
from proportrait.faces import Face, shared_analyzer
from proportrait.imaging import read
from proportrait.rank.embedding import DEFAULT, distances, embedding
from proportrait.rank.index import Faces

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]  # of faces

# Of `similarities`, from which on it is the same person: docs/rank.md tells what it costs.
SIMILARITY = 0.5
# A photo that matches surely is a further reference: from where on, how many at most, from where on
# it is too like a reference to add anything, and how much more alike others get by it at most.
SURE, FURTHER, COPY, RISE = 0.52, 3, 0.9, 0.08


@dataclass(frozen=True, eq=False)
class Whose:
    """Ids of faces of which it is known whose they are, whatever their similarity.

    Attributes:
        own: int64, of the person.
        others: int64, of somebody else.
    """

    own: np.ndarray[tuple[int], np.dtype[np.int64]]
    others: np.ndarray[tuple[int], np.dtype[np.int64]]


def reference(
    path: Path,
    largest: bool = False,
    numbers: Iterator[int] | None = None,
    kind: str = DEFAULT,
) -> Float:
    """The embedding (D + 1,) float32 of the face of a reference photo.

    Args:
        path: of the photo.
        largest: take the largest of several faces.
        numbers: gives the face to take of several, 1 for the leftmost.
        kind: of embedding, see `proportrait.rank.embedding`.

    Raises:
        ImageError: the file cannot be read.
        AssessmentError: it shows no face, or several of which none is chosen, or fewer.
    """
    image = read(path)
    faces = shared_analyzer().detect(image)
    if not faces:
        raise AssessmentError(
            f"{printable(path)} shows no face: name a photo of the person from the front, with "
            f"good light"
        )
    face = faces[0] if len(faces) == 1 or largest else _chosen(path, faces, numbers)
    return embedding(image, face, shared_analyzer(), kind)


def _chosen(path: Path, faces: Sequence[Face], numbers: Iterator[int] | None) -> Face:
    """The face with the next number, from the left."""
    number = next(numbers or iter(()), None)
    row = sorted(faces, key=lambda face: face.landmarks[:, 0].mean())
    if number is not None and number <= len(row):
        return row[number - 1]
    heights = ", ".join(f"{place} of {face.height:.0f} px" for place, face in enumerate(row, 1))
    raise AssessmentError(
        f"{printable(path)} shows {len(row)} faces: name the one who is meant with --face N, "
        f"counted from the left ({heights}), or take the largest with --largest"
    )


def references(
    paths: Sequence[Path],
    largest: bool = False,
    numbers: Sequence[int] = (),
    kind: str = DEFAULT,
) -> Float:
    """The embeddings (R, D + 1) of reference photos; see `reference`.

    Args:
        numbers: of faces, one for each photo that shows several, in their order.

    Raises:
        ValueError: there is no photo.
        ConfigurationError: there are more numbers than photos with several faces.
    """
    if not paths:
        raise ValueError("at least one reference photo is needed")
    rest = iter(numbers)
    embeddings = np.stack([reference(path, largest, rest, kind) for path in paths])
    if next(rest, None) is not None:
        raise ConfigurationError(
            "--face chooses one face of a --ref with several: name it once for each such photo"
        )
    return embeddings


def similarities(embeddings: Float, people: Float) -> Float:
    """Similarity (F,) of faces with a person: about 1 the same picture, 0 a distance of 1 and more.

    The mean over the references of 1 less the distance: the Euclidean one, less what lessens it of
    either face. At the same share of others that pass, the nearest reference or the distance to the
    mean embedding find fewer photos of the person.

    Args:
        embeddings: (F, D + 1); see `proportrait.rank.embedding`.
        people: (R, D + 1), of the references.
    """
    if not len(embeddings):
        return np.empty(0, np.float32)
    distance = distances(embeddings[:, :-1], people[:, :-1]).mean(1)
    distance -= embeddings[:, -1] + people[:, -1].mean()
    return np.asarray(np.clip(1 - distance, 0, 1), np.float32)


def face_similarities(
    faces: Faces, photos: Collection[int], people: Float, smallest: float, sure: float | None = SURE
) -> tuple[Float, Rows]:
    """Similarity (F,) of each face with a person, -1 of those that do not count.

    Where it is more, that with the references and with sure faces together.

    Args:
        faces: some of them may be of other photos.
        photos: ids of those that count.
        people: (R, D + 1), of the references.
        smallest: px from forehead to chin of a face that counts.
        sure: similarity from which on a face is a further reference; None: none is.

    Returns:
        The similarities, and the rows of these further references.
    """
    values = similarities(faces.embeddings, people)
    values[(faces.heights < smallest) | ~np.isin(faces.photos, list(photos))] = -1
    further = np.empty(0, np.int64) if sure is None else _sure(faces, values, sure)
    if len(further):
        others = similarities(faces.embeddings, faces.embeddings[further])
        together = (len(people) * values + len(further) * others) / (len(people) + len(further))
        together[further] = -1  # a face is no reference of itself
        higher = np.maximum(values, np.minimum(together, values + RISE))
        values = np.where(values < 0, values, higher)
    return values, further


def _sure(faces: Faces, values: Float, limit: float) -> Rows:
    """Faces that are surely the person's, the most alike first: one of a photo, and no copies."""
    order = np.flatnonzero(values >= limit)
    order = first_of_photos(faces, order[np.argsort(-values[order], kind="stable")])
    return order[values[order] < COPY][:FURTHER]


def sure_face(
    faces: Faces, row: int, people: Float, similarity: float, further: Rows
) -> int | None:
    """The row of the further reference by whose likeness a face is the person's, if only by that.

    Args:
        faces: as of `face_similarities`, with `people` and the rows `further` that it returned.
        row: of a face of the person.
        similarity: from which on it is the same person, [0, 1].
    """
    own = faces.embeddings[row][None]
    if not len(further) or similarities(own, people)[0] >= similarity:
        return None
    return int(further[similarities(faces.embeddings[further], own).argmax()])


def best_of_photos(
    faces: Faces, values: Float, similarity: float, whose: Whose | None = None
) -> tuple[Rows, int]:
    """Of each photo the face that is the person's, or else the one most like it.

    Args:
        values: as of `face_similarities`.
        similarity: from which on it is the same person, [0, 1].
        whose: known faces; similarity decides on the rest.

    Returns:
        Rows (P,), those of the person first, in either part the most alike first; and how many
        are the person's.
    """
    same_person = values >= similarity
    if whose is not None:
        same_person[np.isin(faces.ids, whose.others)] = False
        same_person |= np.isin(faces.ids, whose.own) & (values >= 0)
    best = first_of_photos(faces, np.lexsort((-values, ~same_person)))
    return best[values[best] >= 0], int(same_person[best].sum())


def first_of_photos(faces: Faces, order: Rows) -> Rows:
    """Of each photo the face that comes first in an order of all, in that order."""
    _, first = np.unique(faces.photos[order], return_index=True)
    return np.asarray(order[np.sort(first)])
