"""Features of the pictures of an album, as they become known: on the disk, read back in blocks."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float

_BLOCK = 512  # rows that are read at once


class Rows:
    """A growing matrix of features, a row a picture; threads may share it.

    Args:
        width: columns.
        folder: where its temporary file lies, which has no name and ends with the process; None
            for the system's.
    """

    def __init__(self, width: int, folder: Path | None = None) -> None:
        self.width = width
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - until `close`
        self._row: dict[int, int] = {}
        self._numbers: list[int] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, number: int) -> bool:
        return number in self._row

    def put(self, number: int, values: Float) -> None:
        """Add the features (D,) of a picture, or replace those that it has."""
        data = np.asarray(values, np.float16).tobytes()
        with self._lock:
            self._file.seek(len(self._numbers) * self.width * 2)
            self._file.write(data)
            self._file.flush()
            self._row[number] = len(self._numbers)
            self._numbers.append(number)

    def drop(self, number: int) -> None:
        """Forget the features of a picture, if it has any."""
        with self._lock:
            self._row.pop(number, None)

    def values(self, numbers: Sequence[int]) -> Float:
        """Features (N, D) float32.

        Raises:
            KeyError: of a picture without features.
        """
        places = [self._row[number] for number in numbers]
        if not places:
            return np.zeros((0, self.width), np.float32)
        return np.asarray(self._map()[places], np.float32)

    def blocks(self) -> Iterator[tuple[list[int], Float]]:
        """All pictures with their features, some at a time."""
        known = self._map()
        numbers = self._numbers[: len(known)]
        for start in range(0, len(numbers), _BLOCK):
            places = [
                place
                for place in range(start, min(start + _BLOCK, len(numbers)))
                if self._row.get(numbers[place]) == place
            ]
            if places:
                yield [numbers[place] for place in places], np.asarray(known[places], np.float32)

    def numbers(self) -> list[int]:
        """Of all pictures that have features."""
        return list(self._row)

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()

    def _map(self) -> npt.NDArray[np.float16]:
        count = len(self._numbers)
        if not count:
            return np.zeros((0, self.width), np.float16)
        return np.memmap(self._file, np.float16, "r", shape=(count, self.width))
