"""A picture and its mirror image: what has sides changes them, everything else is the same."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.imaging import read
from proportrait.looks.look import INPUTS, Wants, look
from proportrait.looks.mirror import (
    mirrored_boxes,
    mirrored_measures,
    oriented,
    value_without_side,
)
from proportrait.measures import Measure, Unassessed
from proportrait.model.views import GENERAL, VIEWS, Preprocessing
from tests import FACE

LEFT, RIGHT = "LeftwardCropOfTheFaceImage", "RightwardCropOfTheFaceImage"
YAW, SIZE = "HeadPoseYaw", "HeadSize"


def measures(left: float, right: float, yaw: float) -> dict[str, Measure | Unassessed]:
    values = {LEFT: left, RIGHT: right, YAW: yaw, SIZE: 0.25}
    return {name: Measure(name, value, "1", 50.0, "middle") for name, value in values.items()}


def test_mirror_images_have_the_same_look_to_the_last_bit() -> None:
    image = read(FACE)
    wants = Wants(
        features=("whole",), views=Preprocessing(64, VIEWS, (0.5,) * 3, (0.5,) * 3, GENERAL)
    )
    here, there = look(image, wants), look(np.ascontiguousarray(image[:, ::-1]), wants)
    assert there.scores == here.scores
    assert np.array_equal(there.measure_array(INPUTS), here.measure_array(INPUTS), equal_nan=True)
    assert here.views is not None
    assert there.views is not None
    assert all(map(np.array_equal, there.views, here.views))
    assert np.array_equal(there.features["whole"], here.features["whole"])
    assert np.array_equal(there.boxes, mirrored_boxes(here.boxes))
    assert there.measures["framing"] == mirrored_measures(here.measures["framing"])


def test_a_lying_picture_and_its_mirror_image_are_set_upright_the_other_way_round() -> None:
    lying = np.ascontiguousarray(np.rot90(read(FACE)))
    here, there = (look(p, Wants(("framing",))) for p in (lying, lying[:, ::-1].copy()))
    assert {here.turns, there.turns} == {1, 3}
    assert there.scores == here.scores


@pytest.mark.parametrize("brighter", [0, 4])
def test_the_lighter_half_lies_to_the_right(brighter: int) -> None:
    image = np.full((4, 8, 3), 90, np.uint8)
    image[:, brighter : brighter + 4] = 100
    turned, is_mirrored = oriented(image)
    assert is_mirrored == (brighter == 0)
    assert turned[0, :, 0].tolist() == [90] * 4 + [100] * 4


def test_sides_and_signs_are_exchanged() -> None:
    assert mirrored_measures(measures(1, 3, -20)) == measures(3, 1, 20)
    hidden = {**measures(1, 3, 0), YAW: Unassessed(YAW, "no face found")}
    assert mirrored_measures(hidden)[YAW] == Unassessed(YAW, "no face found")
    boxes = np.array([[0.1, 0.2, 0.4, 0.8]], np.float32)
    assert mirrored_boxes(boxes).tolist() == np.float32([[0.6, 0.2, 0.9, 0.8]]).tolist()
    assert np.array_equal(mirrored_boxes(mirrored_boxes(boxes)), boxes)


def test_a_value_without_side_is_the_same_in_the_mirror_image() -> None:
    here = measures(3, 1, -20)
    for found in (here, mirrored_measures(here)):
        values = [value_without_side(found, name) for name in (LEFT, RIGHT, YAW, SIZE)]
        assert values == [1, 3, 20, 0.25]
    assert np.isnan(value_without_side({}, YAW))
