"""Blurs of a part of a picture against `cv2.GaussianBlur` of all of it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.faces.blur import blurred_grid, blurred_part


def picture(*shape: int) -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    noise[10:40, 20:60] = 255  # sums of weights reach their largest value
    return noise


@pytest.mark.parametrize("sigma", [0.8, 1.37, 4.0, 9.4])
@pytest.mark.parametrize("corner", [(50.2, 60.7), (-20.0, -30.5), (160.3, 90.0)])
def test_a_grid_has_the_bits_of_the_blurred_picture(
    sigma: float, corner: tuple[float, float]
) -> None:
    grey = picture(140, 200)
    x, y = (start + 7.3 * np.arange(9) for start in corner)
    blurred, expected = blurred_grid(grey, x, y, sigma), cv2.GaussianBlur(grey, (0, 0), sigma)
    for low in (0, 1):
        rows, columns = (
            np.clip(np.floor(v).astype(int) + low, 0, side - 1) for v, side in ((y, 140), (x, 200))
        )
        np.testing.assert_array_equal(
            blurred[np.ix_(rows, columns)], expected[np.ix_(rows, columns)]
        )


@pytest.mark.parametrize("shape", [(9, 200), (140, 11), (12, 10)])
def test_a_grid_beside_borders_that_are_nearer_than_the_kernel_reaches(
    shape: tuple[int, int],
) -> None:
    grey = picture(*shape)
    blurred, expected = (
        blurred_grid(grey, *(np.arange(side) for side in shape[::-1]), 5.2),
        cv2.GaussianBlur(grey, (0, 0), 5.2),
    )
    np.testing.assert_array_equal(blurred, expected)


@pytest.mark.parametrize("shape", [(140, 200), (140, 200, 3)])
@pytest.mark.parametrize(
    ("low", "high", "rows", "columns"),
    [
        ((50.2, 60.7), (90.0, 100.1), slice(60, 102), slice(50, 91)),
        ((-9.0, -5.5), (30.5, 20.0), slice(0, 21), slice(0, 32)),
        ((180.0, 130.0), (260.0, 170.0), slice(130, 140), slice(180, 200)),
    ],
)
def test_a_part_has_the_bits_of_the_blurred_picture_and_all_else_is_black(
    shape: tuple[int, ...],
    low: tuple[float, float],
    high: tuple[float, float],
    rows: slice,
    columns: slice,
) -> None:
    image = picture(*shape)
    expected = np.zeros_like(image)
    expected[rows, columns] = cv2.GaussianBlur(image, (0, 0), 3.1)[rows, columns]
    np.testing.assert_array_equal(blurred_part(image, np.array(low), np.array(high), 3.1), expected)
