"""Looks at many pictures: from the cache, or by worker processes where it has none."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Generator, Iterable
from dataclasses import replace
from functools import partial
from operator import length_hint
from pathlib import Path

from proportrait.looks.cache import LookCache
from proportrait.looks.look import WORKER_BYTES, Look, Wants, look_at_file
from proportrait.workers import fitting_workers, spread

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

    def cached_look(picture: Path) -> tuple[Look, bool] | None:
        look = cache.get(picture)  # also where it is of no use: workers find the file then
        return (look, False) if look is not None and look.holds(wants) else None

    total = length_hint(pictures, _FEW) if total is None else total
    few = workers is None and total < _FEW
    count = 1 if few else fitting_workers(workers, WORKER_BYTES)
    task = partial(_take, wants=wants, cache=cache if count == 1 else None)
    with contextlib.closing(spread(task, map(Path, pictures), count, cached_look)) as looks:
        for picture, (look, is_new) in looks:
            if is_new:
                cache.put(picture, look)
            yield picture, look


def _take(picture: Path, wants: Wants, cache: LookCache | None) -> tuple[Look, bool]:
    """The look without its subject, which is too large to send, and True.

    A worker process reads the cache by itself.
    """
    look = look_at_file(picture, wants, partial((cache or _reader()).by_digest, picture))
    return replace(look, subject=None), True


@functools.cache
def _reader() -> LookCache:
    return LookCache(read_only=True)
