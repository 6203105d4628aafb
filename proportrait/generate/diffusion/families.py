"""The families of editing pipelines that the `diffusion` generator knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.generate.diffusion.family import (
    QUALITY_NEGATIVE,
    Family,
    kontext_area,
    output_resolution,
    qwen_parts,
    size_of_reference,
)

_GATED = "accept it on the model's page"

# Steps and guidance as the model cards and the documentation of diffusers recommend them. Of two
# families whose names a model's name holds, the first one counts.
FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="flux-kontext",
            pipelines=("FluxKontextPipeline",),
            keyword=r"kontext",
            example="black-forest-labs/FLUX.1-Kontext-dev",
            licence=f"FLUX.1 [dev] non-commercial licence; {_GATED}",
            size=1024,
            steps=28,
            guidance_argument="guidance_scale",
            guidance=2.5,
            negative_prompt=None,
            size_arguments=kontext_area,
            batched=True,
        ),
        Family(
            name="flux2-klein-base",
            pipelines=("Flux2KleinPipeline",),
            keyword=r"flux\.?2-klein-base",
            example="black-forest-labs/FLUX.2-klein-base-4B",
            licence=f"Apache-2.0 (4B); the 9B: FLUX non-commercial licence, {_GATED}",
            size=1024,
            steps=50,
            guidance_argument="guidance_scale",
            guidance=4.0,
            negative_prompt=None,
        ),
        Family(  # distilled: what it would take as guidance is learnt
            name="flux2-klein",
            pipelines=("Flux2KleinPipeline",),
            keyword=r"flux\.?2-klein",
            example="black-forest-labs/FLUX.2-klein-4B",
            licence=f"Apache-2.0 (4B); the 9B: FLUX non-commercial licence, {_GATED}",
            size=1024,
            steps=4,
            guidance_argument="guidance_scale",
            guidance=1.0,
            negative_prompt=None,
        ),
        Family(
            name="flux2",
            pipelines=("Flux2Pipeline",),
            keyword=r"flux\.?2-dev",
            example="black-forest-labs/FLUX.2-dev",
            licence=f"FLUX non-commercial licence; {_GATED}",
            size=1024,
            steps=50,
            guidance_argument="guidance_scale",
            guidance=4.0,
            negative_prompt=None,
        ),
        Family(
            name="qwen-image-2.1",
            pipelines=("QwenImage21Pipeline",),
            keyword=r"qwen-?image-?2\.1",
            example="Qwen/Qwen-Image-2.1",
            licence="Qwen Research Licence (non-commercial)",
            size=1024,
            steps=40,
            guidance_argument="true_cfg_scale",
            guidance=1.0,
            negative_prompt=" ",
            size_arguments=output_resolution,
        ),
        Family(  # 2509, 2511, and later
            name="qwen-image-edit-plus",
            pipelines=("QwenImageEditPlusPipeline",),
            keyword=r"qwen-?image-?edit-?(2[5-9]\d\d|plus)",
            example="Qwen/Qwen-Image-Edit-2511",
            licence="Apache-2.0",
            size=1024,
            steps=40,
            guidance_argument="true_cfg_scale",
            guidance=4.0,
            negative_prompt=" ",
            parts=qwen_parts,
        ),
        Family(
            name="qwen-image-edit",
            pipelines=("QwenImageEditPipeline",),
            keyword=r"qwen-?image-?edit",
            example="Qwen/Qwen-Image-Edit",
            licence="Apache-2.0",
            size=1024,
            steps=50,
            guidance_argument="true_cfg_scale",
            guidance=4.0,
            negative_prompt=" ",
            parts=qwen_parts,
        ),
        Family(
            name="sdxl-instruct-pix2pix",
            pipelines=("StableDiffusionXLInstructPix2PixPipeline",),
            keyword=r"(sdxl|xl).*pix2pix",
            example="diffusers/sdxl-instructpix2pix-768",
            licence="CreativeML OpenRAIL++-M",
            size=768,
            steps=30,
            guidance_argument="guidance_scale",
            guidance=3.0,
            negative_prompt=QUALITY_NEGATIVE,
            image_guidance=1.5,
            batched=True,
            clip_only=True,
        ),
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
            size_arguments=size_of_reference,
            batched=True,
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
            size_arguments=size_of_reference,
            batched=True,
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
            raise ConfigurationError(f"unknown --family {name!r}; {_choices()}")
        return FAMILIES[name]
    pipeline = pipeline_class_name(model)
    families = [family for family in FAMILIES.values() if pipeline in (None, *family.pipelines)]
    for family in families:
        if re.search(family.keyword, model.lower()):
            return family
    if pipeline is not None and families:
        return families[-1]
    what = f"is a {pipeline}" if pipeline else "does not tell its family"
    raise ConfigurationError(
        f"the model {model} {what}, which is none of the families of the diffusion generator; "
        f"{_choices()}; name the family of a fine-tuned model with --family"
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
                f"{model} holds no model_index.json: give --model a folder that save_pretrained "
                "of a diffusers pipeline wrote, or an id of the Hugging Face Hub"
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
