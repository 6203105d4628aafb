from __future__ import annotations

import numpy as np
import pytest

from proportrait.faces.arcface import similarity_transform


def test_points_are_turned_scaled_and_shifted() -> None:
    points = np.array([[0, 0], [2, 0], [0, 2]], float)
    places = np.array([[10, 5], [10, 9], [6, 5]], float)  # twice as large, a quarter turn
    assert similarity_transform(points, places) == pytest.approx(
        np.array([[0, -2, 10], [2, 0, 5]]), abs=1e-9
    )


def test_what_does_not_fit_is_met_in_the_middle() -> None:
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2]], float)
    wide = np.array([[0, 0], [6, 0], [6, 2], [0, 2]], float)
    # Least squares: the scale is (3 + 1) / 2, the centre is kept.
    assert similarity_transform(square, wide) == pytest.approx(
        np.array([[2, 0, 1], [0, 2, -1]]), abs=1e-9
    )
