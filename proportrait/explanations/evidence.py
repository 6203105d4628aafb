"""Where in a picture a measure was taken, and which part of it is off: a map of each fault.

Maps are of the picture that the measures saw, small, and not negative; only their shape counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import cv2
import numpy as np

from proportrait.advice import Reason
from proportrait.arrays import Float, Mask, Real
from proportrait.errors import AssessmentError
from proportrait.explanations.margins import MARGINS
from proportrait.faces import Face
from proportrait.faces.face import (
    LEFT_EYE,
    LEFT_EYE_BOTTOM,
    LEFT_EYE_TOP,
    LIPS,
    OVAL,
    RIGHT_EYE,
    RIGHT_EYE_BOTTOM,
    RIGHT_EYE_TOP,
)
from proportrait.measures import Subject
from proportrait.measures.background import Surroundings, skin_beside
from proportrait.measures.skin import NOSE, Skin
from proportrait.tone import LINEAR, luminance

_LID = 0.35  # of an eye's width: lids and lashes around its outline
_BROWS = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
_NEARLY_WHITE = 200  # of 255


class Evidence:
    """The places of a picture that measures are taken from.

    Args:
        subject: the picture, with at least one face.
        size: (h, w) of the maps.
    """

    def __init__(self, subject: Subject, size: tuple[int, int]) -> None:
        self.subject, self.size = subject, size
        self._scale = np.divide(size[::-1], subject.image.shape[1::-1]).astype(np.float32)

    def of(self, reason: Reason) -> Float:
        """What of the picture a reason is about: (h, w) float32; 0 where it cannot be told.

        Args:
            reason: with a measure, or what a rule of `looks.rules` calls bad.
        """
        try:
            if not reason.measure:
                return self.others() if reason.attribute == "background" else self.outlines(OVAL)
            if reason.measure in MARGINS:
                return MARGINS[reason.measure](self.subject, reason, self.size)
            room = reason.measure.partition(".")[0]
            return _PLACES.get(reason.measure, _PLACES[f"{room}."])(self, reason)
        except AssessmentError:  # the face is too small, or too little of it is in the picture
            return np.zeros(self.size, np.float32)

    def others(self) -> Float:
        """Every face but the largest."""
        total = np.zeros(self.size, np.float32)
        for face in self.subject.faces[1:]:
            total = np.maximum(total, self._filled(face, [OVAL]))
        return total

    def outlines(self, *outlines: Sequence[int], grown: float = 0.0) -> Float:
        """Within outlines of landmarks of the face, each grown by a share of its width."""
        return self._filled(self.subject.face, outlines, grown)

    def on_skin(self, values: Real | Mask) -> Float:
        """Values (SIZE, SIZE) of `Skin`, where they are in the picture."""
        skin = self.skin
        ones = np.ones((len(skin.points), 1))
        target = self.subject.face.landmarks[:, :2] * self._scale
        matrix = np.linalg.lstsq(np.hstack([skin.points, ones]), target, rcond=None)[0].T
        return np.asarray(cv2.warpAffine(values.astype(np.float32), matrix, self.size[::-1]))

    def on_background(self, values: Float) -> Float:
        """Values (n,) of the px of `Surroundings.seen`."""
        full = np.zeros(self.around.seen.shape, np.float32)
        full[self.around.seen] = values
        return self._resized(full)

    def bright_background(self) -> Float:
        """By how many stops what is behind is lighter than the face."""
        image = cv2.resize(self.subject.image, self.size[::-1], interpolation=cv2.INTER_AREA)
        face = float(np.median(self.skin.stops[self.skin.visible]))
        stops = np.log2(luminance(LINEAR[image]) + 1e-3) - face
        return np.asarray(np.maximum(stops, 0) * (self._resized(self.subject.mask) < 0.1))

    def skin_beside(self) -> Float:
        """What is of the subject's skin colour, but beside the head."""
        beside = skin_beside(self.around.image, self.around.face)
        assert beside is not None  # in black and white no reason names it
        return self._resized(beside.astype(np.float32))

    @cached_property
    def skin(self) -> Skin:
        return Skin(self.subject.image, self.subject.face)

    @cached_property
    def around(self) -> Surroundings:
        return Surroundings(self.subject.image, self.subject.mask, self.subject.face)

    def _resized(self, values: Float) -> Float:
        return np.asarray(cv2.resize(values, self.size[::-1], interpolation=cv2.INTER_AREA))

    def _filled(self, face: Face, outlines: Sequence[Sequence[int]], grown: float = 0.0) -> Float:
        total = np.zeros(self.size, np.uint8)
        for outline in outlines:
            area = np.zeros_like(total)
            points = face.landmarks[list(outline), :2] * self._scale
            cv2.fillConvexPoly(area, cv2.convexHull(points.round().astype(np.int32)), 1)
            if rim := round(grown * float(np.ptp(points[:, 0]))):
                kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
                area = np.asarray(cv2.dilate(area, kernel), np.uint8)
            total |= area
        return total.astype(np.float32)


Place = Callable[[Evidence, Reason], Float]


def _face(evidence: Evidence, reason: Reason) -> Float:
    return evidence.outlines(OVAL)


def _eyes(evidence: Evidence, reason: Reason) -> Float:
    return evidence.outlines(LEFT_EYE, RIGHT_EYE, grown=_LID)


def _eyes_and_brows(evidence: Evidence, reason: Reason) -> Float:
    return evidence.outlines((*LEFT_EYE, *_BROWS[0]), (*RIGHT_EYE, *_BROWS[1]), grown=0.1)


