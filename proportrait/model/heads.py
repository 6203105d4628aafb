"""The heads that a backbone is trained with, in numpy.

`proportrait.model.network` learns their weights; this computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float


def head_logits(features: Float, state: Mapping[str, npt.NDArray[Any]]) -> Float:
    """Logits of N pictures, (N, 6) float32.

    Args:
        features: (N, V, F) float32, of the V views that the heads were trained with.
        state: weights of a `HeadshotModel` by name.
    """
    kernel = state["heads.weight"].reshape(-1, *features.shape[1:]) * state["sees"]  # (6, V, F)
    logits = np.einsum("nvf,avf->na", features, kernel, optimize=True) + state["heads.bias"]
    return np.asarray(logits, np.float32)
