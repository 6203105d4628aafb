"""Label vectors and the random streams of a run."""

from __future__ import annotations

import pytest

from proportrait.labels import ATTRIBUTES, KEYS, LabelVector, stream


def test_the_order_of_the_attributes_is_fixed() -> None:
    assert KEYS == ("lighting", "background", "attire", "expression", "framing", "sharpness")
    assert len({attribute.title for attribute in ATTRIBUTES}) == 6


def test_a_code_round_trips() -> None:
    for number in range(64):
        code = f"{number:06b}"
        assert LabelVector.from_code(code).code == code


def test_bits_are_found_and_replaced_by_name() -> None:
    vector = LabelVector.from_code("111101")
    assert vector["framing"] == 0
    assert vector.replace(framing=1, lighting=0).code == "011111"
    assert vector.code == "111101"
    assert LabelVector.of(["attire", "sharpness"]).code == "001001"


@pytest.mark.parametrize("code", ["", "11111", "1111111", "11111x", "111 11", "２11111"])
def test_a_wrong_code_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="6"):
        LabelVector.from_code(code)


def test_a_wrong_name_lists_the_right_ones() -> None:
    with pytest.raises(ValueError, match="lighting, background"):
        LabelVector.ones()["light"]
    with pytest.raises(ValueError, match="sharpness"):
        LabelVector.of(["blur"])


def test_streams_depend_on_every_name_and_on_nothing_else() -> None:
    draws = {
        names: stream(7, *names).random()
        for names in (("a", "b"), ("b", "a"), ("ab",), ("a",), ("a", "b", ""))
    }
    assert len(set(draws.values())) == len(draws)
    assert stream(7, "a", "b").random() == draws["a", "b"]
    assert stream(8, "a", "b").random() != draws["a", "b"]
