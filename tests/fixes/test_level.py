"""Exposure and white balance: the curve, the limits, and when nothing is done."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.faces import shared_analyzer
from proportrait.fixes.level import MOST_GAIN, MOST_STOPS, Levels, curve, levels
from proportrait.measures import Subject, lighting
from proportrait.tone import LINEAR, to_linear, to_srgb


def levelled(image: Image) -> Levels | None:
    return levels(Subject(image, shared_analyzer()))


def test_the_curve_keeps_black_and_white() -> None:
    """2 x 0.25 / (1 + 0.25) = 0.4."""
    light = np.array([0.0, 0.25, 1.0], np.float32)
    assert curve(light, 2.0) == pytest.approx([0.0, 0.4, 1.0])
    assert curve(light, 1.0) == pytest.approx(light)


def test_levels_change_every_channel_by_its_gain() -> None:
    """Light 0.2140 of sample 127 times 1.1 and 0.9."""
    grey = np.full((4, 5, 3), 127, np.uint8)
    changed = Levels(gains=(1.1, 1.0, 0.9)).apply(grey)
    wanted = to_srgb(LINEAR[127] * np.array([1.1, 1.0, 0.9], np.float32))
    assert changed.shape == grey.shape
    assert (changed == wanted).all()
    assert (Levels(slope=2.0).apply(np.full((1, 1, 3), 255, np.uint8)) == 255).all()


def test_a_picture_in_good_light_stays(image: Image) -> None:
    assert levelled(image) is None


def test_a_dark_face_is_brightened_by_the_most(image: Image) -> None:
    dark = to_srgb(to_linear(image) * np.float32(2.0**-3))
    change = levelled(dark)
    assert change is not None
    assert change.stops == pytest.approx(MOST_STOPS)
    assert change.words == ["0.7 stops brighter"]

    def white(picture: Image) -> float:
        value = lighting.measure(Subject(picture, shared_analyzer()))["WhiteLevel"]
        return value.value  # type: ignore[union-attr]

    assert white(change.apply(dark)) - white(dark) == pytest.approx(MOST_STOPS, abs=0.05)


def test_a_cast_is_made_weaker_but_a_neutral_background_is_believed(image: Image) -> None:
    light = to_linear(image)
    yellow = to_srgb(light * np.array([1.05, 1.0, 0.35], np.float32))
    change = levelled(yellow)
    assert change is not None
    red, _, blue = change.gains
    assert blue > 1.05 > red
    assert max(change.gains) <= MOST_GAIN + 1e-3
    assert "white balance" in change.words[-1]
    subject = Subject(yellow, shared_analyzer())
    neutral = np.where(subject.mask[..., None] > 0.05, yellow, np.uint8(180)).astype(np.uint8)
    unchanged = levelled(neutral)
    assert unchanged is None or unchanged.gains == (1.0, 1.0, 1.0)
