"""Ratios against stated bounds, all of one run: `python -m benchmarks` (see `__main__`)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.speed.ratio import Ratio

_GENERATION = ("online", "memory", "decode", "offline", "shared", "resume")
BENCHMARKS = (
    *_GENERATION, "training", "score", "indexing", "serve", "stream", "labelling",
)  # fmt: skip
QUICK: dict[str, dict[str, int | float]] = {
    "online": {"portraits": 60, "concurrency": 15, "latency_s": 1.0},
    "memory": {"portraits": 150, "first": 50, "concurrency": 15},
    "decode": {"small": 1, "middle": 4, "large": 12},
    "offline": {"portraits": 10, "warm_ups": 2, "alone": 2},
    "shared": {"sources": 2, "vectors": 2},
    "resume": {"portraits": 500},
    "training": {"batches": 2, "batch_size": 8},
    "score": {"photos": 4},
    "indexing": {"photos": 4},
    "serve": {"uploads": 3, "requests": 100, "first": 50},
    "stream": {"pictures": 2000, "first": 500},
    "labelling": {"pictures": 2000, "presses": 8},
}


def measure(name: str, folder: Path, sizes: Mapping[str, int | float]) -> list[Ratio]:
    """Run one benchmark in this process."""
    folder.mkdir()
    room = "speed.generation" if name in _GENERATION else "speed"
    module = importlib.import_module(f"benchmarks.{room}.{name}")
    ratios: list[Ratio] = module.measure(folder, **sizes)
    return ratios
