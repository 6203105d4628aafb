"""The skin of a face that the light is judged on: upright, of one size, without what hides it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Mask
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.blur import blurred_part
from proportrait.faces.face import CHIN, FOREHEAD, LEFT_EYE, LIPS, OVAL, RIGHT_EYE
from proportrait.tone import LINEAR, luminance

SIZE = 256  # px of the upright square that the face is drawn into
HEIGHT = 0.8 * SIZE  # px of the face in it
FLOOR = 0.005  # linear luminance of black in a photo: below it there is only noise
FEWEST = 20  # px of a part of the skin
_RIM = 9  # px taken off the skin at hair, eyes, brows and lips
_BLUR = 3.0  # px of blur that leaves the light and takes pores away
_GRAIN = 1.0  # px of blur that takes grain away before pixels are judged
_ENOUGH = 200  # px of skin
# A pixel whose colour is further from the middle of the face than this is no skin: a lens, hair, a
# microphone. Differences of log2 of R / G and B / G; a multiple of the median one, within limits.
_UNLIKE, _UNLIKE_LIMITS = 4.0, (0.3, 0.8)
_GREY = 6.0  # mean difference of the channels: a picture below it is black and white
_GREY_BLUR = 2.0  # px
_NOISE = 0.01  # linear: dark pixels have no colour
_DARK = 3.5  # stops below the middle of the face: a lens or hair, shadows of a face are lighter
# Glasses, beards, and masks hide both sides alike: where more than this share of the face differs
# on one side alone, that is the light.
_ONE_SIDED = 0.15

_LEFT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
_RIGHT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)
# Corners of flat skin in the face mesh: (left, right) of the picture.
FOREHEADS = ((109, 67, 103, 104, 69, 108), (338, 297, 332, 333, 299, 337))
CHEEKS = ((117, 118, 101, 36, 205, 187, 123), (346, 347, 330, 266, 425, 411, 352))
NOSE = (6, 197, 195, 5, 122, 351, 193, 417, 168)


def is_grey(image: Image, area: Mask) -> bool:
    """Whether a picture (h, w, 3) is black and white within an area (h, w)."""
    # Blurred: grain may have colours where the picture has none.
    red, green, blue = cv2.split(cv2.GaussianBlur(image, (0, 0), _GREY_BLUR))
    chroma = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
    return float(chroma[area].mean()) < _GREY


class Skin:
    """A face drawn into a square, so that its size in the picture changes no measure.

    Attributes:
        image: (SIZE, SIZE, 3) uint8.
        points: (468, 2) of the landmarks in it.
        inside: (SIZE, SIZE) bool, what the picture shows.
        face: (SIZE, SIZE) bool, the oval without eyes, brows and lips.
        visible: (SIZE, SIZE) bool, `face` without what is no skin.
        luminance: (SIZE, SIZE) of the encoded samples, [0, 255], as ISO/IEC 29794-5 takes it.
        calm: (SIZE, SIZE, 3) linear light without grain.
        light: (SIZE, SIZE, 3) linear, blurred over `visible` alone.
        stops: (SIZE, SIZE), log2 of the luminance of `light`.

    Raises:
        AssessmentError: too little of the face is in the picture.
    """

    def __init__(self, image: Image, face: Face) -> None:
        top, bottom = face.point(FOREHEAD), face.point(CHIN)
        x, y = face.down
        scale = HEIGHT / face.height
        turn = scale * np.array([[y, -x], [x, y]], np.float32)
        # Pixels have their centres at whole numbers.
        shift = (SIZE - 1) / 2 - turn @ ((top + bottom) / 2)
        matrix = np.concatenate([turn, shift[:, None]], 1)
        size = (SIZE, SIZE)
        shown = np.full(image.shape[:2], 255, np.uint8)
        if scale < 0.5:
            # Shrinking much in one step would skip pixels.
            middle, reach = (top + bottom) / 2, SIZE / 2 / scale * (abs(x) + abs(y)) + 2
            image = blurred_part(image, middle - reach, middle + reach, 0.4 / scale)
        self.image: Image = cv2.warpAffine(image, matrix, size)
        self.points = np.asarray(face.landmarks[:, :2] @ turn.T + shift, np.float32)
        self.inside: Mask = cv2.warpAffine(shown, matrix, size) == 255
        oval = self.region(OVAL, hull=False).astype(np.uint8)
        holes = np.zeros_like(oval)
        for outline in (LEFT_EYE, RIGHT_EYE, LIPS, _LEFT_BROW, _RIGHT_BROW):
            holes |= self.region(outline).astype(np.uint8)
        rim = np.ones((_RIM, _RIM), np.uint8)
        self.face: Mask = (cv2.erode(oval, rim) > 0) & (cv2.dilate(holes, rim) == 0)
        if self.face.sum() < _ENOUGH:
            raise AssessmentError("too little of the face is in the picture")
        # Rounded: the weights add up to a little less than 1, and 26 must not count as below 26.
        self.luminance = np.round(luminance(self.image), 3)
        linear = np.asarray(cv2.LUT(self.image, LINEAR), np.float32)
        self.calm: Float = np.asarray(cv2.GaussianBlur(linear, (0, 0), _GRAIN), np.float32)
        self.visible = self._visible(self.calm)
        weight = self.visible.astype(np.float32)
        near = np.maximum(cv2.GaussianBlur(weight, (0, 0), _BLUR), 1e-3)
        blurred = cv2.GaussianBlur(linear * weight[..., None], (0, 0), _BLUR)
        self.light = np.asarray(blurred / near[..., None], np.float32)
        self.stops = np.asarray(np.log2(luminance(self.light) + FLOOR), np.float32)

    def region(self, outline: Sequence[int], *, hull: bool = True) -> Mask:
        """The part (SIZE, SIZE) of the picture within landmarks."""
        points = self.points[list(outline)].round().astype(np.int32)
        area = np.zeros((SIZE, SIZE), np.uint8)
        cv2.fillPoly(area, [cv2.convexHull(points) if hull else points], 1)
        return (area > 0) & self.inside

    def level(self, *outlines: Sequence[int]) -> float | None:
        """Median of `stops` on the skin that shows within outlines; None where too little does."""
        area = np.logical_or.reduce([self.region(outline) for outline in outlines]) & self.visible
        return float(np.median(self.stops[area])) if area.sum() >= FEWEST else None

    def white(self) -> float:
        """Stops of the brightest of the eyes and the mouth: white that every face carries."""
        area = np.logical_or.reduce(
            [self.region(outline) for outline in (LEFT_EYE, RIGHT_EYE, LIPS)]
        )
        area = area if area.sum() >= FEWEST else self.visible
        return float(np.log2(np.percentile(luminance(LINEAR[self.image][area]), 95) + FLOOR))

    def _visible(self, linear: Float) -> Mask:
        """`face` without what differs in colour from its middle, or is as dark as no skin."""
        middle = self.face & np.logical_or.reduce(
            [self.region(outline) for outline in (*CHEEKS, NOSE)]
        )
        if middle.sum() < FEWEST:
            middle = self.face
        ratios = np.log2(linear[..., (0, 2)] + _NOISE) - np.log2(linear[..., 1:2] + _NOISE)
        unlike = np.maximum(*np.moveaxis(np.abs(ratios - np.median(ratios[middle], 0)), -1, 0))
        limit = np.clip(_UNLIKE * np.median(unlike[middle]), *_UNLIKE_LIMITS)
        light = luminance(linear)
        darkest = (float(np.median(light[middle])) + FLOOR) * 2.0**-_DARK - FLOOR
        strange = self.face & ((unlike > limit) | (light < darkest))
        # Forehead and chin lie on the middle column.
        one_sided = strange & ~strange[:, ::-1] & self.face[:, ::-1]
        if one_sided.sum() > _ONE_SIDED * self.face.sum():
            strange &= ~one_sided
        visible: Mask = self.face & ~strange
        return visible if visible.sum() >= _ENOUGH else self.face
