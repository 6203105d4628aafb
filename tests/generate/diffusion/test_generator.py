"""The diffusion generator on the real pipeline classes of diffusers, with tiny random weights."""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import queue
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("diffusers", reason="the extra 'diffusion' is not installed")
pytest.importorskip("peft", reason="the extra 'diffusion' is not installed")

import diffusers
import huggingface_hub
import torch

from proportrait.errors import ConfigurationError, FatalError, RefusedError, RetryableError
from proportrait.generate.base import Generated, GenerationRequest, Portrait
from proportrait.generate.diffusion.families import FAMILIES, find_family
from proportrait.generate.diffusion.generator import DiffusionGenerator
from proportrait.generate.diffusion.loading import Placement
from proportrait.generate.diffusion.upscale import UPSCALERS, find_upscaler
from proportrait.labels import LabelVector
from tests import tiny_pipelines

torch.set_num_threads(1)

PIX2PIX = "StableDiffusionInstructPix2PixPipeline"
FAMILY_OF = {
    "FluxKontextPipeline": "flux-kontext",
    "QwenImageEditPipeline": "qwen-image-edit",
    "StableDiffusionXLImg2ImgPipeline": "sdxl",
    PIX2PIX: "instruct-pix2pix",
}
OFFLINE_MODEL = "someone/tiny-pix2pix"


@dataclass(frozen=True)
class Item:
    source_id: str = "test:0"
    stem: str = "test_0"
    filename: str = "0.png"
    shape: tuple[int, int] = (80, 80)
    opened: queue.SimpleQueue[str] | None = None

    def open(self) -> Portrait:
        if self.opened is not None:
            self.opened.put(threading.current_thread().name)
        pixels = np.random.default_rng(0).integers(0, 256, (*self.shape, 3), dtype=np.uint8)
        return Portrait(self.source_id, pixels)


def request(seed: int = 1, prompt: str = "a suit", **item: Any) -> GenerationRequest:
    return GenerationRequest(Item(**item), LabelVector.ones(), prompt, seed)


def made(requests: list[GenerationRequest], model: Path | str, **options: Any) -> list[Generated]:
    """What one generator makes of requests that are all asked for at once."""

    async def run() -> list[Generated]:
        generator = DiffusionGenerator(str(model), **({"steps": 2, "size": 64} | options))
        try:
            return await asyncio.gather(*map(generator.generate, requests))
        finally:
            await generator.close()

    return asyncio.run(run())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny pipeline by its class, made once."""
    root = tmp_path_factory.mktemp("pipelines")

    @functools.cache
    def saved(kind: str) -> Path:
        return tiny_pipelines.save(tiny_pipelines.PIPELINES[kind], root / kind)

    return saved


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every call of an InstructPix2Pix pipeline."""
    seen: list[dict[str, Any]] = []
    kind = diffusers.StableDiffusionInstructPix2PixPipeline
    original = kind.__call__

    @functools.wraps(original)
    def recorded(self: Any, **arguments: Any) -> Any:
        seen.append(arguments)
        return original(self, **arguments)

    monkeypatch.setattr(kind, "__call__", recorded)
    return seen


@pytest.mark.parametrize("kind", FAMILY_OF)
def test_each_family_follows_seed_and_lora(
    kind: str, folder: Callable[[str], Path], tmp_path: Path
) -> None:
    first, other, again = made([request(1), request(2), request(1)], folder(kind))
    assert first.shot.image.shape == (64, 64, 3)
    assert first.shot.image.dtype == np.uint8
    assert first.shot.known == LabelVector.ones()
    assert first.model == kind  # the folder's name, not its path
    assert first.shot.edits["family"] == FAMILY_OF[kind]
    assert first.shot.edits["pipeline"] == kind
    assert (first.shot.edits["steps"], first.shot.edits["seed"]) == (2, 1)
    assert first.shot.edits["diffusers"] == diffusers.__version__
    assert np.array_equal(first.shot.image, again.shot.image)
    assert not np.array_equal(first.shot.image, other.shot.image)

    weights = tiny_pipelines.save_lora(tiny_pipelines.PIPELINES[kind], tmp_path)
    (styled,) = made([request(1)], folder(kind), lora=str(weights), lora_scale=4.0)
    assert not np.array_equal(first.shot.image, styled.shot.image)
    assert styled.shot.edits["lora"] == "pytorch_lora_weights.safetensors"
    assert styled.shot.edits["lora_scale"] == 4.0


def test_qwen_image_edit_plus_is_of_the_qwen_family(folder: Callable[[str], Path]) -> None:
    (picture,) = made([request()], folder("QwenImageEditPlusPipeline"), steps=1)
    assert picture.shot.edits["pipeline"] == "QwenImageEditPlusPipeline"
    assert picture.shot.edits["family"] == "qwen-image-edit"
    assert picture.shot.image.shape == (64, 64, 3)


