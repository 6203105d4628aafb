"""Where the head stands in a picture that is turned about the middle between the eyes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Double, Real
from proportrait.faces.face import CHIN, FOREHEAD
from proportrait.measures import Subject

_LARGE = 0.3  # of the height of the face: another one is noticed
_LONGEST = 512  # px of the longer side of the mask in which the hair is looked for
_NEAR = 0.03  # head heights


@dataclass(frozen=True, eq=False)
class Head:
    """A head; px from the middle between the eyes, in the turned picture, y down.

    Attributes:
        eyes: x and y of that middle in the picture as it is.
        height: from there to the chin of a shut mouth, as ISO/IEC 29794-5 measures heads.
        face: x and y of the middle of the face, as `measures.framing` takes it.
        face_height: from the forehead to the chin.
        forehead, crown: y of the hairline, and of the end of the hair.
        middle: x of the middle between face and head: a head that looks aside has more room there.
        touches_top: whether the hair reaches the upper border of the photo.
        others: (K, 4), left, top, right, bottom of the other faces.
    """

    eyes: Double
    height: float
    face: Double
    face_height: float
    forehead: float
    crown: float
    middle: float
    touches_top: bool
    others: Double

    @classmethod
    def of(cls, subject: Subject, turn: Double) -> Head:
        """The head of an upright picture.

        Args:
            subject: the picture.
            turn: (2, 2), from its px to those of the turned picture.

        Raises:
            AssessmentError: there is no face, or it is too small.
        """
        face = subject.face.with_shut_mouth()
        # A pixel's centre lies half a pixel inside.
        eyes = np.asarray(face.eyes, np.float64).mean(0) + 0.5

        def turned(points: Real) -> Double:
            return np.asarray((points + 0.5 - eyes) @ turn.T, np.float64)

        points = turned(face.landmarks[:, :2])
        low, high = points.min(0), points.max(0)
        forehead, chin = float(points[FOREHEAD, 1]), float(points[CHIN, 1])
        centre = np.array([(low[0] + high[0]) / 2, (forehead + chin) / 2])
        step = max(1, round(max(subject.mask.shape) / _LONGEST))
        y, x = np.nonzero(subject.mask[::step, ::step] > 0.5)
        person = turned(np.stack([x, y], 1) * np.float64(step))
        half = float(high[0] - low[0]) / 2
        crown = _crown(person, centre[0], half, forehead - 0.1 * (chin - forehead))
        boxes = [
            np.concatenate([corners.min(0), corners.max(0)])
            for corners in (turned(other.landmarks[:, :2]) for other in subject.faces[1:])
            if np.ptp(corners[:, 1]) >= _LARGE * np.ptp(points[:, 1])
        ]
        height = max(float(np.linalg.norm(points[CHIN])), 1e-6)
        head = person[(np.abs(person[:, 0] - centre[0]) < 2 * half) & (person[:, 1] < 0.6 * chin)]
        ends = np.percentile(head[:, 0], (2, 98)) if len(head) else centre[:1]
        return cls(
            eyes, height, centre, chin - forehead, forehead, crown,
            float(centre[0] + np.mean(ends)) / 2,
            bool((turn @ (0, -eyes[1]))[1] >= crown - _NEAR * height),
            np.array(boxes, np.float64).reshape(-1, 4),
        )  # fmt: skip

    def bystanders(self, rows: Double) -> Double:
        """(N,): how many other faces windows (N, 4) of left, top, width, height show a part of."""
        low, high = rows[:, None, :2], rows[:, None, :2] + rows[:, None, 2:]
        apart = (self.others[:, 2:] < low) | (self.others[:, :2] > high)
        return np.asarray((~apart.any(2)).sum(1), np.float64)


def _crown(person: Double, middle: float, half: float, lowest: float) -> float:
    """The y at which the person (M, 2) ends above the face; at most `lowest`."""
    above = person[(np.abs(person[:, 0] - middle) < half) & (person[:, 1] < 0), 1]
    return min(lowest, float(np.percentile(above, 0.5))) if len(above) else lowest
