"""The flags of a diffusers pipeline."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

import pytest

from proportrait.commandline import parse
from proportrait.commands import generate
from proportrait.errors import ConfigurationError
from proportrait.generate.diffusion.options import DiffusionOptions, read

MODEL = "--model timbrooks/instruct-pix2pix"


def test_every_option_has_a_flag(hub_cache: Path) -> None:
    line = (
        f"{MODEL} --family sdxl --steps 20 --guidance 5 --strength .5 --size 768 "
        "--negative_prompt fog --batch_size 16 --lora a b --lora_scale .5 2 --upscaler x4 "
        "--upscaler_steps 9 --device cuda:1 --dtype float16 --offload group --quantize fp8 "
        "--variant fp16"
    )
    options = parse(generate, shlex.split(line))
    generate.settle(options)
    assert read(options) == DiffusionOptions(
        model="timbrooks/instruct-pix2pix",
        family="sdxl",
        steps=20,
        guidance=5.0,
        strength=0.5,
        size=768,
        negative_prompt="fog",
        batch_size=16,
        lora=("a", "b"),
        lora_scale=(0.5, 2.0),
        upscaler="x4",
        upscaler_steps=9,
        device="cuda:1",
        dtype="float16",
        offload="group",
        quantize="fp8",
        variant="fp16",
    )
    assert options.concurrency == 16  # a batch is made of the requests that wait


def test_without_flags_all_is_as_the_authors_recommend(hub_cache: Path) -> None:
    options = parse(generate, shlex.split(MODEL))
    generate.settle(options)
    assert read(options) == DiffusionOptions("timbrooks/instruct-pix2pix")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--mock --steps 4", "--steps: for a diffusers pipeline only"),
        ("--dtype float16 --batch_size 2", "--batch_size, --dtype: for a diffusers pipeline"),
        (f"{MODEL} --size 500", "--size 500 is not a multiple of 64"),
        (f"{MODEL} --dry_run --strength .5", "takes no --strength"),
    ],
)
def test_wrong_flags_are_found_at_once(line: str, words: str, hub_cache: Path) -> None:
    with pytest.raises(ConfigurationError, match=words):
        generate.settle(parse(generate, shlex.split(line)))


@pytest.mark.parametrize("flag", ["--steps 0", "--size x", "--offload disk", "--quantize int4"])
def test_values_out_of_range(flag: str) -> None:
    with pytest.raises(SystemExit):
        parse(generate, shlex.split(f"{MODEL} {flag}"))


def test_every_field_is_a_flag() -> None:
    names = {field.name for field in dataclasses.fields(DiffusionOptions)}
    assert names <= set(vars(parse(generate, [])))