def test_sdxl_base_is_loaded_as_image_to_image(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """The published base model names the text-to-image class in its model_index.json."""
    base = shutil.copytree(folder("StableDiffusionXLImg2ImgPipeline"), tmp_path / "base")
    index = base / "model_index.json"
    text = index.read_text().replace(
        "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLPipeline"
    )
    index.write_text(text)
    (picture,) = made([request()], base)
    assert picture.shot.edits["pipeline"] == "StableDiffusionXLImg2ImgPipeline"


def test_reference_and_prompt_matter_and_order_does_not(folder: Callable[[str], Path]) -> None:
    model = folder(PIX2PIX)
    requests = [request(1), request(2), request(1, prompt="a hat"), request(1, shape=(90, 100))]
    forward = [generated.shot.image for generated in made(requests, model)]
    backward = [generated.shot.image for generated in made(requests[::-1], model)][::-1]
    for one, two in zip(forward, backward, strict=True):
        assert np.array_equal(one, two)
    assert not np.array_equal(forward[0], forward[2])
    assert not np.array_equal(forward[0], forward[3])


@pytest.mark.parametrize(
    ("shape", "size", "canvas"),
    [
        ((512, 512), None, (512, 512)),
        ((1024, 1024), 256, (256, 256)),
        # 4:3 of the area 512^2: 443 x 591 px, to multiples of 64.
        ((400, 300), None, (448, 576)),
        ((100, 6400), 64, (512, 64)),
    ],
)
def test_the_canvas_keeps_the_aspect(
    shape: tuple[int, int], size: int | None, canvas: tuple[int, int]
) -> None:
    height, width = shape
    assert FAMILIES["instruct-pix2pix"].canvas(width, height, size) == canvas


def test_what_goes_into_the_call(
    folder: Callable[[str], Path], calls: list[dict[str, Any]]
) -> None:
    (generated,) = made(
        [request(7, shape=(200, 100))],
        folder(PIX2PIX),
        guidance=3.0,
        image_guidance=2.0,
        negative_prompt="fog",
    )
    (call,) = calls
    # 1:2 of the area 64^2 is 45 x 91 px, to multiples of 64.
    assert call["image"].size == (64, 64)
    assert call["prompt"] == "a suit"
    assert call["generator"].initial_seed() == 7
    assert call["generator"].device.type == "cpu"
    assert (call["guidance_scale"], call["image_guidance_scale"]) == (3.0, 2.0)
    assert call["negative_prompt"] == "fog"
    assert "strength" not in call
    assert generated.shot.edits["image_guidance"] == 2.0
    assert generated.shot.edits["size"] == [64, 64]


@pytest.mark.parametrize(
    ("kind", "factor"),
    [("StableDiffusionUpscalePipeline", 4), ("StableDiffusionLatentUpscalePipeline", 2)],
)
def test_upscalers(kind: str, factor: int, folder: Callable[[str], Path]) -> None:
    one, other, again = made(
        [request(1), request(2), request(1)],
        folder(PIX2PIX),
        upscaler=str(folder(kind)),
        upscaler_steps=2,
    )
    assert one.shot.image.shape == (64 * factor, 64 * factor, 3)
    assert np.array_equal(one.shot.image, again.shot.image)
    assert not np.array_equal(one.shot.image, other.shot.image)
    assert one.shot.edits["upscaler"] == kind
    assert one.shot.edits["upscaler_steps"] == 2


def test_a_prompt_that_is_too_long_is_said_so(folder: Callable[[str], Path]) -> None:
    # A word of one letter is one token here; 77 tokens are 75 words, a start, and an end.
    long = "x " * 75
    read, cut = made([request(prompt=long), request(prompt=long + "y z")], folder(PIX2PIX))
    assert (read.unread_prompt, read.shot.edits["prompt_unread"]) == ("", None)
    assert (cut.unread_prompt, cut.shot.edits["prompt_unread"]) == ("y z", "y z")
    assert np.array_equal(read.shot.image, cut.shot.image)


def test_a_precision_can_be_chosen(folder: Callable[[str], Path]) -> None:
    (full,) = made([request()], folder(PIX2PIX))
    (half,) = made([request()], folder(PIX2PIX), dtype="bfloat16")
    assert (full.shot.edits["dtype"], half.shot.edits["dtype"]) == ("float32", "bfloat16")
    assert not np.array_equal(full.shot.image, half.shot.image)


def test_a_hidden_picture_is_refused(tmp_path: Path) -> None:
    build = functools.partial(tiny_pipelines.instruct_pix2pix, checked=True)
    with pytest.raises(RefusedError, match="safety checker"):
        made([request()], tiny_pipelines.save(build, tmp_path))


def test_nan_is_refused(tmp_path: Path) -> None:
    def build() -> Any:
        pipe = tiny_pipelines.instruct_pix2pix()
        torch.nn.init.constant_(pipe.unet.conv_out.bias, float("nan"))
        return pipe

    with pytest.raises(RefusedError, match=r"NaN.*float32"):
        made([request()], tiny_pipelines.save(build, tmp_path))


def test_out_of_memory(folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, **arguments: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    async def run() -> None:
        kind = diffusers.StableDiffusionInstructPix2PixPipeline
        fresh = DiffusionGenerator(str(folder(PIX2PIX)), steps=1, size=64)
        used = DiffusionGenerator(str(folder(PIX2PIX)), steps=1, size=64)
        await used.generate(request())
        with monkeypatch.context() as patch:
            patch.setattr(kind, "__call__", full)
            with pytest.raises(FatalError, match="smaller size"):
                await fresh.generate(request())
            with pytest.raises(RetryableError, match="out of memory"):
                await used.generate(request())
        await used.generate(request())  # memory is there again
        await fresh.close()
        await used.close()

    asyncio.run(run())


def test_the_event_loop_runs_on_and_one_thread_works(folder: Callable[[str], Path]) -> None:
    threads: queue.SimpleQueue[str] = queue.SimpleQueue()

    async def run() -> int:
        generator = DiffusionGenerator(str(folder(PIX2PIX)), steps=40, size=64)
        task = asyncio.gather(*(generator.generate(request(opened=threads)) for _ in range(3)))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await task
        await generator.close()
        return ticks

    assert asyncio.run(run()) > 5
    assert [threads.get(), threads.get(), threads.get()] == ["diffusion_0"] * 3


def test_cancelling_and_closing_stop_at_the_next_step(folder: Callable[[str], Path]) -> None:
    async def run() -> float:
        generator = DiffusionGenerator(str(folder(PIX2PIX)), steps=900, size=64)
        started: queue.SimpleQueue[str] = queue.SimpleQueue()
        first = asyncio.create_task(generator.generate(request(opened=started)))
        second = asyncio.create_task(generator.generate(request(opened=started)))
        await asyncio.to_thread(started.get, timeout=30.0)
        first.cancel()
        await asyncio.to_thread(started.get, timeout=5.0)  # the worker has left the first
        begun = time.perf_counter()
        await generator.close()
        with pytest.raises(FatalError, match="closed"):
            await second
        with pytest.raises(FatalError, match="closed"):
            await generator.generate(request())
        return time.perf_counter() - begun

    # 900 steps take about ten seconds.
    assert asyncio.run(run()) < 5.0


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hub, and no network."""

    def no_network(self: Any, *arguments: Any, **options: Any) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", no_network)
    return tmp_path


def cached(model: str, source: Path, cache: Path) -> str:
    """Lay a folder into the cache as a download does; the commit."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = cache / f"models--{model.replace('/', '--')}"
    shutil.copytree(source, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    return commit


def test_a_cached_model_needs_no_network(folder: Callable[[str], Path], hub_cache: Path) -> None:
    model = "someone/no-family-in-this-name"
    commit = cached(model, folder(PIX2PIX), hub_cache)
    (generated,) = made([request()], model)
    assert generated.model == model
    assert generated.shot.edits["revision"] == commit


@pytest.mark.parametrize("offline", [False, True])
def test_a_model_that_is_not_here_is_said_at_once(
    offline: bool, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
    begun = time.perf_counter()
    with pytest.raises(FatalError, match=r"hf download") as caught:
        made([request(), request()], OFFLINE_MODEL)
    assert time.perf_counter() - begun < 5.0
    assert "\n" not in str(caught.value)
    assert OFFLINE_MODEL in str(caught.value)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (huggingface_hub.errors.GatedRepoError, "licence to be accepted"),
        (huggingface_hub.errors.RepositoryNotFoundError, "has no model"),
    ],
)
def test_what_the_hub_says_is_said(
    failure: type[Exception], words: str, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, *arguments: Any, **options: Any) -> None:
        raise failure.__new__(failure)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    with pytest.raises(FatalError, match=words):
        made([request()], OFFLINE_MODEL)


def test_a_damaged_model_is_fatal(folder: Callable[[str], Path], tmp_path: Path) -> None:
    damaged = shutil.copytree(folder(PIX2PIX), tmp_path / "damaged")
    weights = damaged / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(FatalError, match="could not be loaded"):
        made([request()], damaged)


def test_a_lora_of_another_model_is_fatal(folder: Callable[[str], Path], tmp_path: Path) -> None:
    weights = tiny_pipelines.save_lora(tiny_pipelines.flux_kontext, tmp_path)
    with pytest.raises(FatalError, match=r"LoRA .* does not fit"):
        made([request()], folder(PIX2PIX), lora=str(weights))


@pytest.mark.parametrize(
    ("model", "family"),
    [(family.example, name) for name, family in FAMILIES.items()]
    + [
        ("Qwen/Qwen-Image-Edit-2511", "qwen-image-edit"),
        ("diffusers/sdxl-instructpix2pix-768", "instruct-pix2pix"),
        ("stabilityai/stable-diffusion-xl-refiner-1.0", "sdxl"),
    ],
)
def test_family_by_name(model: str, family: str, hub_cache: Path) -> None:
    assert find_family(model).name == family


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "someone/unheard-of"}, "flux-kontext .*Qwen/Qwen-Image-Edit.*sdxl"),
        ({"model": "no/such/folder"}, "neither a folder nor an id"),
        ({"family": "sd3"}, "unknown family 'sd3'; the families are"),
        ({"strength": 0.5}, "instruct-pix2pix takes no strength"),
        ({"family": "flux-kontext", "image_guidance": 2.0}, "takes no image_guidance"),
        ({"family": "sdxl", "strength": 1.5}, "strength 1.5"),
        ({"family": "sdxl", "strength": 0.3, "steps": 3}, "no step would be run"),
        ({"steps": 0}, "no step would be run"),
        ({"upscaler": "x4", "upscaler_steps": 0}, "upscaler_steps 0"),
        ({"upscaler_steps": 5}, "go with an upscaler"),
        ({"guidance": -1.0}, "guidance is from 0"),
        ({"size": 100}, "multiple of 64"),
        ({"device": "tpu"}, "devices are auto"),
        ({"dtype": "int8"}, "dtypes are auto"),
        ({"device": "cpu", "cpu_offload": True}, "needs a GPU"),
        ({"upscaler": "x8"}, r"the upscalers are x4 \(.*latent-x2"),
        ({"upscaler": "someone/unheard-of"}, "not of a known class"),
    ],
)
def test_wrong_options(options: dict[str, Any], words: str, hub_cache: Path) -> None:
    with pytest.raises(ConfigurationError, match=words):
        DiffusionGenerator(**({"model": "timbrooks/instruct-pix2pix"} | options))


