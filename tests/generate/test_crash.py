"""Runs that are killed, interrupted, or run into a full disk, and what is left of them."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import synthetic_dataset_generator as stage
from proportrait import disk
from proportrait.generate import GENERATORS
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record
from tests import ROOT
from tests.stage_one import KEY, CheapGenerator, check_whole, files, gemini, ledger, make_faces

PRICE = MODELS[DEFAULT_MODEL].usd["1K"]
MIXED = ("--perfect_prob", "0", "--near_perfect_prob", "0")
Wait = Callable[[], bool]


class Run(subprocess.Popen[str]):
    """Ends with all its processes where its `with` block fails: no test waits for ever."""

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind and self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        super().__exit__(kind, *error)


def start(*argv: str, **variables: str) -> Run:
    """A run in a process group of its own, as a terminal starts it."""
    return Run(
        [sys.executable, *argv],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )


def _hear_ctrl_c() -> None:
    """Also where a shell that ignores it has started the tests, in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def cheap(faces: Path, out: Path, *more: str) -> tuple[str, ...]:
    return ("-m", "tests.stage_one", "-o", str(out), "--mock", "--source_dir", str(faces), *more)


def wait_for(what: Wait, run: subprocess.Popen[str], seconds: float = 60) -> None:
    """Until it happened or the run ended by itself."""
    end = time.monotonic() + seconds
    while not what() and run.poll() is None:
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.002)


