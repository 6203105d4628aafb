from __future__ import annotations

import numpy as np
import pytest

from proportrait.rank.bursts import BURST, COPY, SECONDS, leaders, leaders_by, likes


def bits(count: int) -> int:
    """A hash with so many bits."""
    return (1 << count) - 1


@pytest.mark.parametrize(
    ("distance", "gap", "alike"),
    [
        (COPY, None, True),
        (COPY + 1, None, False),
        (COPY, 9000.0, True),
        (BURST, SECONDS, True),
        (BURST, -SECONDS, True),
        (BURST, SECONDS + 0.1, False),
        (BURST + 1, 0.0, False),
    ],
)
def test_two_photos(distance: int, gap: float | None, alike: bool) -> None:
    times = [None, None] if gap is None else [1e9, 1e9 + gap]
    assert leaders([0, bits(distance)], times) == [0, 0 if alike else 1]


def test_a_photo_joins_the_best_that_it_is_alike_and_no_chain_joins_what_differs() -> None:
    # 0 and 6 bits are alike, 6 and 12 too, 0 and 12 are not; all 64 bits count.
    hashes = [0, bits(COPY), bits(2 * COPY), 1 << 63]
    assert leaders(hashes, [None] * 4) == [0, 0, 2, 0]


def test_nothing() -> None:
    assert leaders([], []) == []


def test_groups_are_those_of_a_loop_over_every_pair() -> None:
    rng = np.random.default_rng(0)
    hashes = [int(value) for value in rng.integers(0, 1 << 16, 60)]
    expected: list[int] = []
    for number, value in enumerate(hashes):
        firsts = [i for i in dict.fromkeys(expected) if (hashes[i] ^ value).bit_count() <= COPY]
        expected.append(firsts[0] if firsts else number)
    assert 1 < len(set(expected)) < 60
    assert leaders(hashes, [None] * 60) == expected


def test_a_ranking_anew_gives_the_same_groups() -> None:
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 1 << 16, 60).astype(np.uint64)
    times = np.where(rng.random(60) < 0.5, np.nan, rng.uniform(0, 30, 60))
    others = likes(hashes, times)
    assert others is not None
    assert likes(hashes, times, most=sum(map(len, others)) - 1) is None
    for _ in range(3):
        order = rng.permutation(60).tolist()
        first = leaders(hashes[order].tolist(), times[order].tolist())
        expected = {number: order[place] for number, place in zip(order, first, strict=True)}
        assert dict(enumerate(leaders_by(order, others))) == expected
