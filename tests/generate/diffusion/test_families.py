"""Which family a model is of, and that each family's call is one that its pipelines take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proportrait.errors import ConfigurationError
from proportrait.generate.diffusion.families import FAMILIES, find_family
from tests import ROOT
from tests.generate.diffusion.runs import PIX2PIX

import diffusers  # isort: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_a_pipeline_takes_every_argument_of_its_family(name: str) -> None:
    family = FAMILIES[name]
    arguments = family.arguments() | family.size_arguments(64, 64)
    kinds = family.pipelines if family.loader == "DiffusionPipeline" else [family.loader]
    for kind in kinds:
        taken = inspect.signature(getattr(diffusers, kind).__call__).parameters
        assert {*arguments, "prompt", "image", "generator", "output_type"} <= set(taken)
        assert {"callback_on_step_end", "callback"} & set(taken)


def test_every_editing_pipeline_of_flux_and_qwen_has_a_family() -> None:
    """Inpainting needs a mask; the KV one is FLUX.2 [klein] 9B for several references."""
    known = {kind for family in FAMILIES.values() for kind in family.pipelines}
    editors = {
        name
        for name in dir(diffusers)
        if name.endswith("Pipeline")
        and any(mark in name for mark in ("Kontext", "Flux2", "QwenImageEdit", "QwenImage21"))
        and "Inpaint" not in name
        and "Modular" not in name
    }
    assert editors - known == {"Flux2KleinKVPipeline"}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_page_has_the_facts(name: str) -> None:
    family = FAMILIES[name]
    page = (ROOT / "docs" / "diffusion.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` | `"))
    assert f"`{family.example}`" in row
    assert f"| {family.steps}, {family.guidance} |" in row
    assert row.endswith("| yes |") == family.batched


@pytest.mark.parametrize(
    ("model", "family"),
    [(family.example, name) for name, family in FAMILIES.items()]
    + [
        ("Qwen/Qwen-Image-Edit-2509", "qwen-image-edit-plus"),
        ("black-forest-labs/FLUX.2-klein-9B", "flux2-klein"),
        ("stabilityai/stable-diffusion-xl-refiner-1.0", "sdxl"),
    ],
)
def test_family_by_name(model: str, family: str, hub_cache: Path) -> None:
    assert find_family(model).name == family


@pytest.mark.parametrize(
    ("folder_name", "kind", "family"),
    [
        ("mine", "QwenImageEditPlusPipeline", "qwen-image-edit-plus"),
        # The class decides, and only between families of one class the name.
        ("qwen-image-edit", "QwenImageEditPlusPipeline", "qwen-image-edit-plus"),
        ("flux.2-klein-base-mine", "Flux2KleinPipeline", "flux2-klein-base"),
        ("mine", "Flux2KleinPipeline", "flux2-klein"),
    ],
)
def test_family_by_class(folder_name: str, kind: str, family: str, tmp_path: Path) -> None:
    model = tmp_path / folder_name
    model.mkdir()
    (model / "model_index.json").write_text(f'{{"_class_name": "{kind}"}}')
    assert find_family(str(model)).name == family


def test_a_folder_without_a_known_pipeline(folder: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no model_index\.json"):
        find_family(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"is a StableDiffusionUpscalePipeline.*--family"):
        find_family(str(folder("StableDiffusionUpscalePipeline")))
    assert find_family(str(folder(PIX2PIX))).name == "instruct-pix2pix"


@pytest.mark.parametrize(
    ("shape", "size", "canvas"),
    [
        ((512, 512), None, (512, 512)),
        ((1024, 1024), 256, (256, 256)),
        # 4:3 of the area 512^2: 443 x 591 px, to multiples of 64.
        ((400, 300), None, (448, 576)),
        ((100, 6400), 64, (512, 64)),
    ],
)
def test_the_canvas_keeps_the_aspect(
    shape: tuple[int, int], size: int | None, canvas: tuple[int, int]
) -> None:
    height, width = shape
    assert FAMILIES["instruct-pix2pix"].canvas(width, height, size) == canvas


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("instruct-pix2pix", {}),
        ("sdxl-instruct-pix2pix", {"width": 512, "height": 128}),
        ("flux2", {"width": 512, "height": 128}),
        (
            "flux-kontext",
            {"width": 512, "height": 128, "max_area": 512 * 128, "_auto_resize": False},
        ),
        # A square of the area of 512 x 128 px has a side of 256 px.
        ("qwen-image-2.1", {"width": 512, "height": 128, "output_resolution": 256}),
    ],
)
def test_how_a_call_is_told_its_size(name: str, arguments: dict[str, Any]) -> None:
    assert FAMILIES[name].size_arguments(512, 128) == arguments