def lines_of(out: Path) -> int:
    path = out / "ledger.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def still_running(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that do not end in time; a zombie has ended, though nobody took notice."""
    end = time.monotonic() + seconds

    def runs(process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    while (left := [p for p in processes if runs(p)]) and time.monotonic() < end:
        time.sleep(0.02)
    return left


# --- kill -9


def kill_and_resume(
    command: tuple[str, ...], out: Path, rng: random.Random, kills: int, step: int, **variables: str
) -> None:
    """Kill a run `kills` times at random moments, about `step` portraits apart, then finish it."""
    for _ in range(kills):
        target = lines_of(out) + rng.randint(0, step)
        with start(*command, **variables) as run:
            wait_for(lambda: (out / ".lock").exists() and lines_of(out) >= target, run)  # noqa: B023
            time.sleep(rng.random() * 0.1)
            run.kill()
        assert run.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    with start(*command, **variables) as run:
        shown = run.communicate(timeout=120)
    assert run.returncode == 0, shown


@pytest.mark.slow
def test_kill_9_at_ten_random_moments(tmp_path: Path) -> None:
    faces = make_faces(tmp_path / "faces", 30)
    calm, torn = tmp_path / "calm", tmp_path / "torn"
    with start(*cheap(faces, calm, *MIXED)) as run:
        run.communicate(timeout=120)
    assert run.returncode == 0
    command = cheap(faces, torn, *MIXED, "--concurrency", "3")
    kill_and_resume(command, torn, random.Random(20), kills=10, step=1, CHEAP_DELAY_S="0.15")
    check_whole(torn)
    assert files(torn) == files(calm)
    assert len(ledger(torn)) == 30  # nothing was made twice


def _no_editor() -> str:
    try:
        import proportrait.edit.editor  # noqa: F401
    except ImportError as error:
        return f"the offline editor cannot be imported: {error}"
    return ""


@pytest.mark.slow
@pytest.mark.skipif(bool(_no_editor()), reason=_no_editor())
def test_kill_9_with_the_real_editor(tmp_path: Path) -> None:
    calm, torn = tmp_path / "calm", tmp_path / "torn"
    common = ("synthetic_dataset_generator.py", "--mock", "--limit", "2", "--seed", "2")
    with start(*common, "-o", str(calm)) as run:
        shown = run.communicate(timeout=300)
    assert run.returncode == 0, shown
    command = (*common, "-o", str(torn), "--concurrency", "1")
    kill_and_resume(command, torn, random.Random(3), kills=1, step=1)
    check_whole(torn)
    assert files(torn) == files(calm)
    records = [Record.read(path) for path in (torn / "metadata").iterdir()]
    # A twin may hide what its bad frame leaves out.
    assert {r.known for r in records if r.parent is None} == {LabelVector.ones()}


# --- Ctrl-C


def interrupt(run: subprocess.Popen[str]) -> tuple[str, str]:
    """Press Ctrl-C: the whole process group gets the signal. It must end within two seconds."""
    assert run.poll() is None, run.communicate()
    family = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    started = time.monotonic()
    os.killpg(run.pid, signal.SIGINT)
    try:
        shown = run.communicate(timeout=20)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    assert time.monotonic() - started < 2
    assert run.returncode == 130, shown
    assert "Traceback" not in shown[1]
    assert not still_running(family, 1)
    return shown


def test_ctrl_c_while_a_server_takes_its_time(tmp_path: Path) -> None:
    faces, out = make_faces(tmp_path / "faces", 6), tmp_path / "out"
    command = ("synthetic_dataset_generator.py", "-o", str(out), "--source_dir", str(faces))
    with gemini(latency=5) as server:
        run = start(*command, "--base_url", server.url, "--concurrency", "3", GOOGLE_API_KEY=KEY)
        wait_for(lambda: server.count == 3, run)
        shown = interrupt(run)
    assert "the same command goes on" in shown[0]
    assert f"${3 * PRICE:.2f} in this run" in shown[0]  # they may have been made and charged
    assert ledger(out) == []  # the portraits are as new
    assert RecordStore(out).spent_usd == pytest.approx(3 * PRICE)
    with gemini() as server, start(*command, "--base_url", server.url, GOOGLE_API_KEY=KEY) as run:
        run.communicate(timeout=60)
        assert server.count == 6
    assert run.returncode == 0
    assert RecordStore(out).spent_usd == pytest.approx(9 * PRICE)
    check_whole(out)


def test_a_budget_holds_over_kills(tmp_path: Path) -> None:
    """What is in flight when a run is killed has been written down before it was sent."""
    faces, out = make_faces(tmp_path / "faces", 8), tmp_path / "out"
    command = ("synthetic_dataset_generator.py", "-o", str(out), "--source_dir", str(faces),
               "--concurrency", "2", "--budget_usd", str(5.5 * PRICE))  # fmt: skip
    sent = 0
    for kill in (signal.SIGKILL, signal.SIGINT):
        with gemini(latency=30) as server:
            run = start(*command, "--base_url", server.url, GOOGLE_API_KEY=KEY)
            wait_for(lambda: server.count == 2, run)
            os.killpg(run.pid, kill)
            run.communicate(timeout=20)
            sent += server.count
        assert RecordStore(out).spent_usd == pytest.approx(sent * PRICE)
    with gemini() as server, start(*command, "--base_url", server.url, GOOGLE_API_KEY=KEY) as run:
        shown = run.communicate(timeout=60)
        assert sent + server.count == 5
    assert "the budget of" in shown[0]
    assert RecordStore(out).spent_usd == pytest.approx(5 * PRICE)
    check_whole(out)


@pytest.mark.parametrize("moment", ["as the workers start", "at work"])
def test_ctrl_c_with_worker_processes(tmp_path: Path, moment: str) -> None:
    faces, out = make_faces(tmp_path / "faces", 6), tmp_path / "out"
    command = cheap(faces, out, "--concurrency", "2")
    run = start(*command, CHEAP_POOL="1", CHEAP_DELAY_S="0.7")
    family = psutil.Process(run.pid)
    if moment == "at work":
        wait_for(lambda: lines_of(out) >= 2, run)
    else:  # multiprocessing's resource tracker and a worker; for two the memory may be short
        wait_for(lambda: len(family.children()) >= 2, run)
        time.sleep(0.05)
    interrupt(run)
    assert lines_of(out) < 6
    with start(*command, CHEAP_POOL="1") as run:
        shown = run.communicate(timeout=60)
    assert run.returncode == 0, shown
    assert len(ledger(out)) == 6
    check_whole(out)


def test_workers_do_not_outlive_a_killed_run(tmp_path: Path) -> None:
    faces, out = make_faces(tmp_path / "faces", 6), tmp_path / "out"
    run = start(*cheap(faces, out, "--concurrency", "2"), CHEAP_POOL="1", CHEAP_DELAY_S="0.3")
    wait_for(lambda: lines_of(out) >= 1, run)
    workers = psutil.Process(run.pid).children(recursive=True)
    assert len(workers) >= 2
    with run:
        run.kill()
    assert not still_running(workers, 5)


def test_a_worker_that_was_killed_ends_the_run_with_advice(tmp_path: Path) -> None:
    faces, out = make_faces(tmp_path / "faces", 6), tmp_path / "out"
    command = cheap(faces, out, "--concurrency", "2")
    with start(*command, CHEAP_POOL="1", CHEAP_DELAY_S="1") as run:
        wait_for(lambda: lines_of(out) >= 2, run)  # both workers are at their next portrait
        children = psutil.Process(run.pid).children()
        next(c for c in children if "spawn_main" in " ".join(c.cmdline())).kill()
        shown = run.communicate(timeout=20)
    assert run.returncode == 1
    assert "smaller --concurrency" in shown[0]
    assert "Traceback" not in shown[1]
    check_whole(out)


# --- a full disk, and a folder that is taken


def test_a_second_run_on_the_same_folder_stops_at_once(tmp_path: Path) -> None:
    faces, out = make_faces(tmp_path / "faces", 2), tmp_path / "out"
    with RecordStore(out), start(*cheap(faces, out)) as run:
        before = sorted(out.rglob("*"))
        shown = run.communicate(timeout=20)
        assert sorted(out.rglob("*")) == before
    assert run.returncode == 1
    assert shown[0] == ""
    assert shown[1].splitlines() == [
        f"error: another run is writing to {out}: wait until it ends, or name another output folder"
    ]


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> CheapGenerator:
    cheap = CheapGenerator()
    monkeypatch.setitem(GENERATORS, "offline", cheap.with_options)
    return cheap


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1.5 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting a small disk needs root on Linux: {error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def said_that_it_is_full(shown: pytest.CaptureFixture[str]) -> None:
    out, err = shown.readouterr()
    told = [line for line in (out + err).splitlines() if "the disk is full" in line]
    assert len(told) == 1
    assert "run the same command again" in told[0]
    assert "Traceback" not in err
    assert "Logging error" not in err


def test_a_really_full_disk(
    tmp_path: Path,
    small_disk: Path,
    generator: CheapGenerator,
    capfd: pytest.CaptureFixture[str],
) -> None:
    faces, out = make_faces(tmp_path / "faces", 14), small_disk / "out"
    command = ["-o", str(out), "--mock", "--source_dir", str(faces), *MIXED]
    for _ in range(2):  # and once more, with no room from the start
        assert stage.main(command) == 1
        said_that_it_is_full(capfd)
        assert 0 < lines_of(out) < 14
        check_whole(out)
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    assert stage.main(command) == 0
    assert len(ledger(out)) == 14
    check_whole(out)
    assert stage.main([*command[2:], "-o", str(tmp_path / "calm")]) == 0
    assert files(out) == files(tmp_path / "calm")


def test_a_disk_that_becomes_read_only(
    small_disk: Path, tmp_path: Path, generator: CheapGenerator, capfd: pytest.CaptureFixture[str]
) -> None:
    faces, out = make_faces(tmp_path / "faces", 3), small_disk / "out"
    command = ["-o", str(out), "--mock", "--source_dir", str(faces)]
    assert stage.main([*command, "--limit", "1"]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    capfd.readouterr()
    assert stage.main(command) == 1
    shown = capfd.readouterr()
    assert "is on a read-only disk: name another folder, or make it writable" in shown.err
    assert "Traceback" not in shown.err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert stage.main(command) == 0
    assert len(ledger(out)) == 3
    check_whole(out)


@pytest.mark.parametrize("room", [0, 200_000, 450_000])
def test_a_disk_that_fills_up(
    tmp_path: Path,
    generator: CheapGenerator,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    room: int,
) -> None:
    faces, out = make_faces(tmp_path / "faces", 6), tmp_path / "out"
    command = ["-o", str(out), "--mock", "--source_dir", str(faces)]
    left, write_all = room, disk.write_all

    def write(file: int, data: bytes) -> None:
        nonlocal left
        left -= len(data)
        if left < 0:
            write_all(file, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(file, data)

    with pytest.MonkeyPatch.context() as full:
        full.setattr(disk, "write_all", write)
        assert stage.main(command) == 1
    said_that_it_is_full(capfd)
    check_whole(out)
    assert lines_of(out) < 6
    assert stage.main(command) == 0
    assert len(ledger(out)) == 6
    check_whole(out)


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, generator: CheapGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = make_faces(tmp_path / "faces", 1)
    (tmp_path / "file").write_text("in the way")
    command = ["--mock", "--source_dir", str(faces), "-o", str(tmp_path / "file")]
    assert stage.main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert str(tmp_path / "file") in line
