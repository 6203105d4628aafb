"""The benchmark of the cluster, with a cluster that is none."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cluster as benchmark
from proportrait.distributed.sources import Source
from proportrait.score import Score, Scorer
from tests import FACE


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    def make_photos(folder: Path, number: int) -> list[Path]:
        folder.mkdir()
        return [shutil.copy(FACE, folder / f"{place}.jpg") for place in range(number)]

    def score(source: Source, scorer: Scorer, workers: int) -> Iterator[Score]:
        return scorer.files(source.paths)

    def of_shards(paths: list[str], read: Any, task: Any, workers: int) -> Iterator[str]:
        work = task.prepare()
        return (work(task.fetch(row)) for path in paths for row in read(path))

    monkeypatch.setattr(benchmark, "make_photos", make_photos)
    monkeypatch.setattr(benchmark, "cluster", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(benchmark.engine, "score", score)
    monkeypatch.setattr(benchmark, "of_shards", of_shards)
    monkeypatch.setattr(benchmark, "_SLOW_S", 0.0)
    monkeypatch.setattr(benchmark, "_TICK_S", 0.0)


@pytest.mark.usefixtures("here")
def test_it_holds_both_engines_against_the_bars(tmp_path: Path) -> None:
    rate, cpu = benchmark.rates(tmp_path, 1, 1, 1)
    assert (rate.bar, rate.passes, cpu.bar) == (0.9, "at least", None)
    assert rate.figures["photos"] == 1
    (memory,) = benchmark.memory(tmp_path, 0.01, 1)
    assert (memory.bar, memory.passes) == (1.0, "under")
    assert (memory.figures["pictures"], memory.figures["read_mb"]) == (100, 10)


@pytest.mark.usefixtures("here")
def test_other_scores_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = [Score("a.jpg", {}, {}, error="gone")] * 2
    monkeypatch.setattr(
        benchmark.engine, "score", lambda source, *_: iter(scores[: len(source.paths)])
    )
    with pytest.raises(RuntimeError, match="the engines do not agree"):
        benchmark.rates(tmp_path, 1, 1, 1)
