"""Mutated pictures through the decoder, in a process of limited memory and time.

    python -m benchmarks.reliability.fuzz                       10,000 pictures of seed 0
    python -m benchmarks.reliability.fuzz --seed 7 --only 4711  one of them again

Flipped bits, truncated and spliced files, absurd sizes, wrong suffixes, of JPEG, MPO, PNG, WebP,
TIFF, HEIC, AVIF, GIF, BMP, PPM, and JPEG 2000. Each must give a picture or an ImageError; what ends
the process, passes a limit, or raises anything else is printed with its number, which makes the
same bytes again. Ends with 1 if there was any. Needs Linux.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from benchmarks.reliability import row
from benchmarks.reliability.mutations import mutated

# Of one picture, resident, beyond what the process needs for itself: 200 megapixels of an AVIF with
# transparency are 2,100 MB for the moment in which Pillow copies them.
MEMORY_MB = 2_500
PROCESSOR_S = 20  # of one picture
_WAIT_S = 10.0 * PROCESSOR_S  # wall clock, for a decoder that waits and does not work
_ADDRESSES = 2  # the limit of addresses over that of memory: threads reserve what they never touch


@dataclass(frozen=True)
class Outcome:
    """What became of one picture.

    Attributes:
        number: of the picture.
        kind: what was done to which file.
        result: "picture", the name of an ImageError, or what went wrong.
        fault: whether it must not happen.
        processor_s, memory_mb: what it took; 0 where the process ended.
    """

    number: int
    kind: str
    result: str
    fault: bool
    processor_s: float = 0.0
    memory_mb: float = 0.0


def fuzz(seed: int, numbers: Sequence[int]) -> Iterator[Outcome]:
    """Decode the mutated pictures of these numbers; a process that ends is replaced."""
    numbers = list(numbers)
    while numbers:
        receiver, sender = get_context("spawn").Pipe(duplex=False)
        process = get_context("spawn").Process(target=_decode_all, args=(seed, numbers, sender))
        process.start()
        sender.close()
        ended = False
        while numbers and not ended:
            outcome = _next(receiver)
            if ended := outcome is None:
                process.kill()
                process.join()
                outcome = _end(seed, numbers[0], process.exitcode or 0)
            assert outcome is not None
            numbers.pop(0)
            yield outcome
        receiver.close()
        process.join()


def _next(receiver: Connection) -> Outcome | None:
    with suppress(EOFError):
        if receiver.poll(_WAIT_S):
            outcome: Outcome = receiver.recv()
            return outcome
    return None


def _end(seed: int, number: int, status: int) -> Outcome:
    reason = f"exit status {status}"
    if status == -signal.SIGPROF:
        reason = f"over {PROCESSOR_S} s of processor time"
    elif status < 0:
        reason = f"ended by {signal.Signals(-status).name}"
    return Outcome(number, mutated(seed, number)[0], reason, True)


def _decode_all(seed: int, numbers: Sequence[int], sender: Connection) -> None:
    """In a process of its own: libraries are loaded first, then the limits hold."""
    warnings.simplefilter("ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff complains there
    mutated(seed, 0)
    limit = _status("VmSize") + _ADDRESSES * MEMORY_MB * 10**6
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            sender.send(_decode(seed, number, Path(folder)))


def _decode(seed: int, number: int, folder: Path) -> Outcome:
    from proportrait import imaging
    from proportrait.errors import ImageError

    kind, suffix, data = mutated(seed, number)
    path = folder / f"picture{suffix}"
    path.write_bytes(data)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, began = _status("VmRSS"), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, PROCESSOR_S)  # whose signal ends the process
    fault = False
    try:
        picture = imaging.read_picture(path)
    except ImageError as error:
        result = type(error).__name__
        if isinstance(error.__cause__, MemoryError) or "too little memory" in str(error):
            result, fault = f"over {_ADDRESSES * MEMORY_MB} MB of addresses", True
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is what we look for
        result, fault = f"raised {type(error).__name__}: {error}", True
    else:
        result, fault = _complaint(picture.image) or "picture", bool(_complaint(picture.image))
    signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - began
    memory = (_status("VmHWM") - before) / 1e6
    path.unlink()
    if memory > MEMORY_MB and not fault:
        result, fault = f"took {memory:.0f} MB", True
    return Outcome(number, kind, result, fault, seconds, memory)


def _complaint(image: np.ndarray) -> str:
    """What is wrong with a decoded picture, or nothing."""
    from proportrait.imaging import LONGEST, MIN_SIDE

    whole = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if not whole or min(image.shape[:2]) < MIN_SIDE or max(image.shape) > 40 * LONGEST:
        return f"a picture of shape {image.shape} and type {image.dtype}"
    return ""


def _status(name: str) -> int:
    """Bytes, of a line of /proc/self/status."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(name)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a picture ended the process, passed a limit, or raised a wrong error."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reliability.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pictures", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="one picture, by its number")
    options = parser.parse_args(argv)
    numbers = range(options.pictures) if options.only is None else [options.only]
    outcomes = []
    for outcome in fuzz(options.seed, numbers):
        outcomes.append(outcome)
        if outcome.fault or options.only is not None:
            place = f"seed {options.seed}, number {outcome.number}"
            print(f"{place}: {outcome.kind}: {outcome.result}", flush=True)
    print(_row(options.seed, outcomes))
    return int(any(outcome.fault for outcome in outcomes))


def _row(seed: int, outcomes: Sequence[Outcome]) -> str:
    results = Counter(outcome.result for outcome in outcomes if not outcome.fault)
    counts = ", ".join(f"{count:,} {name}" for name, count in results.most_common())
    slowest = max(outcomes, key=lambda outcome: outcome.processor_s)
    largest = max(outcomes, key=lambda outcome: outcome.memory_mb)
    faults = sum(outcome.fault for outcome in outcomes)
    return row(
        f"fuzz --pictures {len(outcomes)} --seed {seed}",
        f"{len(outcomes):,} mutated pictures of 11 formats, each under {MEMORY_MB:,} MB and "
        f"{PROCESSOR_S} s of processor time",
        f"{faults} faults ({counts}); at most {largest.memory_mb:.0f} MB (number {largest.number}) "
        f"and {slowest.processor_s:.1f} s (number {slowest.number}) a picture",
    )


if __name__ == "__main__":
    sys.exit(main())
