"""What the index holds of one folder at one moment, in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.index import Faces, Index
from proportrait.rank.indexing import Contents
from proportrait.rank.match import Rows
from proportrait.rank.parts import parts_of, score_of
from proportrait.rank.weights import Weights

# By which faces are ordered where somebody looks for one: large, and such that one knows them.
_PROMINENCE = Weights(
    1.0, {"size": 2.0, "face_sharpness": 1.0, "pose": 1.0, "eyes": 0.5, "inside": 1.0}
)


class View:
    """Photos of a folder and their faces.

    Attributes:
        folder: resolved.
        contents: its photos that are in the index.
        faces: of these photos, those that are large enough.
        rows: the row of each face in `faces`, by its id.
        first: (F,) rows, the largest and best first.
        liked: what tastes say of photos, as `Index.tastes`, by the digest of a taste; it grows.
    """

    def __init__(self, index: Index, folder: Path, contents: Contents, smallest: float) -> None:
        self.folder, self.contents = folder, contents
        faces = index.faces(contents.photos)
        large = faces.heights >= smallest
        self.faces = Faces(
            faces.embeddings[large], faces.ids[large], faces.photos[large], faces.heights[large]
        )
        self.rows = {number: row for row, number in enumerate(self.faces.ids.tolist())}
        self.first = self._order(index)
        self.liked: dict[str, dict[int, float]] = {}
        self._names = np.zeros(0, np.int64)

    def _order(self, index: Index) -> Rows:
        values = np.zeros(len(self.rows))
        for number, body in index.bodies():
            if (row := self.rows.get(number)) is not None:
                face = FaceEntry.from_json(body, self.faces.embeddings[row])
                values[row] = score_of(parts_of(PhotoEntry("", (face,)), face), _PROMINENCE)
        return np.argsort(-values, kind="stable")

    def path(self, photo: int) -> Path:
        """The file of a photo; of several with the same content the first."""
        return self.contents.photos[photo][0]

    def place_of_name(self, photo: int) -> int:
        """The place of a photo among all by the name of its file: what decides between equals."""
        if not len(self._names):
            numbers = sorted(self.contents.photos, key=lambda number: str(self.path(number)))
            self._names = np.zeros(max(numbers, default=0) + 1, np.int64)
            self._names[numbers] = np.arange(len(numbers))
        return int(self._names[photo])
