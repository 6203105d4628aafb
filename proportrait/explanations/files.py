"""Explanations as PNG files, one a photo."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from proportrait.disk import disk_errors, replace_file
from proportrait.errors import ImageError
from proportrait.explanations.explanation import explain
from proportrait.score import Score, Scorer
from proportrait.score.copies import prepare
from proportrait.sheets import is_sheet, to_png


class Explanations:
    """A folder that takes explanations; in it only those of an earlier run are replaced.

    Args:
        folder: made where it is not there.
        sources: pictures and folders that are judged.
        recursive: whether these folders are gone down into.

    Attributes:
        count: photos explained.

    Raises:
        ConfigurationError: it lies in a folder that is judged, or is a file.
        StoreError: it cannot be made.
    """

    def __init__(self, folder: Path, sources: Iterable[Path], recursive: bool = True) -> None:
        self.folder, self.count = folder, 0
        self._written: set[Path] = set()
        prepare(folder, sources, recursive)

    def take(self, score: Score, scorer: Scorer) -> None:
        """Write NAME.png of a photo that was judged, or NAME-2.png, ... where that is taken.

        Raises:
            StoreError: it cannot be written.
        """
        if score.error is not None:
            return
        source = Path(score.path)
        try:
            data = to_png(explain(source, scorer).draw())
        except ImageError:  # it went away since it was judged
            return
        with disk_errors(self.folder):
            target = next(path for path in self._names(source) if self._is_free(path))
            replace_file(target, data)
        self._written.add(target)
        self.count += 1

    def _names(self, source: Path) -> Iterator[Path]:
        yield self.folder / f"{source.stem}.png"
        for number in itertools.count(2):
            yield self.folder / f"{source.stem}-{number}.png"

    def _is_free(self, path: Path) -> bool:
        return path not in self._written and (not os.path.lexists(path) or is_sheet(path))
