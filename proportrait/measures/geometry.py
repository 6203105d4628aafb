"""How a head is turned, and a face cut out at a fixed size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Mask, Real
from proportrait.faces import Face, cut_square
from proportrait.faces.face import CHIN, FOREHEAD, LEFT_CHEEK, OVAL, RIGHT_CHEEK

# Outlines of skin under the eyes, by landmarks of the face mesh.
CHEEKS = ((117, 118, 101, 205, 187, 123), (346, 347, 330, 425, 411, 352))

_SIDE = 192  # of an aligned face in px
_HEIGHT = 128  # from its forehead to its chin in px
_BLUR = 0.8  # px: grain is no colour
_SMALLEST = 4  # px of a region


def head_axes(landmarks: Real) -> Real:
    """The head's own x, y, and z axes as the rows of a (3, 3) matrix in the picture's axes.

    They are the lines from cheek to cheek and from forehead to chin, made perpendicular (the
    two-vector method, TRIAD: Black, "A passive system for determining the attitude of a satellite",
    AIAA Journal 1964), and away from the camera; in the canonical face of the mesh the former lie
    in the picture plane.

    Args:
        landmarks: (468, 3) of the face mesh, of any scale; the axes have their precision.
    """
    across = landmarks[RIGHT_CHEEK] - landmarks[LEFT_CHEEK]
    across /= max(float(np.linalg.norm(across)), 1e-9)
    down = landmarks[CHIN] - landmarks[FOREHEAD]
    down -= across * (down @ across)
    down /= max(float(np.linalg.norm(down)), 1e-9)
    return np.stack([across, down, np.cross(across, down)])


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """A face cut out at a fixed size, its eyes level.

    Attributes:
        pixels: (192, 192, 3) uint8, sRGB; the face is 128 px high.
        points: (468, 2) float32, the landmarks in px.
    """

    pixels: Image
    points: Float

    @classmethod
    def cut(cls, image: Image, face: Face) -> AlignedFace:
        """Cut `face` out of its picture."""
        left, right = face.eyes
        x, y = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
        turn = _HEIGHT / max(face.height, 1.0) * np.array([[x, y], [-y, x]], np.float64)
        centre = (face.point(FOREHEAD) + face.point(CHIN)) / 2
        points = (face.landmarks[:, :2] - centre) @ turn.T + (_SIDE - 1) / 2
        return cls(cut_square(image, turn, centre, _SIDE), points.astype(np.float32))

    @cached_property
    def lab(self) -> Float:
        """CIELAB, (192, 192, 3) float32."""
        smooth = cv2.GaussianBlur(self.pixels, (0, 0), _BLUR).astype(np.float32) / 255
        return np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB), np.float32)

    def region(self, *outlines: Iterable[int]) -> Mask:
        """Inside of outlines of landmarks, (192, 192); of the whole face if they are too narrow."""
        mask = np.zeros((_SIDE, _SIDE), np.uint8)
        for outline in outlines:
            cv2.fillPoly(mask, [self.points[list(outline)].round().astype(np.int32)], 1)
        if mask.sum() < _SMALLEST and outlines != (OVAL,):
            return self.region(OVAL)
        return mask > 0
