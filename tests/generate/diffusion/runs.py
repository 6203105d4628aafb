"""Runs of the diffusion generator on tiny pipelines."""

from __future__ import annotations

import asyncio
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers", reason="the extra 'diffusion' is not installed")
pytest.importorskip("peft", reason="the extra 'diffusion' is not installed")

import torch

from proportrait.generate.base import Generated, GenerationRequest, Portrait
from proportrait.generate.diffusion.generator import DiffusionGenerator
from proportrait.generate.diffusion.options import DiffusionOptions
from proportrait.labels import LabelVector

torch.set_num_threads(1)

PIX2PIX = "StableDiffusionInstructPix2PixPipeline"
SDXL = "StableDiffusionXLImg2ImgPipeline"


@dataclass(frozen=True)
class Item:
    source_id: str = "test:0"
    stem: str = "test_0"
    filename: str = "0.png"
    shape: tuple[int, int] = (80, 80)
    pixels: int = 0
    opened: queue.SimpleQueue[str] | None = None

    def open(self) -> Portrait:
        if self.opened is not None:
            self.opened.put(threading.current_thread().name)
        rng = np.random.default_rng(self.pixels)
        return Portrait(self.source_id, rng.integers(0, 256, (*self.shape, 3), dtype=np.uint8))


def request(seed: int = 1, prompt: str = "a suit", **item: Any) -> GenerationRequest:
    return GenerationRequest(Item(**item), LabelVector.ones(), prompt, seed)


def generator(model: Path | str, **options: Any) -> DiffusionGenerator:
    return DiffusionGenerator(DiffusionOptions(str(model), **({"steps": 2, "size": 64} | options)))


def made(requests: list[GenerationRequest], model: Path | str, **options: Any) -> list[Generated]:
    """What one generator makes of requests that are all asked for at once."""

    async def run() -> list[Generated]:
        diffusion = generator(model, **options)
        try:
            return await asyncio.gather(*map(diffusion.generate, requests))
        finally:
            await diffusion.close()

    return asyncio.run(run())
