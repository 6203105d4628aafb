"""Worker processes: how many fit on this machine, and work that is spread over them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import psutil

from proportrait.errors import FatalError

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4  # items a worker, given out before they are asked for


def fitting_workers(wanted: int | None, bytes_each: int) -> int:
    """How many worker processes run well here, from 1 to `wanted`.

    No more than there are cores, and than the free memory holds at `bytes_each`.
    """
    cores = os.cpu_count() or 1
    memory = int(psutil.virtual_memory().available) // bytes_each
    return max(1, min(wanted or cores, cores, memory))


def start_worker() -> None:
    """Once a worker: leave Ctrl-C to the parent, never outlive it, and use one core."""
    import cv2
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threadpool_limits(1)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def spread(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Generator[tuple[Item, Result], None, None]:
    """Each item with its result, as they get ready; only some items are held at a time.

    One worker works in this process. Closing the iterator ends the others, at work or not.

    Raises:
        FatalError: a worker process was killed.
    """
    if workers == 1:
        for item in items:
            yield item, work(item)
        return
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
    )
    try:
        yield from _spread(pool, work, iter(items), _AHEAD * workers)
        pool.shutdown()
    except BrokenProcessPool as error:
        raise FatalError(
            "a worker process was killed, most likely for want of memory: run the same command "
            "with fewer --workers"
        ) from error
    finally:
        processes = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _spread(
    pool: ProcessPoolExecutor, work: Callable[[Item], Result], items: Iterator[Item], ahead: int
) -> Iterator[tuple[Item, Result]]:
    waiting: dict[Future[Result], Item] = {}
    for item in items:
        waiting[pool.submit(work, item)] = item
        if len(waiting) >= ahead:
            yield from _ready(waiting)
    while waiting:
        yield from _ready(waiting)


def _ready(waiting: dict[Future[Result], Item]) -> Iterator[tuple[Item, Result]]:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future), future.result()
