"""A folder of hand-made photos in an index, and its people."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.people.finding import People, found
from proportrait.rank.describe import FaceEntry
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents
from tests.rank.samples import VERSION, face, photo


def at(person: int, away: float = 0.0) -> Float:
    """An embedding: those of two people are at least 1 apart; `away` moves it so far."""
    vector = np.zeros(128, np.float32)
    vector[person] = 0.8
    vector[100] = away
    return vector


class Folder:
    """Photos that are never looked at, and what is known of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index = Index(path / "i.sqlite", VERSION, print)
        self.contents = Contents()

    def add(self, name: str, *faces: FaceEntry | Float) -> Path:
        """A photo of faces side by side."""
        entries = [
            one
            if isinstance(one, FaceEntry)
            else face(one, box=(0.2 * n, 0.2, 0.2 * n + 0.15, 0.4))
            for n, one in enumerate(faces)
        ]
        path = self.path / "photos" / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        number = self.index.put(photo(name, *entries), 40.0)
        self.index.put_file(path, path.stat(), name)
        self.contents.photos.setdefault(number, []).append(path)
        return path

    def people(self, similarity: float = 0.55) -> People:
        return found(self.index, self.contents, similarity)

    def names(self) -> dict[int, str]:
        """Of each person the photos, in alphabetical order."""
        return {
            person.id: " ".join(sorted(path.name for path in person.photos))
            for person in self.people().people
        }
