"""The mouth: its corners, its cavity, the teeth, and whether it shows."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Float, Mask
from proportrait.faces.face import INNER_LIPS, LIPS, MOUTH_LEFT, MOUTH_RIGHT, NOSE_BASE
from proportrait.measures.base import Measure, Unassessed, sigmoid
from proportrait.measures.fitted.expression import score
from proportrait.measures.geometry import CHEEKS, AlignedFace
from proportrait.tone import luminance, to_linear

NAMES = (
    "MouthCornerHeight",
    "MouthCavity",
    "Teeth",
    "MouthVisible",
    "FaceOcclusionPrevention",
)

# Outlines of skin, by landmarks of the face mesh.
_LOWER_CHEEKS = ((187, 205, 207, 214, 192, 213), (411, 425, 427, 434, 416, 433))
_UNDER_NOSE = (2, 326, 423, 410, 270, 0, 40, 186, 203, 97)
_CHIN = (18, 313, 406, 421, 396, 175, 171, 201, 182, 83)
_FOREHEAD = (151, 337, 299, 296, 336, 9, 107, 66, 69, 108)
_NOSE_BRIDGE = (6, 351, 419, 248, 281, 5, 51, 3, 196, 122)
_NOSE_TIP = (4, 275, 440, 438, 457, 461, 354, 19, 125, 241, 237, 218, 220, 45)
_COLOUR = np.array([0.5, 1, 1], np.float32)  # lightness varies with the light, hue does not


def measure(aligned: AlignedFace, frontal: Float, between: float) -> list[Measure | Unassessed]:
    """Measure the mouth, in the order of `NAMES`.

    Args:
        frontal: (468, 3) landmarks of the head turned to the front.
        between: distance of the eyes among them.
    """
    visible, occlusion = visibility(aligned), lower_face_distance(aligned)
    hidden = [
        Measure("MouthVisible", visible, "1", sigmoid(np.log(visible), -0.45, 0.1), "higher"),
        Measure(NAMES[4], occlusion, "CIELAB", sigmoid(occlusion, 27, -2), "lower"),
    ]
    if min(entry.score for entry in hidden) < 50:
        reason = "the mouth does not show: it is covered or outside the picture"
        return [*(Unassessed(name, reason) for name in NAMES[:3]), *hidden]
    corners = frontal[[MOUTH_LEFT, MOUTH_RIGHT], 1].mean()
    height = float(frontal[NOSE_BASE, 1] - corners) / between
    cavity, teeth = (float(value) for value in inside(aligned))
    return [
        Measure(NAMES[0], height, "inter-eye distances", score(NAMES[0], height), "higher"),
        Measure("MouthCavity", cavity, "mouth widths squared", score(NAMES[1], cavity), "lower"),
        Measure("Teeth", teeth, "mouth widths squared", 100.0, "middle"),
        *hidden,
    ]


def inside(aligned: AlignedFace) -> tuple[float, float]:
    """Areas of the dark cavity and of the teeth between the lips, in squared mouth widths.

    Teeth are bright and pale, the cavity is dark, both in comparison with the cheeks.
    """
    light = luminance(to_linear(aligned.pixels))
    chroma = np.hypot(aligned.lab[..., 1], aligned.lab[..., 2])
    skin = aligned.region(*CHEEKS)
    brightness, colour = float(np.median(light[skin])), float(np.median(chroma[skin]))
    lips = np.zeros(light.shape, np.uint8)
    cv2.fillPoly(lips, [aligned.points[list(INNER_LIPS)].round().astype(np.int32)], 1)
    between = lips > 0
    cavity = between & (light < 0.25 * brightness)
    teeth = between & (light > 0.75 * brightness) & (chroma < 0.75 * colour + 3)
    width = np.linalg.norm(aligned.points[MOUTH_RIGHT] - aligned.points[MOUTH_LEFT])
    return float(cavity.sum() / (width**2 + 1)), float(teeth.sum() / (width**2 + 1))


def visibility(aligned: AlignedFace) -> float:
    """How much lips and the line between them stand out from the skin around: a product.

    Its factors are the spread of colours, the distance of the lips' colour from that of the skin
    above and below, and the steepness of the edges across; 0.5 and less where cloth or a hand
    covers the mouth.
    """
    lab = aligned.lab
    lips = aligned.region(LIPS)
    skin = (
        _median(lab, aligned.region(_UNDER_NOSE) & ~lips)
        + _median(lab, aligned.region(_CHIN) & ~lips)
    ) / 2
    lightness = float(skin[0]) + 10
    around = cv2.dilate(lips.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    spread = 10 * float(np.sqrt(lab[around].var(0) @ _COLOUR**2)) / lightness
    distance = float(np.linalg.norm((_median(lab, lips) - skin) * _COLOUR))
    edges = np.abs(cv2.Sobel(lab[..., 0], cv2.CV_32F, 0, 1))
    steepness = float(np.percentile(edges[around], 85)) / lightness
    return float((spread + 0.1) * np.sqrt((distance + 1) * (steepness + 0.05)))


def lower_face_distance(aligned: AlignedFace) -> float:
    """Least distance in CIELAB of a part that a face mask covers from forehead and nose bridge.

    A beard leaves the tip of the nose as it is, make-up the chin.
    """
    lab, lips = aligned.lab, aligned.region(LIPS)
    upper = _median(lab, aligned.region(_FOREHEAD, _NOSE_BRIDGE))
    parts = (
        aligned.region(_NOSE_TIP),
        aligned.region(_UNDER_NOSE) & ~lips,
        aligned.region(_CHIN) & ~lips,
        aligned.region(*_LOWER_CHEEKS),
        lips,
    )
    return min(float(np.linalg.norm((_median(lab, part) - upper) * _COLOUR)) for part in parts)


def _median(lab: Float, region: Mask) -> Float:
    """Median colour (3,) of a region, or of everything where it is empty."""
    return np.asarray(np.median(lab[region] if region.any() else lab.reshape(-1, 3), 0), np.float32)
