"""The games of the benchmark of explanations."""

from __future__ import annotations

import numpy as np

from benchmarks.advice.explanations import Trial, hottest, painted, report, shifted


def test_the_hottest_places_are_painted_over_from_their_surroundings() -> None:
    heat = np.zeros((20, 20), np.float32)
    heat[4:8, 5:15] = np.arange(1, 41).reshape(4, 10)
    mask = hottest(heat)
    assert mask.sum() == 40
    assert mask[4:8, 5:15].all()
    image = np.full((200, 200, 3), 80, np.uint8)
    image[46:74, 57:143] = 240
    result = painted(image, mask)
    assert np.array_equal(result[120:], image[120:])
    assert np.abs(result[50:70, 60:140].astype(int) - 80).max() < 40


def test_another_place_has_the_same_shape() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:4, :10] = True
    other = shifted(mask, np.random.default_rng(0))
    assert other.sum() == mask.sum()
    assert not (other & mask).any()


def test_a_map_that_beats_chance_passes() -> None:
    good = [
        Trial("attire", "network", 0.4, 0.1, True, 0.3),
        Trial("framing", "measure", 0.1, 0.0, None, 0.0),
    ]
    lines, passed = report(good)
    assert passed
    assert lines[-1].split() == ["network", "all", "1", "+0.400", "+0.100", "100%", "100%", "30%"]
    bad = [*good, Trial("attire", "network", -0.9, 0.1, False, 0.3)]
    assert not report(bad)[1]
