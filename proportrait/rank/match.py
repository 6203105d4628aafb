"""Whose face it is: similarity with reference photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.commandline import printable
from proportrait.errors import AssessmentError
from proportrait.faces import shared_analyzer
from proportrait.imaging import read
from proportrait.rank.describe import embedding

# Of `similarities`, from which on it is the same person: docs/rank.md tells what it costs.
SIMILARITY = 0.5


def reference(path: Path, largest: bool = False) -> Float:
    """The embedding (128,) float32 of the face of a reference photo.

    Args:
        path: of the photo.
        largest: take the largest of several faces.

    Raises:
        ImageError: the file cannot be read.
        AssessmentError: it shows no face, or several.
    """
    image = read(path)
    faces = shared_analyzer().detect(image)
    if not faces:
        raise AssessmentError(
            f"{printable(path)} shows no face: name a photo of the person from the front, with "
            f"good light"
        )
    if len(faces) > 1 and not largest:
        raise AssessmentError(
            f"{printable(path)} shows {len(faces)} faces: crop it to the person who is meant, or "
            f"take the largest with --largest"
        )
    return embedding(image, faces[0], shared_analyzer())


def references(paths: Sequence[Path], largest: bool = False) -> Float:
    """The embeddings (R, 128) of reference photos; see `reference`.

    Raises:
        ValueError: there is none.
    """
    if not paths:
        raise ValueError("at least one reference photo is needed")
    return np.stack([reference(path, largest) for path in paths])


def similarities(embeddings: Float, people: Float) -> Float:
    """Similarity (F,) of faces with a person: 1 the same picture, 0 a distance of 1 and more.

    The mean over the references of 1 less the Euclidean distance, by one matrix product. At the
    same share of others that pass, the nearest reference or the distance to the mean embedding
    find fewer photos of the person.

    Args:
        embeddings: (F, 128).
        people: (R, 128), of the references.
    """
    squares = (embeddings**2).sum(1)[:, None] + (people**2).sum(1) - 2 * embeddings @ people.T
    distance = np.sqrt(np.maximum(squares, 0)).mean(1)
    return np.asarray(np.clip(1 - distance, 0, 1), np.float32)
