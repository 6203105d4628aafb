"""How soon the server answers, and whether its memory stays where it is."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx2
import psutil

from benchmarks.speed.ratio import Ratio
from proportrait import imaging
from proportrait.arrays import Image
from tests import FACE, ROOT

ANSWER_S = 1.0  # from the upload of a photo of 12 megapixels to its verdicts
GROWTH_MB = 30.0  # of any process
_LARGE = (3024, 4032)  # px
_SIDES = (128, 160, 200, 256, 320)  # px of the small pictures
_EVERY = 50  # requests between two samples
_START_S, _WAIT_S = 120.0, 300.0


def measure(
    folder: Path, *, uploads: int = 20, requests: int = 2000, first: int = 400
) -> list[Ratio]:
    """Send photos one after the other to a warm server, then very many small pictures.

    Of the small ones each has another size or other bytes, every tenth is damaged, and two are sent
    at once. Growth is the peak of a process from request `first` on less its memory there; the
    highest of server and workers counts.
    """
    del folder
    with serving() as (process, client):
        large = imaging.encode_jpeg(imaging.resize(imaging.read(FACE), _LARGE), quality=90)
        with ThreadPoolExecutor(4) as threads:  # every worker has judged a photo before
            list(threads.map(client.post, [large] * 4))
        seconds = [client.post(large) for _ in range(uploads)]
        sizes = resident(process, client, requests)
    start = first // _EVERY
    growth = {name: (max(held[start:]) - held[start]) / 1e6 for name, held in sizes.items()}
    figures = {
        "requests": requests,
        **{f"{name}_at_request_{first}_mb": held[start] / 1e6 for name, held in sizes.items()},
        **{f"{name}_growth_mb": growth[name] for name in sizes},
    }
    times = {"uploads": uploads, "megabytes": len(large) / 1e6, "worst_s": max(seconds),
             "median_s": median(seconds)}  # fmt: skip
    return [
        Ratio("serve: answer", f"median seconds of a 12-megapixel photo / {ANSWER_S:g} s",
              median(seconds) / ANSWER_S, 1.0, "under", times),
        Ratio("serve: memory", f"growth from request {first} to {requests} / {GROWTH_MB:g} MB",
              max(growth.values()) / GROWTH_MB, 1.0, "under", figures),
    ]  # fmt: skip


def resident(process: psutil.Process, client: Client, requests: int) -> dict[str, list[int]]:
    """Bytes of the server and each worker at the start and after every `_EVERY` requests."""
    workers = [
        child for child in process.children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    ]  # fmt: skip
    processes = {"server": process} | {f"worker_{n}": child for n, child in enumerate(workers, 1)}
    sizes: dict[str, list[int]] = {name: [] for name in processes}
    face = imaging.read(FACE)
    with ThreadPoolExecutor(2) as threads:
        for start in range(0, requests + 1, _EVERY):
            for name, one in processes.items():
                sizes[name].append(one.memory_info().rss)
            count = min(_EVERY, requests - start)
            list(threads.map(client.post, small_pictures(face, start, count)))
    return sizes


def small_pictures(face: Image, start: int, count: int) -> Iterator[bytes]:
    """JPEGs, no two alike."""
    for number in range(start, start + count):
        side = _SIDES[number % len(_SIDES)]
        image = imaging.resize(face, (side, side)).copy()
        image[0, 0] = number % 251, number // 251 % 251, 0
        data = imaging.encode_jpeg(image, quality=80 + number % 16)
        yield data[: len(data) // 2] if number % 10 == 9 else data


class Client:
    """Posts pictures to a server; call it with an address as it is printed."""

    def __init__(self, address: str) -> None:
        self._client = httpx2.Client(base_url=address, timeout=_WAIT_S)

    def ready(self) -> bool:
        """Whether the server judges."""
        return self._client.get("healthz").status_code == 200

    def post(self, data: bytes) -> float:
        """Seconds until the verdicts, or the refusal of a damaged picture, are here."""
        began = time.perf_counter()
        headers = {"Content-Type": "image/jpeg"}
        answer = self._client.post("api/v1/score", content=data, headers=headers)
        if answer.status_code not in (200, 422):
            raise RuntimeError(f"the server answered {answer.status_code}: {answer.text[:200]}")
        return time.perf_counter() - began


@contextlib.contextmanager
def serving() -> Iterator[tuple[psutil.Process, Client]]:
    """`proportrait serve` as a process, ready."""
    command = [sys.executable, "-m", "proportrait", "serve", "--port", "0", "--timeout", "200"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            client = Client(process.stdout.readline().strip())
            end = time.monotonic() + _START_S
            while not client.ready():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("the server does not start")
                time.sleep(0.1)
            yield psutil.Process(process.pid), client
        finally:
            process.terminate()
