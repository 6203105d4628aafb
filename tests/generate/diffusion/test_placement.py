"""Device, precision, offload, and what to do where memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from proportrait.errors import FatalError
from proportrait.generate.diffusion.placement import Placement
from tests.generate.diffusion.runs import PIX2PIX, made, request

import torch  # isort: skip
from tests import tiny_pipelines  # isort: skip


@pytest.mark.parametrize(
    ("cuda", "bf16", "mps", "given", "resolved"),
    [
        (False, False, False, Placement(), Placement("cpu", "float32")),
        (True, True, True, Placement(), Placement("cuda", "bfloat16")),
        (True, False, False, Placement(), Placement("cuda", "float16")),
        (False, False, True, Placement(), Placement("mps", "bfloat16")),
        (True, True, False, Placement("cpu"), Placement("cpu", "float32")),
        (True, True, False, Placement("cuda:1"), Placement("cuda:1", "bfloat16")),
        (True, True, False, Placement(dtype="float32"), Placement("cuda", "float32")),
        (True, True, False, Placement(offload="group"), Placement("cuda", "bfloat16", "group")),
        (False, False, False, Placement(offload="model"), Placement("cpu", "float32", "none")),
        (False, False, False, Placement("cuda"), None),
    ],
)
def test_resolve(
    cuda: bool,
    bf16: bool,
    mps: bool,
    given: Placement,
    resolved: Placement | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    if resolved is None:
        with pytest.raises(FatalError, match="sees no cuda device: try --device auto"):
            given.resolve()
    else:
        assert given.resolve() == resolved


@pytest.mark.parametrize(
    ("offload", "method", "arguments"),
    [
        ("none", "to", {}),
        ("model", "enable_model_cpu_offload", {"device": "cuda:1"}),
        ("sequential", "enable_sequential_cpu_offload", {"device": "cuda:1"}),
        (
            "group",
            "enable_group_offload",
            {
                "onload_device": torch.device("cuda:1"),
                "offload_type": "leaf_level",
                "use_stream": True,
            },
        ),
    ],
)
def test_offload_calls_what_diffusers_has(
    offload: str, method: str, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import diffusers

    calls: list[tuple[str, dict[str, Any]]] = []
    pipe = SimpleNamespace(
        **{method: lambda *words, **given: calls.append((method, given))}  # and nothing else
    )
    assert hasattr(diffusers.DiffusionPipeline, method)
    Placement("cuda:1", "bfloat16", offload).place(pipe)
    assert calls == [(method, arguments)]


@pytest.mark.parametrize("quantize", ["none", "fp8"])
def test_group_offload_changes_no_byte(quantize: str) -> None:
    """From the CPU to the CPU, as there is no GPU here."""
    torch.manual_seed(0)
    pipe = tiny_pipelines.instruct_pix2pix()
    pipe.set_progress_bar_config(disable=True)
    Placement("cpu", "float32", quantize=quantize).place(pipe)
    reference = np.zeros((1, 64, 64, 3), dtype=np.float32)

    def picture() -> Any:
        seed = torch.Generator().manual_seed(0)
        return pipe("x", reference, num_inference_steps=1, generator=seed, output_type="np").images

    before = picture()
    pipe.enable_group_offload(onload_device=torch.device("cpu"), offload_type="leaf_level")
    assert np.array_equal(before, picture())


def test_precisions(folder: Callable[[str], Path], tmp_path: Path) -> None:
    (full,) = made([request()], folder(PIX2PIX))
    (half,) = made([request()], folder(PIX2PIX), dtype="bfloat16")
    (eight,) = made([request()], folder(PIX2PIX), quantize="fp8")
    weights = tiny_pipelines.save_lora(tiny_pipelines.instruct_pix2pix, tmp_path)
    (styled,) = made([request()], folder(PIX2PIX), quantize="fp8", lora=(str(weights),))
    edits = [(made.shot.edits["dtype"], made.shot.edits["quantize"]) for made in (half, eight)]
    assert edits == [("bfloat16", "none"), ("float32", "fp8")]
    for other in (half, eight):
        assert not np.array_equal(full.shot.image, other.shot.image)
    assert not np.array_equal(eight.shot.image, styled.shot.image)


@pytest.mark.parametrize(
    ("placement", "size", "upscaler", "advice"),
    [
        (
            Placement("cuda", "bfloat16"),
            1024,
            True,
            "--offload model, --quantize fp8, no --upscaler, --size 768, a smaller --model",
        ),
        (
            Placement("cuda", "float32", "model", "fp8"),
            768,
            False,
            "--offload group, --dtype bfloat16, --size 576, a smaller --model",
        ),
        (Placement("cuda", "float16", "sequential", "fp8"), 512, False, "a smaller --model"),
        (Placement("cpu", "float32"), 512, False, "--dtype bfloat16, a smaller --model"),
    ],
)
def test_advice(placement: Placement, size: int, upscaler: bool, advice: str) -> None:
    assert placement.advice(size=size, upscaler=upscaler) == (
        f"out of memory on {placement.device} in {placement.dtype}: try {advice}"
    )
