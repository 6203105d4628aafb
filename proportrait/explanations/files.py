"""Files judged and explained by one look at each, and explanations as PNG files."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from proportrait.disk import disk_errors, replace_file
from proportrait.explanations.explanation import explain_look
from proportrait.limits import Limits
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look
from proportrait.looks.survey import survey_with
from proportrait.score import Score
from proportrait.score.copies import prepare
from proportrait.score.scorer import shared_scorer
from proportrait.sheets import is_sheet, to_png

_Judge = tuple[str | Path, Limits, tuple[str | Path, ...]]  # model, limits, tastes


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

    def add(self, photo: Path, drawing: bytes) -> None:
        """Write NAME.png of a photo, or NAME-2.png, ... where that is taken.

        Raises:
            StoreError: it cannot be written.
        """
        with disk_errors(self.folder):
            target = next(path for path in self._names(photo) if self._is_free(path))
            replace_file(target, drawing)
        self._written.add(target)
        self.count += 1

    def _names(self, source: Path) -> Iterator[Path]:
        yield self.folder / f"{source.stem}.png"
        for number in itertools.count(2):
            yield self.folder / f"{source.stem}-{number}.png"

    def _is_free(self, path: Path) -> bool:
        return path not in self._written and (not os.path.lexists(path) or is_sheet(path))


def explained_files(
    files: Iterable[str | Path],
    model: str | Path,
    limits: Limits,
    workers: int | None = 1,
    explanations: Explanations | None = None,
    tastes: tuple[str | Path, ...] = (),
) -> Iterator[Score]:
    """Yield the score of each file as `Scorer.files` does, with its `heat`; in their order.

    A file is judged and explained where it is looked at, in a worker process, which keeps one
    picture at a time.

    Args:
        files: pictures.
        model, limits: as `Scorer` takes them.
        workers: processes; None for as many as cores and memory allow.
        explanations: take the drawings; default: none are made.
        tastes: as `Scorer` takes them.

    Raises:
        StoreError: a drawing cannot be written.
    """
    judge = model, limits, tastes
    explain = partial(_explained, judge=judge, draws=explanations is not None)
    wants = shared_scorer(*judge).wants
    with (
        LookCache() as cache,
        contextlib.closing(survey_with(explain, files, wants, cache, workers)) as looks,
    ):
        for path, _, (score, drawing) in looks:
            if explanations is not None and drawing:
                explanations.add(path, drawing)
            yield score


def _explained(path: Path, look: Look, judge: _Judge, draws: bool) -> tuple[Score, bytes]:
    """A score with its heat, and the PNG of its explanation, b"" without one."""
    scorer = shared_scorer(*judge)
    score = scorer.verdicts(look, path)
    if look.error:
        return score, b""
    explanation = explain_look(look, score, scorer.model)
    heat = {key: entry.to_json() for key, entry in explanation.heat.items()}
    return replace(score, heat=heat), to_png(explanation.draw()) if draws else b""
