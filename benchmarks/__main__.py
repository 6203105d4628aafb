"""Measure ratios, print them with the conditions of the run, and hold them against their bars.

    python -m benchmarks                    all of them: about 25 minutes on two idle cores
    python -m benchmarks online resume      some of them
    python -m benchmarks --quick            small sizes, to see that they run; the bars may fail

What the labels of a finished folder are worth is measured apart, on your own folder:

    python -m benchmarks.labels.giveaways --images DIR      does anything give a label away
    python -m benchmarks.labels.distribution --images DIR   labels as sampled, whoever is shown

Ends with 1 if a ratio misses its bar. Other programs that are busy meanwhile disturb the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import BENCHMARKS, QUICK, measure
from benchmarks.speed.ratio import Ratio, busy_s, conditions


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a ratio missed its bar."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there too")
    parser.add_argument(
        "--folder", type=Path, default=Path(), metavar="DIR",
        help="a temporary folder is made there, and deleted (default: here)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark {name!r}: choose from {', '.join(BENCHMARKS)}")

    where = conditions(options.folder) | {"sizes": "quick" if options.quick else "full"}
    print("\n".join(f"{name:<24}{value}" for name, value in where.items()), flush=True)
    ratios: list[Ratio] = []
    disturbed: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=options.folder) as folder:
        for name in options.names or BENCHMARKS:
            began, busy, own = time.perf_counter(), busy_s(), _children_s()
            sizes = QUICK[name] if options.quick else {}
            # A process each, so that none finds the memory and caches of another.
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                found = process.submit(measure, name, Path(folder) / name, sizes).result()
            seconds = time.perf_counter() - began
            others = max(0.0, busy_s() - busy - (_children_s() - own)) / seconds
            print(f"\n{name}: {seconds:.0f} s; other programs kept {others:.2f} cores busy")
            print("\n".join(map(str, found)), flush=True)
            ratios += found
            disturbed[name] = round(others, 2)
    missed = [ratio.name for ratio in ratios if ratio.passed is False]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery bar is met")
    if options.json:
        where["cores_busy_with_other_programs"] = disturbed
        data = {"conditions": where, "ratios": [ratio.to_json() for ratio in ratios]}
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return int(bool(missed))


def _children_s() -> float:
    """Seconds that the processes that this one has started, and has seen end, have worked."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    sys.exit(main())
