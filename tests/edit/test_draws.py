"""The order in which kinds are tried."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from proportrait.edit.draws import in_turn
from proportrait.edit.retouch.backgrounds import render
from proportrait.edit.retouch.lighting import relight
from proportrait.edit.synthesis import expressions


def test_every_kind_comes_once_and_a_smaller_share_comes_first_less_often() -> None:
    first: Counter[str] = Counter()
    for seed in range(3000):
        order = in_turn(np.random.default_rng(seed), "abc", {"a": 0.5})
        assert sorted(order) == ["a", "b", "c"]
        first[order[0]] += 1
    assert [first[k] / 3000 for k in "abc"] == pytest.approx([0.2, 0.4, 0.4], abs=0.03)


def test_shares_name_kinds_that_there_are() -> None:
    lights = {*relight.GOOD_LIGHTS, *relight.BAD_LIGHTS}
    assert set(relight.SHARES) < lights
    assert set(expressions.SHARES) < set(expressions.BAD_EXPRESSIONS)
    places = {*render.GOOD_BACKGROUNDS, *render.BAD_BACKGROUNDS, render.CROWD}
    assert set(render.SHARES) < places
