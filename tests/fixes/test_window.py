"""Parts of a picture, turned or not."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.fixes.window import Window, rotation


def ramp(height: int = 200, width: int = 240) -> Image:
    """Red is the column, green the row."""
    y, x = np.indices((height, width))
    return np.stack([x, y, np.zeros_like(x)], -1).astype(np.uint8)


def test_a_window_that_is_not_turned_has_the_very_pixels() -> None:
    window = Window(0.0, (100.0, 80.0), -30.0, -20.0, 50.0, 40.9)
    assert window.size == (50, 40)
    part = window.cut(ramp())
    assert part.shape == (40, 50, 3)
    assert part[0, 0].tolist() == [70, 60, 0]
    assert part[-1, -1].tolist() == [119, 99, 0]


def test_a_window_at_the_border_stays_in_the_picture() -> None:
    part = Window(0.0, (100.0, 80.0), 80.4, -80.4, 60.0, 60.0).cut(ramp())
    assert part.shape == (60, 60, 3)
    assert part[0, -1].tolist() == [239, 0, 0]


def test_what_leans_clockwise_is_turned_back() -> None:
    """The right-hand side of a picture that leans clockwise lies lower there."""
    across, down = rotation(10.0).T @ (1, 0)
    assert (across, down) == pytest.approx((np.cos(np.radians(10)), np.sin(np.radians(10))))
    window = Window(10.0, (120.0, 100.0), -40.0, -30.0, 80.0, 60.0)
    part = window.cut(ramp()).astype(float)
    y, x = np.indices(part.shape[:2]) + 0.5
    places = np.stack([x - 40, y - 30], -1) @ rotation(10.0) + (119.5, 99.5)
    assert np.abs(part[..., :2] - places).max() <= 0.6


def test_a_window_of_a_picture_twice_as_large() -> None:
    window = Window(3.0, (10.0, 20.0), -5.0, -6.0, 30.0, 40.0)
    assert window.scaled(2.0) == Window(3.0, (20.0, 40.0), -10.0, -12.0, 60.0, 80.0)
