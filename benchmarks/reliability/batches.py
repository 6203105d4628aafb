"""The Batch API under kill -9: no line may be paid for twice, whatever moment a run ends at.

    python -m benchmarks.reliability.batches --kills 200

`proportrait generate --batch` and the SDK are real; a stand-in of the service answers in a process
of its own. It loses answers to create calls, creates jobs late, lists them late, fails lines, and
leaves lines out of the results, or repeats, cuts, and shuffles them. Each run is killed at a random
moment and started again until its portraits are settled. Then every line must be paid for at most
once, the dollars of the ledger must be those of the service's book, every portrait made or recorded
as failed, and every picture must have the bytes of an undisturbed run. Ends with 1 if anything is
not so. Needs fork, so Linux or macOS.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reliability import row
from benchmarks.reliability.trials import (
    LIMIT_S,
    Files,
    Trial,
    command,
    load_modules,
    no_folder,
    printed,
    undisturbed,
    wait,
    whole_set,
)
from proportrait.generate.gemini.batch import submit
from proportrait.generate.gemini.prices import BATCH_SHARE, DEFAULT_MODEL, MODELS
from proportrait.store import RecordStore
from tests import ROOT
from tests.stage_one import files, make_faces

PRICE_USD = MODELS[DEFAULT_MODEL].usd["1K"] * BATCH_SHARE
JOB_S = 0.2  # that a job takes
FAULTS = 0.3  # share of lines, and of create calls
# As `submit.LOOKS_S`, but for a service that creates and lists at most 0.1 s late.
LOOKS_S = (0.02, 0.05, 0.1, 0.2)
_PART = 0.8  # of the time of an undisturbed run, in which each run is killed at the latest
_MOST = 60  # kills of one set before its runs are left alone
_RUNS = 20  # of a set that is left alone


@dataclass
class Tally:
    """What became of all sets.

    Attributes:
        kills, sets, jobs: how many there were.
        made, failed: portraits, by the ledgers.
        paid: lines, by the service's book; `twice` those that were paid for more than once.
        wrong: what is not as it must be.
    """

    kills: int = 0
    sets: int = 0
    made: int = 0
    failed: int = 0
    paid: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)


@contextmanager
def service(faults: float, seed: int) -> Iterator[str]:
    """The stand-in in a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.fake_batches", "--seconds", str(JOB_S)]
    command += ["--faults", str(faults), "--seed", str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def kill_them(
    folder: Path, portraits: int, most: int, seed: int = 0, minutes: float = 60.0
) -> Tally:
    """Kill runs until there were so many kills or so many minutes are over."""
    end = time.monotonic() + 60 * minutes
    tally, rng, faces = Tally(), random.Random(seed), make_faces(folder / "faces", portraits)
    before, submit.LOOKS_S = submit.LOOKS_S, LOOKS_S
    try:
        with service(0.0, seed) as url:
            undisturbed(_trial(faces, url, "calm"), folder / "calm")
            load_modules(folder / "calm")
            began = time.monotonic()
            undisturbed(_trial(faces, url, "again"), folder / "again")
            seconds = time.monotonic() - began
        calm = files(folder / "again")
        with service(FAULTS, seed) as url:
            while tally.kills < most and time.monotonic() < end:
                tally.sets += 1
                key = f"set-{tally.sets}"
                torn = folder / "torn"
                _tear(_trial(faces, url, key), torn, seconds, portraits, rng, tally)
                _compare(torn, portraits, calm, _paid(url, key), tally)
                shutil.rmtree(torn)
    finally:
        submit.LOOKS_S = before
    return tally


def _trial(faces: Path, url: str, key: str) -> Trial:
    """The command with an API key, which is an account of its own."""
    return Trial(
        "batch",
        lambda out: command(
            "generate", "-o", out, "--batch", "--job_size", 3, "--batch_poll", 0.02,
            "--source_dir", faces, "--api_key", key, "--base_url", url, "--max_retries", 8,
        ),
        no_folder,
        lambda out: {},
        (0, 1),
    )  # fmt: skip


def _tear(
    trial: Trial, folder: Path, seconds: float, portraits: int, rng: random.Random,
    tally: Tally,
) -> None:  # fmt: skip
    """Kill runs until one comes to its end; a service that fails may stop some before that."""
    deaths = 0
    for _ in range(_MOST + _RUNS):
        limit = rng.uniform(0, _PART * seconds) if deaths < _MOST else LIMIT_S
        status = wait(trial.run(folder), limit)
        if status is None:
            deaths += 1
        elif status not in trial.may_end_with:
            tally.wrong.append(f"a run ended with {status}: {printed(folder)}")
            break
        elif _is_settled(folder, portraits):
            break
    tally.kills += deaths


def _is_settled(folder: Path, portraits: int) -> bool:
    store = RecordStore(folder)
    counts = store.counts()
    return not store.jobs() and counts["done"] + counts["failed"] == portraits


def _paid(url: str, key: str) -> Counter[str]:
    with urllib.request.urlopen(f"{url}/accounts") as reply:
        return Counter(json.load(reply)[key]["paid"])


def _compare(folder: Path, portraits: int, calm: Files, paid: Counter[str], tally: Tally) -> None:
    """Hold a set against the service's book and against an undisturbed run."""
    store = RecordStore(folder)
    counts = store.counts()
    tally.made += counts["done"]
    tally.failed += counts["failed"]
    tally.paid += paid.total()
    twice = {key: count for key, count in paid.items() if count > 1}
    tally.twice += len(twice)
    torn = {name: data for name, data in files(folder).items() if name.startswith("images/")}
    try:
        whole_set(folder)
    except AssertionError as error:
        tally.wrong.append(f"set {tally.sets}: {error}")
    booked = paid.total() * PRICE_USD
    checks = {
        f"{twice} were paid for more than once": not twice,
        f"{counts} of {portraits} portraits": counts["done"] + counts["failed"] == portraits,
        f"the ledger says ${store.spent_usd:.3f}, the service ${booked:.3f}":
            abs(store.spent_usd - booked) < 1e-6,
        "a picture differs": all(calm.get(name) == data for name, data in torn.items()),
        "jobs are left": not store.jobs() and not (folder / "batches").exists(),
    }  # fmt: skip
    tally.wrong += [f"set {tally.sets}: {text}" for text, holds in checks.items() if not holds]


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a line was paid for twice or anything else is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.batches",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument("--minutes", type=float, default=60, metavar="M", help="at most")
    parser.add_argument("--portraits", type=int, default=8, metavar="N", help="of a set")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_them(
            Path(folder), options.portraits, options.kills, options.seed, options.minutes
        )
    for complaint in tally.wrong:
        print(complaint)
    minutes = (time.monotonic() - began) / 60
    print(
        row(
            f"batches --kills {options.kills}",
            f"{tally.kills:,} kill -9 of `generate --batch` in {minutes:.0f} minutes, "
            f"{FAULTS:.0%} of lines and of create calls faulty",
            f"{tally.twice} of {tally.paid:,} paid lines were paid for twice; {tally.sets} sets: "
            f"{tally.made:,} portraits made, {tally.failed} recorded as failed, "
            f"{len(tally.wrong)} wrong",
        )
    )
    return int(bool(tally.wrong))


if __name__ == "__main__":
    sys.exit(main())
