"""One call of a pipeline of diffusers: from prompts, references, and seeds to pictures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image

from proportrait.arrays import Image
from proportrait.errors import RefusedError


@dataclass(frozen=True)
class Input:
    """What a pipeline is given for one picture."""

    prompt: str
    image: PIL.Image.Image
    seed: int


def call(
    pipe: Any,
    inputs: list[Input],
    batch_size: int | None,
    check: Callable[[], None],
    **arguments: Any,
) -> list[Image | RefusedError]:
    """The picture of each input, RGB uint8 (H, W, 3), or why there is none.

    Args:
        pipe: a pipeline.
        inputs: at most `batch_size`, with references of one size.
        batch_size: pictures of the call; what is missing is filled up with the last input. None
            for a pipeline that would take a list of references as several of one picture.
        check: called before the call and after each denoising step; what it raises ends the call.
        arguments: the others of the call; `negative_prompt` is that of every picture.
    """
    import torch

    check()

    def at_step_end(pipe: Any, step: int, timestep: Any, tensors: Any) -> dict[str, Any]:
        check()
        return {}

    # Some pipelines still have the older of the two callbacks.
    if "callback_on_step_end" in inspect.signature(pipe.__call__).parameters:
        arguments["callback_on_step_end"] = at_step_end
    else:
        arguments["callback"] = lambda step, timestep, latents: check()
    padded = inputs + inputs[-1:] * ((batch_size or 1) - len(inputs))
    lists: dict[str, list[Any]] = {
        "prompt": [each.prompt for each in padded],
        "image": [each.image for each in padded],
        # Drawn on the CPU, so that the noise of a seed is the same on every device.
        "generator": [torch.Generator("cpu").manual_seed(each.seed) for each in padded],
    }
    if "negative_prompt" in arguments:
        lists["negative_prompt"] = [arguments.pop("negative_prompt")] * len(padded)
    given = lists if batch_size is not None else {key: each[0] for key, each in lists.items()}
    output = pipe(**given, **arguments, output_type="np")
    hidden = getattr(output, "nsfw_content_detected", None) or [False] * len(padded)
    return [
        _picture(np.asarray(pixels, dtype=np.float32), bool(is_hidden))
        for pixels, is_hidden in zip(output.images[: len(inputs)], hidden, strict=False)
    ]


def _picture(pixels: Any, is_hidden: bool) -> Image | RefusedError:
    """A picture of a pipeline, float32 [0, 1] (H, W, 3 or 4), as RGB uint8, or why not."""
    if is_hidden:
        return RefusedError("the safety checker of the model hid the picture")
    if not np.isfinite(pixels).all():
        return RefusedError("the model computed NaN: try --dtype float32, or bfloat16 on a GPU")
    if pixels.shape[2] == 4:  # of Qwen-Image-2.1, whose pictures may be transparent
        pixels = pixels[..., :3] * pixels[..., 3:] + (1.0 - pixels[..., 3:])
    image: Image = np.rint(pixels * 255.0).astype(np.uint8)
    return image
