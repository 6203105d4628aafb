"""Super-resolution after the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import ConfigurationError
from proportrait.generate.diffusion.upscale import UPSCALERS, find_upscaler
from tests.generate.diffusion.runs import PIX2PIX, generator, made, request


@pytest.mark.parametrize(
    ("kind", "factor"),
    [("StableDiffusionUpscalePipeline", 4), ("StableDiffusionLatentUpscalePipeline", 2)],
)
def test_upscalers(kind: str, factor: int, folder: Callable[[str], Path]) -> None:
    """In a batch of two as one by one: the third request is filled up with itself."""
    requests = [request(1), request(2), request(1)]
    one, other, again = made(
        requests, folder(PIX2PIX), upscaler=str(folder(kind)), upscaler_steps=1, batch_size=2
    )
    assert one.shot.image.shape == (64 * factor, 64 * factor, 3)
    assert np.array_equal(one.shot.image, again.shot.image)
    assert not np.array_equal(one.shot.image, other.shot.image)
    assert one.shot.edits["upscaler"] == kind
    assert one.shot.edits["upscaler_steps"] == 1


@pytest.mark.parametrize("name", ["x4", "latent-x2", "latent x2"])
def test_upscaler_by_name(name: str) -> None:
    upscaler, model = find_upscaler(name)
    assert upscaler is UPSCALERS[name.replace(" ", "-")]
    assert find_upscaler(model) == (upscaler, model)


def test_an_editor_is_no_upscaler(folder: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigurationError, match="not of a known class"):
        generator(folder(PIX2PIX), upscaler=str(folder(PIX2PIX)))
