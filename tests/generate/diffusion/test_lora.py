"""LoRA weights: where they come from, how strong they are, and those that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import ConfigurationError, FatalError
from proportrait.generate.diffusion.lora import matched_scales
from tests.generate.diffusion.runs import PIX2PIX, made, request

from tests import tiny_pipelines  # isort: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the tiny InstructPix2Pix."""
    root = tmp_path_factory.mktemp("lora")
    return tiny_pipelines.save_lora(tiny_pipelines.instruct_pix2pix, root)


def test_scales_and_several(folder: Callable[[str], Path], weights: Path) -> None:
    """A LoRA twice at .5 is the same one once at 1, and 0 is none at all."""
    model = folder(PIX2PIX)
    (plain,) = made([request()], model)
    (none,) = made([request()], model, lora=(str(weights),), lora_scale=(0.0,))
    (once,) = made([request()], model, lora=(str(weights.parent),))
    (twice,) = made([request()], model, lora=(str(weights), str(weights)), lora_scale=(0.5,))
    assert np.array_equal(plain.shot.image, none.shot.image)
    assert not np.array_equal(plain.shot.image, once.shot.image)
    difference = once.shot.image.astype(int) - twice.shot.image
    assert np.abs(difference).max() <= 1
    assert twice.shot.edits["lora"] == [weights.name] * 2
    assert twice.shot.edits["lora_scale"] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("loras", "scales", "matched"),
    [
        ((), (), ()),
        (("a",), (), (1.0,)),
        (("a", "b"), (0.5,), (0.5, 0.5)),
        (("a", "b"), (0.5, 2.0), (0.5, 2.0)),
        ((), (0.5,), None),
        (("a", "b", "c"), (0.5, 2.0), None),
    ],
)
def test_scales_match_loras(
    loras: tuple[str, ...], scales: tuple[float, ...], matched: tuple[float, ...] | None
) -> None:
    if matched is None:
        with pytest.raises(ConfigurationError, match=r"--lora_scale for . --lora"):
            matched_scales(loras, scales)
    else:
        assert matched_scales(loras, scales) == matched


def test_a_lora_of_another_model_is_fatal(
    folder: Callable[[str], Path], weights: Path, tmp_path: Path
) -> None:
    other = tiny_pipelines.save_lora(tiny_pipelines.flux_kontext, tmp_path)
    with pytest.raises(FatalError, match=r"--lora .* does not fit"):
        made([request()], folder(PIX2PIX), lora=(str(other),))


def test_a_folder_of_several_files_asks_for_one(
    folder: Callable[[str], Path], weights: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.safetensors").write_bytes(weights.read_bytes())
    with pytest.raises(FatalError, match=r"holds 2 .*: name one, such as --lora .*/a\.safetensors"):
        made([request()], folder(PIX2PIX), lora=(str(tmp_path),))


def test_a_lora_that_is_nowhere(folder: Callable[[str], Path]) -> None:
    with pytest.raises(FatalError, match="--lora weights is neither a file, a folder"):
        made([request()], folder(PIX2PIX), lora=("weights",))
