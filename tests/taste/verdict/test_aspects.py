"""Every column belongs to one aspect, and every measure has words."""

from __future__ import annotations

import pytest

from proportrait.taste.extract import FACE, GEOMETRY, MEASURES, SETS
from proportrait.taste.features import COUNTS, column_names
from proportrait.taste.verdict.aspects import aspects


@pytest.mark.parametrize("count", COUNTS)
def test_every_column_is_in_one_aspect(count: int) -> None:
    names = column_names(count)
    columns = [column for _, own in aspects(names) for column in own]
    assert sorted(columns) == list(range(len(names)))


def test_every_measure_has_an_aspect_with_words() -> None:
    every = aspects(column_names(tuple(SETS)))
    named = {
        title for aspect, own in every if any(aspect.phrases.values()) for title in own.values()
    }
    expected = {*GEOMETRY, *(f"face.{name}" for name in FACE), *sum(MEASURES.values(), ())}
    assert expected <= named
    assert {f"verdicts.{key}" for key in ("lighting", "attire")} <= named


def test_what_a_network_sees_is_one_aspect_a_part() -> None:
    every = {aspect.name: own for aspect, own in aspects(("bust:0", "bust:1", "clip:0"))}
    assert every == {
        "head and shoulders": {0: "bust", 1: "bust"}, "what the network clip sees": {2: "clip"},
    }  # fmt: skip
