"""kill -9 at random moments, and whether the next run goes on as if nothing had been.

    python -m benchmarks.reliability.kills                 1,000 kills
    python -m benchmarks.reliability.kills --minutes 15    as many as a quarter of an hour holds

Generate, merge, balance, verify --mode fix, --undo, train, and score run on a small set, with cheap
stand-ins for networks and edits. Each is killed at a random moment and run again, until it comes to
its end. What is there then must be what an undisturbed run leaves: the same files with the same
bytes, nothing lost, nothing twice. Ends with 1 if anything differs. Needs fork, so Linux or macOS.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reliability import row
from benchmarks.reliability.trials import (
    LIMIT_S,
    NAMES,
    Files,
    Trial,
    load_modules,
    printed,
    trials,
    undisturbed,
    wait,
)
from proportrait.score.scorer import shared_scorer

_PART = 0.6  # of the time of an undisturbed run, in which each run is killed at the latest
_MOST = 60  # kills of one set before a run is left alone


@dataclass
class Tally:
    """Kills and sets that came to their end, by command, and what differed."""

    kills: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def kill_them(
    folder: Path,
    portraits: int,
    kills: int,
    minutes: float,
    seed: int = 0,
    names: Sequence[str] = NAMES,
) -> Tally:
    """Kill every command in turn, until there were so many kills or so many minutes are over."""
    end = time.monotonic() + 60 * minutes
    tally, rng = Tally(), random.Random(seed)
    if "score" in names:
        shared_scorer("packaged")  # read once, for all processes
    expected = {}
    chosen = [trial for trial in trials(folder, portraits) if trial.name in names]
    for trial in chosen:
        undisturbed(trial, folder / f"calm_{trial.name}")
        load_modules(folder / f"calm_{trial.name}")
        began = time.monotonic()
        state = undisturbed(trial, folder / f"again_{trial.name}")
        expected[trial.name] = state, time.monotonic() - began
    while tally.kills.total() < kills and time.monotonic() < end:
        for trial in chosen:
            torn = folder / "torn"
            shutil.rmtree(folder / "cache", ignore_errors=True)
            state, seconds = expected[trial.name]
            _tear(trial, torn, state, seconds, rng, tally)
            shutil.rmtree(torn)
    return tally


def _tear(
    trial: Trial, folder: Path, expected: Files, seconds: float, rng: random.Random, tally: Tally
) -> None:
    """Kill a command until a run comes to its end, and compare."""
    trial.begin(folder)
    status, kills = None, 0
    while status is None:
        process = trial.run(folder)
        limit = rng.uniform(0, _PART * seconds) if kills < _MOST else LIMIT_S
        status = wait(process, limit)
        kills += status is None
    tally.kills[trial.name] += kills
    tally.finished[trial.name] += 1
    place = f"{trial.name}, set {tally.finished[trial.name]}, after {kills} kills"
    if status not in trial.may_end_with:
        tally.faults.append(f"{place}: it ended with {status}: {printed(folder)}")
        return
    try:
        result = trial.result(folder)
    except AssertionError as error:
        tally.faults.append(f"{place}: {error}")
        return
    names = set(expected) ^ set(result)
    differing = {name for name in set(expected) & set(result) if expected[name] != result[name]}
    if names or differing:
        tally.faults.append(f"{place}: {sorted(names | differing)[:5]} differ")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if anything was lost, came twice, or differs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.kills",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=1000, metavar="N")
    parser.add_argument("--minutes", type=float, default=60, metavar="M", help="at most")
    parser.add_argument("--portraits", type=int, default=10, metavar="N", help="of the set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_them(
            Path(folder), options.portraits, options.kills, options.minutes, options.seed
        )
    for fault in tally.faults:
        print(fault)
    each = ", ".join(
        f"{name} {count} ({tally.finished[name]} sets)" for name, count in tally.kills.items()
    )
    minutes = (time.monotonic() - began) / 60
    print(
        row(
            f"kills --kills {options.kills} --minutes {options.minutes:g}",
            f"{tally.kills.total():,} kill -9 in {minutes:.0f} minutes: {each}",
            f"{len(tally.faults)} of {tally.finished.total()} finished sets differ from an "
            f"undisturbed run",
        )
    )
    return int(bool(tally.faults))


if __name__ == "__main__":
    sys.exit(main())
