"""How calm the surroundings of the person are: `measure`, `assess`, `LIMIT`.

BackgroundUniformity and SingleFacePresent are those of ISO/IEC 29794-5:2025 in the formulas of its
reference implementation (OFIQ), but the uniformity is taken over everything around the person and
not only in the crop of a passport photo. It punishes fine texture and knows nothing of bokeh: the
other measures blur first, as somebody does who sees the picture small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Mask, Real
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.face import FOREHEAD
from proportrait.measures.base import Measure, Subject, Unassessed
from proportrait.measures.evidence import Faults, combine, fault_score
from proportrait.measures.skin import CHEEKS, is_grey
from proportrait.tone import LINEAR, luminance

LIMIT = 50.0  # of the score that `assess` gives

NAMES = (
    "SingleFacePresent",
    "BackgroundShare",
    "BackgroundUniformity",
    "BackgroundEntropy",
    "BackgroundClutter",
    "ClutterX",
    "ClutterY",
    "OtherSkin",
    "BackgroundSpots",
)

_SIDE = 354  # px of the longer side while measuring: the height of the crop in ISO/IEC 29794-5
_PERSON = 0.1  # from this share of a pixel on it is no background
_RIM = 21  # px around the person where hair and errors of the mask lie
_SMALLEST_SHARE = 0.02  # of the picture: from less nobody can tell what is there
_HIDDEN, _NOTHING_SEEN = 0.04, 90.0  # share of the picture; the score that it then has
_TOLERANCE = 1.4  # px of blur before gradients are taken: grain and plaster are no clutter
_SPOT_TOLERANCE = 5.5  # px of blur before spots are looked for
_SPOT_LIMIT = 16.0
_HEAD, _NECK = 0.55, 0.85  # face heights beside the face's axis, below the forehead
_SKIN_COLOUR = 0.03  # largest difference of chromaticity from the cheeks
_SKIN_STOPS = 1.3  # largest difference of light from the cheeks
# A logistic regression, balanced, on all of the rated faces of the built-in source (its limit also
# looked at on the whole of the golden set): log odds of a picture without fault, and what each
# fault costs; see `tools.fit_background`.
BEST = 7.43
CLUTTER = (2.9, 100.0)  # for each step of a factor e above so much, Lab / side
SKIN = (0.87, 0.001)  # times log(1 + share / this share)
FAULTS: Faults = {
    "BackgroundClutter": lambda value: (
        CLUTTER[0] * max(0.0, float(np.log((value + 1e-9) / CLUTTER[1])))
    ),
    "OtherSkin": lambda share: SKIN[0] * float(np.log1p(share / SKIN[1])),
}
_LEVELS = 64  # of the lightness histogram


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure what is around the person.

    Returns:
        By the names of `NAMES`, in their order. Without a face all are unassessed; beside other
        faces they are of the largest.
    """
    if not subject.faces:
        return {name: Unassessed(name, "no face found") for name in NAMES}
    found: dict[str, Measure | Unassessed] = {"SingleFacePresent": _single_face(subject)}
    try:
        found |= _measure_around(subject.image, subject.mask, subject.face)
    except AssessmentError as error:
        reason = str(error)
        found |= {name: Unassessed(name, reason) for name in NAMES if name not in found}
    return found


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The score of the whole attribute, [0, 100]; from `LIMIT` on it is professional.

    0 where another face is seen, else the faults of BackgroundClutter and OtherSkin add up. Where
    next to nothing is background, nothing distracts: raters called nine such of ten clean. In black
    and white nobody else's skin can be told: the clutter decides alone.
    """
    single, share = measures["SingleFacePresent"], measures["BackgroundShare"]
    if isinstance(single, Measure) and single.value > 0:
        return 0.0
    clutter = measures["BackgroundClutter"]
    if isinstance(clutter, Unassessed) and isinstance(share, Measure) and share.value < _HIDDEN:
        return _NOTHING_SEEN
    has_skin = isinstance(measures["OtherSkin"], Measure)
    faults = FAULTS if has_skin else {"BackgroundClutter": FAULTS["BackgroundClutter"]}
    return combine("Background", BEST, faults, measures)


def _single_face(subject: Subject) -> Measure:
    """f = sqrt(area of the second box / area of the largest), score 100 (1 - f)."""
    areas = sorted(float(np.prod(face.bbox[2:] - face.bbox[:2])) for face in subject.faces)
    value = float(np.sqrt(areas[-2] / areas[-1])) if len(areas) > 1 else 0.0
    return Measure("SingleFacePresent", value, "ratio", 100 * (1 - value), "lower")


def _measure_around(image: Image, mask: Float, face: Face) -> dict[str, Measure | Unassessed]:
    """Measure the picture (H, W, 3) where the person's mask (H, W) is empty."""
    share = np.count_nonzero(mask < _PERSON) / mask.size
    found: dict[str, Measure | Unassessed] = {
        "BackgroundShare": Measure(
            "BackgroundShare", share, "ratio", min(100.0, 500 * share), "higher"
        )
    }
    around = Surroundings(image, mask, face)
    if around.seen.mean() < _SMALLEST_SHARE:
        reason = f"only {share:.0%} of the picture is background"
        return found | {name: Unassessed(name, reason) for name in NAMES[2:]}
    values = (
        _uniformity(around.image, around.seen),
        _entropy(around.lab[..., 0][around.seen]),
        *_clutter(around),
        _other_skin(around),
        _spots(around),
    )
    return found | {value.name: value for value in values}


