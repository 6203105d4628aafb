"""Runs the real script of stage one in this process, and watches it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import active_children
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.faces import FaceAnalyzer
from proportrait.generate.base import ImageGenerator
from proportrait.generate.sources.built_in import StyleganSource
from tests import FACE, ROOT

# A local server asks for no key, but the script does.
NO_KEY = ("--api_key", "no-key-is-needed-here")
_TICK_S = 0.01


@dataclass
class Seen:
    """What was seen of one run. Times are of `time.perf_counter`, which all processes share.

    Attributes:
        called: when the script was imported, just before its `main` was called.
        began, ended: of the script's `generate`, from the first portrait looked at to the last.
        asked: when each request was sent.
        finished: when the pictures of each portrait, or the record of its failure, were on the
            disk, in order.
        resident: bytes of resident memory of this process at these moments.
        worked: seconds of processor time that this process and its workers had used when it
            began, and then at these moments.
        failed: how many of them could not be made.
        stall_s: the longest time that the event loop did not look after its tasks.
    """

    called: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    asked: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    failed: int = 0
    stall_s: float = 0.0


def run_script(
    arguments: Sequence[object],
    warm_up: Callable[[ImageGenerator], Awaitable[None]] | None = None,
) -> Seen:
    """Run `proportrait generate` with these arguments, and say what happened when.

    Args:
        arguments: as on the command line.
        warm_up: gets the generator before the first portrait is looked at.

    Raises:
        RuntimeError: the command stopped before its end; the message is what it printed.
    """
    from proportrait import cli
    from proportrait.generate import run as stage
    from proportrait.generate.gemini.generator import GeminiGenerator
    from proportrait.store import RecordStore

    seen, process = Seen(called=time.perf_counter()), psutil.Process()
    commit, fail = RecordStore.commit, RecordStore.fail
    ask, generate = GeminiGenerator.ask, stage.generate

    def watched_commit(*args: Any, **options: Any) -> Any:
        records = commit(*args, **options)
        note_end()
        return records

    def watched_fail(*args: Any, **options: Any) -> None:
        fail(*args, **options)
        seen.failed += 1
        note_end()

    def note_end() -> None:
        seen.finished.append(time.perf_counter())
        seen.resident.append(process.memory_info().rss)
        seen.worked.append(processor_s())

    def processor_s() -> float:
        used = 0.0
        for pid in (process.pid, *(worker.pid for worker in active_children())):
            # A worker may end between being listed and being asked.
            with contextlib.suppress(psutil.NoSuchProcess):
                times = psutil.Process(pid).cpu_times()
                used += times.user + times.system
        return used

    async def watched_ask(*args: Any) -> Any:
        seen.asked.append(time.perf_counter())
        return await ask(*args)

    async def watched_generate(run: Any) -> Any:
        if warm_up is not None:
            await warm_up(run.generator)
        ticker = asyncio.create_task(tick(seen))
        seen.began, seen.worked = time.perf_counter(), [processor_s()]
        try:
            return await generate(run)
        finally:
            seen.ended = time.perf_counter()
            ticker.cancel()

    printed = io.StringIO()
    with (
        patch.object(RecordStore, "commit", watched_commit),
        patch.object(RecordStore, "fail", watched_fail),
        patch.object(GeminiGenerator, "ask", watched_ask),
        patch.object(stage, "generate", watched_generate),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        status = cli.run("generate", [str(argument) for argument in arguments])
    if status != int(seen.failed > 0):
        raise RuntimeError(f"the command ended with {status}:\n{printed.getvalue()[-2000:]}")
    return seen


async def tick(seen: Seen) -> None:
    """Ask the event loop for a turn every 10 ms, and note how late it came at worst."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(_TICK_S)
        seen.stall_s = max(seen.stall_s, time.perf_counter() - before - _TICK_S)


@contextlib.contextmanager
def fake_gemini(latency_s: float) -> Iterator[str]:
    """The address of a fake server in its own process.

    It sends the reference back as it came: the real service does not draw on our cores.
    """
    command = [sys.executable, "-m", "tests.fake_gemini", "--default", "echo"]
    command += ["--latency", str(latency_s)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def draw_faces(count: int) -> list[Image]:
    """Portraits (512, 512, 3) of the built-in source in each of which one face is found."""
    analyzer = FaceAnalyzer()
    pictures = (imaging.resize(item.open().image, (512, 512)) for item in StyleganSource())
    return list(itertools.islice((p for p in pictures if len(analyzer.detect(p)) == 1), count))


def make_portraits(folder: Path, count: int, faces: Sequence[Image] = ()) -> Path:
    """Write `count` JPEGs: faces in turn, moved, mirrored, and lit a little differently.

    Without `faces` they all show one.
    """
    folder.mkdir(parents=True)
    faces = faces or [imaging.read(FACE)]
    for number in range(count):
        rng = np.random.default_rng(number)
        moved = np.roll(faces[number % len(faces)], rng.integers(-12, 13, 2), axis=(0, 1))
        mirrored = moved[:, :: rng.choice((-1, 1))]
        lit = np.clip(mirrored * rng.uniform(0.9, 1.1), 0, 255).astype(np.uint8)
        (folder / f"{number:05d}.jpg").write_bytes(imaging.encode_jpeg(lit))
    return folder


def count_pictures(output: Path) -> int:
    """Pictures in an output folder, twins included."""
    return sum(1 for _ in (output / "images").iterdir())
