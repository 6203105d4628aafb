"""Photos with room around a made-up face, and faces whose landmarks are written down by hand."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.faces import Face, shared_analyzer
from proportrait.faces.face import (
    CHIN,
    FOREHEAD,
    LEFT_CHEEK,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    RIGHT_CHEEK,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from proportrait.measures import Subject
from tests import FACE


def off_centre() -> Image:
    """(1112, 1252, 3): the face right of the middle; the border of its picture goes on."""
    return np.asarray(
        cv2.copyMakeBorder(imaging.read(FACE), 180, 420, 620, 120, cv2.BORDER_REPLICATE), np.uint8
    )


def face_at(x: float, y: float, head: float = 100.0) -> Face:
    """An upright face: the middle between the eyes at (x, y), the chin `head` px below it.

    The forehead lies as far above the eyes as half the head, the cheeks 0.7 heads beside them.
    """
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:] = (x, y, 0)
    places = {
        FOREHEAD: (0, -0.5), CHIN: (0, 1), LEFT_CHEEK: (-0.7, 0.2), RIGHT_CHEEK: (0.7, 0.2),
        LEFT_EYE_OUTER: (-0.4, 0), LEFT_EYE_INNER: (-0.2, 0), RIGHT_EYE_INNER: (0.2, 0),
        RIGHT_EYE_OUTER: (0.4, 0),
    }  # fmt: skip
    for index, (across, down) in places.items():
        landmarks[index, :2] = x + across * head, y + down * head
    box = np.array([x - 70, y - 50, x + 70, y + 100], np.float32)
    return Face(box, landmarks, 1.0)


def subject(width: int, height: int, *faces: Face, crown: float = 1.0) -> Subject:
    """A black picture with faces, the first one's person in its mask.

    The hair ends `crown` head heights above the eyes.
    """
    mask = np.zeros((height, width), np.float32)
    first = faces[0]
    x, y = (float(value) for value in np.mean(first.eyes, axis=0))
    head = float(first.point(CHIN)[1]) - y
    top = max(0, round(y - crown * head))
    mask[top : round(y + head), round(x - 0.7 * head) : round(x + 0.7 * head)] = 1
    mask[round(y + head) :, max(0, round(x - 1.5 * head)) : round(x + 1.5 * head)] = 1
    image = np.zeros((height, width, 3), np.uint8)
    result = Subject(image, shared_analyzer(), mask=mask)
    result.faces = list(faces)
    return result


def middle(window: Sequence[float]) -> tuple[float, float]:
    """The middle of left, top, width, height."""
    left, top, width, height = window
    return left + width / 2, top + height / 2