class Surroundings:
    """What is around a person, at the size at which it is measured: the longer side is `_SIDE` px.

    Attributes:
        image: (h, w, 3) uint8.
        face: in px of `image`.
        lab: (h, w, 3) CIE Lab.
        seen: (h, w), the background without a rim around the person.
    """

    def __init__(self, image: Image, mask: Float, face: Face) -> None:
        height, width = mask.shape
        scale = _SIDE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        self.image: Image = np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
        self.face = replace(face, landmarks=face.landmarks * np.float32(scale))
        free = (cv2.resize(mask, size, interpolation=method) < _PERSON).astype(np.uint8)
        rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_RIM, _RIM))
        # Beyond the border nobody knows: it takes nothing away.
        self.seen: Mask = cv2.erode(free, rim, borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
        self.lab: Float = cv2.cvtColor(self.image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self._free = free.astype(np.float32)

    def gradients(self) -> Float:
        """Those of the blurred background, in CIE Lab units a longer side: (n,) of `seen`."""
        # Sobel's kernel adds up to 8.
        blurred = self._blurred(_TOLERANCE)
        across, down = cv2.Sobel(blurred, -1, 1, 0) / 8, cv2.Sobel(blurred, -1, 0, 1) / 8
        squares = _sum3(across**2 + down**2)
        return np.asarray(_SIDE * np.sqrt(squares[self.seen]), np.float32)

    def differences(self) -> Float:
        """Those of the blurred background from a smooth backdrop, CIE Lab units: (n,) of `seen`.

        The backdrop is the plane of lightness and colour that fits best: paper, lit from one side.
        """
        y, x = np.nonzero(self.seen)
        plane = np.stack([np.ones(len(x)), x, y], 1)
        colours = self._blurred(_SPOT_TOLERANCE)[self.seen]
        coefficients = np.linalg.lstsq(plane, colours, rcond=None)[0]
        return np.asarray(np.sqrt(_sum3((colours - plane @ coefficients) ** 2)))

    def _blurred(self, sigma: float) -> Float:
        """Blur the background alone, so that the person's colours do not run into it."""
        weight = np.maximum(cv2.GaussianBlur(self._free, (0, 0), sigma), 1e-3)
        blurred = cv2.GaussianBlur(self.lab * self._free[..., None], (0, 0), sigma)
        return np.asarray(blurred / weight[..., None], np.float32)


def _uniformity(image: Image, seen: Mask) -> Measure:
    """Mean Sobel gradient of the luminance, 0 for plain; 190 (1 - sigmoid(., 10, 100))."""
    light = luminance(image)
    across, down = cv2.Sobel(light, -1, 1, 0), cv2.Sobel(light, -1, 0, 1)
    value = float(np.hypot(across[seen], down[seen]).mean())
    score = 190 / (1 + np.exp((value - 10) / 100))
    return Measure("BackgroundUniformity", value, "1", float(min(100, score)), "lower")


def _entropy(lightness: Float) -> Measure:
    """Shannon entropy of the histogram of CIE L* [0, 100] in `_LEVELS` steps, in bits."""
    counts = np.histogram(lightness, _LEVELS, (0, 100))[0]
    shares = counts[counts > 0] / counts.sum()
    value = float(-(shares * np.log2(shares)).sum())
    score = 100 * (1 - value / np.log2(_LEVELS))
    return Measure("BackgroundEntropy", value, "bit", float(score), "lower")


def _clutter(around: Surroundings) -> tuple[Measure, Measure, Measure]:
    """The gradient that 2 % of the blurred background exceed, in CIE Lab units a longer side.

    And where what exceeds half of it lies: the medians of x and y.
    """
    gradient, seen = around.gradients(), around.seen
    value = float(np.percentile(gradient, 98))
    cost = fault_score(BEST, FAULTS["BackgroundClutter"](value))
    height, width = seen.shape
    strong = gradient >= value / 2
    y, x = (float(np.median(axis[strong])) + 0.5 for axis in np.nonzero(seen))
    return (
        Measure("BackgroundClutter", value, "Lab / side", cost, "lower"),
        Measure("ClutterX", x / width, "picture widths", 100.0, "middle"),
        Measure("ClutterY", y / height, "picture heights", 100.0, "middle"),
    )


def _spots(around: Surroundings) -> Measure:
    """What 1 % of the blurred background differs from a smooth backdrop, in CIE Lab units."""
    value = float(np.percentile(around.differences(), 99))
    return Measure("BackgroundSpots", value, "Lab", 100 / (1 + (value / _SPOT_LIMIT) ** 2), "lower")


def _other_skin(around: Surroundings) -> Measure | Unassessed:
    """The share of the picture that is of the subject's skin colour, but beside the head."""
    beside = skin_beside(around.image, around.face)
    if beside is None:
        return Unassessed("OtherSkin", "the picture is black and white")
    value = float(beside.mean())
    cost = fault_score(BEST, FAULTS["OtherSkin"](value))
    return Measure("OtherSkin", value, "ratio", cost, "lower")


def skin_beside(image: Image, face: Face) -> Image | None:
    """What is of the subject's skin colour, but beside the head: (h, w) uint8, 0 or 1.

    None in black and white, where it cannot be told.

    Chromaticity (linear r, g of r + g + b) tells skin from most things whatever its tone and the
    light (Yang, Waibel, "A Real-Time Face Tracker", 1996). A mask calls the neighbour whom
    somebody was cut off from a part of the person; this finds his cheek, or a hand.

    Args:
        image: (h, w, 3) at `_SIDE` px.
        face: in px of `image`.
    """
    points = face.landmarks[:, :2]
    cheeks = np.zeros(image.shape[:2], np.uint8)
    for outline in CHEEKS:
        hull = cv2.convexHull(points[list(outline)].round().astype(np.int32))
        cv2.fillConvexPoly(cheeks, hull, 1)
    if not cheeks.any():
        raise AssessmentError("the cheeks are outside the picture")
    if is_grey(image, cheeks > 0):
        return None
    light = cv2.split(cv2.GaussianBlur(cv2.LUT(image, LINEAR), (0, 0), _TOLERANCE))
    total = light[0] + light[1] + light[2] + np.float32(0.01)
    colours = [channel / total for channel in light]
    differences = [np.abs(colour - np.median(colour[cheeks > 0])) for colour in colours]
    unlike = np.maximum(np.maximum(differences[0], differences[1]), differences[2])
    stops = np.abs(np.log2(total / np.median(total[cheeks > 0])))
    top, down = points[FOREHEAD], face.down
    x = np.arange(image.shape[1], dtype=np.float32)[None] - top[0]
    y = np.arange(image.shape[0], dtype=np.float32)[:, None] - top[1]
    below = (x * down[0] + y * down[1]) / face.height
    beside = np.abs(x * down[1] - y * down[0]) / face.height
    skin = (beside > _HEAD) & (below < _NECK) & (unlike < _SKIN_COLOUR) & (stops < _SKIN_STOPS)
    opened = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    return np.asarray(opened, np.uint8)


def _sum3(values: Real) -> Real:
    """The sum over the last axis, of length 3, as `sum` gives it but in a fifth of the time."""
    return values[..., 0] + values[..., 1] + values[..., 2]
