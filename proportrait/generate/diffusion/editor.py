"""Pictures of a pipeline of diffusers; all but the checks of options runs in a worker thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageOps

from proportrait.arrays import Image
from proportrait.edit.shot import Shot
from proportrait.errors import ConfigurationError, FatalError, RefusedError
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.diffusion.call import Input, call
from proportrait.generate.diffusion.families import FAMILIES, find_family, pipeline_class_name
from proportrait.generate.diffusion.family import SIZE_MULTIPLE, no_parts
from proportrait.generate.diffusion.loading import (
    load_pipeline,
    pipeline_folder,
    require_extra,
    revision,
)
from proportrait.generate.diffusion.lora import load_loras, matched_scales
from proportrait.generate.diffusion.options import DiffusionOptions
from proportrait.generate.diffusion.placement import Placement
from proportrait.generate.diffusion.upscale import find_upscaler
from proportrait.labels import stream
from proportrait.model.compat import mend_torchvision

log = logging.getLogger(__name__)


class DiffusionEditor:
    """A pipeline, an upscaler if one was named, and how they are called.

    Raises:
        ConfigurationError: an option that is wrong or does not go with the family, an unknown
            family, or the extra `diffusion` is not installed.
    """

    def __init__(self, options: DiffusionOptions) -> None:
        require_extra("torch", "diffusers", "transformers", "accelerate")
        if options.lora:
            require_extra("peft")
        self._options = options
        self._scales = matched_scales(options.lora, options.lora_scale)
        self._placement = Placement(
            options.device, options.dtype, options.offload, options.quantize
        )
        self._family = find_family(options.model, options.family)
        self._size = self._family.size if options.size is None else options.size
        if self._size < SIZE_MULTIPLE or self._size % SIZE_MULTIPLE:
            raise ConfigurationError(f"--size {self._size} is not a multiple of {SIZE_MULTIPLE} px")
        self._arguments = self._family.arguments(
            options.steps,
            options.guidance,
            options.image_guidance,
            options.strength,
            options.negative_prompt,
        )
        if options.batch_size < 1 or (options.batch_size > 1 and not self._family.batched):
            able = ", ".join(family.name for family in FAMILIES.values() if family.batched)
            raise ConfigurationError(
                f"--batch_size {options.batch_size}: the family {self._family.name} takes one "
                f"portrait a call; leave it out (several take {able})"
            )
        self._upscaler = find_upscaler(options.upscaler) if options.upscaler is not None else None
        self._upscaler_steps = options.upscaler_steps
        if self._upscaler is not None and self._upscaler_steps is None:
            self._upscaler_steps = self._upscaler[0].steps
        elif self._upscaler_steps is not None and (
            self._upscaler is None or self._upscaler_steps < 1
        ):
            raise ConfigurationError(
                f"--upscaler_steps {self._upscaler_steps}: they go with --upscaler and are 1 or "
                "more"
            )
        self._pipe: Any = None
        self._upscale_pipe: Any = None
        self._provenance: dict[str, Any] = {}

    @property
    def is_loaded(self) -> bool:
        return self._pipe is not None

    @property
    def model(self) -> str:
        """The name of the model for a record: of a path only its last part."""
        return _public(self._options.model)

    def memory_advice(self) -> str:
        """What to do where a picture does not fit into the memory."""
        return self._placement.advice(size=self._size, upscaler=self._upscaler is not None)

    def canvas(self, image: Image) -> tuple[int, int]:
        """Width and height in px of the picture of a source (H, W, 3)."""
        height, width = image.shape[:2]
        return self._family.canvas(width, height, self._size)

    def load(self) -> None:
        """Load all that was named, and put it on its device.

        Raises:
            FatalError: something cannot be found or loaded, or is of another family.
        """
        mend_torchvision()  # transformers imports it, though nothing here uses it
        import diffusers
        import torch

        # What it warns of for each picture stands in the record, and would tear the progress bar.
        diffusers.utils.logging.set_verbosity_error()
        self._placement = self._placement.resolve()
        options, family, dtype = self._options, self._family, self._placement.dtype
        folder = pipeline_folder(options.model, options.variant)
        kind = pipeline_class_name(folder)
        if kind not in family.pipelines:
            others = [other.name for other in FAMILIES.values() if kind in other.pipelines]
            advice = f"try --family {' or '.join(others)}" if others else "name another --model"
            raise FatalError(f"{self.model} is a {kind}, not of the family {family.name}: {advice}")
        pipe = load_pipeline(folder, family.loader, dtype, family.parts, options.variant)
        if options.lora:
            load_loras(pipe, options.lora, self._scales)
        self._placement.place(pipe)
        if self._upscaler is not None:
            upscaler, model = self._upscaler
            self._upscale_pipe = load_pipeline(
                pipeline_folder(model), upscaler.pipeline, dtype, no_parts
            )
            self._placement.place(self._upscale_pipe)
        if options.batch_size > 1:  # the picture is what takes most: decode one by one
            for each in filter(None, (pipe, self._upscale_pipe)):
                each.vae.enable_slicing()
        self._pipe = pipe
        self._provenance = {
            "family": family.name,
            "pipeline": type(pipe).__name__,
            "revision": revision(folder),
            "variant": options.variant,
            "lora": [_public(lora) for lora in options.lora] or None,
            "lora_scale": list(self._scales) or None,
            "upscaler": self._upscaler and _public(self._upscaler[1]),
            "upscaler_steps": self._upscaler_steps,
            "device": self._placement.device.partition(":")[0],
            "dtype": dtype,
            "quantize": self._placement.quantize,
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
        }

    def unload(self) -> None:
        """Let go of the memory."""
        self._pipe = self._upscale_pipe = None

    def edit(
        self,
        requests: Sequence[tuple[GenerationRequest, Image]],
        batch_size: int,
        check: Callable[[], None],
    ) -> list[Generated | RefusedError]:
        """A picture of each request, in one call of the pipeline.

        Args:
            requests: with their sources (H, W, 3), all of one canvas; at most `batch_size`.
            batch_size: pictures of the call. What is missing is filled up with the last request:
                the bytes of a picture depend on the size of the batch, hardly on the others in it.
            check: called before the call and after each denoising step; what it raises ends the
                call.
        """
        canvas = self.canvas(requests[0][1])
        inputs = [
            # `fit` crops the few pixels by which the canvas has another aspect: no face is
            # stretched.
            Input(
                request.prompt,
                PIL.ImageOps.fit(PIL.Image.fromarray(source), canvas, PIL.Image.Resampling.LANCZOS),
                request.seed,
            )
            for request, source in requests
        ]
        images = call(
            self._pipe,
            inputs,
            batch_size if self._family.batched else None,
            check,
            **self._arguments,
            **self._family.size_arguments(*canvas),
        )
        if self._upscaler is not None:
            images = self._upscaled(inputs, images, batch_size, check)
        return [
            image
            if isinstance(image, RefusedError)
            else self._generated(request, image, canvas, batch_size)
            for (request, _), image in zip(requests, images, strict=True)
        ]

    def _upscaled(
        self,
        inputs: list[Input],
        images: list[Image | RefusedError],
        batch_size: int,
        check: Callable[[], None],
    ) -> list[Image | RefusedError]:
        assert self._upscaler is not None
        good = [
            Input(
                before.prompt,
                PIL.Image.fromarray(image),
                int(stream(before.seed, "upscale").integers(2**31)),
            )
            for before, image in zip(inputs, images, strict=True)
            if not isinstance(image, RefusedError)
        ]
        if not good:
            return images
        large = iter(
            call(
                self._upscale_pipe,
                good,
                batch_size,
                check,
                num_inference_steps=self._upscaler_steps,
                guidance_scale=self._upscaler[0].guidance,
            )
        )
        return [image if isinstance(image, RefusedError) else next(large) for image in images]

    def _generated(
        self,
        request: GenerationRequest,
        image: Image,
        canvas: tuple[int, int],
        batch_size: int,
    ) -> Generated:
        unread = self._unread(request.prompt)
        edits = {
            **self._provenance,
            "steps": self._arguments["num_inference_steps"],
            "guidance": self._arguments[self._family.guidance_argument],
            "image_guidance": self._arguments.get("image_guidance_scale"),
            "strength": self._arguments.get("strength"),
            "negative_prompt": self._arguments.get("negative_prompt"),
            "size": list(canvas),
            "batch_size": batch_size,
            "seed": request.seed,
            "prompt_unread": unread or None,
        }
        return Generated(Shot(image, edits=edits), model=self.model, unread_prompt=unread)

    def _unread(self, prompt: str) -> str:
        """The end of a prompt that is too long for the model's text encoder; "" if it reads all."""
        if not self._family.clip_only:
            return ""
        tokenizer = self._pipe.tokenizer or self._pipe.tokenizer_2  # the SDXL refiner has no first
        tokens = tokenizer(prompt).input_ids
        if len(tokens) <= tokenizer.model_max_length:
            return ""
        unread = str(tokenizer.decode(tokens[tokenizer.model_max_length - 1 : -1]))
        log.info("the model reads %d tokens, not: %s", tokenizer.model_max_length, unread)
        return unread


def _public(model: str) -> str:
    """The name of a model for a record: of a path only its last part, which is nobody's home."""
    return Path(model).resolve().name if Path(model).exists() else model
