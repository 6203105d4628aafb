"""How one family of editing pipelines of diffusers is loaded and called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.errors import ConfigurationError

SIZE_MULTIPLE = 64  # px: 8 of the VAE times 8 of the UNets; the transformers need 16 or 32

# Never about a label: the generator always delivers good framing and sharpness, and a bad light,
# background, or expression may be what was asked for.
QUALITY_NEGATIVE = "blurry, low quality, deformed face, cropped head, watermark"


def size_of_reference(width: int, height: int) -> dict[str, Any]:
    """No arguments: the pipeline takes the size of the reference."""
    return {}


def width_and_height(width: int, height: int) -> dict[str, Any]:
    return {"width": width, "height": height}


def kontext_area(width: int, height: int) -> dict[str, Any]:
    """Without `max_area` it would scale to 1024 x 1024 px, and the reference to its own sizes."""
    return {"width": width, "height": height, "max_area": width * height, "_auto_resize": False}


def output_resolution(width: int, height: int) -> dict[str, Any]:
    """`output_resolution` is the side of a square of the area that the reference is scaled to."""
    side = round((width * height) ** 0.5)
    return {"width": width, "height": height, "output_resolution": side}


def no_parts(folder: str) -> dict[str, Any]:
    return {}


@functools.cache
def image_only_processor_class() -> Any:
    """The processor of Qwen2-VL without its video half, as a class.

    Editing a picture never uses the video processor, and that one alone needs torchvision.
    """
    import transformers

    class ImageOnlyProcessor(transformers.Qwen2VLProcessor):  # type: ignore[misc]
        def __init__(
            self, image_processor: Any, tokenizer: Any, chat_template: str | None = None
        ) -> None:
            super().__init__(image_processor, tokenizer, None, chat_template=chat_template)

    return ImageOnlyProcessor


def qwen_parts(folder: str) -> dict[str, Any]:
    return {"processor": image_only_processor_class().from_pretrained(Path(folder, "processor"))}


@dataclass(frozen=True)
class Family:
    """How one family of pipelines is loaded and called.

    Attributes:
        name: for options and records.
        pipelines: `_class_name` in the model_index.json of its models.
        keyword: regular expression that finds the family in the name of a model.
        example: a published model of the family.
        licence: of that model, in short.
        size: px; the picture has the area of a square of this side.
        steps: denoising steps that its authors recommend.
        guidance_argument: the argument of the call that takes the weight of the prompt.
        guidance: its recommended value.
        negative_prompt: what to avoid, or None where the family takes none.
        strength: share of the noise schedule that is run, (0, 1]; None where it takes none.
        image_guidance: weight of the reference picture; None where it takes none.
        loader: the class of diffusers that loads it, where model_index.json names another.
        size_arguments: the arguments of the call for a width and a height in px.
        batched: whether a call takes several prompts, each with a reference of its own.
        clip_only: whether CLIP alone reads the prompt, so that it ends after 77 tokens.
        parts: components to pass to `from_pretrained`, from the folder of the model.
    """

    name: str
    pipelines: tuple[str, ...]
    keyword: str
    example: str
    licence: str
    size: int
    steps: int
    guidance_argument: str
    guidance: float
    negative_prompt: str | None
    strength: float | None = None
    image_guidance: float | None = None
    loader: str = "DiffusionPipeline"
    size_arguments: Callable[[int, int], dict[str, Any]] = width_and_height
    batched: bool = False
    clip_only: bool = False
    parts: Callable[[str], dict[str, Any]] = no_parts

    def canvas(self, width: int, height: int, size: int | None = None) -> tuple[int, int]:
        """Width and height in px for a source of the given shape: its aspect, the family's area.

        Both are multiples of `SIZE_MULTIPLE`. `size` replaces the family's own.
        """
        area = (size or self.size) ** 2
        wide = (area * width / height) ** 0.5
        high = (area * height / width) ** 0.5
        return (
            max(round(wide / SIZE_MULTIPLE), 1) * SIZE_MULTIPLE,
            max(round(high / SIZE_MULTIPLE), 1) * SIZE_MULTIPLE,
        )

    def arguments(
        self,
        steps: int | None = None,
        guidance: float | None = None,
        image_guidance: float | None = None,
        strength: float | None = None,
        negative_prompt: str | None = None,
    ) -> dict[str, Any]:
        """The arguments that are the same in every call: the user's values, else the family's.

        Raises:
            ConfigurationError: a value out of range, or one that the family does not take.
        """
        chosen: dict[str, Any] = {}
        for flag, argument, value, default in (
            ("steps", "num_inference_steps", steps, self.steps),
            ("guidance", self.guidance_argument, guidance, self.guidance),
            ("image_guidance", "image_guidance_scale", image_guidance, self.image_guidance),
            ("strength", "strength", strength, self.strength),
            ("negative_prompt", "negative_prompt", negative_prompt, self.negative_prompt),
        ):
            if default is not None:
                chosen[argument] = default if value is None else value
            elif value is not None:
                raise ConfigurationError(f"the family {self.name} takes no --{flag}: leave it out")
        noise = chosen.get("strength", 1.0)
        if not 0.0 < noise <= 1.0:
            raise ConfigurationError(f"--strength {noise} is not above 0 and at most 1")
        if int(chosen["num_inference_steps"] * noise) < 1:
            raise ConfigurationError("--steps times --strength is under 1: no step would be run")
        if not chosen[self.guidance_argument] >= 0:
            raise ConfigurationError("--guidance is from 0")
        if not chosen.get("image_guidance_scale", 1.0) >= 1.0:
            raise ConfigurationError("--image_guidance is from 1")
        return chosen
