"""The options of the `diffusion` generator, and the flags that set them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from typing import Any

from proportrait.commandline import count
from proportrait.generate.diffusion.families import FAMILIES
from proportrait.generate.diffusion.placement import DTYPES, OFFLOADS, QUANTIZATIONS


@dataclass(frozen=True)
class DiffusionOptions:
    """What the `diffusion` generator runs, where, and how; each field has a flag of its name.

    Attributes:
        model: id on the Hugging Face Hub, or a folder written by `save_pretrained`.
        family: a key of `FAMILIES`, for a model that does not tell.
        steps: denoising steps, from 1; None takes the family's, as for the next five.
        guidance: weight of the prompt, from 0.
        image_guidance: weight of the reference, from 1; only for the families of InstructPix2Pix.
        strength: share of the noise schedule that is run, (0, 1]; only for sdxl.
        size: px, a multiple of 64; the picture has the area of a square of this side and the
            source's aspect.
        negative_prompt: what to avoid; the FLUX families take none.
        batch_size: pictures of one call of the pipeline, from 1.
        lora: .safetensors files, folders, ids of the Hub, or owner/name/file.safetensors.
        lora_scale: 0 is no effect, 1 the full one: one for all, or one each; empty is 1.
        upscaler: a key of `UPSCALERS`, an id, or a folder; None for none.
        upscaler_steps: denoising steps of the upscaler, from 1; None as published.
        device, dtype, offload, quantize: see `Placement`.
        variant: of the weights, such as "fp16"; None for those without one.
    """

    model: str
    family: str | None = None
    steps: int | None = None
    guidance: float | None = None
    image_guidance: float | None = None
    strength: float | None = None
    size: int | None = None
    negative_prompt: str | None = None
    batch_size: int = 1
    lora: tuple[str, ...] = ()
    lora_scale: tuple[float, ...] = ()
    upscaler: str | None = None
    upscaler_steps: int | None = None
    device: str = "auto"
    dtype: str = "auto"
    offload: str = "none"
    quantize: str = "none"
    variant: str | None = None


_OWN = [field for field in fields(DiffusionOptions) if field.name != "model"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of a diffusers pipeline, all but --model."""
    group = parser.add_argument_group(
        "a diffusers pipeline as the generator (--model)",
        "What is not given is as the authors of the model recommend: see docs/diffusion.md.",
    )

    def add(flag: str, **options: Any) -> None:
        name = flag.removeprefix("--")
        default = next(field.default for field in _OWN if field.name == name)
        group.add_argument(flag, default=default, **options)

    # fmt: off
    add("--family", metavar="NAME",
        help=f"of a model whose name does not tell it: {', '.join(FAMILIES)}")
    add("--steps", type=count, metavar="N", help="denoising steps: fewer are faster and rougher")
    add("--guidance", type=float, metavar="X",
        help="weight of the prompt: higher follows it more closely and looks less natural")
    add("--image_guidance", type=float, metavar="X",
        help="weight of the portrait, from 1 (InstructPix2Pix): higher keeps more of it")
    add("--strength", type=float, metavar="X",
        help="of the edit, above 0 to 1 (SDXL): lower keeps more of the portrait (default 0.6)")
    add("--size", type=count, metavar="PX",
        help="the picture has the area of a square of this side, a multiple of 64; smaller takes "
             "less memory (data sets get 512 px whatever it is)")
    add("--negative_prompt", metavar="TEXT", help="what to avoid (not for FLUX)")
    add("--batch_size", type=count, metavar="N",
        help="pictures at once on the GPU (default 1), for families that can; halved by itself "
             "where memory runs out")
    add("--lora", nargs="+", metavar="ID",
        help="LoRA weights: a .safetensors file, an id of the Hub, or owner/name/file.safetensors; "
             "several add up")
    add("--lora_scale", nargs="+", type=float, metavar="X",
        help="0 is no effect, 1 the full one (default 1): one for all, or one each")
    add("--upscaler", metavar="NAME", help="super-resolution afterwards: x4, latent-x2, or an id")
    add("--upscaler_steps", type=count, metavar="N", help="its denoising steps")
    add("--device", metavar="NAME",
        help="auto, cuda, cuda:N, mps, or cpu (default auto: cuda, else mps, else cpu)")
    add("--dtype", choices=DTYPES,
        help="precision (default auto: float32 on the CPU, else bfloat16, or float16 on a GPU "
             "without it); bfloat16 takes half the memory of float32")
    add("--offload", choices=OFFLOADS,
        help="keep in the memory of the GPU only the model, the group of layers, or the layer at "
             "work (default none): each takes less memory than the one before, and is slower")
    add("--quantize", choices=QUANTIZATIONS,
        help="fp8: weights of the denoising network in eight bits, half the memory of bfloat16")
    add("--variant", metavar="NAME", help="of the weights, where a model has several, such as fp16")
    # fmt: on


def read(options: argparse.Namespace) -> DiffusionOptions:
    """The options of a parser with the flags and --model."""
    values = {field.name: getattr(options, field.name) for field in _OWN}
    lists = {name: tuple(values[name]) for name in ("lora", "lora_scale")}
    return DiffusionOptions(options.model, **(values | lists))


def flags_given(options: argparse.Namespace) -> list[str]:
    """The flags of a pipeline that are not at their defaults."""
    return [f"--{field.name}" for field in _OWN if getattr(options, field.name) != field.default]
