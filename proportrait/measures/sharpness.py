"""How sharp the face is: `measure` and `assess`.

Detail is the energy of narrow bands of the picture on the face, most of all around the eyes, where
every face has edges. Two scales are judged: the face brought to one height, and the picture brought
to the size at which people look at it. A file with fewer pixels is enlarged to that scale and lacks
the detail there, as it does for a viewer. Grain is as strong on flat skin as around the eyes: what
flat skin has of a band is taken off where a measure says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Mask
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.face import LEFT_BROW, LEFT_EYE, OVAL, RIGHT_BROW, RIGHT_EYE
from proportrait.measures.base import Measure, Subject, Unassessed, sigmoid
from proportrait.measures.evidence import logistic

LIMIT = 50.0  # of the score that `assess` gives

_FACE = 200.0  # px from forehead to chin
_VIEW = 340.0  # px of the longer side of a picture as people look at it
_HAIRLINE = 1.08  # size of the area that is judged / the landmarks' oval
_RIM = 6  # px around it, for the blurs
_FEWEST = 30  # px of a face that can be judged
# (narrower, wider) sigma of the two Gaussians whose difference is a band, px.
_DETAIL, _EDGES, _CONTOURS = (0.6, 1.2), (0.85, 1.7), (1.2, 2.4)
_SPREAD = 2.0  # px: sigma of the neighbourhood that local energy is the mean of
_FLOOR = 0.05  # squared grey levels: less is rounding
_DARKEST = 16.0  # grey levels: darker pixels hold noise alone
_EYES = (*LEFT_EYE, *RIGHT_EYE, LEFT_BROW, RIGHT_BROW, 46, 276)  # 46, 276: outer ends of the brows
_BLOCK = 8  # px of a block of JPEG
_ORDINARY = 0.3  # of `_repeated`: sharp pictures stay under it, with grain or without
_NOISE = 0.5  # grey levels: more than rounding makes
_SECTORS = 6  # directions of the spectrum
_FINE, _COARSE = (0.10, 0.25), (0.02, 0.06)  # bands of the spectrum, cycles a px

NAMES = (
    "EyeDetail",
    "EyeContours",
    "ViewedEyeContours",
    "ViewedDetail",
    "ViewedEdges",
    "EffectiveResolution",
    "DirectionalBlur",
    "CompressionArtifacts",
    "RepeatedPixels",
)
# Natural logarithms at which half of the pictures are sharp, for the score of a single measure.
_MIDDLE = {
    "EyeDetail": -1.33,
    "EyeContours": -0.79,
    "ViewedEyeContours": -0.51,
    "ViewedDetail": -0.75,
    "ViewedEdges": -0.48,
}
# `python -m tools.fit_measures sharpness` on 405 rated photographs of 41 sites (all 82 unsharp ones
# with a face) and 120 made pictures, with copies. Fine detail counts for sharpness, and broad
# contours count against it: a soft picture has them too.
BIAS = 10.002  # log odds
WEIGHTS = {
    "EyeDetail": 4.092,
    "EyeContours": -0.733,
    "ViewedEyeContours": -1.625,
    "ViewedDetail": 2.014,
    "ViewedEdges": -0.514,
    "RepeatedPixels": -13.510,
}


@dataclass(frozen=True, eq=False)
class _Crop:
    """The face at one scale.

    Attributes:
        grey: (h, w) [0, 255].
        inside: (h, w), the oval of the face up to the hairline.
        eyes: (h, w), from brow to lower lid.
    """

    grey: Float
    inside: Mask
    eyes: Mask

    @property
    def brightness(self) -> float:
        """The mean grey value of the face, [0, 255]."""
        return float(self.grey[self.inside].mean())

    def energy(self, band: tuple[float, float]) -> _Energy:
        """How strong a band is: squared grey levels."""
        narrow, wide = (cv2.GaussianBlur(self.grey, (0, 0), sigma) for sigma in band)
        squares = (narrow - wide) ** 2
        local = cv2.GaussianBlur(squares, (0, 0), _SPREAD)[self.inside]
        flat, strong = np.quantile(local, (0.25, 0.9))
        return _Energy(
            float(squares[self.eyes].mean()), float(flat), float(strong), self.brightness
        )


@dataclass(frozen=True)
class _Energy:
    """Energy of a band around the eyes, quantiles (.25, .9) of it, and the face's brightness."""

    eyes: float
    flat: float
    strong: float
    brightness: float

    def around_eyes(self, name: str) -> Measure:
        """What the eyes have more than flat skin."""
        return self._measure(name, self.eyes - self.flat)

    def at_strongest(self, name: str) -> Measure:
        """What the tenth of the face with most detail has more than flat skin."""
        return self._measure(name, self.strong - self.flat)

    def _measure(self, name: str, energy: float) -> Measure:
        # Light skin has larger steps than dark skin for the same contrast: their square grows with
        # the brightness, by less than its square, because dark skin has highlights of its own.
        share = (max(energy, 0.0) + _FLOOR) / (self.brightness + _DARKEST)
        value = 0.5 * float(np.log(share))
        return Measure(name, value, "ln", sigmoid(value, _MIDDLE[name], 0.4), "higher")


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the sharpness of the face; the keys are `NAMES`, in that order."""
    try:
        face = subject.face
        blocks = blockiness(subject.image, face)
        repeated = max(_ORDINARY, _repeated(subject.image, face))
        close = _crop(subject.image, face, _FACE / face.height)
        viewed = _crop(subject.image, face, _VIEW / max(subject.image.shape[:2]))
    except AssessmentError as error:
        return {name: Unassessed(name, str(error)) for name in NAMES}
    directional = _directional(*_spectrum(close))
    resolution = float(np.log2(face.height))
    measures = (
        close.energy(_DETAIL).around_eyes("EyeDetail"),
        close.energy(_CONTOURS).around_eyes("EyeContours"),
        viewed.energy(_CONTOURS).around_eyes("ViewedEyeContours"),
        viewed.energy(_DETAIL).at_strongest("ViewedDetail"),
        viewed.energy(_EDGES).at_strongest("ViewedEdges"),
        Measure("EffectiveResolution", resolution, "log2 px", sigmoid(resolution, 6, 1), "higher"),
        Measure("DirectionalBlur", directional, "decades", sigmoid(directional, 1, -0.15), "lower"),
        Measure("CompressionArtifacts", blocks, "1", sigmoid(blocks, 0.5, -0.08), "lower"),
        Measure("RepeatedPixels", repeated, "ratio", sigmoid(repeated, 0.4, -0.03), "lower"),
    )
    return {entry.name: entry for entry in measures}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """How likely a viewer calls the face sharp, [0, 100]; from `LIMIT` on it is."""
    return logistic("Sharpness", BIAS, WEIGHTS, measures)


def blockiness(image: Image, face: Face) -> float:
    """How much larger steps are on the grid of 8 px than beside it: natural logarithm, 0 if equal.

    After Wang, Sheikh, Bovik, "No-reference perceptual quality assessment of JPEG compressed
    images", ICIP 2002; the grid's corner is searched for, because the picture may have been cut
    after it was compressed.
    """
    left, top, right, bottom = _box(face, image)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = []
    for plane in (grey, grey.T):
        steps = np.abs(np.diff(plane, axis=1)).mean(0)
        whole = len(steps) // _BLOCK * _BLOCK
        if whole < 3 * _BLOCK:
            continue
        phases = steps[:whole].reshape(-1, _BLOCK).mean(0)
        beside = float(np.median(np.delete(phases, phases.argmax())))
        # Steps under a small part of a grey level are rounding, not blocks.
        found.append(np.log((float(phases.max()) + 0.02) / (beside + 0.02)))
    return float(np.mean(found)) if found else 0.0


def _repeated(image: Image, face: Face) -> float:
    """How far a few lines of pixels hold all the change, [0, 1]: pixels drawn larger than they are.

    One less the median of the steps from column to column over their mean, the lower of both
    directions: between enlarged pixels most steps are next to nothing, whatever JPEG makes of them.
    """
    left, top, right, bottom = _box(face, image)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    found = []
    for plane in (grey, grey.T):
        steps = np.abs(np.diff(plane, axis=1)).mean(0)
        found.append(1 - float(np.median(steps)) / max(float(steps.mean()), 1e-6))
    return min(1.0, max(0.0, min(found)))


def _box(face: Face, image: Image) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is to be seen of the face.

    Raises:
        AssessmentError: too little.
    """
    height, width = image.shape[:2]
    low, high = face.landmarks[:, :2].min(0), face.landmarks[:, :2].max(0)
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(width, int(high[0]) + 2), min(height, int(high[1]) + 2)
    if right - left < _BLOCK or bottom - top < _BLOCK:
        raise AssessmentError("the face lies outside the picture")
    return left, top, right, bottom


