"""The eyes: where they look, how open they are, and whether they show."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Image, Mask, Real
from proportrait.faces import Eye, Face
from proportrait.faces.face import (
    LEFT_EYE,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    RIGHT_EYE,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from proportrait.measures.base import Measure, Unassessed, sigmoid
from proportrait.measures.fitted.expression import score
from proportrait.measures.geometry import CHEEKS, AlignedFace, head_axes

NAMES = ("GazeYaw", "GazePitch", "GazeAngle", "EyeOpenness", "EyesVisible")

# Eye widths that an iris moves when the gaze turns by a right angle, where it lies below the
# corners' middle in a level gaze, and the share of the head's pitch that counts: the mesh takes
# the shape of a face for pitch. From photos of people who look at the camera with turned heads.
TURN, LEVEL, PITCH_SHARE = 0.230, -0.062, 0.136
# L* of CIELAB by which the better eye with its lids varies at least: under a bar by 0 to 1, in the
# rated photographs and made pictures whose eyes show by 3 and more, however blurred or dark.
_EVEN = 2.0
_PITCH_WEIGHT = 0.5  # pitch is read half as surely as yaw


def measure(face: Face, eyes: tuple[Eye, Eye], aligned: AlignedFace) -> list[Measure | Unassessed]:
    """Measure the eyes, in the order of `NAMES`.

    Angles are those past the camera, in degrees: yaw is positive to the right of the picture, pitch
    downwards. Openness is that of the eye that is less open.
    """
    visible = visibility(aligned)
    entry = Measure("EyesVisible", visible, "1", sigmoid(visible, 0.645, 0.05), "higher")
    if entry.score < 50:
        reason = "the eyes do not show: dark glasses, a shadow, or a bar hides them"
        return [*(Unassessed(name, reason) for name in NAMES[:-1]), entry]
    head_x, head_y, iris_x, iris_y = gaze_terms(face, eyes)
    yaw = _degrees(head_x + iris_x / TURN)
    pitch = _degrees(PITCH_SHARE * head_y + (iris_y - LEVEL) / TURN)
    angle = float(np.hypot(yaw, _PITCH_WEIGHT * pitch))
    openness = min(eye.aperture for eye in eyes) / _eye_width(face)
    return [
        Measure("GazeYaw", yaw, "deg", 100.0, "middle"),
        Measure("GazePitch", pitch, "deg", 100.0, "middle"),
        Measure("GazeAngle", angle, "deg", score("GazeAngle", angle), "lower"),
        Measure("EyeOpenness", openness, "eye widths", score("EyeOpenness", openness), "higher"),
        entry,
    ]


def gaze_terms(face: Face, eyes: tuple[Eye, Eye]) -> tuple[float, float, float, float]:
    """What a gaze is made of, along the line of the eyes and at a right angle to it, downwards.

    Returns:
        x and y of the direction that the head faces, a unit vector, then x and y of the mean offset
        of the irises from the middle of the eye's corners, in eye widths.
    """
    left, right = face.eyes
    across = (right - left) / max(float(np.linalg.norm(right - left)), 1e-6)
    axes = np.array([across, [-across[1], across[0]]])
    head = axes @ -head_axes(face.landmarks.astype(np.float64))[2, :2]
    iris = axes @ np.mean([eye.offset for eye in eyes], axis=0) / _eye_width(face)
    return float(head[0]), float(head[1]), float(iris[0]), float(iris[1])


def visibility(aligned: AlignedFace) -> float:
    """Brightness plus contrast of the better eye with its lids, relative to the cheek below it.

    0 where something of one colour, whatever it is, covers both.
    """
    lightness = aligned.lab[..., 0]
    values, contrasts = [], []
    for outline, cheek in zip((LEFT_EYE, RIGHT_EYE), CHEEKS, strict=True):
        points = aligned.points[list(outline)]
        skin = float(np.median(lightness[aligned.region(cheek)]))
        dark, light, bright = np.percentile(
            lightness[_ellipse(aligned.pixels, points)], (10, 85, 90)
        )
        values.append(light / (skin + 5) + (bright - dark) / (skin + 10))
        contrasts.append(bright - dark)
    return float(max(values)) if max(contrasts) > _EVEN else 0.0


def _ellipse(pixels: Image, points: Real) -> Mask:
    """An eye and its lids, inside the frame of glasses: bool, as large as `pixels`."""
    centre = points.mean(0)
    width = float(np.linalg.norm(points[0] - points[8]))
    mask = np.zeros(pixels.shape[:2], np.uint8)
    axes = (max(1, round(0.62 * width)), max(1, round(0.4 * width)))
    place = tuple(int(v) for v in np.clip(centre.round(), 0, pixels.shape[0] - 1))
    cv2.ellipse(mask, place, axes, 0, 0, 360, 1, -1)
    return mask > 0


def _eye_width(face: Face) -> float:
    """Mean width of the eyes in space, as the face mesh places them, in px."""
    points = face.landmarks[[LEFT_EYE_OUTER, RIGHT_EYE_OUTER]]
    widths = np.linalg.norm(points - face.landmarks[[LEFT_EYE_INNER, RIGHT_EYE_INNER]], axis=1)
    return max(float(widths.mean()), 1e-6)


def _degrees(sine: float) -> float:
    return float(np.degrees(np.arcsin(np.clip(sine, -1, 1))))
