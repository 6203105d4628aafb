"""A face: its box, its 468 landmarks, and ratios that describe its expression."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from proportrait.arrays import Float


@dataclass(frozen=True, eq=False)
class Face:
    """One face of a picture.

    Attributes:
        bbox: (4,) float32, x0 y0 x1 y1 in px: from the brows to the chin, as BlazeFace draws it.
        landmarks: (468, 3) float32 in px; x to the right, y down, z away from the camera with
            its zero near the middle of the head. In the order of the MediaPipe face mesh.
        score: [0, 1], how sure the networks are.
    """

    bbox: Float
    landmarks: Float
    score: float

    def point(self, index: int) -> Float:
        """The (2,) position of one landmark in px."""
        return self.landmarks[index, :2]

    def distance(self, a: int, b: int) -> float:
        """Distance between two landmarks in the picture plane, in px."""
        return float(np.linalg.norm(self.point(a) - self.point(b)))

    @property
    def width(self) -> float:
        """From cheek to cheek in px."""
        return self.distance(LEFT_CHEEK, RIGHT_CHEEK)

    @property
    def height(self) -> float:
        """From the top of the forehead to the chin in px."""
        return self.distance(FOREHEAD, CHIN)

    @property
    def down(self) -> Float:
        """The face's own axis in the picture, from forehead to chin: a unit vector (2,)."""
        return np.asarray((self.point(CHIN) - self.point(FOREHEAD)) / max(self.height, 1e-6))

    @property
    def quarter_turns(self) -> int:
        """Quarter turns, as `numpy.rot90` counts them, that set the head upright: 0 to 3."""
        x, y = self.down
        return round(float(np.degrees(np.arctan2(x, y))) / -90) % 4

    @property
    def mesh_box(self) -> Float:
        """x0, y0, x1, y1 of the landmarks in px: (4,)."""
        points = self.landmarks[:, :2]
        return np.concatenate([points.min(0), points.max(0)])

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the landmarks as shares of a picture's sides; may pass 0 and 1."""
        points = self.landmarks[:, :2] / np.array([width, height])
        x0, y0, x1, y1 = (round(float(v), 5) for v in (*points.min(0), *points.max(0)))
        return x0, y0, x1, y1

    def with_shut_mouth(self) -> Face:
        """The face with its chin raised by the gap between its lips."""
        landmarks = self.landmarks.copy()
        landmarks[CHIN, :2] += self.point(UPPER_LIP) - self.point(LOWER_LIP)
        return replace(self, landmarks=landmarks)

    @property
    def eyes(self) -> tuple[Float, Float]:
        """Centres (2,) of the picture's left and right eye, px.

        From their corners, which stay in place when the eyes shut or the mouth opens.
        """
        left = self.landmarks[[LEFT_EYE_OUTER, LEFT_EYE_INNER], :2].mean(0)
        right = self.landmarks[[RIGHT_EYE_OUTER, RIGHT_EYE_INNER], :2].mean(0)
        return left, right


# Landmark indices of the MediaPipe face mesh. Left and right are the picture's, not the person's.
FOREHEAD, CHIN = 10, 152
LEFT_CHEEK, RIGHT_CHEEK = 234, 454
NOSE_TIP, NOSE_BASE = 1, 2
LEFT_EYE_OUTER, LEFT_EYE_INNER, LEFT_EYE_TOP, LEFT_EYE_BOTTOM = 33, 133, 159, 145
RIGHT_EYE_OUTER, RIGHT_EYE_INNER, RIGHT_EYE_TOP, RIGHT_EYE_BOTTOM = 263, 362, 386, 374
LEFT_BROW, RIGHT_BROW = 105, 334
LEFT_BROW_INNER, RIGHT_BROW_INNER = 107, 336
MOUTH_LEFT, MOUTH_RIGHT = 61, 291
UPPER_LIP_OUTER, UPPER_LIP, LOWER_LIP, LOWER_LIP_OUTER = 0, 13, 14, 17
# Outlines, clockwise in the picture from the top or the left corner.
OVAL: tuple[int, ...] = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS: tuple[int, ...] = (
    61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146,
)  # fmt: skip
INNER_LIPS: tuple[int, ...] = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95,
)  # fmt: skip
LEFT_EYE: tuple[int, ...] = (
    33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7,
)  # fmt: skip
RIGHT_EYE: tuple[int, ...] = (
    362, 398, 384, 385, 386, 387, 388, 466, 263, 249, 390, 373, 374, 380, 381, 382,
)  # fmt: skip


def expression_ratios(face: Face) -> dict[str, float]:
    """Measure an expression and the yaw from landmarks, independent of the face's size.

    Returns:
        open: gap between the inner lips, in face heights.
        width: of the mouth, in face heights.
        corner: how far the mouth corners lie below the middle of the lips, in face heights;
            negative when they are up.
        eye: mean opening of the eyes, in their widths.
        brow: mean height of the brows above the eyes, in face heights.
        yaw: -1 to 1, 0 frontal, positive when the nose points to the right of the picture.
    """
    height, width = max(face.height, 1e-6), max(face.width, 1e-6)
    down = face.down  # so that a tilted head measures the same

    def below(a: int, b: int) -> float:
        return float((face.point(a) - face.point(b)) @ down)

    corner = below(MOUTH_LEFT, UPPER_LIP) + below(MOUTH_LEFT, LOWER_LIP)
    corner += below(MOUTH_RIGHT, UPPER_LIP) + below(MOUTH_RIGHT, LOWER_LIP)
    left_eye = face.distance(LEFT_EYE_TOP, LEFT_EYE_BOTTOM)
    right_eye = face.distance(RIGHT_EYE_TOP, RIGHT_EYE_BOTTOM)
    left_eye /= max(face.distance(LEFT_EYE_OUTER, LEFT_EYE_INNER), 1e-6)
    right_eye /= max(face.distance(RIGHT_EYE_OUTER, RIGHT_EYE_INNER), 1e-6)
    brow = below(LEFT_EYE_TOP, LEFT_BROW) + below(RIGHT_EYE_TOP, RIGHT_BROW)
    yaw = face.distance(NOSE_TIP, LEFT_CHEEK) - face.distance(NOSE_TIP, RIGHT_CHEEK)
    return {
        "open": face.distance(UPPER_LIP, LOWER_LIP) / height,
        "width": face.distance(MOUTH_LEFT, MOUTH_RIGHT) / height,
        "corner": corner / 4 / height,
        "eye": (left_eye + right_eye) / 2,
        "brow": brow / 2 / height,
        "yaw": yaw / width,
    }
