"""How many worker processes run, and work that is spread over them."""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from proportrait import workers
from proportrait.errors import FatalError
from proportrait.generate.offline import WORKER_BYTES
from proportrait.workers import fitting_workers, spread

GB = 10**9


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    def has(cores: int, gigabytes: int) -> None:
        cores_here = set(range(cores))
        monkeypatch.setattr(workers.os, "sched_getaffinity", lambda _: cores_here, raising=False)
        memory = SimpleNamespace(available=gigabytes * GB)
        monkeypatch.setattr(workers.psutil, "virtual_memory", lambda: memory)

    return has


@pytest.mark.parametrize(
    ("wanted", "cores", "gigabytes", "fitting"),
    [
        (10, 2, 24, 2),
        (1, 8, 24, 1),
        (None, 4, 64, 4),
        (None, 16, 10, 3),  # 10 GB hold three workers of 3.2 GB
        (8, 8, 1, 1),  # one there is always
    ],
)
def test_workers_fit_cores_and_memory(
    machine: Callable[[int, int], None],
    tmp_path: Path,
    wanted: int | None,
    cores: int,
    gigabytes: int,
    fitting: int,
) -> None:
    machine(cores, gigabytes)
    assert fitting_workers(wanted, WORKER_BYTES, tmp_path) == fitting  # without control groups


def test_without_affinity_all_cores_count(
    monkeypatch: pytest.MonkeyPatch, machine: Callable[[int, int], None], tmp_path: Path
) -> None:
    machine(2, 100)
    monkeypatch.delattr(workers.os, "sched_getaffinity")  # as on macOS
    monkeypatch.setattr(workers.os, "cpu_count", lambda: 5)
    assert fitting_workers(None, GB, tmp_path) == 5


V2, V1 = "0::/a pod/box\n", "5:cpu,cpuacct:/docker/7f\n4:memory:/docker/7f\n3:pids:/docker/7f\n"
UNLIMITED = str(2**63 - 4096)


# On a machine of 16 cores and 100 GB, at 1 GB a worker.
@pytest.mark.parametrize(
    ("groups", "files", "fitting"),
    [
        (V2, {}, 16),
        (V2, {"a pod/box/cpu.max": "300000 100000"}, 3),
        (V2, {"a pod/box/cpu.max": "50000 100000"}, 1),  # half a core
        (
            V2,
            {"a pod/box/cpu.max": "max 100000", "a pod/cpu.max": "450000 100000"},
            4,
        ),  # its parent's
        (V2, {"cpu.max": "200000 100000"}, 2),  # all that is seen inside a container
        (V2, {"a pod/box/memory.max": str(8 * GB), "a pod/box/memory.current": str(3 * GB)}, 5),
        (V2, {"a pod/box/memory.max": "max", "a pod/box/memory.current": str(3 * GB)}, 16),
        (V2, {"memory.max": str(2 * GB), "memory.current": str(3 * GB)}, 1),
        (  # files that were read lately count as used, and are given back
            V2,
            {
                "memory.max": str(8 * GB),
                "memory.current": str(7 * GB),
                "memory.stat": f"anon {GB}\ninactive_file {5 * GB}\n",
            },
            6,
        ),
        (
            V1,
            {
                "cpu/docker/7f/cpu.cfs_quota_us": "200000",
                "cpu/docker/7f/cpu.cfs_period_us": "100000",
            },
            2,
        ),
        (V1, {"cpu/cpu.cfs_quota_us": "700000", "cpu/cpu.cfs_period_us": "100000"}, 7),
        (V1, {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 16),
        (
            V1,
            {
                "memory/docker/7f/memory.limit_in_bytes": str(6 * GB),
                "memory/docker/7f/memory.usage_in_bytes": str(4 * GB),
                "memory/docker/7f/memory.stat": f"total_inactive_file {GB}\n",
                "memory/memory.limit_in_bytes": UNLIMITED,
                "memory/memory.usage_in_bytes": str(50 * GB),
            },
            3,
        ),
    ],
)
def test_the_limits_of_a_container_hold(
    machine: Callable[[int, int], None],
    tmp_path: Path,
    groups: str,
    files: dict[str, str],
    fitting: int,
) -> None:
    machine(16, 100)
    listed = {"proc/self/cgroup": groups}
    for name, text in (listed | {f"sys/fs/cgroup/{n}": t for n, t in files.items()}).items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert fitting_workers(None, GB, tmp_path) == fitting
    assert fitting_workers(2, GB, tmp_path) == min(2, fitting)


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def die(number: int) -> int:
    if number == 3:
        os._exit(9)
    return number


@pytest.mark.parametrize("count", [1, 2])
def test_every_item_comes_back_once_with_its_result(count: int) -> None:
    found = dict(spread(square, range(20), count))
    assert {item: result for item, (result, _) in found.items()} == {n: n * n for n in range(20)}
    assert (os.getpid() in {process for _, process in found.values()}) == (count == 1)


def test_only_some_items_are_taken_ahead() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    results = spread(square, items(), 2)
    next(results)
    results.close()
    assert taken <= 2 * 16


def test_a_killed_worker_is_told() -> None:
    with pytest.raises(FatalError, match="fewer --workers"):
        list(spread(die, range(8), 2))


def dies_while_it_writes(item: int) -> int:
    """Leaves half a message and the lock of the queue of results behind."""
    if item == 2:
        frame = sys._getframe()
        while "result_queue" not in frame.f_locals:
            assert frame.f_back is not None
            frame = frame.f_back
        queue = frame.f_locals["result_queue"]
        queue._wlock.acquire()
        os.write(queue._writer.fileno(), struct.pack("!i", 1000) + b"half of it")
        os._exit(9)
    return item


def test_a_worker_that_dies_while_it_writes_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "WATCH_S", 0.2)
    others = set(threading.enumerate())  # a server of other tests may have workers, too
    with pytest.raises(FatalError, match="a worker process was killed"):
        list(spread(dies_while_it_writes, range(4), 2))
    readers = [
        thread for thread in threading.enumerate()
        if thread not in others and type(thread).__name__ == "_ExecutorManagerThread"
    ]  # fmt: skip
    for reader in readers:  # Python waits for them before it ends
        reader.join(10)
    assert not any(reader.is_alive() for reader in readers)
