"""Where the head stands in the picture: `measure` and `assess`.

HeadSize, the crops, the margins, and the pose are those of ISO/IEC 29794-5:2025. Its scores
judge passport pictures, in which the head is larger than in a headshot: here the scores of
HeadSize and of the margins say how far a picture is from head and shoulders instead. The limits
were set on the whole of a set of rated portraits, none on a single picture.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from proportrait.arrays import Float
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD
from proportrait.measures.base import Direction, Measure, Subject, Unassessed, sigmoid
from proportrait.measures.evidence import worst
from proportrait.measures.geometry import head_axes

LIMIT = 50.0

NAMES = (
    "HeadSize",
    "LeftwardCropOfTheFaceImage",
    "RightwardCropOfTheFaceImage",
    "MarginAboveOfTheFaceImage",
    "MarginBelowOfTheFaceImage",
    "HorizontalOffset",
    "VerticalOffset",
    "HeadCutAtTheTop",
    "ChinCut",
    "HeadPoseYaw",
    "HeadPosePitch",
    "HeadPoseRoll",
    "PictureTilt",
)
# Rubrics of headshots ask nothing of the pose; the margins above and below are told by the offset
# and the cuts, except that a chin on the lower border leaves no shoulders. A head may lean, but a
# picture may not.
DECIDING = (
    "HeadSize",
    "LeftwardCropOfTheFaceImage",
    "RightwardCropOfTheFaceImage",
    "MarginBelowOfTheFaceImage",
    "HorizontalOffset",
    "VerticalOffset",
    "HeadCutAtTheTop",
    "ChinCut",
    "PictureTilt",
)

# By measure: the lowest and the highest value that is well framed, where the score is 50, and how
# softly it falls there; see `tools.fit_framing`.
LIMITS: dict[str, tuple[float, float, float]] = {
    "HeadSize": (0.135, 0.467, 0.015),
    "LeftwardCropOfTheFaceImage": (0.9, np.inf, 0.1),
    "RightwardCropOfTheFaceImage": (0.9, np.inf, 0.1),
    "MarginAboveOfTheFaceImage": (0.8, np.inf, 0.1),
    "MarginBelowOfTheFaceImage": (1.2, np.inf, 0.03),
    "HorizontalOffset": (-0.19, 0.19, 0.03),
    "VerticalOffset": (-0.36, 0.15, 0.02),
    "HeadCutAtTheTop": (-np.inf, 0.145, 0.02),
    "ChinCut": (-np.inf, 0.04, 0.015),
}
# deg of PictureTilt that 98.5 % of well-framed photos stay under; see `tools.fit_tilt`.
TILT_LIMIT = 16.0
_LEAN = 10.0  # deg that a head leans beyond its body before the picture counts as tilted
_RING = (0.8, 1.3)  # of the body around the middle of the face, in face heights
_RING_TOP = -0.2  # where it starts, in face heights below the middle of the face
_SMALL_MASK = 160  # px of the longer side of the mask while the body's axis is measured
_CROWN = 0.25  # of the crown above the hairline, in face heights
_BORDER = 128  # the topmost of so many strips is the upper border


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the framing; the keys are `NAMES`, in that order.

    Head heights are those of ISO/IEC 29794-5: from the middle between the eyes to the chin, which
    is taken where a shut mouth would leave it: a laugh is no bad framing. Left and right are the
    picture's.
    """
    try:
        face, mask = subject.face, subject.mask
    except AssessmentError as error:
        return {name: Unassessed(name, str(error)) for name in NAMES}
    height, width = subject.image.shape[:2]
    # A pixel's centre lies half a pixel inside, so that mirrored and scaled pictures agree.
    points = face.with_shut_mouth().landmarks[:, :2] + 0.5
    left_eye, right_eye = (eye + 0.5 for eye in face.eyes)
    eyes = (left_eye + right_eye) / 2
    between = max(float(np.linalg.norm(right_eye - left_eye)), 1e-6)
    head = max(float(np.linalg.norm(points[CHIN] - eyes)), 1e-6)
    low, high = points.min(0), points.max(0)
    x = float(low[0] + high[0]) / 2 / width - 0.5
    y = float(points[FOREHEAD, 1] + points[CHIN, 1]) / 2 / height - 0.5
    size = head / height
    left, right = float(left_eye[0]) / between, (width - float(right_eye[0])) / between
    above, below = float(eyes[1]) / head, (height - float(eyes[1])) / head
    cut = _head_cut(face, mask)
    chin = max(0.0, float(face.point(CHIN)[1]) + 0.5 - height) / head
    yaw, pitch, roll = head_pose(face)
    tilt = picture_tilt(face, mask, roll)
    roll, tilt = (_wrapped(angle + 90 * subject.turns) for angle in (roll, tilt))
    found = (
        _limited("HeadSize", size, "picture heights", "middle"),
        _limited("LeftwardCropOfTheFaceImage", left, "inter-eye distances", "higher"),
        _limited("RightwardCropOfTheFaceImage", right, "inter-eye distances", "higher"),
        _limited("MarginAboveOfTheFaceImage", above, "head heights", "higher"),
        _limited("MarginBelowOfTheFaceImage", below, "head heights", "higher"),
        _limited("HorizontalOffset", x, "picture widths", "middle"),
        _limited("VerticalOffset", y, "picture heights", "middle"),
        _limited("HeadCutAtTheTop", cut, "head heights", "lower"),
        _limited("ChinCut", chin, "head heights", "lower"),
        *(
            Measure(name, angle, "deg", _pose_component(angle), "middle")
            for name, angle in zip(NAMES[-4:-1], (yaw, pitch, roll), strict=True)
        ),
        Measure("PictureTilt", tilt, "deg", sigmoid(abs(tilt), TILT_LIMIT, -1.5), "middle"),
    )
    return {entry.name: entry for entry in found}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The worst score of `DECIDING`, [0, 100]; from `LIMIT` on the framing is professional."""
    return worst(DECIDING, measures)


def head_pose(face: Face) -> tuple[float, float, float]:
    """Yaw, pitch, and roll of a head in degrees, from its landmarks.

    Yaw is positive where the face looks to the right of the picture, pitch where it looks down, and
    roll where it is turned clockwise.
    """
    # The columns of the rotation Rz(roll) Ry(yaw) Rx(pitch) that turns a frontal head to this one.
    across, down, forward = head_axes(face.landmarks)
    yaw = float(np.degrees(np.arcsin(np.clip(-across[2], -1, 1))))
    pitch = float(np.degrees(np.arctan2(down[2], forward[2])))
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    return -yaw, pitch, roll


def picture_tilt(face: Face, mask: Float, roll: float) -> float:
    """How far the picture is turned, not the head alone, in degrees; positive is clockwise.

    It is as much of the head's roll as the body follows, or what the roll exceeds a lean by.

    Args:
        face: upright or leaning, not lying.
        mask: (H, W), 0 background to 1 person.
        roll: of the head, in degrees.
    """
    body = _body_roll(face, mask) * np.sign(roll)
    return float(np.sign(roll) * max(0.0, min(abs(roll), body), abs(roll) - _LEAN))


def _body_roll(face: Face, mask: Float) -> float:
    """The roll in degrees at which the body, in a ring around the face, would be symmetric."""
    scale = min(1.0, _SMALL_MASK / max(mask.shape))
    small = cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    low, high = face.mesh_box[:2], face.mesh_box[2:]
    centre, height = (low + high) / 2 * scale, max(face.height * scale, 1e-6)
    y, x = (np.indices(small.shape, np.float32) - centre[::-1, None, None]) / height
    distance = np.maximum(np.hypot(x, y), 1e-3)
    ring = (small > 0.5) & (distance > _RING[0]) & (distance < _RING[1]) & (y > _RING_TOP)
    if not ring.any():
        return 0.0
    across, down = ((values / distance)[ring].mean() for values in (x, y))
    return float(np.degrees(np.arctan2(-across, down)))


def _wrapped(angle: float) -> float:
    """The same angle in degrees, above -180 and up to 180."""
    return 180 - (180 - angle) % 360


def _pose_component(angle: float) -> float:
    """The squared cosine of ISO/IEC 29794-5, [0, 100]."""
    return float(100 * max(0.0, np.cos(np.radians(angle))) ** 2)


def _head_cut(face: Face, mask: Float) -> float:
    """How much of the head is missing above, in face heights, by how broadly it is cut.

    Args:
        mask: (H, W), 0 background to 1 person.
    """
    width = mask.shape[1]
    xs = face.landmarks[:, 0]
    low, high = float(xs.min()), float(xs.max())
    start, end = max(0, round(low)), min(width, round(high) + 1)
    border = mask[: max(1, round(mask.shape[0] / _BORDER)), start:end]
    if not border.size:
        return 0.0
    touching = min(1.0, float((border.mean(0) > 0.5).sum()) / max(high - low, 1e-6))
    headroom = float(face.landmarks[FOREHEAD, 1] + 0.5) / max(face.height, 1e-6)
    return touching * max(0.0, _CROWN - headroom)


def _limited(name: str, value: float, unit: str, direction: Direction) -> Measure:
    """A measure whose score is 50 at its `LIMITS` and higher between them."""
    lowest, highest, width = LIMITS[name]
    score = min(sigmoid(value, lowest, width), sigmoid(value, highest, -width))
    return Measure(name, value, unit, score, direction)
