"""How many worker processes run, and work that is spread over them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from proportrait import workers
from proportrait.errors import FatalError
from proportrait.generate.offline import WORKER_BYTES
from proportrait.workers import fitting_workers, spread


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
    monkeypatch: pytest.MonkeyPatch, wanted: int | None, cores: int, gigabytes: int, fitting: int
) -> None:
    monkeypatch.setattr(workers.os, "cpu_count", lambda: cores)
    memory = SimpleNamespace(available=gigabytes * 10**9)
    monkeypatch.setattr(workers.psutil, "virtual_memory", lambda: memory)
    assert fitting_workers(wanted, WORKER_BYTES) == fitting


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
    assert taken <= 2 * 4 + 1
    results.close()


def test_a_killed_worker_is_told() -> None:
    with pytest.raises(FatalError, match="fewer --workers"):
        list(spread(die, range(8), 2))
