"""One call of a pipeline: what it is given, and what is made of its pixels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import PIL.Image

from proportrait.errors import RefusedError
from proportrait.generate.diffusion.call import Input, call


def test_pixels_become_pictures() -> None:
    """Of float [0, 1] uint8; what is transparent is laid on white; NaN and the hidden go."""
    pixels = [np.full((1, 1, 4), 0.5), np.full((1, 1, 4), np.nan), np.zeros((1, 1, 4))]
    given: list[dict[str, Any]] = []

    class Pipe:
        def __call__(self, prompt: Any, image: Any, generator: Any, callback: Any, **more: Any):
            given.append({"prompt": prompt, "seeds": [g.initial_seed() for g in generator]} | more)
            return SimpleNamespace(images=pixels, nsfw_content_detected=[False, False, True])

    reference = PIL.Image.new("RGB", (1, 1))
    inputs = [Input("a", reference, 1), Input("b", reference, 2), Input("c", reference, 3)]
    half, nan, hidden = call(Pipe(), inputs, 4, lambda: None, negative_prompt="fog", strength=0.5)
    # .5 * .5 + (1 - .5) = .75, and .75 * 255 = 191.25.
    assert np.array_equal(half, np.full((1, 1, 3), 191, dtype=np.uint8))
    assert isinstance(nan, RefusedError)
    assert isinstance(hidden, RefusedError)
    assert given == [
        {
            "prompt": ["a", "b", "c", "c"],
            "seeds": [1, 2, 3, 3],
            "negative_prompt": ["fog"] * 4,
            "strength": 0.5,
            "output_type": "np",
        }
    ]
