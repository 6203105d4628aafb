"""The queue of the diffusion generator: order, batches, memory, and how it is stopped."""

from __future__ import annotations

import asyncio
import functools
import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proportrait.errors import FatalError, ImageError, RefusedError, RetryableError
from proportrait.generate.base import Generated
from tests.generate.diffusion.runs import PIX2PIX, SDXL, Item, generator, made, request

import diffusers  # isort: skip
import torch  # isort: skip

KONTEXT = "FluxKontextPipeline"
PROMPTS = ("a suit", "a hat and a beard", "x", "neutral grey background with soft light")
REQUESTS = [request(seed, prompt, pixels=seed) for seed, prompt in enumerate(PROMPTS)]


def pictures(results: list[Generated]) -> np.ndarray[Any, np.dtype[np.int_]]:
    return np.stack([generated.shot.image for generated in results]).astype(int)


def test_order_does_not_matter(folder: Callable[[str], Path]) -> None:
    requests = [*REQUESTS, request(1, shape=(90, 100))]
    forward = pictures(made(requests, folder(PIX2PIX)))
    backward = pictures(made(requests[::-1], folder(PIX2PIX)))[::-1]
    assert np.array_equal(forward, backward)


@pytest.mark.parametrize(
    ("kind", "exact", "share"), [(PIX2PIX, True, 0.001), (SDXL, True, 0.001), (KONTEXT, False, 0.1)]
)
def test_a_picture_hardly_depends_on_its_batch(
    kind: str, exact: bool, share: float, folder: Callable[[str], Path]
) -> None:
    """Matrix products of other shapes add up in another order: one level of 255, rarely.

    In a batch of one size the networks of Stable Diffusion give the same bytes in any company, and
    alone, filled up with copies; the transformers do not even then.
    """
    alone = pictures(made(REQUESTS, folder(kind)))
    four = pictures(made(REQUESTS, folder(kind), batch_size=4))
    swapped = pictures(made(REQUESTS[::-1], folder(kind), batch_size=4))[::-1]
    filled = pictures(made(REQUESTS[:1], folder(kind), batch_size=4))
    for other in (alone, swapped, filled):
        difference = np.abs(other - four[: len(other)])
        assert difference.max() <= 1
        assert (difference > 0).mean() <= share
    if exact:
        assert np.array_equal(four, swapped)
        assert np.array_equal(four[:1], filled)


def test_batches_are_of_one_shape(
    folder: Callable[[str], Path], calls: list[dict[str, Any]]
) -> None:
    """What waits longest comes first, with others of its shape; what is missing is filled up."""
    shapes = [(80, 80), (64, 256), (80, 80), (64, 256), (80, 80)]
    requests = [request(seed, shape=shape) for seed, shape in enumerate(shapes)]
    results = made(requests, folder(PIX2PIX), batch_size=2)
    seeds = [[each.initial_seed() for each in call["generator"]] for call in calls]
    assert seeds == [[0, 2], [1, 3], [4, 4]]
    assert [generated.shot.edits["seed"] for generated in results] == [0, 1, 2, 3, 4]
    assert [generated.shot.image.shape[1] for generated in results] == [64, 128, 64, 128, 64]


