"""How many worker processes the offline generator takes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from proportrait.generate import offline


@pytest.mark.parametrize(
    ("wanted", "cores", "gigabytes", "workers"),
    [
        (10, 2, 24, 2),
        (1, 8, 24, 1),
        (None, 4, 64, 4),
        (None, 16, 10, 3),  # 10 GB hold three workers of 3.2 GB
        (8, 8, 1, 1),  # one there is always
    ],
)
def test_workers_fit_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, wanted: int | None, cores: int, gigabytes: int, workers: int
) -> None:
    monkeypatch.setattr(offline.os, "cpu_count", lambda: cores)
    memory = SimpleNamespace(available=gigabytes * 10**9)
    monkeypatch.setattr(offline.psutil, "virtual_memory", lambda: memory)
    assert offline.fitting_workers(wanted) == workers
