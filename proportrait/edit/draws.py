"""A random order of kinds, in which those that look more real come first more often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np


def in_turn(
    rng: np.random.Generator, kinds: Iterable[str], shares: Mapping[str, float]
) -> list[str]:
    """All kinds once, in random order: a kind of twice the share comes first twice as often.

    A kind that `shares` does not name has a share of 1.
    """
    names = list(kinds)
    weights = np.array([shares.get(name, 1.0) for name in names])
    order = rng.choice(len(names), len(names), replace=False, p=weights / weights.sum())
    return [names[i] for i in order]
