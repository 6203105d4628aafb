"""What hides parts of a face, painted on it."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Image, Real
from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD, LEFT_EYE, RIGHT_EYE, UPPER_LIP

# Outline of a face mask, over the tip of the nose.
_MASK = (
    234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361,
    323, 454, 347, 280, 195, 50, 118,
)  # fmt: skip


def _fill(image: Image, outline: Real, colour: Real | tuple[int, int, int]) -> Image:
    share = np.zeros(image.shape[:2], np.float32)
    cv2.fillPoly(share, [np.round(outline).astype(np.int32)], 1.0)
    share = cv2.GaussianBlur(share, (0, 0), 1.0)[..., None]
    return (image * (1 - share) + np.asarray(colour, np.float32) * share).astype(np.uint8)


def _skin(image: Image, face: Face) -> Real:
    x, y = face.point(50).astype(int)
    return np.asarray(np.median(image[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3), axis=0))


def _ellipse(face: Face, eye: tuple[int, ...], width: float, height: float) -> Real:
    """Around an eye; width and height in eye widths."""
    points = face.landmarks[list(eye), :2]
    length = float(np.linalg.norm(points[0] - points[8]))
    angle = np.linspace(0, 2 * np.pi, 32)
    offsets = np.stack([width * np.cos(angle), height * np.sin(angle)], 1) * length
    return np.asarray(points.mean(0) + offsets)


def dark_glasses(image: Image, face: Face) -> Image:
    """Black lenses over both eyes."""
    for eye in (LEFT_EYE, RIGHT_EYE):
        image = _fill(image, _ellipse(face, eye, 0.95, 0.68), (18, 18, 22))
    return image


def bar(image: Image, face: Face, colour: tuple[int, int, int]) -> Image:
    """A bar of one colour over both eyes, with hard edges."""
    points, margin = face.landmarks[[*LEFT_EYE, *RIGHT_EYE], :2], 0.12 * face.height
    room = np.array([2 * margin, margin])
    (x0, y0), (x1, y1) = points.min(0) - room, points.max(0) + room
    result = image.copy()
    result[max(0, int(y0)) : int(y1), max(0, int(x0)) : int(x1)] = colour
    return result


def shut_eyes(image: Image, face: Face, eyes: tuple[tuple[int, ...], ...]) -> Image:
    """Lids of skin over some eyes of `LEFT_EYE` and `RIGHT_EYE`, a line of lashes below them."""
    for eye in eyes:
        image = _fill(image, _ellipse(face, eye, 0.55, 0.3), _skin(image, face))
        lower = face.landmarks[[*eye[8:], eye[0]], :2]
        line = np.concatenate([lower, lower[::-1] + np.array([0, 0.02 * face.height])])
        image = _fill(image, line, (40, 25, 20))
    return image


def face_mask(image: Image, face: Face, colour: tuple[int, int, int]) -> Image:
    """A cloth from the nose to the chin, with two pleats."""
    outline = face.landmarks[list(_MASK), :2]
    image = _fill(image, outline, colour)
    (left, right), middle = face.landmarks[[132, 361], :2], face.point(UPPER_LIP)
    for shift in (-0.06, 0.08):
        down = face.down * shift * face.height
        pleat = np.array([left + down, middle + down, right + down])
        pleat = np.concatenate([pleat, pleat[::-1] + np.array([0, 0.012 * face.height])])
        image = _fill(image, pleat, 0.85 * np.array(colour))
    return image


def hand(image: Image, face: Face) -> Image:
    """Four fingers before the mouth."""
    skin, height = 0.92 * _skin(image, face), float(face.distance(FOREHEAD, CHIN))
    wide = 0.1 * height
    for finger in range(4):
        x, y = face.point(UPPER_LIP) + np.array([0, (finger - 1.4) * wide])
        start, end = x - 0.45 * height, x + (0.18 + 0.03 * (finger % 2)) * height
        rim = np.array(
            [[start, y - wide / 2], [end, y - wide / 2], [end + wide / 2, y],
             [end, y + wide / 2], [start, y + wide / 2]]
        )  # fmt: skip
        image = _fill(image, rim, 0.75 * skin)
        image = _fill(image, (rim - [x, y]) * [1, 0.8] + [x, y], skin)
    return image