def test_a_bad_source_and_a_hidden_picture_do_not_harm_their_batch(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Corrupt(Item):
        def open(self) -> Any:
            raise ImageError("no picture")

    original = diffusers.StableDiffusionInstructPix2PixPipeline.__call__

    @functools.wraps(original)
    def hiding(self: Any, **arguments: Any) -> Any:
        output = original(self, **arguments)
        seeds = [each.initial_seed() for each in arguments["generator"]]
        output.nsfw_content_detected = [seed == 2 for seed in seeds]
        return output

    monkeypatch.setattr(diffusers.StableDiffusionInstructPix2PixPipeline, "__call__", hiding)
    corrupt = type(REQUESTS[0])(Corrupt(), REQUESTS[0].labels, "x", 0)

    async def run() -> list[Any]:
        diffusion = generator(folder(PIX2PIX), batch_size=3)
        requests = [corrupt, *REQUESTS[1:]]
        tasks = [diffusion.generate(each) for each in requests]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await diffusion.close()
        return results

    bad, first, hidden, last = asyncio.run(run())
    assert isinstance(bad, ImageError)
    assert isinstance(hidden, RefusedError)
    assert (first.shot.edits["seed"], last.shot.edits["seed"]) == (1, 3)


def test_a_batch_is_halved_where_memory_runs_out(
    folder: Callable[[str], Path],
    calls: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded = diffusers.StableDiffusionInstructPix2PixPipeline.__call__

    @functools.wraps(recorded)
    def small(self: Any, **arguments: Any) -> Any:
        if len(arguments["prompt"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return recorded(self, **arguments)

    monkeypatch.setattr(diffusers.StableDiffusionInstructPix2PixPipeline, "__call__", small)
    results = made(REQUESTS, folder(PIX2PIX), batch_size=4)
    assert [len(call["prompt"]) for call in calls] == [1, 1, 1, 1]
    assert np.array_equal(pictures(results), pictures(made(REQUESTS, folder(PIX2PIX))))
    words = capsys.readouterr().err
    assert "out of memory: going on with --batch_size 2" in words
    assert "out of memory: going on with --batch_size 1" in words


def test_out_of_memory(folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, **arguments: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    async def run() -> None:
        kind = diffusers.StableDiffusionInstructPix2PixPipeline
        fresh = generator(folder(PIX2PIX), steps=1)
        used = generator(folder(PIX2PIX), steps=1)
        await used.generate(request())
        with monkeypatch.context() as patch:
            patch.setattr(kind, "__call__", full)
            with pytest.raises(FatalError, match=r"out of memory on cpu.*--dtype bfloat16"):
                await fresh.generate(request())
            with pytest.raises(RetryableError, match="out of memory"):
                await used.generate(request())
        await used.generate(request())  # memory is there again
        await fresh.close()
        await used.close()

    asyncio.run(run())


def test_memory_that_runs_out_while_loading(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Any, *arguments: Any, **options: Any) -> Any:
        raise RuntimeError("MPS backend out of memory")

    monkeypatch.setattr(diffusers.DiffusionPipeline, "to", full)
    with pytest.raises(FatalError, match=r"out of memory.*--dtype bfloat16, a smaller --model"):
        made([request()], folder(PIX2PIX))


def test_an_error_of_the_pipeline_ends_the_run(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any, **arguments: Any) -> Any:
        raise TypeError("unexpected argument\nand more")

    monkeypatch.setattr(diffusers.StableDiffusionInstructPix2PixPipeline, "__call__", broken)
    words = rf"^{PIX2PIX} failed \(TypeError\): unexpected argument$"
    with pytest.raises(FatalError, match=words):
        made([request(), request()], folder(PIX2PIX))


def test_the_event_loop_runs_on_and_one_thread_works(folder: Callable[[str], Path]) -> None:
    threads: queue.SimpleQueue[str] = queue.SimpleQueue()

    async def run() -> int:
        diffusion = generator(folder(PIX2PIX), steps=10)
        task = asyncio.gather(*(diffusion.generate(request(opened=threads)) for _ in range(3)))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await task
        await diffusion.close()
        return ticks

    assert asyncio.run(run()) > 5
    assert [threads.get(), threads.get(), threads.get()] == ["diffusion_0"] * 3


def test_cancelling_and_closing_stop_at_the_next_step(folder: Callable[[str], Path]) -> None:
    async def run() -> float:
        diffusion = generator(folder(PIX2PIX), steps=900)
        started: queue.SimpleQueue[str] = queue.SimpleQueue()
        first = asyncio.create_task(diffusion.generate(request(opened=started)))
        second = asyncio.create_task(diffusion.generate(request(opened=started)))
        third = asyncio.create_task(diffusion.generate(request(opened=started)))
        await asyncio.to_thread(started.get, timeout=30.0)
        first.cancel()
        await asyncio.to_thread(started.get, timeout=5.0)  # the worker has left the first
        begun = time.perf_counter()
        await diffusion.close()
        for task in (second, third):
            with pytest.raises(FatalError, match="closed"):
                await task
        with pytest.raises(FatalError, match="closed"):
            await diffusion.generate(request())
        return time.perf_counter() - begun

    # 900 steps take about ten seconds.
    assert asyncio.run(run()) < 5.0
