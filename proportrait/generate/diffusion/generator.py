"""The `diffusion` generator: an image-to-image pipeline of diffusers on the user's own machine."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps

from proportrait.arrays import Image
from proportrait.edit.shot import Shot
from proportrait.errors import (
    ConfigurationError,
    FatalError,
    ProPortraitError,
    RefusedError,
    RetryableError,
)
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.diffusion.families import SIZE_MULTIPLE, find_family
from proportrait.generate.diffusion.loading import (
    Placement,
    load_lora,
    load_pipeline,
    memory_advice,
    out_of_memory,
    require_extra,
)
from proportrait.generate.diffusion.upscale import find_upscaler
from proportrait.labels import stream

log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """Leaves a pipeline between two denoising steps: nobody waits for its picture any more."""


class DiffusionGenerator:
    """Pictures of a diffusion model that is given the source portrait and the prompt.

    One worker thread loads the model at the first request and makes one picture at a time, since
    neither a pipeline nor a GPU gains from two at once: concurrent requests wait in a queue. The
    same request with the same seed gives the same bytes on the same device and versions, whatever
    was made before it. Cancelling a request, or `close`, stops its picture at the next step.

    Args:
        model: id on the Hugging Face Hub, or a folder written by `save_pretrained`.
        family: a key of `FAMILIES`, for a model that does not tell.
        lora: a .safetensors file, a folder, an id of the Hub, or owner/name/file.safetensors.
        lora_scale: 0 is no effect, 1 the full one.
        upscaler: a key of `UPSCALERS`, an id, or a folder; None for none.
        upscaler_steps: denoising steps of the upscaler, from 1; None as published.
        steps: denoising steps, from 1; None takes the family's, as for the next four.
        guidance: weight of the prompt.
        image_guidance: weight of the reference, from 1; only for instruct-pix2pix.
        strength: share of the noise schedule that is run, (0, 1]; only for sdxl.
        size: px; the picture has the area of a square of this side and the source's aspect. A
            multiple of 64.
        negative_prompt: what to avoid; not for flux-kontext.
        device: auto (cuda, else mps, else cpu), cuda, cuda:N, mps, or cpu.
        dtype: auto (float32 on the CPU, else bfloat16 where it is supported), bfloat16, float16,
            or float32.
        cpu_offload: keep on the GPU only the part that is at work: slower, and fits more.

    Raises:
        ConfigurationError: an option that is wrong or does not go with the family, an unknown
            family, or the extra `diffusion` is not installed.
    """

    name = "diffusion"
    price_usd = 0.0

    def __init__(
        self,
        model: str,
        *,
        family: str | None = None,
        lora: str | None = None,
        lora_scale: float = 1.0,
        upscaler: str | None = None,
        upscaler_steps: int | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        image_guidance: float | None = None,
        strength: float | None = None,
        size: int | None = None,
        negative_prompt: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
        cpu_offload: bool = False,
    ) -> None:
        require_extra("torch", "diffusers", "transformers", "accelerate")
        if lora is not None:
            require_extra("peft")
        self._model = model
        self._family = find_family(model, family)
        self._placement = Placement(device, dtype, cpu_offload)
        self._lora, self._lora_scale = lora, lora_scale
        self._upscaler = find_upscaler(upscaler) if upscaler is not None else None
        self._size = self._family.size if size is None else size
        if self._size < SIZE_MULTIPLE or self._size % SIZE_MULTIPLE:
            raise ConfigurationError(f"size {size} is not a multiple of {SIZE_MULTIPLE} px")
        self._arguments = self._family.arguments(
            steps, guidance, image_guidance, strength, negative_prompt
        )
        self._upscaler_steps = upscaler_steps
        if self._upscaler is not None and upscaler_steps is None:
            self._upscaler_steps = self._upscaler[0].steps
        elif upscaler_steps is not None and (self._upscaler is None or upscaler_steps < 1):
            raise ConfigurationError(
                f"upscaler_steps {upscaler_steps}: they go with an upscaler and are 1 or more"
            )

        self._pipe: Any = None
        self._upscale_pipe: Any = None
        self._provenance: dict[str, Any] = {}
        self._failure: FatalError | None = None
        self._made = 0
        self._closed = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="diffusion")

    async def generate(self, request: GenerationRequest) -> Generated:
        """Make one picture in the worker thread; see `ImageGenerator.generate`.

        Raises:
            ImageError: the source portrait cannot be used.
            RefusedError: the model's safety checker hid the picture, or it came out as NaN.
            RetryableError: memory ran out, though an earlier picture was made.
            FatalError: the model, LoRA, or upscaler cannot be loaded or run, or memory ran out at
                the first picture.
        """
        if self._closed.is_set():
            raise FatalError("the diffusion generator is closed")
        stop = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, self._work, request, stop)
        except asyncio.CancelledError:
            stop.set()
            raise
        except _StoppedError:
            raise FatalError("the diffusion generator was closed at work") from None

    async def close(self) -> None:
        """Stop at the next denoising step and release the worker and the memory."""
        self._closed.set()
        await asyncio.to_thread(self._executor.shutdown)
        self._pipe = self._upscale_pipe = None
        _free_memory()

    def _work(self, request: GenerationRequest, stop: threading.Event) -> Generated:
        """Everything that takes time; runs in the worker thread."""
        self._check(stop)
        if self._failure is not None:
            raise self._failure
        portrait = request.item.open()
        try:
            if self._pipe is None:
                self._load()
            made = self._make(portrait.image, request, stop)
        except _StoppedError:
            raise
        except ProPortraitError as error:
            if isinstance(error, FatalError):
                self._failure = error
            raise
        except Exception as error:
            raise self._explained(error) from error
        self._made += 1
        return made

    def _load(self) -> None:
        import diffusers
        import torch

        # What it warns of for each picture stands in the record, and would tear the progress bar.
        diffusers.utils.logging.set_verbosity_error()
        self._placement = self._placement.resolve()
        family = self._family
        pipe, revision = load_pipeline(self._model, family.loader, self._placement, family.parts)
        if type(pipe).__name__ not in family.pipelines:
            raise FatalError(
                f"{self._model} is a {type(pipe).__name__}, not of the family {family.name}"
            )
        if self._lora is not None:
            load_lora(pipe, self._lora, self._lora_scale)
        if self._upscaler is not None:
            upscaler, model = self._upscaler
            self._upscale_pipe, _ = load_pipeline(
                model, upscaler.pipeline, self._placement, lambda folder: {}
            )
        self._pipe = pipe
        self._provenance = {
            "family": family.name,
            "pipeline": type(pipe).__name__,
            "revision": revision,
            "lora": self._lora and _public(self._lora),
            "lora_scale": self._lora_scale if self._lora else None,
            "upscaler": self._upscaler and _public(self._upscaler[1]),
            "upscaler_steps": self._upscaler_steps,
            "device": self._placement.device.partition(":")[0],
            "dtype": self._placement.dtype,
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        }

    def _make(self, source: Image, request: GenerationRequest, stop: threading.Event) -> Generated:
        height, width = source.shape[:2]
        canvas = self._family.canvas(width, height, self._size)
        # `fit` crops the few pixels by which the canvas has another aspect: no face is stretched.
        reference = PIL.ImageOps.fit(
            PIL.Image.fromarray(source), canvas, PIL.Image.Resampling.LANCZOS
        )
        image = self._call(
            self._pipe,
            stop,
            request.seed,
            prompt=request.prompt,
            image=reference,
            **self._arguments,
            **self._family.size_of_call(*canvas),
        )
        if self._upscaler is not None:
            image = self._call(
                self._upscale_pipe,
                stop,
                int(stream(request.seed, "upscale").integers(2**31)),
                prompt=request.prompt,
                image=PIL.Image.fromarray(image),
                num_inference_steps=self._upscaler_steps,
                guidance_scale=self._upscaler[0].guidance,
            )
        unread = self._unread(request.prompt)
        edits = {
            **self._provenance,
            "steps": self._arguments["num_inference_steps"],
            "guidance": self._arguments[self._family.guidance_argument],
            "image_guidance": self._arguments.get("image_guidance_scale"),
            "strength": self._arguments.get("strength"),
            "negative_prompt": self._arguments.get("negative_prompt"),
            "size": list(canvas),
            "seed": request.seed,
            "prompt_unread": unread or None,
        }
        shot = Shot(image, edits=edits)
        return Generated(shot, model=_public(self._model), unread_prompt=unread)

    def _call(self, pipe: Any, stop: threading.Event, seed: int, **arguments: Any) -> Image:
        """One run of a pipeline: RGB uint8 (H, W, 3)."""
        import torch

        self._check(stop)

        def at_step_end(pipe: Any, step: int, timestep: Any, tensors: Any) -> dict[str, Any]:
            self._check(stop)
            return {}

        # The upscalers still have the older of the two callbacks.
        if "callback_on_step_end" in inspect.signature(pipe.__call__).parameters:
            arguments["callback_on_step_end"] = at_step_end
        else:
            arguments["callback"] = lambda step, timestep, latents: self._check(stop)
        # Drawn on the CPU, so that the noise of a seed is the same on every device.
        generator = torch.Generator("cpu").manual_seed(seed)
        output = pipe(generator=generator, output_type="np", **arguments)
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise RefusedError("the safety checker of the model hid the picture")
        pixels = np.asarray(output.images[0], dtype=np.float32)
        if not np.isfinite(pixels).all():
            raise RefusedError(
                f"the model computed NaN in {self._placement.dtype}: try dtype float32"
            )
        image: Image = np.rint(pixels * 255.0).astype(np.uint8)
        return image

    def _check(self, stop: threading.Event) -> None:
        if stop.is_set() or self._closed.is_set():
            raise _StoppedError

    def _unread(self, prompt: str) -> str:
        """The end of a prompt that is too long for the model's text encoder; "" if it reads all."""
        if not self._family.clip_only:
            return ""
        tokenizer = self._pipe.tokenizer
        tokens = tokenizer(prompt).input_ids
        if len(tokens) <= tokenizer.model_max_length:
            return ""
        unread = str(tokenizer.decode(tokens[tokenizer.model_max_length - 1 : -1]))
        log.info("the model reads %d tokens, not: %s", tokenizer.model_max_length, unread)
        return unread

    def _explained(self, error: Exception) -> ProPortraitError:
        """What an error of the pipeline means for the run."""
        if not out_of_memory(error):
            self._failure = FatalError(
                f"{_public(self._model)} failed ({type(error).__name__}): {error}".splitlines()[0]
            )
            return self._failure
        _free_memory()
        advice = memory_advice(self._placement)
        if self._made:  # it did fit: something else has taken the memory for now
            return RetryableError(advice, retry_after=10.0)
        self._failure = FatalError(advice)
        return self._failure


def _public(model: str) -> str:
    """The name of a model for a record: of a path only its last part, which is nobody's home."""
    return Path(model).resolve().name if Path(model).exists() else model


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
