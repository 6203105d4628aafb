"""Scores that wait on the disk, so that memory does not grow with them."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, overload

from proportrait.disk import disk_errors
from proportrait.score.verdicts import Score

_IN_MEMORY = 16_000_000  # bytes of scores, up to which no file is made


class Spool(Sequence[Score]):
    """Scores in the order in which they were added; use it in a `with` block.

    They lie in a temporary file without a name, 2 to 4 KB each, which ends with the process; memory
    holds the place of each, 8 bytes.

    Raises:
        StoreError: the disk of temporary files is full.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir())
        with disk_errors(self._folder):
            self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - see __exit__
        self._places, self._end = array("Q"), 0

    def taking(self, scores: Iterable[Score]) -> Iterator[Score]:
        """Pass scores on as they come, each as soon as it is added."""
        for score in scores:
            self.append(score)
            yield score

    def append(self, score: Score) -> None:
        """Add a score behind the others."""
        with disk_errors(self._folder):
            self._file.seek(self._end)
            pickle.dump(score, self._file, pickle.HIGHEST_PROTOCOL)
            self._places.append(self._end)
            self._end = self._file.tell()

    @overload
    def __getitem__(self, place: int) -> Score: ...
    @overload
    def __getitem__(self, place: slice) -> list[Score]: ...
    def __getitem__(self, place: int | slice) -> Score | list[Score]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        with disk_errors(self._folder):
            self._file.seek(self._places[place])
            score: Score = pickle.load(self._file)
            return score

    def __len__(self) -> int:
        return len(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # what could not be written is given up with it
            self._file.close()
