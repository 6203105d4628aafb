"""kill -9 at random moments, and whether the next run goes on as if nothing had been.

    python -m benchmarks.reliability.kills                 1,000 kills
    python -m benchmarks.reliability.kills --minutes 15    as many as a quarter of an hour holds

Generate, balance, verify --mode fix, --undo, and score run on a small set, with cheap stand-ins for
networks and edits. Each is killed at a random moment and run again, until it comes to its end. What
is there then must be what an undisturbed run leaves: the same files with the same bytes, nothing
lost, nothing twice. Ends with 1 if anything differs. Needs fork, so Linux or macOS.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reliability import cheap, row
from proportrait import cli
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.score.scorer import shared_scorer
from proportrait.store import RecordStore
from tests.stage_one import files, make_faces

_PART = 0.6  # of the time of an undisturbed run, in which each run is killed at the latest
_MOST = 60  # kills of one set before a run is left alone
_LIMIT_S = 300.0  # for a run that is left alone

NAMES = ("generate", "balance", "verify", "undo", "score")

Files = dict[str, bytes]


@dataclass(frozen=True)
class Trial:
    """A command that is killed.

    Attributes:
        name: of the command.
        arguments: of a command line, with the folder that it works on.
        begin: makes that folder as it is before the first run, or leaves it out.
        result: what counts in the folder when the command has come to its end; an AssertionError
            where it does not fit together.
        may_end_with: exit codes of a run that comes to its end.
    """

    name: str
    arguments: Callable[[Path], Sequence[object]]
    begin: Callable[[Path], object]
    result: Callable[[Path], Files]
    may_end_with: tuple[int, ...] = (0,)

    def run(self, folder: Path) -> int:
        """Start the command in a process of its own; returns its number."""
        process = os.fork()
        if process:
            return process
        status = 70
        try:
            sink = os.open(folder.parent / "printed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            os.environ[FOLDER_VARIABLE] = str(folder.parent / "cache")
            cheap.use()
            command, *words = map(str, self.arguments(folder))
            status = cli.run(command, words)
            (folder.parent / "modules").write_text("\n".join(sys.modules))
        except BaseException:  # noqa: BLE001 - it is printed, and the run counts as failed
            traceback.print_exc()
        finally:
            os._exit(status)


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
    trials = [trial for trial in _trials(folder, portraits) if trial.name in names]
    for trial in trials:
        _undisturbed(trial, folder / f"calm_{trial.name}")
        # So that a process need not import them, and is killed at its work.
        for name in (folder / "modules").read_text().splitlines():
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        began = time.monotonic()
        state = _undisturbed(trial, folder / f"again_{trial.name}")
        expected[trial.name] = state, time.monotonic() - began
    while tally.kills.total() < kills and time.monotonic() < end:
        for trial in trials:
            torn = folder / "torn"
            shutil.rmtree(folder / "cache", ignore_errors=True)
            state, seconds = expected[trial.name]
            _tear(trial, torn, state, seconds, rng, tally)
            shutil.rmtree(torn)
    return tally


def _undisturbed(trial: Trial, folder: Path) -> Files:
    trial.begin(folder)
    status = _wait(trial.run(folder), _LIMIT_S)
    if status not in trial.may_end_with:
        raise RuntimeError(f"{trial.name} ended with {status}:\n{_printed(folder)}")
    return trial.result(folder)


def _tear(
    trial: Trial, folder: Path, expected: Files, seconds: float, rng: random.Random, tally: Tally
) -> None:
    """Kill a command until a run comes to its end, and compare."""
    trial.begin(folder)
    status, kills = None, 0
    while status is None:
        process = trial.run(folder)
        limit = rng.uniform(0, _PART * seconds) if kills < _MOST else _LIMIT_S
        status = _wait(process, limit)
        kills += status is None
    tally.kills[trial.name] += kills
    tally.finished[trial.name] += 1
    place = f"{trial.name}, set {tally.finished[trial.name]}, after {kills} kills"
    if status not in trial.may_end_with:
        tally.faults.append(f"{place}: it ended with {status}: {_printed(folder)}")
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


def _wait(process: int, seconds: float) -> int | None:
    """The exit code of a process, or None where it had to be killed after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(min(0.005, max(0.0, end - time.monotonic())))
    os.kill(process, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return None if code == -signal.SIGKILL else code


def _printed(folder: Path) -> str:
    return (folder.parent / "printed").read_text(errors="replace")[-1500:]


def _trials(folder: Path, portraits: int) -> list[Trial]:
    faces = make_faces(folder / "faces", portraits)
    made, fixed = folder / "calm_generate", folder / "calm_verify"

    def copy_of(original: Path) -> Callable[[Path], object]:
        return lambda copy: shutil.copytree(original, copy)

    def undo(out: Path) -> Sequence[object]:
        runs = [path.name for path in (out / "verification").iterdir() if path.is_dir()]
        return ("verify", "-i", out, "--undo", min(runs, key=len))

    mixed = ("--perfect_prob", "0", "--near_perfect_prob", "0", "--concurrency", "3")
    return [
        Trial(
            "generate",
            lambda out: ("generate", "-o", out, "--mock", "--source_dir", faces, *mixed),
            lambda out: None,
            _whole_set,
        ),
        Trial(
            "balance",
            lambda out: ("balance", "-i", out, "--blur", "--balance", "0.7", "--workers", "1"),
            copy_of(made),
            _whole_set,
        ),
        Trial(
            "verify",
            lambda out: ("verify", "-i", out, "--mode", "fix", "--no_model", "--workers", "1"),
            copy_of(made),
            _whole_set,
        ),
        # Where the last kill came after the last change, nothing is left to undo, which is 1.
        Trial("undo", undo, copy_of(fixed), _whole_set, (0, 1)),
        Trial(
            "score",
            lambda out: ("score", made / "images", "--output", out / "scores.jsonl", "--resume",
                         "--workers", "1"),
            lambda out: out.mkdir(),
            lambda out: {"scores.jsonl": (out / "scores.jsonl").read_bytes()},
        ),
    ]  # fmt: skip


def _whole_set(out: Path) -> Files:
    """Pictures and records, of which ledger and disk say the same; no run of verify is named."""
    with RecordStore(out) as store:
        assert store.missing() == {}, "pictures of the ledger are missing"
    assert not (out / ".staging").exists(), "a commit is half done"
    last = {}
    for line in map(json.loads, (out / "ledger.jsonl").read_text().splitlines()):
        last[line["source_id"]] = line
    named = sorted(file["name"] for line in last.values() for file in line.get("files", ()))
    found = files(out)
    pictures = sorted(Path(name).name for name in found if name.startswith("images/"))
    assert named == pictures, "the pictures are not those of the ledger"
    runs = [path.name for path in (out / "verification").glob("*") if path.is_dir()]
    for name, data in found.items():
        if name.endswith(".json"):
            for run in runs:
                data = data.replace(f'"{run}"'.encode(), b'"RUN"')
            found[name] = data
    return found


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
