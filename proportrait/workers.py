"""Worker processes: how many fit on this machine, and work that is spread over them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import psutil

from proportrait.errors import FatalError

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 16  # items a worker, given out before they are asked for: a slow one stops no other


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
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    known: Callable[[Item], Result | None] = lambda item: None,
) -> Generator[tuple[Item, Result], None, None]:
    """Each item with its result, in the order of the items, of which only some are held at a time.

    One worker works in this process. Closing the iterator ends the others, at work or not.

    Args:
        work: makes the result; it must pickle, with its items and results, if workers > 1.
        items: what is worked on.
        workers: processes, at least 1; they start when there is work.
        known: the result of an item that needs no work, or None.

    Raises:
        FatalError: a worker process was killed.
    """
    if workers == 1:
        for item in items:
            result = known(item)
            yield item, work(item) if result is None else result
        return
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
    )
    try:
        yield from _spread(pool, work, items, known, _AHEAD * workers)
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
    pool: ProcessPoolExecutor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    known: Callable[[Item], Result | None],
    ahead: int,
) -> Iterator[tuple[Item, Result]]:
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    for item in items:
        result = known(item)
        if result is None:
            waiting.append((item, pool.submit(work, item)))
        else:
            waiting.append((item, Future()))
            waiting[-1][1].set_result(result)
        while waiting and (waiting[0][1].done() or len(waiting) >= ahead):
            first, future = waiting.popleft()
            yield first, future.result()
    for item, future in waiting:
        yield item, future.result()
