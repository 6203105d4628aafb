"""A taste as a part of the score: what it says of photos is kept in the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.limits.marks import mark_of
from proportrait.rank.index import Index
from proportrait.taste.features import Progress, stream, without_progress
from proportrait.taste.verdict import load_tastes

_BATCH = 512  # photos that are judged at once


class TastePart:
    """Marks of photos by one taste.

    Args:
        word: name or file of the taste; see `taste.verdict.library.find`.
        workers: processes that look at photos; default: as many as cores and memory allow.
        progress: shows how far that is.

    Attributes:
        name: of the taste.
        digest: of all that it says depends on, beside the photos.

    Raises:
        AssetError: the file is no taste.
        ConfigurationError: there is no such taste.
    """

    def __init__(
        self, word: str | Path, workers: int | None = None, progress: Progress = without_progress
    ) -> None:
        (entry,) = load_tastes([word])
        self.name, self._taste = entry.name, entry.taste
        self.digest = entry.taste.ensemble.digest
        self._workers, self._progress = workers, progress

    def marks(self, index: Index, photos: Mapping[int, Sequence[Path]]) -> dict[int, float]:
        """Marks [0, 100] by the ids of photos, 50 at the threshold; none where one cannot be read.

        A photo is looked at where neither the index nor the cache of looks knows what is needed.

        Args:
            index: of the photos.
            photos: paths by their ids.
        """
        ensemble = self._taste.ensemble
        known = index.tastes(self.digest)
        numbers = {paths[0]: number for number, paths in photos.items() if number not in known}
        waiting: dict[int, Float] = {}

        def judge() -> None:
            if waiting:
                likely = ensemble.probabilities(np.stack(list(waiting.values()))).tolist()
                new = dict(zip(waiting, likely, strict=True))
                index.put_tastes(self.digest, new)
                known.update(new)
                waiting.clear()

        rows = stream(list(numbers), self._taste.sets, self._workers)
        for path, row in self._progress(rows, len(numbers)):
            if not isinstance(row, str):
                waiting[numbers[path]] = row
            if len(waiting) == _BATCH:
                judge()
        judge()
        return {
            number: mark_of(known[number], ensemble.threshold)
            for number in photos
            if number in known
        }
