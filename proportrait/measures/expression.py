"""What the face says: `measure` and `assess`.

Relaxed smiles, teeth included, are professional; what is not is a look past the camera, a mouth
that stands open without a smile or wider than in one, shut eyes, a scowl, and anger, fear, or
surprise. MouthClosed, EyesOpen, EyesVisible, ExpressionNeutrality, and FaceOcclusionPrevention are
named as in ISO/IEC 29794-5:2025. The values of the two former are its formulas; its scores judge
what face recognition can bear, those here what looks professional. For the others it has networks
of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError
from proportrait.faces import EMOTIONS, Face, FaceAnalyzer
from proportrait.faces.face import (
    CHIN,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_BROW_INNER,
    LEFT_EYE_BOTTOM,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LEFT_EYE_TOP,
    LOWER_LIP,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    RIGHT_BROW,
    RIGHT_BROW_INNER,
    RIGHT_EYE_BOTTOM,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    RIGHT_EYE_TOP,
    UPPER_LIP,
)
from proportrait.measures import eyes, mouth
from proportrait.measures.base import Measure, Subject, Unassessed, sigmoid
from proportrait.measures.evidence import combine
from proportrait.measures.fitted.expression import BEST, FAULTS
from proportrait.measures.geometry import AlignedFace, head_axes

LIMIT = 50.0

NAMES = (
    "ExpressionNeutrality",
    "MouthClosed",
    "EyesOpen",
    "Happiness",
    "Agitation",
    "MouthOpenBeyondSmile",
    "SmileWidth",
    "BrowHeight",
    "EyeAsymmetry",
    "MouthAsymmetry",
    *eyes.NAMES,
    *mouth.NAMES,
)

_CROPS = (0.8, 0.95, 1.1)  # of the usual crop: one reading of the network alone is unsteady
_AGITATED = ("angry", "disgust", "fear", "surprise")
_SMILE_OPENS = 0.12  # so much a full smile opens the mouth, in mouth widths


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the expression; the keys are `NAMES`, in that order.

    Head heights are those of ISO/IEC 29794-5: from the middle between the eyes to the chin.
    """
    try:
        face = subject.face
    except AssessmentError as error:
        return {name: Unassessed(name, str(error)) for name in NAMES}
    emotions = steady_emotions(subject.analyzer, subject.image, face)
    happy = emotions["happy"]
    agitation = sum(emotions[name] for name in _AGITATED)

    points = upright(face)
    corners = points[[LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_OUTER, RIGHT_EYE_INNER], :2]
    left, right = corners[:2].mean(0), corners[2:].mean(0)
    between = max(float(np.linalg.norm(right - left)), 1e-6)
    head = max(float(np.linalg.norm(points[CHIN, :2] - corners.mean(0))), 1e-6)

    def distance(a: int, b: int) -> float:
        return float(np.linalg.norm(points[a] - points[b]))

    # Opposite points of the inner lips: the same number of steps from a corner of the mouth.
    half = len(INNER_LIPS) // 2
    pairs = [(INNER_LIPS[i], INNER_LIPS[-i]) for i in range(1, half)]
    gap = max(distance(a, b) for a, b in pairs) / head
    width = distance(MOUTH_LEFT, MOUTH_RIGHT)
    opening = distance(UPPER_LIP, LOWER_LIP) / max(width, 1e-6)
    beyond = opening - _SMILE_OPENS * happy
    left_eye = distance(LEFT_EYE_TOP, LEFT_EYE_BOTTOM)
    right_eye = distance(RIGHT_EYE_TOP, RIGHT_EYE_BOTTOM)
    open_eyes = min(left_eye, right_eye) / head
    asymmetry = abs(left_eye - right_eye) / max(left_eye, right_eye, 1e-6)
    brows = points[[LEFT_BROW, LEFT_BROW_INNER, RIGHT_BROW, RIGHT_BROW_INNER], 1].mean()
    brow = float(corners[:, 1].mean() - brows) / between
    slant = abs(float(points[MOUTH_LEFT, 1] - points[MOUTH_RIGHT, 1])) / between
    aligned = AlignedFace.cut(subject.image, face)
    neutral = emotions["neutral"]
    measures: tuple[Measure | Unassessed, ...] = (
        Measure("ExpressionNeutrality", neutral, "probability", 100 * neutral, "higher"),
        Measure("MouthClosed", gap, "head heights", sigmoid(gap, 0.147, -0.015), "lower"),
        Measure("EyesOpen", open_eyes, "head heights", sigmoid(open_eyes, 0.045, 0.005), "higher"),
        Measure("Happiness", happy, "probability", 100.0, "middle"),
        Measure("Agitation", agitation, "probability", sigmoid(agitation, 0.43, -0.08), "lower"),
        Measure(NAMES[5], beyond, "mouth widths", sigmoid(beyond, 0.18, -0.03), "lower"),
        Measure("SmileWidth", width / between, "inter-eye distances", 100.0, "middle"),
        Measure("BrowHeight", brow, "inter-eye distances", sigmoid(brow, 0.3, 0.015), "higher"),
        Measure("EyeAsymmetry", asymmetry, "1", sigmoid(asymmetry, 0.35, -0.08), "lower"),
        Measure(
            "MouthAsymmetry", slant, "inter-eye distances", sigmoid(slant, 0.15, -0.03), "lower"
        ),
        *eyes.measure(face, subject.analyzer.eyes(subject.image, face), aligned),
        *mouth.measure(aligned, points, between),
    )
    return {entry.name: entry for entry in measures}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The score of the whole attribute, [0, 100]; from `LIMIT` on it counts as professional.

    What shows may be bad enough. Otherwise a face whose eyes or mouth are hidden has no score. A
    face without its eyes has no emotion: the network guesses one.
    """
    if isinstance(missing := measures["Agitation"], Unassessed):
        return Unassessed("Expression", missing.reason)
    hidden = [entry for name in FAULTS if isinstance(entry := measures[name], Unassessed)]
    visible = {name: FAULTS[name] for name in FAULTS if isinstance(measures[name], Measure)}
    if isinstance(measures["GazeAngle"], Unassessed):
        visible.pop("Agitation", None)
    score = combine("Expression", BEST, visible, measures)
    if hidden and isinstance(score, float) and score >= LIMIT:
        return Unassessed("Expression", hidden[0].reason)
    return score


def upright(face: Face) -> Float:
    """The landmarks (468, 3) of a head turned to the front, in px, y down."""
    points = face.landmarks.astype(np.float64)
    return np.asarray((points - points.mean(0)) @ head_axes(points).T, np.float32)


def steady_emotions(analyzer: FaceAnalyzer, image: Image, face: Face) -> dict[str, float]:
    """Probabilities of the emotions, the mean over crops of several sizes and their mirror images.

    A mirror image has the same emotions, then, and a shift of a pixel does not matter.
    """
    height, width = image.shape[:2]
    low, high = face.landmarks[:, :2].min(0), face.landmarks[:, :2].max(0)
    margin = float((high - low).max())  # more than the network looks at
    x0, y0 = (max(0, int(v - margin)) for v in low)
    x1, y1 = min(width, int(high[0] + margin) + 1), min(height, int(high[1] + margin) + 1)
    part = image[y0:y1, x0:x1]
    if not part.size:
        part, x0, y0 = image, 0, 0
    part = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    points = face.landmarks - np.array([x0, y0, 0], np.float32)
    mirrored = points.copy()
    mirrored[:, 0] = part.shape[1] - 1 - mirrored[:, 0]
    sums = dict.fromkeys(EMOTIONS, 0.0)
    views = ((part, points), (cv2.flip(part, 1), mirrored))
    for view, landmarks in views:
        centre = (landmarks.min(0) + landmarks.max(0)) / 2
        for crop in _CROPS:
            scaled = centre + crop * (landmarks - centre)
            found = analyzer.emotions(view, Face(face.bbox, scaled, face.score))
            for name, probability in found.items():
                sums[name] += probability
    return {name: value / (len(views) * len(_CROPS)) for name, value in sums.items()}
