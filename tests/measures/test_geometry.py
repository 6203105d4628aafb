"""The axes of a head."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD, LEFT_CHEEK, RIGHT_CHEEK
from proportrait.measures.geometry import head_axes


def landmarks(kind: type[np.floating], across: float = 0.0) -> np.ndarray:
    """A head 100 px wide and 120 high, whose chin lies `across` px to the right."""
    points = np.zeros((468, 3), kind)
    points[LEFT_CHEEK], points[RIGHT_CHEEK] = (0, 50, 0), (100, 50, 0)
    points[FOREHEAD], points[CHIN] = (50, 0, 0), (50 + across, 120, 0)
    return points


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_axes_of_an_upright_head_are_the_pictures(kind: type[np.floating]) -> None:
    axes = head_axes(landmarks(kind, across=30))  # the line between the cheeks counts first
    assert axes.dtype == kind
    assert axes == pytest.approx(np.eye(3))


def test_the_axes_turn_with_the_head() -> None:
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]], np.float32)  # x becomes y
    assert head_axes(landmarks(np.float32) @ turn.T) == pytest.approx(turn.T)


def test_landmarks_in_one_point_give_no_axes_and_no_warning() -> None:
    assert not head_axes(np.zeros((468, 3), np.float32)).any()


def test_a_face_has_its_axis_in_the_picture() -> None:
    face = Face(np.zeros(4, np.float32), landmarks(np.float32, across=90), 1.0)
    assert face.down == pytest.approx([0.6, 0.8])  # 90, 120: the hypotenuse is 150
