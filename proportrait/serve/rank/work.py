"""What worker processes find in photos: they alone run networks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from proportrait.arrays import Float
from proportrait.errors import AssessmentError, ImageError
from proportrait.faces import shared_analyzer
from proportrait.imaging import decode
from proportrait.rank.describe import PhotoEntry
from proportrait.rank.embedding import embedding
from proportrait.rank.indexing import Task
from proportrait.serve.inside import OUTSIDE, check_inside, is_inside
from proportrait.serve.rank import draw
from proportrait.taste.features import stream
from proportrait.taste.taste import Taste
from proportrait.taste.verdict import load_tastes

MOST_FACES = 24  # of a reference, from which one is chosen
_NICE = 5  # less urgent than what answers a click


@dataclass(frozen=True, eq=False)
class Reference:
    """A face of a reference photo: its embedding (D + 1,) float32, and the JPEG of a tile."""

    embedding: Float
    tile: bytes


def prepare_behind() -> None:
    """Leave the cores to what answers clicks."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    shared_analyzer().prepare()


def describe(folder: Path, task: Task, path: Path) -> PhotoEntry:
    """What a task makes of a photo, which has to lie in a folder."""
    try:
        check_inside(folder, path)
    except ImageError as error:
        return PhotoEntry("", error=str(error))
    return task(path)


def tastes(
    folder: Path, file: Path, stamp: tuple[int, int], paths: Sequence[Path]
) -> list[float | str]:
    """Probability of positive of photos by a taste, or why one cannot be looked at.

    Args:
        folder: that the photos have to lie in.
        file: of the taste.
        stamp: of its content.
        paths: of the photos.
    """
    taste = _taste(file, stamp)
    answers: dict[Path, float | str] = {
        path: OUTSIDE for path in paths if not is_inside(folder, path)
    }
    inside = [path for path in paths if path not in answers]
    for path, row in stream(inside, taste.sets, workers=1):
        answers[path] = (
            row if isinstance(row, str) else float(taste.ensemble.probabilities(row[None])[0])
        )
    return [answers[path] for path in paths]


@lru_cache(maxsize=1)
def _taste(file: Path, stamp: tuple[int, int]) -> Taste:
    return load_tastes([file])[0].taste


def references(data: bytes) -> list[Reference]:
    """The faces of a reference photo, the largest first.

    Raises:
        ImageError: it cannot be read.
        AssessmentError: it shows no face.
    """
    image = decode(data)
    analyzer = shared_analyzer()
    faces = analyzer.detect(image)
    if not faces:
        raise AssessmentError(
            "no face was found in it: take a photo of the person from the front, with good light"
        )
    height, width = image.shape[:2]
    return [
        Reference(embedding(image, face, analyzer), draw.tile(image, face.box(width, height)))
        for face in faces[:MOST_FACES]
    ]
