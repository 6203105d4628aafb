"""How a head is turned."""

from __future__ import annotations

import numpy as np

from proportrait.arrays import Real
from proportrait.faces.face import CHIN, FOREHEAD, LEFT_CHEEK, RIGHT_CHEEK


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
