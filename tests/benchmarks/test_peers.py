"""The table of what other packages tell."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.labels.peers import Opinion, line

KNOWN = np.array([True, True, False, True, True])
GOOD = np.array([True, True, True, False])  # of the known ones
SCORES = np.array([0.9, 0.2, 0.0, np.nan, 0.5])


@pytest.mark.parametrize(
    ("passed", "kept", "found"),
    [(None, "-", "-"), ([1, 1, 0, 0, 0], "66.7%", "100.0%"), ([1, 0, 1, 0, 1], "33.3%", "0.0%")],
)
def test_a_row_counts_known_bits_alone(passed: list[int] | None, kept: str, found: str) -> None:
    """Of the pairs of a good and a bad one with a score, one is in order and one is not."""
    limit = None if passed is None else np.array(passed, bool)
    cells = line(Opinion("peer", "lighting", SCORES, limit), GOOD, KNOWN).split()
    assert cells == ["lighting", "peer", "3", "1", "0.500", kept, found]