def _crop(image: Image, face: Face, scale: float) -> _Crop:
    """The face with a rim for the widest blur, at `scale` px a px of the picture."""
    height, width = image.shape[:2]
    points = face.landmarks[:, :2]
    outline = points[list(OVAL)]
    outline = outline.mean(0) + _HAIRLINE * (outline - outline.mean(0))
    rim = _RIM / scale
    low, high = outline.min(0) - rim, outline.max(0) + rim
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(width, int(high[0]) + 2), min(height, int(high[1]) + 2)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = max(_BLOCK, round((right - left) * scale)), max(_BLOCK, round((bottom - top) * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(grey, size, interpolation=method)

    def area(corners: Float) -> Mask:
        drawn = np.zeros(grey.shape, np.uint8)
        hull = cv2.convexHull(((corners - (left, top)) * scale).round().astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, 1)
        return drawn > 0

    inside = area(outline)
    if inside.sum() < _FEWEST:
        raise AssessmentError("the face is too small to judge its sharpness")
    eyes = area(points[list(_EYES)]) & inside
    return _Crop(grey, inside, eyes if eyes.any() else inside)


def _spectrum(crop: _Crop) -> tuple[Float, Float, Float]:
    """Power, frequency in cycles a px, and direction [0, pi) of the face's spectrum, flat."""
    height, width = crop.grey.shape
    # A soft window: the outline itself must not look like detail.
    window = cv2.erode(
        crop.inside.astype(np.float32), np.ones((3, 3), np.uint8), iterations=max(1, width // 24)
    )
    window = cv2.GaussianBlur(window, (0, 0), max(1.0, width / 48))
    window[[0, -1]], window[:, [0, -1]] = 0, 0
    mean = float((crop.grey * window).sum() / max(float(window.sum()), 1e-6))
    power = np.abs(np.fft.rfft2((crop.grey - mean) * window)) ** 2
    # White noise has this power everywhere: what is weaker is no detail.
    power = np.maximum(power - _NOISE**2 * float((window**2).sum()), 0)
    y, x = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency, direction = np.hypot(x, y), np.arctan2(y, x) % np.pi
    return (
        power.ravel().astype(np.float32),
        frequency.ravel().astype(np.float32),
        direction.ravel().astype(np.float32),
    )


def _directional(power: Float, frequency: Float, direction: Float) -> float:
    """How much more detail is lost in one direction than in another, in decades of power.

    A shaken camera takes the fine detail along its path only, a lens out of focus in all directions
    alike: the spectrum of a motion blur is a sinc along the path (Cannon, "Blind deconvolution of
    spatially invariant image blurs with phase", IEEE TASSP 1976).
    """
    # The middle of a sector lies on each axis: a mirror image has the same sectors.
    sector = np.floor(direction / np.pi * _SECTORS + 0.5).astype(np.int64) % _SECTORS
    bands = []
    for low, high in (_FINE, _COARSE):
        inside = (frequency >= low) & (frequency < high)
        total = np.bincount(sector[inside], power[inside], _SECTORS)
        count = np.bincount(sector[inside], minlength=_SECTORS)
        bands.append(np.log10((total + 0.1) / np.maximum(count, 1)))
    kept = bands[0] - bands[1]
    return float(kept.max() - kept.min())
