"""Near-duplicates and bursts: the best of each is kept, the others are listed under it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proportrait.arrays import Double, Mask

# Bits of 64 in which perceptual hashes differ at most: of copies, whenever they were taken, and of
# photos of one burst, which follow each other within so many seconds. Of 19,900 pairs of two made
# people in the same pose none lies within 6 bits, .35 % within 16.
COPY, BURST, SECONDS = 6, 16, 3.0

Bits = np.ndarray[tuple[int], np.dtype[np.uint64]]


def leaders(hashes: Sequence[int], times: Sequence[float | None]) -> list[int]:
    """For each photo, the best first, the first one before it that it is alike, or itself.

    Only photos that lead a group are compared, so that no chain joins what differs.

    Args:
        hashes: perceptual hashes of 64 bits.
        times: when the photos were taken, s; None where it is unknown.
    """
    bits, seconds = np.array(hashes, np.uint64), np.array(times, np.float64)  # None is NaN
    result = np.arange(len(bits))
    rest = np.arange(len(bits))
    while len(rest):
        first = rest[0]
        alike = _alike(bits[first], seconds[first], bits[rest], seconds[rest])
        alike[0] = True
        result[rest[alike]] = first
        rest = rest[~alike]
    return result.tolist()


def likes(bits: Bits, seconds: Double, most: int = 500_000) -> list[list[int]] | None:
    """For each photo the others that it is alike; None where these are more than `most` in all.

    Args:
        bits: perceptual hashes (N,).
        seconds: when the photos were taken (N,), NaN where it is unknown.
        most: so many numbers are held in memory.
    """
    result: list[list[int]] = []
    for number, (own, time) in enumerate(zip(bits, seconds, strict=True)):
        alike = np.flatnonzero(_alike(own, time, bits, seconds)).tolist()
        most -= len(alike) - 1
        if most < 0:
            return None
        result.append([other for other in alike if other != number])
    return result


def leaders_by(order: Sequence[int], others: Sequence[Sequence[int]]) -> list[int]:
    """As `leaders`, for photos in any order, of which it is known what they are alike.

    Args:
        order: numbers of the photos, the best first.
        others: as `likes` gives them.

    Returns:
        For each photo, by its number, that of its leader.
    """
    result = [-1] * len(order)
    for number in order:
        if result[number] < 0:
            result[number] = number
            for other in others[number]:
                if result[other] < 0:
                    result[other] = number
    return result


def _alike(own: np.uint64, time: float, bits: Bits, seconds: Double) -> Mask:
    distance = np.bitwise_count(bits ^ own)
    near = np.abs(seconds - time) <= SECONDS
    return np.asarray((distance <= COPY) | (near & (distance <= BURST)))
