"""Whether one look at a large photo fits the memory that a worker is planned by."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import PIL.Image
import psutil

from benchmarks.speed.ratio import Ratio
from proportrait.looks.look import FEATURES, WORKER_BYTES, Wants, look
from proportrait.workers import start_worker
from tests import FACE, ROOT


def measure(
    folder: Path, *, small: float = 12, middle: float = 50, large: float = 108
) -> list[Ratio]:
    """Peak of resident memory of a process that reads and measures one JPEG, by its megapixels.

    All of a look: the picture is read, every attribute measured, and its features taken. A process
    each, so that none starts with the memory of another; what it holds before it reads, programs
    and libraries, is stated too.
    """
    figures: dict[str, float] = {}
    peaks = []
    for megapixels in (small, middle, large):
        side = round((megapixels * 1e6) ** 0.5)
        path = folder / f"{megapixels:g}.jpg"
        with PIL.Image.open(FACE) as face:
            face.resize((side, side), PIL.Image.Resampling.BICUBIC).save(path, quality=90)
        command = [sys.executable, "-m", "benchmarks.speed.generation.decode", str(path)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
        before, peak = json.loads(done.stdout)
        figures[f"before_{megapixels:g}_mp_mb"] = round(before / 1e6, 1)
        figures[f"peak_{megapixels:g}_mp_mb"] = round(peak / 1e6, 1)
        peaks.append(peak)
    over = f"highest peak of a look at a photo / {WORKER_BYTES / 1e6:.0f} MB"
    return [Ratio("decode: peak", over, max(peaks) / WORKER_BYTES, 1.0, "under", figures)]


def peak_bytes() -> int:
    """The most resident memory that this process has had."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def main() -> None:
    """Print the resident memory before one look as a worker takes it, and its peak, in bytes."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.generation.decode", description=main.__doc__
    )
    parser.add_argument("path", type=Path, help="a picture")
    path = parser.parse_args().path
    start_worker()
    before = psutil.Process().memory_info().rss
    taken = look(path, Wants(features=tuple(FEATURES)))
    if taken.error or "expression" in taken.reasons:
        raise RuntimeError(f"no look was taken: {taken.error or taken.reasons}")
    print(json.dumps([before, peak_bytes()]))


if __name__ == "__main__":
    main()