def test_a_folder_without_a_known_pipeline(folder: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no model_index\.json"):
        DiffusionGenerator(str(tmp_path))
    upscaler = folder("StableDiffusionUpscalePipeline")
    with pytest.raises(ConfigurationError, match="is a StableDiffusionUpscalePipeline"):
        DiffusionGenerator(str(upscaler))
    with pytest.raises(ConfigurationError, match="not of a known class"):
        DiffusionGenerator(str(folder(PIX2PIX)), upscaler=str(folder(PIX2PIX)))


@pytest.mark.parametrize("name", ["x4", "latent-x2", "latent x2"])
def test_upscaler_by_name(name: str) -> None:
    upscaler, model = find_upscaler(name)
    assert upscaler is UPSCALERS[name.replace(" ", "-")]
    assert find_upscaler(model) == (upscaler, model)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "diffusers" else find_spec(name, *rest),
    )
    with pytest.raises(ConfigurationError, match=r"pip install 'proportrait-gen\[diffusion\]'"):
        DiffusionGenerator("timbrooks/instruct-pix2pix")


@pytest.mark.parametrize(
    ("cuda", "bf16", "mps", "asked", "found"),
    [
        (False, False, False, Placement(), Placement("cpu", "float32")),
        (True, True, True, Placement(), Placement("cuda", "bfloat16")),
        (True, False, False, Placement(), Placement("cuda", "float16")),
        (False, False, True, Placement(), Placement("mps", "bfloat16")),
        (True, True, False, Placement("cpu"), Placement("cpu", "float32")),
        (True, True, False, Placement("cuda:1"), Placement("cuda:1", "bfloat16")),
        (True, True, False, Placement(dtype="float32"), Placement("cuda", "float32")),
        (True, True, False, Placement(cpu_offload=True), Placement("cuda", "bfloat16", True)),
        (False, False, False, Placement(cpu_offload=True), Placement("cpu", "float32", False)),
        (False, False, False, Placement("cuda"), None),
    ],
)
def test_placement(
    cuda: bool,
    bf16: bool,
    mps: bool,
    asked: Placement,
    found: Placement | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    if found is None:
        with pytest.raises(FatalError, match="sees no cuda device"):
            asked.resolve()
    else:
        assert asked.resolve() == found
