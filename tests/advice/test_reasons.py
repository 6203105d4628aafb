"""Reasons of verdicts, on looks whose measures are written down by hand."""

from __future__ import annotations

from typing import Any

import pytest

from proportrait.advice import disagreements, faults, reasons
from proportrait.advice import evidence as evidences
from proportrait.advice import reason as module
from proportrait.advice.evidence import Evidence, table
from proportrait.advice.faults import FAULTS, UNNAMED
from proportrait.labels import KEYS
from proportrait.looks.look import Look
from proportrait.measures import NAMES, Measure, Unassessed

GOOD = dict.fromkeys(KEYS, 1)


def looked(**values: float | None) -> Look:
    """A look with measures such as framing__HeadSize=0.3; None is one that could not be taken."""
    measures: dict[str, dict[str, Measure | Unassessed]] = {}
    for place, value in values.items():
        key, name = place.split("__")
        entry = Unassessed(name, "") if value is None else Measure(name, value, "u", 50, "middle")
        measures.setdefault(key, {})[name] = entry
    return Look(size=(512, 512), measures=measures)


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every measure of a fault: from 1 to 2 is usual, each unit beyond costs log odds of 1."""
    curve = Evidence((-9.0, 1.0, 2.0, 12.0), (10.0, 0.0, 0.0, 10.0), 1.0, 2.0)
    rows = {(fault.attribute, fault.measure): curve for fault in FAULTS}
    monkeypatch.setattr(module, "table", lambda: rows)


def test_an_evidence_costs_by_its_curve_and_nothing_within_the_range() -> None:
    row = Evidence((0.0, 1.0, 3.0), (4.0, 0.0, 2.0), 1.0, 2.0)
    assert [row.cost(value) for value in (-1, 0.5, 1, 2, 3, 9)] == [4, 2, 0, 0, 2, 2]
    assert [row.side(value) for value in (0.9, 1, 2, 2.1)] == [-1, 0, 0, 1]
    assert row.cost(float("nan")) == 0


def test_the_worst_fault_of_a_failed_attribute_comes_first() -> None:
    look = looked(framing__HeadSize=5.0, framing__HorizontalOffset=-4.0, lighting__TopLight=9.0)
    first, second = reasons(look, GOOD | {"framing": 0}, {})
    assert (first.attribute, first.measure, first.weight) == ("framing", "framing.HeadSize", 3)
    assert (first.value, first.unit, first.low, first.high) == (5.0, "u", 1.0, 2.0)
    # Of a measure with sides the amount is held against the range, and the side is told.
    assert second.text == "the face is 400 % of the picture's width left of the centre"
    assert (second.value, second.low, second.high) == (-4.0, -2.0, 2.0)
    assert reasons(look, GOOD, {}) == ()


def test_of_a_family_only_one_fault_is_told() -> None:
    look = looked(sharpness__EyeDetail=-1.0, sharpness__ViewedDetail=-3.0)
    (reason,) = reasons(look, GOOD | {"sharpness": 0}, {})
    assert reason.measure == "sharpness.EyeDetail"  # the first of the table
    look = looked(
        sharpness__EyeDetail=-3.0, sharpness__DirectionalBlur=4.0, sharpness__SpectralCutoff=0.3
    )
    (reason,) = reasons(look, GOOD | {"sharpness": 0}, {})
    assert "in one direction" in reason.text
    look = looked(sharpness__CompressionArtifacts=2.6, sharpness__EyeDetail=-3.0)
    assert [r.measure for r in reasons(look, GOOD | {"sharpness": 0}, {})] == [
        "sharpness.CompressionArtifacts", "sharpness.EyeDetail",
    ]  # fmt: skip


def test_no_gaze_is_told_of_eyes_that_are_shut() -> None:
    open_, shut = (looked(expression__GazeAngle=9.0, expression__EyeOpenness=v) for v in (1.5, 0.1))
    failed = GOOD | {"expression": 0}
    assert [r.measure for r in reasons(open_, failed, {})] == ["expression.GazeAngle"]
    assert [r.text for r in reasons(shut, failed, {})] == ["the eyes are nearly closed"]


def test_where_no_measure_names_a_fault_that_is_said() -> None:
    verdicts: dict[str, int | None] = GOOD | {"lighting": 0, "attire": 0, "framing": None}
    light, clothes = reasons(looked(lighting__TopLight=None, lighting__SideLight=1.4), verdicts, {})
    assert light.text == (
        "the light on the face looks poor to the model, though no measure names the fault"
    )
    assert (light.measure, light.advice) == ("", UNNAMED["lighting"][1])
    assert clothes.text == "the clothes look casual to the model"
    assert set(clothes.to_json()) == {"attribute", "text", "advice"}


def test_a_rule_comes_before_all_measures() -> None:
    look = looked(framing__HeadSize=0.1, framing__PictureTilt=-20.0)
    first, *rest = reasons(look, GOOD | {"framing": 0}, {"framing": "not upright: turn it"})
    assert first.text == "not upright: turn it"
    assert [reason.measure for reason in rest] == ["framing.PictureTilt", "framing.HeadSize"]
    assert first.advice == "Straighten the picture until the head stands upright."
    (head,) = reasons(look, GOOD | {"framing": 0}, {"framing": "no head is found: it is cut off"})[
        :1
    ]
    assert head.advice.startswith("Face the camera")
    (people,) = reasons(look, GOOD | {"background": 0}, {"background": "2 people are as large"})
    assert "nobody else" in people.advice


def test_what_a_strong_measure_holds_against_a_good_verdict_is_told() -> None:
    look = looked(
        framing__HeadSize=4.4,
        lighting__SideLight=4.6,
        expression__GazeAngle=9.0,
    )
    found = disagreements(look, GOOD | {"expression": 0})
    assert [reason.measure for reason in found] == ["lighting.SideLight"]


def test_every_fault_can_be_told() -> None:
    """Each names a measure that there is, and has a sentence for any value."""
    everything = {name: 0.5 for name in NAMES}
    for fault in FAULTS:
        assert fault.measure in NAMES
        for values in ({}, everything):
            for value in (-30.0, -0.01, 0.0, 0.4, 1.7, 90.0):
                text = fault.sentence(value, values)
                assert not text[0].isupper()
                assert not text.endswith(".")
        assert fault.advice.endswith(".")
    assert set(UNNAMED) == set(KEYS)


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [(0.1, 0.5, "on the left"), (0.9, 0.1, "on the right"), (0.5, 0.5, "around the head"),
     (0.6, 0.1, "around the head"), (0.5, 0.9, "beside the body")],
)  # fmt: skip
def test_clutter_has_a_place(x: float, y: float, place: str) -> None:
    (fault,) = (fault for fault in FAULTS if fault.measure == "background.BackgroundClutter")
    values: dict[str, Any] = {"background.ClutterX": x, "background.ClutterY": y}
    assert fault.sentence(3.0, values).endswith(place)


def test_light_from_one_side_is_told_as_a_ratio() -> None:
    assert faults._side_light(1.0, {"lighting.SideRatio": 1.2630}) == (
        "the right half of the face is 2.4 times brighter than the left"
    )
    assert faults._side_light(1.0, {"lighting.SideRatio": -4.0}) == (
        "the left half of the face is 16 times brighter than the right"
    )


def test_the_fitted_evidence_is_complete_and_in_order() -> None:
    rows = evidences.table()
    assert rows is table()
    assert set(rows) == {(fault.attribute, fault.measure) for fault in FAULTS}
    for row in rows.values():
        assert list(row.values) == sorted(row.values)
        assert len(row.values) == len(row.costs)
        assert min(row.costs) >= 0
        assert row.low < row.high


def test_large_pixels_are_not_called_blocks_of_compression() -> None:
    values = {"sharpness__CompressionArtifacts": 9.0, "sharpness__RepeatedPixels": 4.0}
    texts = [reason.text for reason in reasons(looked(**values), GOOD | {"sharpness": 0}, {})]
    assert len(texts) == 1
    assert texts[0].startswith("it was enlarged from a small picture")
    (reason,) = reasons(looked(sharpness__CompressionArtifacts=9.0), GOOD | {"sharpness": 0}, {})
    assert reason.text == "blocks of strong JPEG compression show"
