"""What the tests of stage one share, and a driver that runs it with a cheap offline generator.

    CHEAP_DELAY_S=0.1 python -m tests.stage_one -o FOLDER --mock --source_dir FACES

`--mock` then means `CheapGenerator`, or with CHEAP_POOL=1 the worker processes of the real one with
cheap work in them. Everything else is the real stage.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image, ImageEnhance

import synthetic_dataset_generator as stage
from proportrait.edit.shot import Shot
from proportrait.generate import GENERATORS, GeneratorOptions, offline
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.store.records import Record
from tests import FACE
from tests.fake_gemini import FakeGemini

KEY = "AIzaSyTheKeyThatNobodyMaySee0123456789"

Json = dict[str, Any]
Server = TypeVar("Server", bound=FakeGemini)


def make_faces(folder: Path, count: int, shift: int = 0) -> Path:
    """A folder of portraits of 320 px, all different; with another `shift` all others."""
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(FACE) as face:
        small = face.convert("RGB").resize((320, 320))
    for number in range(count):
        picture = ImageEnhance.Color(small).enhance(0.6 + 0.01 * (number + 50 * shift))
        picture.save(folder / f"face_{number:03d}.png", compress_level=1)
    return folder


def gemini(*script: str, **options: Any) -> AbstractContextManager[FakeGemini]:
    """A fake Gemini server in a thread of its own."""
    return serving(FakeGemini(script, **options))


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """A server in a thread of its own, since a run has its own event loop."""
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with server:
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


# --- what is in an output folder


def ledger(output: Path) -> list[Json]:
    """Its lines, without those about money alone."""
    path = output / "ledger.jsonl"
    lines = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
    return [line for line in lines if line["status"] not in ("pending", "lost")]


def records(output: Path) -> list[Record]:
    return [Record.read(path) for path in sorted((output / "metadata").glob("*.json"))]


def files(output: Path) -> dict[str, bytes]:
    """Every picture and every record, by relative path."""
    places = (output / "images", output / "metadata")
    found = [file for place in places if place.exists() for file in place.iterdir()]
    return {file.relative_to(output).as_posix(): file.read_bytes() for file in sorted(found)}


def check_whole(output: Path) -> None:
    """No orphan, nothing half-written, nothing twice: pictures, records, and ledger agree."""
    pictures = {file.stem for file in (output / "images").iterdir()}
    assert pictures == {file.stem for file in (output / "metadata").iterdir()}
    done = [line for line in ledger(output) if line["status"] == "done"]
    assert len({line["source_id"] for line in done}) == len(done)
    named = [Path(file["name"]).stem for line in done for file in line["files"]]
    assert sorted(named) == sorted(pictures)
    assert not (output / ".staging").exists()
    assert not [path for path in output.iterdir() if path.suffix in (".new", ".tmp")]


# --- the cheap generator


class CheapGenerator:
    """Tints the source by the seed; how long that takes depends on the seed too.

    As many at once as --concurrency says.
    """

    name = "offline"
    price_usd = 0.0

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.made: list[str] = []
        self.slots = asyncio.Semaphore()

    def with_options(self, options: GeneratorOptions) -> CheapGenerator:
        self.slots = asyncio.Semaphore(options.concurrency)
        return self

    async def generate(self, request: GenerationRequest) -> Generated:
        async with self.slots:
            await asyncio.sleep(self.delay_s * (1 + request.seed % 5) / 5)
            generated = await asyncio.to_thread(cheap_work, request)
        self.made.append(request.item.source_id)
        return generated

    async def close(self) -> None:
        """Nothing to release."""


def cheap_work(request: GenerationRequest) -> Generated:
    seed, image = request.seed, request.item.open().image.astype(np.uint16)
    tinted = np.minimum(image + np.array([seed % 17, seed % 13, seed % 11], np.uint16), 255)
    return Generated(Shot(tinted.astype(np.uint8)), model="cheap 1")


def slow_work(delay_s: float, request: GenerationRequest) -> Generated:
    time.sleep(delay_s)
    return cheap_work(request)


def _driver() -> int:
    delay_s = float(os.environ.get("CHEAP_DELAY_S", "0"))
    if os.environ.get("CHEAP_POOL"):
        offline._work = partial(slow_work, delay_s)
    else:
        GENERATORS["offline"] = CheapGenerator(delay_s).with_options
    return stage.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_driver())
