"""What is killed: each command on a small set, and what must be there in the end."""

from __future__ import annotations

import contextlib
import csv
import importlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.reliability import cheap
from proportrait import cli
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.model.compat import mend_torchvision
from proportrait.store import RecordStore
from proportrait.train.checkpoint import HISTORY
from proportrait.train.run import MODEL
from tests.stage_one import files, make_faces

NAMES = ("generate", "merge", "balance", "verify", "undo", "train", "score")
SCORES = "scores.jsonl"
LIMIT_S = 300.0  # for a run that is left alone

Files = dict[str, bytes]


@dataclass(frozen=True)
class Trial:
    """A command that is killed.

    Attributes:
        name: of the command.
        work: what is done in the folder; returns the exit code.
        begin: makes that folder as it is before the first run, or leaves it out.
        result: what counts in the folder when the command has come to its end; an AssertionError
            where it does not fit together.
        may_end_with: exit codes of a run that comes to its end.
    """

    name: str
    work: Callable[[Path], int]
    begin: Callable[[Path], object]
    result: Callable[[Path], Files]
    may_end_with: tuple[int, ...] = (0,)

    def run(self, folder: Path) -> int:
        """Start the work in a process of its own; returns its number."""
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
            status = self.work(folder)
            (folder.parent / "modules").write_text("\n".join(sys.modules))
        except BaseException:  # noqa: BLE001 - it is printed, and the run counts as failed
            traceback.print_exc()
        finally:
            os._exit(status)


def undisturbed(trial: Trial, folder: Path) -> Files:
    """The result of a run that nothing kills."""
    trial.begin(folder)
    status = wait(trial.run(folder), LIMIT_S)
    if status not in trial.may_end_with:
        raise RuntimeError(f"{trial.name} ended with {status}:\n{printed(folder)}")
    return trial.result(folder)


def load_modules(folder: Path) -> None:
    """Import what a run in `folder` did, so that a process need not, and is killed at its work."""
    mend_torchvision()
    for name in (folder.parent / "modules").read_text().splitlines():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def wait(process: int, seconds: float) -> int | None:
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


def printed(folder: Path) -> str:
    """The end of what the last run in `folder` printed."""
    return (folder.parent / "printed").read_text(errors="replace")[-1500:]


def trials(folder: Path, portraits: int) -> list[Trial]:
    """Those of `NAMES`, in that order: later ones need the sets of undisturbed earlier ones."""
    faces = make_faces(folder / "faces", portraits)
    made, fixed = folder / "calm_generate", folder / "calm_verify"
    parts = [folder / "part1", folder / "part2"]
    mixed = ("--perfect_prob", "0", "--near_perfect_prob", "0", "--concurrency", "3")

    def generate(out: Path, more: Sequence[object] = ()) -> int:
        return command("generate", "-o", out, "--mock", "--source_dir", faces, *mixed, *more)

    def shards(_: Path) -> None:
        for number, part in enumerate(parts, 1):
            if not part.exists():
                work = partial(generate, more=("--shard", f"{number}/2"))
                ended = os.waitpid(Trial("shard", work, no_folder, files).run(part), 0)
                assert ended[1] == 0, "a shard was not made"

    def merge(out: Path) -> int:
        return command("merge", *parts, "-o", out)

    def copy_of(original: Path) -> Callable[[Path], object]:
        return lambda copy: shutil.copytree(original, copy)

    def fix(out: Path) -> int:
        return command("verify", "-i", out, "--mode", "fix", "--no_model", "--workers", "1")

    def undo(out: Path) -> int:
        runs = [path.name for path in (out / "verification").iterdir() if path.is_dir()]
        return command("verify", "-i", out, "--undo", min(runs, key=len))

    def balance(out: Path) -> int:
        return command("balance", "-i", out, "--blur", "--balance", "0.7", "--workers", "1")

    def score(out: Path) -> int:
        return command("score", made / "images", "--output", out / SCORES, "--resume",
                        "--workers", "1")  # fmt: skip

    return [
        Trial("generate", generate, no_folder, whole_set),
        # Where the last kill came after the union was there, a new run refuses it, which is 2.
        Trial("merge", lambda out: command("merge", *parts, "-o", out), shards, whole_set, (0, 2)),
        Trial("balance", balance, copy_of(made), whole_set),
        Trial("verify", fix, copy_of(made), whole_set),
        # Where the last kill came after the last change, nothing is left to undo, which is 1.
        Trial("undo", undo, copy_of(fixed), whole_set, (0, 1)),
        Trial("train", cheap.train, Path.mkdir, _training),
        Trial("score", score, Path.mkdir, lambda out: {SCORES: (out / SCORES).read_bytes()}),
    ]


def command(*words: object) -> int:
    """Run `proportrait` with these words; returns the exit code."""
    name, *arguments = map(str, words)
    return cli.run(name, arguments)


def no_folder(_: Path) -> None:
    """The command makes it."""


def _training(out: Path) -> Files:
    """The model and the figures of its epochs, without the times that they took."""
    with (out / HISTORY).open(newline="") as file:
        rows = [
            {name: value for name, value in row.items() if "seconds" not in name}
            for row in csv.DictReader(file)
        ]
    return {MODEL: (out / MODEL).read_bytes(), HISTORY: json.dumps(rows).encode()}


def whole_set(out: Path) -> Files:
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