def _closed_eye(evidence: Evidence, reason: Reason) -> Float:
    """The eye that is less open."""
    face = evidence.subject.face
    left, right = (
        face.distance(*lids)
        for lids in ((LEFT_EYE_TOP, LEFT_EYE_BOTTOM), (RIGHT_EYE_TOP, RIGHT_EYE_BOTTOM))
    )
    return evidence.outlines(LEFT_EYE if left < right else RIGHT_EYE, grown=_LID)


def _mouth(evidence: Evidence, reason: Reason) -> Float:
    return evidence.outlines(LIPS, grown=0.1)


def _brows(evidence: Evidence, reason: Reason) -> Float:
    return evidence.outlines(*_BROWS, grown=0.05)


def _skin(evidence: Evidence, reason: Reason) -> Float:
    return evidence.on_skin(evidence.skin.visible)


def _nose(evidence: Evidence, reason: Reason) -> Float:
    return evidence.on_skin(evidence.skin.region(NOSE))


def _shade(evidence: Evidence, reason: Reason) -> Float:
    """What of the skin is darker than its mean, in stops."""
    skin = evidence.skin
    mean = float(skin.stops[skin.visible].mean())
    return evidence.on_skin(np.maximum(mean - skin.stops, 0) * skin.visible)


def _contrast(evidence: Evidence, reason: Reason) -> Float:
    """How far the skin is from its mean, in stops."""
    skin = evidence.skin
    return evidence.on_skin(np.abs(skin.stops - skin.stops[skin.visible].mean()) * skin.visible)


def _shadow_edges(evidence: Evidence, reason: Reason) -> Float:
    skin = evidence.skin
    gradients = np.hypot(cv2.Sobel(skin.stops, -1, 1, 0), cv2.Sobel(skin.stops, -1, 0, 1))
    return evidence.on_skin(gradients * skin.visible)


def _exposure(evidence: Evidence, reason: Reason) -> Float:
    """The darkness of the face where it is too dark, else its brightness."""
    skin = evidence.skin
    is_dark = reason.low is not None and (reason.value or 0.0) < reason.low
    light = skin.luminance / 255
    return evidence.on_skin((1 - light if is_dark else light) * skin.face)


def _blown(evidence: Evidence, reason: Reason) -> Float:
    skin = evidence.skin
    return evidence.on_skin(np.maximum(skin.luminance - _NEARLY_WHITE, 0) * skin.face)


def _dark(evidence: Evidence, reason: Reason) -> Float:
    skin = evidence.skin
    return evidence.on_skin((1 - skin.luminance / 255) * skin.face)


def _colours(evidence: Evidence, reason: Reason) -> Float:
    """How far the colour of the skin is from its median, CIE a and b."""
    skin = evidence.skin
    lab = cv2.cvtColor(np.ascontiguousarray(skin.light), cv2.COLOR_LRGB2LAB)[..., 1:]
    distance = np.linalg.norm(lab - np.median(lab[skin.visible], 0), axis=-1)
    return evidence.on_skin(distance * skin.visible)


# By "attribute.Name"; for all other measures of an attribute by "attribute.".
_PLACES: dict[str, Place] = {
    "lighting.": _skin,
    "lighting.SideLight": _shade,
    "lighting.IlluminationUniformity": _shade,
    "lighting.TopLight": _shade,
    "lighting.DiffuseContrast": _contrast,
    "lighting.SkinContrast": _contrast,
    "lighting.ShadowEdges": _shadow_edges,
    "lighting.NoseLight": _nose,
    "lighting.BackLight": lambda evidence, reason: evidence.bright_background(),
    "lighting.LuminanceMean": _exposure,
    "lighting.SkinHighlight": _exposure,
    "lighting.UnderExposurePrevention": _dark,
    "lighting.OverExposurePrevention": _blown,
    "lighting.BlownHighlights": _blown,
    "lighting.WhiteLevel": _eyes,
    "lighting.ColourSpread": _colours,
    "background.": lambda evidence, reason: evidence.on_background(evidence.around.gradients()),
    "background.BackgroundSpots": lambda evidence, reason: evidence.on_background(
        evidence.around.differences()
    ),
    "background.OtherSkin": lambda evidence, reason: evidence.skin_beside(),
    "background.SingleFacePresent": lambda evidence, reason: evidence.others(),
    "expression.": _face,
    "expression.GazeYaw": _eyes,
    "expression.GazePitch": _eyes,
    "expression.GazeAngle": _eyes,
    "expression.EyeOpenness": _eyes,
    "expression.EyesOpen": _eyes,
    "expression.EyesVisible": _eyes,
    "expression.EyeAsymmetry": _closed_eye,
    "expression.MouthClosed": _mouth,
    "expression.MouthOpenBeyondSmile": _mouth,
    "expression.SmileWidth": _mouth,
    "expression.MouthAsymmetry": _mouth,
    "expression.MouthCornerHeight": _mouth,
    "expression.MouthCavity": _mouth,
    "expression.MouthVisible": _mouth,
    "expression.Teeth": _mouth,
    "expression.BrowHeight": _brows,
    "framing.": _face,
    "attire.": _face,
    "sharpness.": _face,
    "sharpness.EyeDetail": _eyes_and_brows,
    "sharpness.EyeContours": _eyes_and_brows,
    "sharpness.ViewedEyeContours": _eyes_and_brows,
}
