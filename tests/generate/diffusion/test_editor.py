"""Each family on the real pipeline class of diffusers, with tiny random weights."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proportrait.errors import ConfigurationError, RefusedError
from proportrait.generate.diffusion.families import FAMILIES
from proportrait.labels import LabelVector
from tests.generate.diffusion.runs import PIX2PIX, SDXL, generator, made, request

import diffusers  # isort: skip
import torch  # isort: skip
from tests import tiny_pipelines  # isort: skip

# flux2-klein-base is flux2-klein with other numbers.
FAMILY_OF = {
    family.pipelines[-1]: name for name, family in FAMILIES.items() if name != "flux2-klein-base"
}


@pytest.mark.parametrize("kind", FAMILY_OF)
def test_each_family_follows_seed_prompt_and_portrait(
    kind: str, folder: Callable[[str], Path]
) -> None:
    requests = [request(), request(2), request(prompt="a hat"), request(pixels=1), request()]
    first, *others, again = made(requests, folder(kind), guidance=2.0)
    assert first.shot.image.shape == (64, 64, 3)
    assert first.shot.image.dtype == np.uint8
    assert first.shot.known == LabelVector.ones()
    assert first.model == kind  # the folder's name, not its path
    edits = first.shot.edits
    assert (edits["family"], edits["pipeline"]) == (FAMILY_OF[kind], kind)
    assert (edits["steps"], edits["guidance"], edits["seed"]) == (2, 2.0, 1)
    assert edits["diffusers"] == diffusers.__version__
    assert np.array_equal(first.shot.image, again.shot.image)
    for other in others:
        assert not np.array_equal(first.shot.image, other.shot.image)


def test_the_refiner_of_sdxl_has_one_text_encoder(tmp_path: Path) -> None:
    long = "x " * 75 + "y z"
    first, other = made(
        [request(prompt=long), request(prompt="a hat")],
        tiny_pipelines.save(tiny_pipelines.sdxl_refiner, tmp_path),
        batch_size=2,
    )
    assert (first.unread_prompt, first.shot.edits["family"]) == ("y z", "sdxl")
    assert first.shot.edits["batch_size"] == 2
    assert not np.array_equal(first.shot.image, other.shot.image)


@pytest.mark.parametrize(
    "kind", ["FluxKontextPipeline", "Flux2KleinPipeline", "QwenImageEditPlusPipeline", SDXL]
)
def test_a_lora(kind: str, folder: Callable[[str], Path], tmp_path: Path) -> None:
    weights = tiny_pipelines.save_lora(tiny_pipelines.PIPELINES[kind], tmp_path)
    (plain,) = made([request()], folder(kind), steps=2)
    (styled,) = made([request()], folder(kind), steps=2, lora=(str(weights),), lora_scale=(4.0,))
    assert not np.array_equal(plain.shot.image, styled.shot.image)


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
    assert [image.size for image in call["image"]] == [(64, 64)]
    assert call["prompt"] == ["a suit"]
    (seed,) = call["generator"]
    assert (seed.initial_seed(), seed.device.type) == (7, "cpu")
    assert (call["guidance_scale"], call["image_guidance_scale"]) == (3.0, 2.0)
    assert call["negative_prompt"] == ["fog"]
    assert "strength" not in call
    assert generated.shot.edits["image_guidance"] == 2.0
    assert generated.shot.edits["size"] == [64, 64]


def test_a_prompt_that_is_too_long(folder: Callable[[str], Path]) -> None:
    # A word of one letter is one token here; 77 tokens are 75 words, a start, and an end.
    long = "x " * 75
    read, cut = made([request(prompt=long), request(prompt=long + "y z")], folder(PIX2PIX))
    assert (read.unread_prompt, read.shot.edits["prompt_unread"]) == ("", None)
    assert (cut.unread_prompt, cut.shot.edits["prompt_unread"]) == ("y z", "y z")
    assert np.array_equal(read.shot.image, cut.shot.image)


def test_a_hidden_picture_is_refused(tmp_path: Path) -> None:
    build = functools.partial(tiny_pipelines.instruct_pix2pix, checked=True)
    with pytest.raises(RefusedError, match="safety checker"):
        made([request()], tiny_pipelines.save(build, tmp_path))


def test_nan_is_refused(tmp_path: Path) -> None:
    def build() -> Any:
        pipe = tiny_pipelines.instruct_pix2pix()
        torch.nn.init.constant_(pipe.unet.conv_out.bias, float("nan"))
        return pipe

    with pytest.raises(RefusedError, match="NaN: try --dtype float32"):
        made([request()], tiny_pipelines.save(build, tmp_path))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "someone/unheard-of"}, "flux-kontext .*Qwen/Qwen-Image-Edit.*sdxl.*--family"),
        ({"model": "no/such/folder"}, "neither a folder nor an id"),
        ({"family": "sd3"}, "unknown --family 'sd3'; the families are"),
        ({"strength": 0.5}, "instruct-pix2pix takes no --strength"),
        ({"family": "flux-kontext", "image_guidance": 2.0}, "takes no --image_guidance"),
        ({"family": "flux2", "negative_prompt": "fog"}, "takes no --negative_prompt"),
        ({"family": "sdxl", "strength": 1.5}, "--strength 1.5"),
        ({"family": "sdxl", "strength": 0.3, "steps": 3}, "no step would be run"),
        ({"steps": 0}, "no step would be run"),
        ({"guidance": -1.0}, "--guidance is from 0"),
        ({"guidance": float("nan")}, "--guidance is from 0"),
        ({"image_guidance": 0.5}, "--image_guidance is from 1"),
        ({"size": 100}, "--size 100 is not a multiple of 64"),
        ({"device": "tpu"}, "--device 'tpu'; the devices are auto"),
        ({"dtype": "int8"}, "unknown --dtype 'int8'; auto, bfloat16"),
        ({"offload": "disk"}, "unknown --offload 'disk'; none, model, group, sequential"),
        ({"device": "cpu", "offload": "model"}, "--offload needs a GPU"),
        ({"family": "flux2", "batch_size": 2}, "takes one portrait a call.*sdxl"),
        ({"upscaler": "x8"}, r"the upscalers are x4 \(.*latent-x2"),
        ({"upscaler": "someone/unheard-of"}, "not of a known class"),
        ({"upscaler": "x4", "upscaler_steps": 0}, "--upscaler_steps 0"),
        ({"upscaler_steps": 5}, "go with --upscaler"),
        ({"lora_scale": (1.0,)}, "--lora_scale for 0 --lora"),
    ],
)
def test_wrong_options(options: dict[str, Any], words: str, hub_cache: Path) -> None:
    """They are found before a model is looked for."""
    with pytest.raises(ConfigurationError, match=words):
        generator(**({"model": "timbrooks/instruct-pix2pix"} | options))
