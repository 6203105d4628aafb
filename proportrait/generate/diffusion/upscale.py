"""Super-resolution pipelines of diffusers, for the `diffusion` generator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proportrait.errors import ConfigurationError
from proportrait.generate.diffusion.families import pipeline_class_name


@dataclass(frozen=True)
class Upscaler:
    """How one super-resolution pipeline is called.

    Attributes:
        name: for options and records.
        pipeline: its class in diffusers.
        model: its published weights.
        licence: of those weights.
        steps: denoising steps, as published.
        guidance: weight of the prompt, as published; 0 leaves the prompt out.
    """

    name: str
    pipeline: str
    model: str
    licence: str
    steps: int
    guidance: float


UPSCALERS: dict[str, Upscaler] = {
    upscaler.name: upscaler
    for upscaler in (
        Upscaler(
            name="x4",
            pipeline="StableDiffusionUpscalePipeline",
            model="stabilityai/stable-diffusion-x4-upscaler",
            licence="CreativeML OpenRAIL++-M",
            steps=75,
            guidance=9.0,
        ),
        Upscaler(
            name="latent-x2",
            pipeline="StableDiffusionLatentUpscalePipeline",
            model="stabilityai/sd-x2-latent-upscaler",
            licence="CreativeML OpenRAIL++-M",
            steps=20,
            guidance=0.0,
        ),
    )
}


def find_upscaler(name: str) -> tuple[Upscaler, str]:
    """The upscaler of a name, and the model to load for it.

    Args:
        name: a key of `UPSCALERS` ("latent x2" does as well), the id of a model on the Hub, or a
            folder written by `save_pretrained`.

    Raises:
        ConfigurationError: no such upscaler; the message lists the choices.
    """
    short = "-".join(name.split())
    if short in UPSCALERS and not Path(name).exists():
        return UPSCALERS[short], UPSCALERS[short].model
    for upscaler in UPSCALERS.values():
        if name == upscaler.model:
            return upscaler, name
    listed = ", ".join(f"{upscaler.name} ({upscaler.model})" for upscaler in UPSCALERS.values())
    if Path(name).exists() or "/" in name:
        written = pipeline_class_name(name)
        for upscaler in UPSCALERS.values():
            if upscaler.pipeline == written:
                return upscaler, name
        raise ConfigurationError(
            f"the upscaler {name} is not of a known class ({written or 'it is not here yet'}); "
            f"the upscalers are {listed}"
        )
    raise ConfigurationError(f"unknown upscaler {name!r}; the upscalers are {listed}")
