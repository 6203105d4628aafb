"""Scores and looks by Ray Data: those of one machine, bit for bit."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from proportrait.distributed import shards
from proportrait.distributed.cluster import cluster
from proportrait.distributed.places import Disk, Place
from proportrait.distributed.sources import Source
from proportrait.distributed.stream import Row, Task, of_files, of_shards
from proportrait.errors import FatalError
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, Wants, look_at_file
from proportrait.score import Score, Scorer


def score(
    source: Source,
    scorer: Scorer,
    workers: int | None = None,
    address: str | None = None,
    judged: Counter[str] | None = None,
    name: Callable[[str], str] = str,
) -> Iterator[Score]:
    """Yield the score of each picture: of files in their order, of shards as they come.

    Args:
        source: of `sources.find`.
        scorer: judges; a copy of it goes to every worker.
        workers, address: see `cluster`.
        judged: names of pictures of shards that are left out, each as often as it counts.
        name: of a picture's path, as `judged` has it; it pickles.

    Raises:
        ConfigurationError: see `cluster`.
        FatalError: a machine has other code than this one, or workers ended again and again.
    """
    if not source.paths:
        return
    task = Task(partial(_judge, scorer, scorer.judge, source.place), source.place.fetch)
    with cluster(address, workers) as count:
        if source.sharded:
            read = partial(_unjudged, source.place, Counter(judged), name)
            yield from of_shards(source.paths, read, task, count)
        else:
            yield from of_files(source.paths, task, count)


def survey(
    pictures: Iterable[str | Path],
    wants: Wants,
    cache: LookCache,
    workers: int | None = None,
    total: int | None = None,
    address: str | None = None,
) -> Generator[tuple[Path, Look], None, None]:
    """As `looks.survey.survey`: the looks that the cache lacks are taken by workers of Ray.

    Args:
        pictures: files.
        wants: what the looks have to hold.
        cache: of looks.
        workers, address: see `cluster`.
        total: how many pictures there are; not needed here.

    Raises:
        ConfigurationError: see `cluster`.
        FatalError: workers ended again and again.
    """
    files, place = list(map(Path, pictures)), Disk()
    new = [not _is_known(cache.get(file), wants) for file in files]
    task = Task(partial(_looker, place, wants), place.fetch)
    with contextlib.ExitStack() as stack:
        looks: Iterator[Look] = iter(())
        if any(new):
            count = stack.enter_context(cluster(address, workers))
            looks = of_files([str(file) for file in itertools.compress(files, new)], task, count)
        for file, is_new in zip(files, new, strict=True):
            if is_new:
                cache.put(file, look := next(looks))
                yield file, look
            else:
                yield file, cache.get(file) or look_at_file(file, wants)


def _is_known(look: Look | None, wants: Wants) -> bool:
    return look is not None and look.holds(wants)


def _judge(scorer: Scorer, judge: str, place: Place) -> Callable[[Row], Score]:
    """In a worker: what scores a row.

    Raises:
        FatalError: the same scorer judges differently here.
    """
    if scorer.judge != judge:
        raise FatalError(
            "a machine of the cluster has another version of proportrait, which would judge "
            "differently: install the same one on all"
        )
    return lambda row: replace(scorer.verdicts(place.look(row, scorer.wants)), path=row.path)


def _looker(place: Place, wants: Wants) -> Callable[[Row], Look]:
    return lambda row: replace(place.look(row, wants), picture=None, subject=None)


def _unjudged(
    place: Place, judged: Counter[str], name: Callable[[str], str], shard: str
) -> Iterator[Row]:
    """The rows of a shard without those that are judged."""
    passed = Counter[str]()  # `judged` stays as it is: a task may run again in the same process
    for row in shards.rows(place, shard):
        key = name(row.path)
        passed[key] += 1
        if passed[key] > judged[key]:
            yield row
