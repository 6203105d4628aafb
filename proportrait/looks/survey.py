"""Looks at many pictures: from the cache, or by worker processes where it has none."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from functools import partial
from operator import length_hint
from pathlib import Path
from typing import TypeVar

from proportrait.looks.cache import LookCache
from proportrait.looks.look import WORKER_BYTES, Look, Wants, look_at_file
from proportrait.workers import fitting_workers, spread

Result = TypeVar("Result")

_FEW = 50  # pictures: for fewer, starting processes takes longer than it saves


def survey(
    pictures: Iterable[str | Path],
    wants: Wants,
    cache: LookCache,
    workers: int | None = None,
    total: int | None = None,
) -> Generator[tuple[Path, Look], None, None]:
    """Yield each picture with its look, in their order, and put new looks into the cache.

    Closing the generator ends the worker processes. Memory does not grow with the pictures.

    Args:
        pictures: files.
        wants: what the looks have to hold.
        cache: of looks.
        workers: processes; default: as many as cores and memory allow, one for a few pictures.
        total: how many pictures there are, where `pictures` has no length.
    """

    with contextlib.closing(survey_with(_nothing, pictures, wants, cache, workers, total)) as looks:
        for picture, look, _ in looks:
            yield picture, look


def survey_with(
    finish: Callable[[Path, Look], Result],
    pictures: Iterable[str | Path],
    wants: Wants,
    cache: LookCache,
    workers: int | None = None,
    total: int | None = None,
) -> Generator[tuple[Path, Look, Result], None, None]:
    """As `survey`, with what is made of each look where it is taken, while it has its picture.

    Args:
        finish: from a picture and its look, which has its picture and subject unless it has an
            error or comes from the cache (of looks with views none does); it must pickle, with its
            results, which are all that is kept of the picture.
    """

    def cached_look(picture: Path) -> tuple[Look, bool, Result] | None:
        look = cache.get(picture)  # also where it is of no use: workers find the file then
        if look is None or not look.holds(wants):
            return None
        return look, False, finish(picture, look)

    total = length_hint(pictures, _FEW) if total is None else total
    few = workers is None and total < _FEW
    count = 1 if few else fitting_workers(workers, WORKER_BYTES)
    task = partial(_take, wants=wants, cache=cache if count == 1 else None, finish=finish)
    with contextlib.closing(spread(task, map(Path, pictures), count, cached_look)) as looks:
        for picture, (look, is_new, result) in looks:
            if is_new:
                cache.put(picture, look)
            yield picture, look, result


def _nothing(picture: Path, look: Look) -> None:
    return None


def _take(
    picture: Path,
    wants: Wants,
    cache: LookCache | None,
    finish: Callable[[Path, Look], Result],
) -> tuple[Look, bool, Result]:
    """The look without picture and subject, which are too large to send, True, and the result.

    A worker process reads the cache by itself.
    """
    look = look_at_file(picture, wants, partial((cache or _reader()).by_digest, picture))
    return replace(look, picture=None, subject=None), True, finish(picture, look)


@functools.cache
def _reader() -> LookCache:
    return LookCache(read_only=True)
