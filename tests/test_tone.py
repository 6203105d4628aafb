"""The sRGB curve and what is made of light."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.tone import LINEAR, luminance, shoulder, to_linear, to_srgb


@pytest.mark.parametrize(
    ("stored", "light"), [(0, 0.0), (255, 1.0), (188, 0.5029), (128, 0.2159), (10, 0.003035)]
)
def test_srgb_curve(stored: int, light: float) -> None:
    pixel = np.full((1, 1, 3), stored, np.uint8)
    assert to_linear(pixel)[0, 0, 0] == pytest.approx(light, abs=5e-5)
    assert to_linear(pixel.astype(np.float32) / 255)[0, 0, 0] == pytest.approx(light, abs=1e-3)
    assert to_srgb(to_linear(pixel))[0, 0, 0] == stored


def test_shoulder_keeps_the_middle_and_never_reaches_white() -> None:
    light = np.array([0.0, 0.5, 0.7, 1.0, 5.0], np.float32)
    bent = shoulder(light, 0.7)
    assert bent[:3] == pytest.approx(light[:3])
    assert np.all(np.diff(bent) > 0)
    assert bent[-1] <= 1


def test_the_table_of_the_measures_is_the_same_curve() -> None:
    samples = np.arange(256, dtype=np.uint8)
    assert LINEAR[samples] == pytest.approx(to_linear(samples), rel=1e-6)


def test_green_is_brightest() -> None:
    assert luminance(np.eye(3, dtype=np.float32)) == pytest.approx([0.2126, 0.7152, 0.0722])
    assert luminance(np.full((1, 3), 200, np.uint8)) == pytest.approx([200])
