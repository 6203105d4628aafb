"""How far a picture leans: by head and body, unless the lines behind the person contradict."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Double, Float, Image
from proportrait.measures import Subject
from proportrait.measures.framing import TILT_LIMIT, head_pose, picture_tilt

UPRIGHT = 2.0  # deg that nobody sees: less is not turned
MOST = 45.0  # deg: what leans more rather lies
_TOO_MUCH = TILT_LIMIT - 2.0  # deg of lean: in a crop the face is measured anew, and may lean more
_FRONTAL = 30.0  # deg of yaw
_LONGEST = 640  # px of the longer side of the picture in which lines are looked for
_SHORTEST = 0.04  # of its longer side: a shorter line is texture
_STRAIGHT = 0.1  # longer sides of the picture: lines together as long say how it stands
_SPREAD = 1.5  # deg within which lines are parallel
_BEHIND = 0.1  # of the mask of the person: more is the person


def measured_tilt(subject: Subject) -> float:
    """PictureTilt of an upright picture, deg, clockwise.

    Raises:
        AssessmentError: there is no face, or it is too small.
    """
    return picture_tilt(subject.face, subject.mask, head_pose(subject.face)[2])


def tilt(subject: Subject) -> float:
    """How far to turn an upright picture back, deg, clockwise; 0 where it stands straight.

    A person may lean while the camera does not: where the lines behind the person are level and
    upright, and would not be if head and body were, the picture stays. But if it leans by more
    than any framing allows, it is turned by half, and both lean less; unless the face looks aside,
    of which the angle is not sure.

    Raises:
        AssessmentError: there is no face, or it is too small.
    """
    angle = measured_tilt(subject)
    if not UPRIGHT <= abs(angle) <= MOST:
        return 0.0
    lengths, angles = _lines(subject.image, subject.mask)
    if _parallel(lengths, angles, 0.0) - _parallel(lengths, angles, angle) <= _STRAIGHT:
        return angle
    is_frontal = abs(head_pose(subject.face)[0]) <= _FRONTAL
    return angle / 2 if abs(angle) > _TOO_MUCH and is_frontal else 0.0


def _lines(image: Image, mask: Float) -> tuple[Double, Double]:
    """Lengths (N,) of the straight lines behind the person, and how far they lean (N,), deg.

    Lengths are shares of the longer side of the picture.

    Detected as in Grompone von Gioi et al., "LSD: a Line Segment Detector", IPOL 2012.
    """
    scale = min(1.0, _LONGEST / max(image.shape))
    size = tuple(max(1, round(scale * side)) for side in image.shape[1::-1])
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    person = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    ends = cv2.createLineSegmentDetector().detect(grey)[0]
    ends = np.zeros((0, 4)) if ends is None else ends.reshape(-1, 4).astype(np.float64)
    x, y = ((ends[:, :2] + ends[:, 2:]) / 2).T.astype(int)
    across, down = (ends[:, 2:] - ends[:, :2]).T
    lengths = np.hypot(across, down)
    chosen = (lengths >= _SHORTEST * max(size)) & (person[y, x] < _BEHIND)
    return lengths[chosen] / max(size), np.degrees(np.arctan2(down, across))[chosen]


def _parallel(lengths: Double, angles: Double, tilt: float) -> float:
    """The length of all lines that are level or upright in a picture that leans by `tilt` deg."""
    apart = (angles - tilt + 45) % 90 - 45
    return float(lengths @ np.exp(-((apart / _SPREAD) ** 2) / 2))
