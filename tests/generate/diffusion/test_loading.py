"""Models that are here, that are not, and that are damaged: what the user is told to do."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from proportrait.errors import ConfigurationError, FatalError
from proportrait.generate.diffusion import editor
from tests.generate.diffusion.runs import PIX2PIX, SDXL, generator, made, request

import diffusers  # isort: skip
from tests import tiny_pipelines  # isort: skip

MODEL = "someone/tiny-pix2pix"


def cached(model: str, source: Path, cache: Path) -> str:
    """Lay a folder into the cache as a download does; the commit."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = cache / f"models--{model.replace('/', '--')}"
    shutil.copytree(source, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    return commit


def test_a_cached_model_needs_no_network(
    folder: Callable[[str], Path], hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a torchvision that fits torch: it is mended before transformers imports it."""
    mended: list[bool] = []
    monkeypatch.setattr(editor, "mend_torchvision", lambda: mended.append(True))
    model = "someone/no-family-in-this-name"
    commit = cached(model, folder(PIX2PIX), hub_cache)
    (generated,) = made([request()], model)
    assert generated.model == model
    assert generated.shot.edits["revision"] == commit
    assert mended == [True]


@pytest.mark.parametrize("offline", [False, True])
def test_a_model_that_is_not_here(
    offline: bool, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
    begun = time.perf_counter()
    with pytest.raises(FatalError, match=r"hf download.*folder of a model") as caught:
        made([request(), request()], MODEL)
    assert time.perf_counter() - begun < 5.0
    assert "\n" not in str(caught.value)
    assert MODEL in str(caught.value)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (huggingface_hub.errors.GatedRepoError, "licence to be accepted.*hf auth login"),
        (huggingface_hub.errors.RepositoryNotFoundError, "has no model"),
    ],
)
def test_what_the_hub_answers(
    failure: type[Exception], words: str, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, *arguments: Any, **options: Any) -> None:
        raise failure.__new__(failure)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", refuse)
    with pytest.raises(FatalError, match=words):
        made([request()], MODEL)


def test_a_damaged_model_is_fatal(folder: Callable[[str], Path], tmp_path: Path) -> None:
    damaged = shutil.copytree(folder(PIX2PIX), tmp_path / "damaged")
    weights = damaged / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(FatalError, match="could not be loaded"):
        made([request()], damaged)


def test_variants(folder: Callable[[str], Path], tmp_path: Path) -> None:
    build = tiny_pipelines.instruct_pix2pix
    half = tiny_pipelines.save(build, tmp_path / "half", variant="fp16")
    (picture,) = made([request()], half, variant="fp16")
    assert picture.shot.edits["variant"] == "fp16"
    with pytest.raises(FatalError, match="variant without a name: try --variant fp16"):
        made([request()], half)
    with pytest.raises(FatalError, match="variant fp16: try no --variant"):
        made([request()], folder(PIX2PIX), variant="fp16")


def test_a_variant_that_the_hub_does_not_have(
    hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> str:
        raise ValueError(f"the `variant={options['variant']}`, but no such files are available.")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *words, **options: None)
    monkeypatch.setattr(diffusers.DiffusionPipeline, "download", refuse)
    with pytest.raises(FatalError, match=r"no weights of that --variant: leave it out.*=fp16"):
        made([request()], MODEL, variant="fp16")


def test_a_package_that_a_model_needs(
    folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise ImportError("4-bit weights need bitsandbytes: pip install bitsandbytes\nand more")

    monkeypatch.setattr(diffusers.DiffusionPipeline, "from_pretrained", refuse)
    words = r"needs a package that is not installed: .*pip install bitsandbytes$"
    with pytest.raises(FatalError, match=words):
        made([request()], folder(PIX2PIX))


def test_pickled_weights_are_not_loaded(tmp_path: Path) -> None:
    build = tiny_pipelines.instruct_pix2pix
    pickled = tiny_pipelines.save(build, tmp_path, safe_serialization=False)
    for weights in pickled.rglob("*.safetensors"):  # transformers writes nothing else any more
        weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(FatalError, match=r"no \.safetensors weights.*could run code"):
        made([request()], pickled)


def test_a_model_of_another_family_names_its_own(folder: Callable[[str], Path]) -> None:
    with pytest.raises(FatalError, match="try --family instruct-pix2pix"):
        made([request()], folder(PIX2PIX), family="qwen-image-edit", size=64)


def test_sdxl_base_is_loaded_as_image_to_image(
    folder: Callable[[str], Path], tmp_path: Path
) -> None:
    """The published base model names the text-to-image class in its model_index.json."""
    base = shutil.copytree(folder(SDXL), tmp_path / "base")
    index = base / "model_index.json"
    parts = json.loads(index.read_text())
    index.write_text(json.dumps(parts | {"_class_name": "StableDiffusionXLPipeline"}))
    (picture,) = made([request()], base)
    assert picture.shot.edits["pipeline"] == SDXL


@pytest.mark.parametrize(("package", "options"), [("diffusers", {}), ("peft", {"lora": ("x",)})])
def test_without_the_extra(
    package: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == package else find_spec(name, *rest),
    )
    words = rf"needs {package}: pip install 'proportrait-gen\[diffusion\]'"
    with pytest.raises(ConfigurationError, match=words):
        generator("timbrooks/instruct-pix2pix", **options)
