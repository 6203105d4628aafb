"""Worker processes: how many fit on this machine, and work that is spread over them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

import psutil

from proportrait.errors import FatalError

Item = TypeVar("Item")
Result = TypeVar("Result")

WATCH_S = 5.0
_AHEAD = 16  # items a worker, given out before they are asked for: a slow one stops no other
# Limit, usage, and the part of the usage that is cache and given back when it is asked for: of
# control groups of version 2 and version 1.
_MEMORY_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def fitting_workers(wanted: int | None, bytes_each: int, root: Path = Path("/")) -> int:
    """How many worker processes run well here, from 1 to `wanted`.

    No more than there are cores, and than the free memory holds at `bytes_each`; of both no more
    than a container, a batch system, or a control group leaves to this process.

    Args:
        wanted: the most, or None for as many as fit.
        bytes_each: resident memory of a worker.
        root: where Linux tells of control groups, in proc/self/cgroup and sys/fs/cgroup; where
            there are none, as on macOS, the whole machine is free.
    """
    cores = min([_cores(), *_cores_of_groups(root)])
    memory = min([int(psutil.virtual_memory().available), *_memory_of_groups(root)])
    return max(1, min(wanted or cores, cores, memory // bytes_each))


def _cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cores_of_groups(root: Path) -> Iterator[int]:
    for group in _groups(root, "cpu"):
        # Version 2 has "quota period" in one file, and "max" without a quota; version 1 has -1.
        quota, period = group / "cpu.cfs_quota_us", group / "cpu.cfs_period_us"
        values = (_text(group / "cpu.max") or f"{_text(quota)} {_text(period)}").split()
        if len(values) == 2 and values[0].isdecimal():
            yield int(values[0]) // int(values[1])


def _memory_of_groups(root: Path) -> Iterator[int]:
    """Bytes that each control group of this process may still take."""
    for group in _groups(root, "memory"):
        for limit_name, used_name, cache_name in _MEMORY_FILES:
            limit, used = _text(group / limit_name).split(), _text(group / used_name).split()
            if limit and used and limit[0].isdecimal():
                stat = _text(group / "memory.stat").split()
                cache = dict(zip(stat[::2], stat[1::2], strict=True)).get(cache_name, "0")
                yield max(0, int(limit[0]) - int(used[0]) + int(cache))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, the innermost first.

    The limits of all of them hold. Inside a container only the outermost may be there.
    """
    mount = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = mount / controller if controllers else mount
        place = top / path.strip("/")
        yield from (place, *place.parents[: len(place.parts) - len(top.parts)])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


def use_one_core() -> None:
    """Once a process that is one of several: no more threads than that."""
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    threadpool_limits(1)


def start_worker() -> None:
    """Once a worker: leave Ctrl-C to the parent, never outlive it, and use one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    use_one_core()
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
    pool = make_pool(workers)
    try:
        yield from _spread(pool, work, items, known, _AHEAD * workers)
        pool.shutdown()
    except BrokenProcessPool as error:
        raise FatalError(
            "a worker process was killed, most likely for want of memory: run the same command "
            "with fewer --workers"
        ) from error
    finally:
        end_pool(pool)


def make_pool(workers: int) -> ProcessPoolExecutor:
    """Worker processes that are started afresh when there is work; see `start_worker`."""
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=start_worker
    )


def check_alive(pool: ProcessPoolExecutor) -> None:
    """Whoever waits for a result asks this every `WATCH_S` seconds.

    A pool finds out by itself that a worker was killed, unless that was while it wrote a result:
    then the reader waits for the rest of it for ever.

    Raises:
        BrokenProcessPool: a worker process has ended.
    """
    if any(not worker.is_alive() for worker in list((pool._processes or {}).values())):
        raise BrokenProcessPool("a worker process was killed")


def end_pool(pool: ProcessPoolExecutor) -> None:
    """End the worker processes, at work or not, and all that waits for them."""
    workers, results = list((pool._processes or {}).values()), pool._result_queue
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    if results is not None:
        # The last one: half a result ends the reader now.
        results._writer.close()  # type: ignore[attr-defined]


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
            yield first, _result(future, pool)
    for item, future in waiting:
        yield item, _result(future, pool)


def _result(future: Future[Result], pool: ProcessPoolExecutor) -> Result:
    while not wait([future], WATCH_S).done:
        check_alive(pool)
    return future.result()
