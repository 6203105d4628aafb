"""Tiny pipelines, and a Hub without a network."""

from __future__ import annotations

import functools
import gc
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from proportrait.model.compat import mend_torchvision

mend_torchvision()  # or else the import of peft fails, and the tests would all be skipped


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny pipeline by its class, made once."""
    from tests import tiny_pipelines

    root = tmp_path_factory.mktemp("pipelines")

    @functools.cache
    def saved(kind: str) -> Path:
        return tiny_pipelines.save(tiny_pipelines.PIPELINES[kind], root / kind)

    return saved


@pytest.fixture(scope="session", autouse=True)
def _small_references() -> Iterator[None]:
    """Qwen-Image-Edit scales the reference to 1024 x 1024 px whatever the size of the picture."""
    try:
        one, plus = (
            importlib.import_module(f"diffusers.pipelines.qwenimage.pipeline_qwenimage_{name}")
            for name in ("edit", "edit_plus")
        )
    except ImportError:  # the tests are skipped
        yield
        return
    whole = one.calculate_dimensions
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one, "calculate_dimensions", lambda area, ratio: whole(area / 64, ratio))
        patch.setattr(plus, "VAE_IMAGE_SIZE", 128 * 128)
        yield


@pytest.fixture(scope="module", autouse=True)
def _quick_collections() -> Iterator[None]:
    """A generator that closes collects garbage: .2 s through all that torch and diffusers hold."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The arguments of every call of an InstructPix2Pix pipeline."""
    import diffusers

    arguments_of_calls: list[dict[str, Any]] = []
    kind = diffusers.StableDiffusionInstructPix2PixPipeline
    original = kind.__call__

    @functools.wraps(original)
    def recorded(self: Any, **arguments: Any) -> Any:
        arguments_of_calls.append(arguments)
        return original(self, **arguments)

    monkeypatch.setattr(kind, "__call__", recorded)
    return arguments_of_calls


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hub, and no network."""

    def no_network(self: Any, *arguments: Any, **options: Any) -> None:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", no_network)
    return tmp_path
