"""The order in which kinds are tried."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from proportrait.edit import background, expression, lighting
from proportrait.edit.chance import in_turn


def test_every_kind_comes_once_and_a_smaller_share_comes_first_less_often() -> None:
    first: Counter[str] = Counter()
    for seed in range(3000):
        order = in_turn(np.random.default_rng(seed), "abc", {"a": 0.5})
        assert sorted(order) == ["a", "b", "c"]
        first[order[0]] += 1
    assert [first[k] / 3000 for k in "abc"] == pytest.approx([0.2, 0.4, 0.4], abs=0.03)


def test_shares_name_kinds_that_there_are() -> None:
    lights = {*lighting.GOOD_LIGHTS, *lighting.BAD_LIGHTS}
    assert set(lighting.SHARES) < lights
    assert set(expression.SHARES) < set(expression.BAD_EXPRESSIONS)
    places = {*background.GOOD_BACKGROUNDS, *background.BAD_BACKGROUNDS, background.CROWD}
    assert set(background.SHARES) < places
