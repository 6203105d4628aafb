"""From a backbone's features and the scores of the measures to six logits, in numpy.

`proportrait.model.network` states the formula and learns its weights; this computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float

CLIP = 0.003  # a score as a share is clipped to [CLIP, 1 - CLIP] before its logit is taken


def head_logits(features: Float, scores: Float, state: Mapping[str, npt.NDArray[Any]]) -> Float:
    """Logits of N pictures, (N, 6) float32, before calibration.

    Args:
        features: (N, V, F) float32, of V views.
        scores: (N, 6) float32, [0, 100], NaN where an attribute could not be assessed: there the
            backbone decides alone.
        state: weights of a `HeadshotModel` by name.
    """
    kernel = state["heads.weight"].reshape(-1, *features.shape[1:]) * state["sees"]  # (6, V, F)
    logits = np.einsum("nvf,avf->na", features, kernel, optimize=True) + state["heads.bias"]
    available = ~np.isnan(scores)
    share = np.clip(np.where(available, scores / 100, 0.5), CLIP, 1 - CLIP)
    weight = state["shares"] * available
    return np.asarray((1 - weight) * logits + weight * np.log(share / (1 - share)), np.float32)
