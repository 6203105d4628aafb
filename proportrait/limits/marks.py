"""Marks: probabilities on a scale on which every attribute passes at the same number."""

from __future__ import annotations

import numpy as np

PASS = 50  # the mark from which on an attribute is professional


def mark_of(probability: float, threshold: float) -> float:
    """The mark [0, 100]: 0 at a probability of 0, `PASS` at the threshold, 100 at 1, else linear.

    Args:
        threshold: the probability from which on the attribute passes, [0, 1).
    """
    return float(np.interp(probability, (0, threshold, 1), (0, PASS, 100)))


def probability_of(mark: float, threshold: float) -> float:
    """The probability of a mark; the inverse of `mark_of`."""
    return float(np.interp(mark, (0, PASS, 100), (0, threshold, 1)))
