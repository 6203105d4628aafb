"""Near-duplicates and bursts: the best of each is kept, the others are listed under it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Bits of 64 in which perceptual hashes differ at most: of copies, whenever they were taken, and of
# photos of one burst, which follow each other within so many seconds. Of 19,900 pairs of two made
# people in the same pose none lies within 6 bits, .35 % within 16.
COPY, BURST, SECONDS = 6, 16, 3.0


def leaders(hashes: Sequence[int], times: Sequence[float | None]) -> list[int]:
    """For each photo, the best first, the first one before it that it is alike, or itself.

    Only photos that lead a group are compared, so that no chain joins what differs.

    Args:
        hashes: perceptual hashes of 64 bits.
        times: when the photos were taken, s; None where it is unknown.
    """
    bits = np.array(hashes, np.uint64)
    seconds = np.array([np.nan if time is None else time for time in times])
    firsts: list[int] = []
    result = []
    for number in range(len(bits)):
        before = np.array(firsts, np.intp)
        distance = np.bitwise_count(bits[before] ^ bits[number])
        near = np.abs(seconds[before] - seconds[number]) <= SECONDS
        alike = np.flatnonzero((distance <= COPY) | (near & (distance <= BURST)))
        if len(alike):
            result.append(firsts[int(alike[0])])
        else:
            firsts.append(number)
            result.append(number)
    return result
