"""How the light falls on the face: `measure`, `assess`, `LIMIT`.

Seven measures are those of ISO/IEC 29794-5:2025 in the formulas of its reference implementation
(OFIQ). The others are differences of linear luminance in stops (factors of two), as photographers
count them: between two parts of one face they say the same of every skin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Mask
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD, INNER_LIPS, LEFT_EYE, LIPS, OVAL, RIGHT_EYE
from proportrait.measures.base import Measure, Subject, Unassessed
from proportrait.measures.evidence import Faults, combine, fault_score
from proportrait.tone import LINEAR, luminance

LIMIT = 50.0  # of the score that `assess` gives

_SIZE = 256  # px of the upright square that the face is drawn into
_FACE = 0.8  # height of the face in it, in sides
_RIM = 9  # px taken off the skin at hair, eyes, brows and lips
_FLOOR = 0.005  # linear luminance of black in a photo: below it there is only noise
_BLUR = 3.0  # px of blur that leaves the light and takes pores away
_ENOUGH = 200  # px of skin, and fewest px of a part of it
_FEWEST = 20
_SAMPLES = 100  # landmarks
_BRIGHT_SKIN = 0.8  # linear luminance: beyond it skin loses its detail
_DIM = -1.3  # stops below white: where the brightest skin lies in a dim picture
# R - B tells how much of the light went through the skin: white shine, which is plainer to see on
# dark skin, has none of it (Mallick et al., "Beyond Lambert", CVPR 2005). The share of luminance
# keeps the measure alive in black and white.
_LUMINANCE_SHARE = 0.25
# Skin of every tone, by a wide margin; (lowest, highest) a* and b* of CIE Lab.
_SKIN_A, _SKIN_B = (2.0, 32.0), (0.0, 40.0)
_GREY = 6.0  # chroma: a picture below it is black and white
_USUAL_SPREAD = 0.15  # stops: of redness over a well-lit face, for a picture without colour
NAMES = (
    "IlluminationUniformity",
    "LuminanceMean",
    "LuminanceVariance",
    "UnderExposurePrevention",
    "OverExposurePrevention",
    "NaturalColour",
    "DynamicRange",
    "SideLight",
    "TopLight",
    "BackLight",
    "ShadowEdges",
    "DiffuseContrast",
    "RednessSpread",
    "BrightSkin",
    "BlownHighlights",
    "DimFace",
    "ColourCast",
)
_DIRECTIONS = ("IlluminationUniformity", "SideLight", "TopLight", "ShadowEdges")
# A logistic regression, balanced, on the rated faces of the built-in source and the rated pictures
# of golden_dev, well-lit faces of the darkest third counted twice: log odds of a face without
# fault, and what each fault costs. Only what ColourCast costs was chosen by hand: no rated face
# has one.
_BEST = 9.56
FAULTS: Faults = {
    "DiffuseContrast": lambda ratio: 2.16 * float(np.log1p(ratio / 0.034)),
    "RednessSpread": lambda stops: 1.72 * float(np.log1p(stops / 0.032)),
    "BrightSkin": lambda share: 0.24 * float(np.log1p(share / 0.00015)),
    "BlownHighlights": lambda share: 0.13 * float(np.log1p(share / 0.00015)),
    "DimFace": lambda stops: 2.28 * stops,
    "ColourCast": lambda lab: 0.5 * lab,
}

_LEFT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
_RIGHT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)
# Corners of flat skin in the face mesh: (left, right) of the picture.
_FOREHEADS = ((109, 67, 103, 104, 69, 108), (338, 297, 332, 333, 299, 337))
CHEEKS = ((117, 118, 101, 36, 205, 187, 123), (346, 347, 330, 266, 425, 411, 352))
_CHIN_SKIN = (18, 83, 182, 194, 201, 200, 421, 418, 406, 313)
_NO_SKIN = sorted({*OVAL, *LEFT_EYE, *RIGHT_EYE, *LIPS, *INNER_LIPS, *_LEFT_BROW, *_RIGHT_BROW})


class _Skin:
    """The face, upright and of one size, so that its size in the picture changes no measure.

    Attributes:
        image: (_SIZE, _SIZE, 3) uint8.
        points: (468, 2) of the landmarks in it.
        inside: (_SIZE, _SIZE) bool, what the picture shows.
        skin: (_SIZE, _SIZE) bool, the oval without eyes, brows and lips.
        samples: (N, 2) int, x y of the landmarks on skin that the picture shows.
        cheeks: (_SIZE, _SIZE) bool, both.
        luminance: (_SIZE, _SIZE) of the encoded samples, [0, 255], as ISO/IEC 29794-5 takes it.
        stops: (_SIZE, _SIZE), log2 of the linear luminance.
    """

    def __init__(self, image: Image, face: Face) -> None:
        top, bottom = face.point(FOREHEAD), face.point(CHIN)
        x, y = face.down
        scale = _FACE * _SIZE / face.height
        turn = scale * np.array([[y, -x], [x, y]], np.float32)
        # Pixels have their centres at whole numbers.
        shift = (_SIZE - 1) / 2 - turn @ ((top + bottom) / 2)
        matrix = np.concatenate([turn, shift[:, None]], 1)
        size = (_SIZE, _SIZE)
        shown = np.full(image.shape[:2], 255, np.uint8)
        if scale < 0.5:
            # Shrinking much in one step would skip pixels.
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), np.uint8)
        self.image: Image = cv2.warpAffine(image, matrix, size)
        self.points = np.asarray(face.landmarks[:, :2] @ turn.T + shift, np.float32)
        self.inside: Mask = cv2.warpAffine(shown, matrix, size) == 255
        oval = self.region(OVAL, hull=False).astype(np.uint8)
        holes = np.zeros_like(oval)
        for outline in (LEFT_EYE, RIGHT_EYE, LIPS, _LEFT_BROW, _RIGHT_BROW):
            holes |= self.region(outline).astype(np.uint8)
        rim = np.ones((_RIM, _RIM), np.uint8)
        self.skin: Mask = (cv2.erode(oval, rim) > 0) & (cv2.dilate(holes, rim) == 0)
        # Rounded: the weights add up to a little less than 1, and 26 must not count as below 26.
        self.luminance = np.round(luminance(self.image), 3)
        self.stops = _stops(self.image)
        places = np.delete(self.points, _NO_SKIN, axis=0).round().astype(int)
        places = places[((places >= 0) & (places < _SIZE)).all(1)]
        self.samples = places[self.inside[places[:, 1], places[:, 0]]]
        if self.skin.sum() < _ENOUGH or len(self.samples) < _SAMPLES:
            raise AssessmentError("too little of the face is in the picture")
        self.cheeks = self.region(CHEEKS[0]) | self.region(CHEEKS[1])
        if self.cheeks.sum() < _FEWEST:
            raise AssessmentError("the cheeks are hidden or outside the picture")

    def seen(self, outline: Sequence[int]) -> Mask:
        """The part of the picture within landmarks, which has to be there.

        Raises:
            AssessmentError: it is hidden or outside the picture.
        """
        region = self.region(outline)
        if region.sum() < _FEWEST:
            raise AssessmentError("a part of the face is hidden or outside the picture")
        return region

    def region(self, outline: Sequence[int], *, hull: bool = True) -> Mask:
        """The part (_SIZE, _SIZE) of the picture within landmarks."""
        points = self.points[list(outline)].round().astype(np.int32)
        drawn = np.zeros((_SIZE, _SIZE), np.uint8)
        cv2.fillPoly(drawn, [cv2.convexHull(points) if hull else points], 1)
        return (drawn > 0) & self.inside


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the light on the face.

    Returns:
        By the names of `NAMES`, in their order; all unassessed where there is no single face, or
        where too little of its skin is in the picture.
    """
    try:
        skin = _Skin(subject.image, subject.face)
        found: list[Measure | Unassessed] = [*_exposure(skin), *_faults(skin)]
        found += [*_directions(skin), _back_light(subject, skin)]
    except AssessmentError as error:
        return {name: Unassessed(name, str(error)) for name in NAMES}
    by_name = {one.name: one for one in found}
    return {name: by_name[name] for name in NAMES}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The score of the whole attribute, [0, 100]; from `LIMIT` on it is professional.

    The faults that `FAULTS` counts add up.
    """
    return combine("Lighting", _BEST, FAULTS, measures)


def skin_luminance(subject: Subject) -> float:
    """Median luminance of the skin, of the encoded samples, [0, 1]."""
    skin = _Skin(subject.image, subject.face)
    return float(np.median(skin.luminance[skin.skin]) / 255)


def _exposure(skin: _Skin) -> list[Measure]:
    """What ISO/IEC 29794-5 takes from the histogram of the face."""
    values = skin.luminance[skin.skin]
    mean, variance = float(values.mean() / 255), float((values / 255).var())
    under, over = float((values < 26).mean()), float((values >= 247).mean())
    counts = np.histogram(values, 256, (0, 256))[0]
    shares = counts[counts > 0] / counts.sum()
    entropy = float(-(shares * np.log2(shares)).sum())
    middle = 100 * _sigmoid(mean, 0.2, 0.05) * (1 - _sigmoid(mean, 0.8, 0.05))
    spread = 100 * float(np.sin(60 * variance / (60 * variance + 1) * np.pi))
    light = min(100.0, max(0.0, 120 * (0.832 - _sigmoid(under, 0.92, 0.05))))
    return [
        Measure("LuminanceMean", mean, "ratio", middle, "middle"),
        Measure("LuminanceVariance", variance, "1", spread, "middle"),
        Measure("UnderExposurePrevention", under, "ratio", light, "lower"),
        Measure("OverExposurePrevention", over, "ratio", min(100, 1 / (over + 0.01)), "lower"),
        Measure("DynamicRange", entropy, "bit", 12.5 * entropy, "higher"),
    ]


def _directions(skin: _Skin) -> list[Measure | Unassessed]:
    """From where the light comes; where a part of the face is cut off, that is not told."""
    try:
        left, right = (skin.seen(CHEEKS[i]) | skin.seen(_FOREHEADS[i]) for i in (0, 1))
        forehead = skin.seen(_FOREHEADS[0]) | skin.seen(_FOREHEADS[1])
        chin = skin.seen(_CHIN_SKIN)
    except AssessmentError as error:
        return [Unassessed(name, str(error)) for name in _DIRECTIONS]
    # In units of the face's mean, so that neither exposure nor the tone of the skin counts.
    relative = skin.luminance / max(1.0, float(skin.luminance[skin.skin].mean()))
    histograms = [
        np.histogram(relative[side], 64, (0, 2))[0] / side.sum() for side in (left, right)
    ]
    overlap = float(np.minimum(*histograms).sum())
    side = abs(_median(skin.stops, left) - _median(skin.stops, right))
    top = _median(skin.stops, forehead) - _median(skin.stops, chin)
    # Gradients of the light alone: blurred on the skin, so that hair and eyes stay out.
    weight = skin.skin.astype(np.float32)
    blurred = cv2.GaussianBlur(skin.stops * weight, (0, 0), _BLUR)
    blurred /= np.maximum(cv2.GaussianBlur(weight, (0, 0), _BLUR), 1e-3)
    across, down = cv2.Sobel(blurred, -1, 1, 0) / 8, cv2.Sobel(blurred, -1, 0, 1) / 8
    edges = _FACE * _SIZE * float(np.percentile(np.hypot(across, down)[skin.skin], 95))
    return [
        Measure("IlluminationUniformity", overlap, "ratio", 100 * overlap**0.3, "higher"),
        Measure("SideLight", side, "stops", 100 * 2**-side, "lower"),
        Measure("TopLight", top, "stops", 100 * 2 ** -abs(top), "middle"),
        Measure("ShadowEdges", edges, "stops / face", 100 * 2 ** (-edges / 50), "lower"),
    ]


def _back_light(subject: Subject, skin: _Skin) -> Measure | Unassessed:
    """How much lighter than the face the background is, in stops."""
    behind = subject.image[subject.mask < 0.1]
    if len(behind) < 0.02 * subject.mask.size:
        return Unassessed("BackLight", "there is too little background")
    # A few thousand pixels give the same median.
    stops = _stops(behind[:: max(1, len(behind) // 5000)])
    value = float(np.median(stops)) - _median(skin.stops, skin.skin)
    return Measure("BackLight", value, "stops", 100 * 2 ** -max(0.0, value), "lower")


def _faults(skin: _Skin) -> list[Measure]:
    """What decides, each with the log odds that it costs."""
    lab = cv2.cvtColor(skin.image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    a, b = (float(value) for value in lab[skin.cheeks][:, 1:].mean(0))
    # Skin of every tone has a* from 5 to 25 and b* from 5 to 35.
    strange = float(np.hypot(max(0.0, 5 - a, a - 25), max(0.0, 5 - b, b - 35)))
    strange = 100.0 if min(a, b) < 0 else strange
    natural = 200 * (1 - _sigmoid(strange, 0, 10))

    light = _soft_light(skin)
    diffuse = np.maximum(light[:, 0] - light[:, 2] + _LUMINANCE_SHARE * luminance(light), 0.002)
    stops = np.log2(light + 0.01)
    bright = luminance(LINEAR[skin.image][skin.skin])
    blown = float((skin.image.max(-1) >= 250)[skin.skin].mean())
    brightest = float(np.log2(np.percentile(bright, 95) + _FLOOR))
    spread = float((stops[:, 0] - stops[:, 1]).std())
    grey = np.hypot(a, b) < _GREY
    cast = float(np.hypot(_outside(a, *_SKIN_A), _outside(b, *_SKIN_B)))
    values = {
        "DiffuseContrast": (float(diffuse.std() / diffuse.mean()), "ratio"),
        "RednessSpread": (_USUAL_SPREAD if grey else spread, "stops"),
        "BrightSkin": (float((bright > _BRIGHT_SKIN).mean()), "ratio"),
        "BlownHighlights": (blown, "ratio"),
        "DimFace": (max(0.0, _DIM - brightest), "stops"),
        "ColourCast": (0.0 if grey else cast, "Lab"),
    }
    return [
        Measure("NaturalColour", strange, "Lab", natural, "lower"),
        *(
            Measure(name, value, unit, fault_score(_BEST, FAULTS[name](value)), "lower")
            for name, (value, unit) in values.items()
        ),
    ]


def _soft_light(skin: _Skin) -> Float:
    """Linear light (N, 3) at the landmarks on skin; blurred on the skin, so that hair stays out."""
    weight = skin.skin.astype(np.float32)
    near = np.maximum(cv2.GaussianBlur(weight, (0, 0), _BLUR), 1e-3)
    light = cv2.GaussianBlur(LINEAR[skin.image] * weight[..., None], (0, 0), _BLUR)
    x, y = skin.samples[skin.skin[skin.samples[:, 1], skin.samples[:, 0]]].T
    if not len(x):
        raise AssessmentError("too little of the face is in the picture")
    return np.asarray(light[y, x] / near[y, x, None], np.float32)


def _outside(value: float, low: float, high: float) -> float:
    return max(0.0, low - value, value - high)


def _stops(image: Image) -> Float:
    return np.asarray(np.log2(luminance(LINEAR[image]) + _FLOOR), np.float32)


def _median(values: Float, where: Mask) -> float:
    return float(np.median(values[where]))


def _sigmoid(value: float, middle: float, width: float) -> float:
    return float(1 / (1 + np.exp((middle - value) / width)))
