"""The families of image-to-image models that the `diffusion` generator knows."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.errors import ConfigurationError

SIZE_MULTIPLE = 64  # px: 8 of the VAE times 8 of the UNets; the transformers need 16

# Never about a label: the generator always delivers good framing and sharpness, and a bad light,
# background, or expression may be what was asked for.
QUALITY_NEGATIVE = "blurry, low quality, deformed face, cropped head, watermark"


def _no_parts(folder: str) -> dict[str, Any]:
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


def _qwen_parts(folder: str) -> dict[str, Any]:
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
        size_arguments: whether the call is told the size; the others take that of the reference.
        max_area: whether the call takes `max_area` and resizes the reference unless told not to.
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
    size_arguments: bool = False
    max_area: bool = False
    clip_only: bool = False
    parts: Callable[[str], dict[str, Any]] = _no_parts

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
        for argument, value, default in (
            ("num_inference_steps", steps, self.steps),
            (self.guidance_argument, guidance, self.guidance),
            ("image_guidance_scale", image_guidance, self.image_guidance),
            ("strength", strength, self.strength),
            ("negative_prompt", negative_prompt, self.negative_prompt),
        ):
            if default is not None:
                chosen[argument] = default if value is None else value
            elif value is not None:
                raise ConfigurationError(f"the family {self.name} takes no {argument}")
        noise = chosen.get("strength", 1.0)
        if not 0.0 < noise <= 1.0:
            raise ConfigurationError(f"strength {noise} is not above 0 and at most 1")
        if int(chosen["num_inference_steps"] * noise) < 1:
            raise ConfigurationError("steps times strength is under 1: no step would be run")
        if chosen[self.guidance_argument] < 0 or chosen.get("image_guidance_scale", 1.0) < 1.0:
            raise ConfigurationError("guidance is from 0, image guidance from 1")
        return chosen

    def size_of_call(self, width: int, height: int) -> dict[str, Any]:
        """The arguments that tell the call its size."""
        arguments: dict[str, Any] = {}
        if self.size_arguments:
            arguments |= {"width": width, "height": height}
        if self.max_area:
            arguments |= {"max_area": width * height, "_auto_resize": False}
        return arguments


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="flux-kontext",
            pipelines=("FluxKontextPipeline",),
            keyword=r"kontext",
            example="black-forest-labs/FLUX.1-Kontext-dev",
            licence="FLUX.1 [dev] non-commercial licence; accept it on the model's page",
            size=1024,
            steps=28,
            guidance_argument="guidance_scale",
            guidance=2.5,
            negative_prompt=None,
            size_arguments=True,
            max_area=True,
        ),
        Family(
            name="qwen-image-edit",
            pipelines=("QwenImageEditPipeline", "QwenImageEditPlusPipeline"),
            keyword=r"qwen-?image-?edit",
            example="Qwen/Qwen-Image-Edit",
            licence="Apache-2.0",
            size=1024,
            steps=50,
            guidance_argument="true_cfg_scale",
            guidance=4.0,
            negative_prompt=" ",
            size_arguments=True,
            parts=_qwen_parts,
        ),
        # Before SDXL: the name of a model may hold both words.
        Family(
            name="instruct-pix2pix",
            pipelines=("StableDiffusionInstructPix2PixPipeline",),
            keyword=r"pix2pix",
            example="timbrooks/instruct-pix2pix",
            licence="MIT, on weights of Stable Diffusion 1.5 (CreativeML OpenRAIL-M)",
            size=512,
            steps=50,
            guidance_argument="guidance_scale",
            guidance=7.5,
            negative_prompt=QUALITY_NEGATIVE,
            image_guidance=1.5,
            clip_only=True,
        ),
        Family(
            name="sdxl",
            pipelines=("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline"),
            keyword=r"sdxl|stable-diffusion-xl|xl-base|xl-refiner",
            example="stabilityai/stable-diffusion-xl-base-1.0",
            licence="CreativeML OpenRAIL++-M",
            size=1024,
            steps=40,
            guidance_argument="guidance_scale",
            guidance=6.0,
            negative_prompt=QUALITY_NEGATIVE,
            strength=0.6,
            loader="StableDiffusionXLImg2ImgPipeline",
            clip_only=True,
        ),
    )
}


def find_family(model: str, name: str | None = None) -> Family:
    """The family of a model: named, or else read from its model_index.json, or from its name.

    Args:
        model: id on the Hugging Face Hub, or a folder written by `save_pretrained`.
        name: a key of `FAMILIES`, where the model does not tell.

    Raises:
        ConfigurationError: no such folder, or a family that is not known.
    """
    if name is not None:
        if name not in FAMILIES:
            raise ConfigurationError(f"unknown family {name!r}; {_choices()}")
        return FAMILIES[name]
    written = pipeline_class_name(model)
    for family in FAMILIES.values():
        if written in family.pipelines:
            return family
        if written is None and re.search(family.keyword, model.lower()):
            return family
    what = f"is a {written}" if written else "does not tell its family"
    raise ConfigurationError(
        f"the model {model} {what}, which is none of the families of the diffusion generator; "
        f"{_choices()}; or name the family of a fine-tuned model"
    )


def pipeline_class_name(model: str) -> str | None:
    """`_class_name` of a model's model_index.json, or None for a model that is not here yet.

    Looks at a local folder or at the cache of the Hub, and never at the network.

    Raises:
        ConfigurationError: no folder and no id of the Hub, or a folder without a pipeline.
    """
    from huggingface_hub import try_to_load_from_cache

    if Path(model).exists():
        index = Path(model, "model_index.json")
        if not index.is_file():
            raise ConfigurationError(
                f"{model} holds no model_index.json: give a folder that save_pretrained of a "
                "diffusers pipeline wrote, or an id of the Hugging Face Hub"
            )
    elif not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", model):
        raise ConfigurationError(
            f"{model} is neither a folder nor an id of the Hugging Face Hub (owner/name); "
            f"{_choices()}"
        )
    else:
        cached = try_to_load_from_cache(model, "model_index.json")
        if not isinstance(cached, str):
            return None
        index = Path(cached)
    try:
        name = json.loads(index.read_text(encoding="utf-8"))["_class_name"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{index} is damaged: it names no pipeline class") from error
    return str(name)


def _choices() -> str:
    listed = ", ".join(f"{family.name} ({family.example})" for family in FAMILIES.values())
    return f"the families are {listed}"
