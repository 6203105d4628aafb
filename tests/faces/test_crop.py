from __future__ import annotations

import numpy as np
import pytest

from proportrait.faces.crop import cut_square

IMAGE = np.repeat(np.arange(64, dtype=np.uint8).reshape(8, 8, 1), 3, axis=2)  # y * 8 + x


def test_a_square_of_the_same_scale_is_a_slice() -> None:
    square = cut_square(IMAGE, np.eye(2), np.array([3.5, 4.5]), 4)
    assert np.array_equal(square, IMAGE[3:7, 2:6])


def test_a_mirror_image_is_a_slice_backwards() -> None:
    square = cut_square(IMAGE, np.diag([-1.0, 1.0]), np.array([3.5, 4.5]), 4)
    assert np.array_equal(square, IMAGE[3:7, 5:1:-1])


def test_a_quarter_turn() -> None:
    # The picture's x axis comes to point down.
    square = cut_square(IMAGE, np.array([[0.0, -1], [1, 0]]), np.array([3.5, 3.5]), 8)
    assert np.array_equal(square, np.rot90(IMAGE, -1))


def test_shrinking_takes_the_mean_of_blocks() -> None:
    # The middle of the picture; a block of 2 x 2 px has the mean of its corners.
    square = cut_square(IMAGE, np.eye(2) / 2, np.array([3.5, 3.5]), 4)
    expected = IMAGE.reshape(4, 2, 4, 2, 3).mean((1, 3))
    assert square == pytest.approx(expected, abs=0.51)


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_beyond_the_picture_its_border_goes_on(scale: float) -> None:
    square = cut_square(IMAGE, scale * np.eye(2), np.array([500.0, 500.0]), 4)
    assert square == pytest.approx(np.full((4, 4, 3), 63), abs=1)
