"""Scoring on Ray with local workers beside the local engine, and the memory of both.

    python -m benchmarks.cluster                      about 6 minutes on two idle cores
    python -m benchmarks.cluster --photos 20 --rounds 1 --gigabytes 0.2

Photos of mixed sizes (see `benchmarks.speed.score`) are judged by both engines in turn, with as
many workers each; start-up is taken off: rates are those of `--photos` more. Scores must be equal.
CPU seconds are those of all processes, which other programs disturb less than the time.
Then a tar of junk is read much faster than workers take it: what waits has to stay small.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import psutil

from benchmarks.speed.ratio import Ratio, conditions
from benchmarks.speed.score import make_photos
from proportrait.commandline import count, positive
from proportrait.distributed import engine, shards
from proportrait.distributed.cluster import cluster
from proportrait.distributed.places import Disk
from proportrait.distributed.sources import Source
from proportrait.distributed.stream import Row, Task, of_shards
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.score import Score, Scorer

RATE = 0.9  # of the local engine's
GROWTH_MB = 100.0  # of all processes together
_JUNK = 100_000  # bytes of an entry of the tar
_SLOW_S = 0.01  # of a worker on such an entry
_TICK_S = 0.2
_Judge = Callable[[list[str]], Iterator[Score]]


class Run(NamedTuple):
    """Wall and CPU seconds from the call to the last score, and the scores."""

    wall: float
    cpu: float
    scores: list[Score]


def rates(folder: Path, photos: int, rounds: int, workers: int) -> list[Ratio]:
    """Judge photos by both engines in turn."""
    paths = list(map(str, make_photos(folder / "photos", 2 * photos)))
    scorer = Scorer()

    def here(few: list[str]) -> Iterator[Score]:
        return scorer.files(few, workers)

    def by_ray(few: list[str]) -> Iterator[Score]:
        return engine.score(Source(Disk(), few), scorer, workers)

    wall, cpu = defaultdict[str, float](float), defaultdict[str, float](float)
    engines: dict[str, tuple[_Judge, Callable[[], AbstractContextManager[object]]]] = {
        "local": (here, contextlib.nullcontext),
        "ray": (by_ray, partial(cluster, None, workers)),
    }
    expected: list[Score] = []
    for _ in range(rounds):
        for name, (judge, surroundings) in engines.items():
            with surroundings():
                timed(judge, paths[:2], folder)  # what is read, compiled, or started once
                few, many = (timed(judge, paths[:size], folder) for size in (photos, 2 * photos))
            wall[name] += many.wall - few.wall
            cpu[name] += many.cpu - few.cpu
            wall[f"{name} start-up"] += 2 * few.wall - many.wall
            if (expected := expected or many.scores) != many.scores:
                raise RuntimeError("the engines do not agree")
    number = photos * rounds
    figures = {
        "photos": number,
        "workers": workers,
        **{f"{name}_photos_a_second": number / wall[name] for name in ("local", "ray")},
        **{f"{name}_cpu_s_a_photo": cpu[name] / number for name in ("local", "ray")},
        **{f"{name}_start_up_s": wall[f"{name} start-up"] / rounds for name in ("local", "ray")},
    }
    return [
        Ratio("cluster: rate", "photos a second by Ray / local", wall["local"] / wall["ray"], RATE,
              figures=figures),
        Ratio("cluster: CPU", "CPU seconds a photo, local / by Ray", cpu["local"] / cpu["ray"]),
    ]  # fmt: skip


def timed(judge: _Judge, paths: list[str], folder: Path) -> Run:
    """Judge pictures, with an empty cache."""
    with (
        tempfile.TemporaryDirectory(dir=folder) as cache,
        patch.dict(os.environ, {FOLDER_VARIABLE: cache}),
    ):
        began, before, scores = time.perf_counter(), _processes(), []
        for score in judge(paths):
            scores.append(score)
            if len(scores) == len(paths):  # processes that end take their times with them
                after = _processes()
                wall = time.perf_counter() - began
    cpu = sum(seconds - before.get(process, 0.0) for process, seconds in after.items())
    return Run(wall, cpu, scores)


def memory(folder: Path, gigabytes: float, workers: int) -> list[Ratio]:
    """Read tar files faster than workers take their entries; growth is from a tenth to the end."""
    number = max(100, int(gigabytes * 1e9 / _JUNK))
    paths = [str(folder / f"{part}.tar") for part in range(4)]
    rng = np.random.default_rng(0)
    for path in paths:
        with tarfile.open(path, "w") as archive:
            for entry in range(number // len(paths)):
                info = tarfile.TarInfo(f"{entry}.jpg")
                info.size = _JUNK
                archive.addfile(info, io.BytesIO(rng.bytes(_JUNK)))
    read, task = partial(shards.rows, Disk()), Task(_slow, _as_it_is)
    sizes = list[float]()
    with cluster(None, workers), contextlib.closing(of_shards(paths, read, task, workers)) as rows:
        last = 0.0
        for place, _ in enumerate(rows):
            if place > number // 10 and time.perf_counter() - last > _TICK_S:
                last = time.perf_counter()
                sizes.append(_private_mb())
        spilled = sum(1 for _ in Path("/tmp/ray/session_latest").rglob("ray_spilled_objects*/*"))
    growth = max(sizes) - sizes[0]
    figures = {
        "read_mb": round(number * _JUNK / 1e6),
        "pictures": number,
        "first_mb": round(sizes[0]),
        "peak_mb": round(max(sizes)),
        "last_mb": round(sizes[-1]),
        "files_spilled_to_disk": spilled,
    }
    return [Ratio("cluster: memory", f"growth of all processes / {GROWTH_MB:.0f} MB",
                  growth / GROWTH_MB, 1.0, "under", figures)]  # fmt: skip


def _slow() -> Callable[[Row], str]:
    def work(row: Row) -> str:
        time.sleep(_SLOW_S)
        return row.path

    return work


def _as_it_is(row: Row) -> Row:
    return row


def _processes() -> dict[psutil.Process, float]:
    """This process and those below it, with their CPU seconds."""
    own = psutil.Process()
    return {process: _cpu_s(process) for process in (own, *own.children(recursive=True))}


def _cpu_s(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _private_mb() -> float:
    """Resident memory of all processes without what they share, such as the object store."""
    total = 0
    for process in _processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            sizes = process.memory_info()
            total += sizes.rss - sizes.shared
    return total / 1e6


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a ratio missed its bar."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--photos", type=count, default=100, metavar="N", help="default 100")
    parser.add_argument("--rounds", type=count, default=2, metavar="N", help="default 2")
    parser.add_argument("--workers", type=count, default=2, metavar="N", help="default 2")
    parser.add_argument("--gigabytes", type=positive, default=2.0, metavar="X", help="default 2")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=".") as name:
        folder = Path(name)
        print("\n".join(f"{name:<24}{value}" for name, value in conditions(folder).items()))
        ratios = rates(folder, options.photos, options.rounds, options.workers)
        print(*ratios, sep="\n", flush=True)
        more = memory(folder, options.gigabytes, options.workers)
        print(*more, sep="\n")
    return int(any(ratio.passed is False for ratio in ratios + more))


if __name__ == "__main__":
    sys.exit(main())
