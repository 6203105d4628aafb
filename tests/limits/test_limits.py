"""Limits of one's own: reading them, and what they make of verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.limits import PRESETS, Limit, Limits, Range
from proportrait.limits.marks import mark_of, probability_of
from proportrait.looks.look import Look
from proportrait.looks.rules import PLAINLY_BAD, Verdicts
from proportrait.measures import Measure, Unassessed
from proportrait.model.calibration import Calibration

OWN = """
[attire]
mark = 25
[lighting]
probability = 0.8
[expression]
HeadPoseYaw = {max = 20}
[framing]
HeadSize = {min = 0.2, max = 0.45}
"""


def look_of(**values: float | None) -> Look:
    """A look with measures of framing, by name; None where one cannot be taken."""
    entries = {
        name: Unassessed(name, "hidden")
        if value is None
        else Measure(name, value, "deg" if "Pose" in name else "picture heights", 50, "middle")
        for name, value in values.items()
    }
    return Look(size=(100, 100), measures={"framing": entries})


def good(**bits: int | None) -> Verdicts:
    """Verdicts that are good but for some."""
    values: dict[str, int | None] = dict.fromkeys(KEYS, 1)
    return Verdicts(dict.fromkeys(KEYS, 0.9), values | bits, {}, True)


def test_limits_are_read(tmp_path: Path) -> None:
    limits = Limits.parse(OWN)
    assert limits.attributes == {
        "attire": Limit(mark=25),
        "lighting": Limit(probability=0.8),
        "expression": Limit(ranges=(Range("HeadPoseYaw", high=20),)),
        "framing": Limit(ranges=(Range("HeadSize", 0.2, 0.45),)),
    }
    (tmp_path / "own.toml").write_text(OWN)
    assert Limits.read(tmp_path / "own.toml") == limits


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_limits(name: str) -> None:
    limits = Limits.read(name)
    assert any(limit.ranges for limit in limits.attributes.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[attire", "no TOML"),
        ("[hat]", r"'hat' is no table of an attribute: the tables are \[lighting\]"),
        ("attire = 3", "'attire' is no table"),
        ("[attire]\nmark = 50\nprobability = 0.5", r"\[attire\] has a mark and a probability"),
        ("[attire]\nmark = 100", "mark is a number from 0 to less than 100, not 100"),
        ("[attire]\nprobability = 1", "from 0 to less than 1, not 1"),
        ("[attire]\nmark = true", "not True"),
        ("[framing]\nHeadsize = {max = 1}", "no measure: do you mean HeadSize"),
        ("[framing]\nmarks = 40", "do you mean mark"),
        ("[framing]\nHeadSize = 3", "HeadSize is written as {min = 0.2, max = 0.45}"),
        ("[framing]\nHeadSize = {}", "HeadSize is written as"),
        ("[framing]\nHeadSize = {most = 1}", "HeadSize is written as"),
        ('[framing]\nHeadSize = {max = "1"}', "HeadSize is written as"),
        ("[framing]\nHeadSize = {min = 2, max = 1}", "its min is above its max"),
        ("[framing]\nHeadSize = {min = nan}", "its min is above its max"),
        ("[background]\nClutterX = {max = 1}", "no measure"),
    ],
)
def test_what_is_no_limit_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^mine.*{message}"):
        Limits.parse(text, "mine")


def test_a_file_that_cannot_be_read_names_the_presets(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="or one of linkedin, cv, badge"):
        Limits.read("passport")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not in UTF-8"):
        Limits.read(tmp_path / "a.toml")


def test_a_mark_is_a_probability_on_the_scale_of_the_model() -> None:
    assert probability_of(25, 0.4) == pytest.approx(0.2)
    assert probability_of(75, 0.4) == pytest.approx(0.7)
    assert mark_of(0.7, 0.4) == pytest.approx(75)
    assert mark_of(0, 0) == 50  # a threshold of 0 lets everything pass
    limits = Limits.parse(OWN).calibration(Calibration(thresholds=(0.4,) * 6))
    assert limits.thresholds == (0.8, 0.4, 0.2, 0.4, 0.4, 0.4)


@pytest.mark.parametrize(
    ("table", "unasked"),
    [
        ("mark = 0", ("attire",)), ("probability = 0.0", ("attire",)), ("mark = 1", ()),
        ("", ()), ("mark = 0\nHeadSize = {min = 0.1}", ()),
    ],
)  # fmt: skip
def test_what_everything_passes_is_not_asked_for(table: str, unasked: tuple[str, ...]) -> None:
    assert Limits.parse(f"[attire]\n{table}\n").unasked == unasked


def test_a_verdict_is_sure_where_the_model_is_sure_of_the_same() -> None:
    model = Calibration(thresholds=(0.4,) * 6, sure_bad=(0.3,) * 6, sure_good=(0.6,) * 6)
    own = Limits.parse(OWN).calibration(model)
    values = np.array([[0.25, 0.25, 0.25, 0, 0, 0], [0.7, 0.7, 0.7, 0, 0, 0]], np.float32)
    # Light of 0.7 is surely good to the model and bad to the limit, clothes of 0.25 the reverse.
    assert own.verdicts(values)[:, :3].tolist() == [[False, False, True], [False, True, True]]
    assert own.sure(values)[:, :3].tolist() == [[True, True, False], [False, True, True]]
    assert Limits().calibration(model).thresholds == model.thresholds
    assert Limits().calibration(model).sure(values).tolist() == model.sure(values).tolist()


@pytest.mark.parametrize(
    ("size", "yaw", "bad", "text"),
    [
        (0.3, -20.0, "", ""),
        (0.19, 0.0, "framing", "the head is small: 19 % of the picture's height from the eyes to "
         "the chin (head size is 0.19 picture heights: the limit is at least 0.2)"),
        (0.46, 0.0, "framing", "the head is large: 46 % of the picture's height from the eyes to "
         "the chin (head size is 0.46 picture heights: the limit is at most 0.45)"),
        (0.3, -20.5, "expression", "the head is turned about 20 degrees to the left "
         "(head pose yaw is 20.5 deg: the limit is at most 20)"),
    ],
)  # fmt: skip
def test_a_value_outside_its_range_is_bad(size: float, yaw: float, bad: str, text: str) -> None:
    verdicts, violated = Limits.parse(OWN).apply(look_of(HeadSize=size, HeadPoseYaw=yaw), good())
    assert [key for key in KEYS if verdicts.verdicts[key] == 0] == [bad] * bool(bad)
    assert [(reason.attribute, reason.text) for reason in violated] == [(bad, text)] * bool(bad)
    for reason in violated:
        assert verdicts.probabilities[bad] == PLAINLY_BAD
        assert reason.advice.endswith(".")
        assert reason.to_json()["allowed"] == ([0.2, 0.45] if bad == "framing" else [None, 20])
        assert "usual" not in reason.to_json()


def test_a_measure_that_no_fault_knows_has_its_number_too() -> None:
    limits = Limits.parse("[framing]\nMarginAboveOfTheFaceImage = {max = 2}")
    _, (reason,) = limits.apply(look_of(MarginAboveOfTheFaceImage=3.25), good())
    assert (
        reason.text
        == "margin above of the face image is 3.25 picture heights: the limit is at most 2"
    )


def test_nobody_can_tell_where_a_limited_measure_is_missing() -> None:
    limits, look = Limits.parse(OWN), look_of(HeadSize=None, HeadPoseYaw=None)
    verdicts, violated = limits.apply(look, good(expression=0))
    assert violated == ()
    assert (verdicts.verdicts["framing"], verdicts.probabilities["framing"]) == (None, None)
    assert verdicts.reasons == {"framing": "HeadSize, which is limited, cannot be measured"}
    assert verdicts.verdicts["expression"] == 0  # it is bad without the limit


def test_what_has_no_verdict_gets_none_of_a_limit() -> None:
    verdicts, violated = Limits.parse(OWN).apply(look_of(HeadSize=0.9), good(framing=None))
    assert verdicts.verdicts["framing"] is None
    assert violated == ()
