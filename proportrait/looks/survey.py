"""Looks at many pictures: from the cache where it has them, else taken by worker processes."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from dataclasses import replace
from functools import cache as cached
from functools import partial
from operator import length_hint
from pathlib import Path

from proportrait.looks.cache import LookCache
from proportrait.looks.look import WORKER_BYTES, Look, Wants, look_at_file
from proportrait.workers import fitting_workers, spread

_FEW = 50  # pictures: for less, starting processes takes longer than they save


def survey(
    pictures: Iterable[Path], wants: Wants, cache: LookCache, workers: int | None = None
) -> Generator[tuple[Path, Look], None, None]:
    """Each picture with its look, in their order; new looks are put into the cache.

    Closing the generator ends the worker processes. Memory does not grow with the pictures.

    Args:
        pictures: files.
        wants: what the looks shall hold.
        cache: where looks are kept.
        workers: processes; default: as many as run well here, and one for a few pictures.
    """

    def kept(picture: Path) -> tuple[Look, bool] | None:
        if wants.views is not None:
            return None  # the picture has to be opened anyway
        look = cache.get(picture)
        return (look, False) if look is not None and look.holds(wants) else None

    few = workers is None and length_hint(pictures, _FEW) < _FEW
    count = 1 if few else fitting_workers(workers, WORKER_BYTES)
    task = partial(_take, wants=wants)
    with contextlib.closing(spread(task, pictures, count, kept)) as looks:
        for picture, (look, is_new) in looks:
            if is_new:
                cache.put(picture, look)
            yield picture, look


def _take(picture: Path, wants: Wants) -> tuple[Look, bool]:
    """In a worker process: the look, less what does not travel, and that it is new."""
    look = look_at_file(picture, wants, partial(_reader().known, picture))
    return replace(look, subject=None), True


@cached
def _reader() -> LookCache:
    return LookCache(read_only=True)
