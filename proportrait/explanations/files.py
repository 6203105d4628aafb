"""Files judged and explained by one look at each, and explanations as PNG files."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from proportrait.disk import disk_errors, replace_file
from proportrait.explanations.explanation import explain_look
from proportrait.limits import Limits
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look
from proportrait.looks.survey import survey_with
from proportrait.score import Score, Scorer
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
    scorer: Scorer,
    model: str | Path,
    workers: int | None = 1,
    explanations: Explanations | None = None,
    tastes: tuple[str | Path, ...] = (),
) -> Iterator[Score]:
    """Yield the score of each file as `Scorer.files` does, with its `heat`; in their order.

    A file is judged and explained where it is looked at, in a worker process, which keeps one
    picture at a time.

    Args:
        files: pictures.
        scorer: judges them.
        model, tastes: that the scorer was made with, for those of worker processes.
        workers: processes; None for as many as cores and memory allow.
        explanations: take the drawings; default: none are made.

    Raises:
        StoreError: a drawing cannot be written.
    """
    explain = _Explainer(scorer, (model, scorer.limits, tastes), explanations is not None)
    with (
        LookCache() as cache,
        contextlib.closing(survey_with(explain, files, scorer.wants, cache, workers)) as looks,
    ):
        for path, _, (score, drawing) in looks:
            if explanations is not None and drawing:
                explanations.add(path, drawing)
            yield score


class _Explainer:
    """Makes of a look its score with heat, and the PNG of its explanation, b"" without one.

    In a worker process it has a scorer of that process: compiled networks do not pickle.
    """

    def __init__(self, scorer: Scorer, judge: _Judge, draws: bool) -> None:
        self.scorer, self.judge, self.draws = scorer, judge, draws

    def __reduce__(self) -> tuple[Callable[..., _Explainer], tuple[object, ...]]:
        return _in_worker, (self.judge, self.draws)

    def __call__(self, path: Path, look: Look) -> tuple[Score, bytes]:
        score = self.scorer.verdicts(look, path)
        if look.error:
            return score, b""
        explanation = explain_look(look, score, self.scorer.model)
        heat = {key: entry.to_json() for key, entry in explanation.heat.items()}
        return replace(score, heat=heat), to_png(explanation.draw()) if self.draws else b""


def _in_worker(judge: _Judge, draws: bool) -> _Explainer:
    return _Explainer(shared_scorer(*judge), judge, draws)
