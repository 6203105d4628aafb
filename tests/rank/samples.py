"""Hand-made entries of photos, and an index of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.labels import KEYS
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.index import Index

VERSION = "test"


def axis(number: int, away: float = 0.0) -> Float:
    """An embedding (128,): those of two numbers are sqrt(2) apart; `away` moves it so far."""
    vector = np.zeros(128, np.float32)
    vector[number] = 1
    vector[126] = away
    return vector


def face(embedding: Float | None = None, **values: object) -> FaceEntry:
    """A face that is good in everything."""
    fields: dict[str, object] = {
        "embedding": axis(0) if embedding is None else embedding,
        "height": 320.0,
        "box": (0.25, 0.25, 0.75, 0.75),
        "points": ((0.4, 0.4), (0.6, 0.4), (0.5, 0.5), (0.45, 0.6), (0.55, 0.6)),
        "pose": (0.0, 0.0, 0.0),
        "sharpness": 0.6,
        "eyes": 100.0,
        "gaze": 100.0,
        "emotions": {"happy": 1.0},
    }
    return FaceEntry(**{**fields, **values})  # type: ignore[arg-type]


def photo(
    digest: str, *faces: FaceEntry, mark: int = 100, phash: int = 0, time: float | None = None
) -> PhotoEntry:
    """A photo whose six marks are equal."""
    return PhotoEntry(digest, faces, dict.fromkeys(KEYS, mark), phash, time)


def filled(path: Path, *photos: PhotoEntry) -> tuple[Index, list[int]]:
    """An index that holds photos, and their ids."""
    index = Index(path, VERSION, print)
    return index, [index.put(entry, 40.0) for entry in photos]
