"""Made features: one set of a few columns that tells the label, and one that tells nothing."""

from __future__ import annotations

import numpy as np

from proportrait.arrays import Float, Mask

NAMES = (*(f"telling:{i}" for i in range(4)), *(f"noise:{i}" for i in range(300)))


def features(count: int, seed: int = 0) -> tuple[Float, Mask]:
    """Features (count, 304) and labels: positive where the first two columns add up to above 0."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, len(NAMES))).astype(np.float32)
    return values, values[:, 0] + values[:, 1] > 0
