"""How sharp the face is: `measure` and `assess`.

Everything is taken inside the face's outline, so that a blurred background does not count, and from
gradients, of which smooth skin has hardly any: eyes, brows, lips, and hair decide. The picture is
brought to one viewing size first: a blur of some share of the picture looks the same however many
pixels there are, and pixels that nobody sees make nothing sharp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Double, Float, Image
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.face import OVAL
from proportrait.measures import detail
from proportrait.measures.base import Measure, Subject, Unassessed, sigmoid
from proportrait.measures.evidence import worst

LIMIT = 50.0

NAMES = (
    "Sharpness",
    "SpectralCutoff",
    "EffectiveResolution",
    "DirectionalBlur",
    "CompressionArtifacts",
    "RepeatedPixels",
    *detail.NAMES,
)
# The spectrum tells what kind of blur it is, but grain fills it up again: it does not decide.
DECIDING = ("Sharpness", "CompressionArtifacts", "RepeatedPixels")

_VIEW = 512  # px of the longer side of a picture as it is looked at
_REBLUR = 9  # px, as in the paper
_ROLL_OFF = 0.95  # of the gradients' energy lies under the cut-off
_BLOCK = 8  # px of a block of JPEG
_PERIODS = np.arange(5, 24.05, 0.1)  # px of a block in a picture that was resized afterwards
_FEWEST_BLOCKS = 4  # in a row
_TREND = 4.0  # px of blur that leaves what is no grid: eyes, hair, a collar
_ROUNDING = 0.05  # grey levels: smaller steps are rounding, not blocks
_FREQUENCIES = 1 << 14  # of the spectrum of the steps
_NOISE = 0.5  # grey levels: more than rounding makes
_SECTORS = 6  # directions of the spectrum
_FINE, _COARSE = (0.10, 0.25), (0.02, 0.06)  # bands of the spectrum, cycles a px


@dataclass(frozen=True, eq=False)
class _Crop:
    """The face as it is looked at: grey values (h, w) [0, 255], and what of it is face (h, w)."""

    grey: Float
    inside: Float


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the sharpness of the face; the keys are `NAMES`, in that order."""
    try:
        face = subject.face
        crop = _crop(subject.image, face)
        details = detail.measure(subject.image, face)
    except AssessmentError as error:
        return {name: Unassessed(name, str(error)) for name in NAMES}
    # A camera that moves from corner to corner blurs half as much along either side.
    sharpness = 1 - max(
        blur_effect(turned.grey, turned.inside) for turned in (crop, _diagonal(crop))
    )
    power, frequency, direction = _spectrum(crop)
    cutoff = _cutoff(power, frequency)
    resolution = 2 * cutoff * face.height * _VIEW / max(subject.image.shape[:2])
    directional = _directional(power, frequency, direction)
    steps = face_steps(subject.image, face)
    blocks, repeated = blockiness(*steps), _repeated(*steps)
    found = (
        Measure("Sharpness", sharpness, "1", sigmoid(sharpness, 0.4, 0.03), "higher"),
        Measure("SpectralCutoff", cutoff, "cycles/px", sigmoid(cutoff, 0.2, 0.02), "higher"),
        Measure("EffectiveResolution", resolution, "px", sigmoid(resolution, 48, 8), "higher"),
        Measure("DirectionalBlur", directional, "decades", sigmoid(directional, 1, -0.15), "lower"),
        Measure("CompressionArtifacts", blocks, "1", sigmoid(blocks, 0.6, -0.08), "lower"),
        Measure("RepeatedPixels", repeated, "ratio", sigmoid(repeated, 0.4, -0.03), "lower"),
        *details,
    )
    return {entry.name: entry for entry in found}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The worst score of `DECIDING`, [0, 100]; from `LIMIT` on the face is sharp."""
    return worst(DECIDING, measures)


def blur_effect(grey: Float, weights: Float) -> float:
    """How little a picture loses when it is blurred once more, [0, 1]; 1 is a blurred one.

    Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric", SPIE 6492, 2007, eq. 1-5: the worse of both directions.

    Args:
        grey: (h, w), at least 2 px a side.
        weights: (h, w), how much each pixel counts.
    """
    kept = []
    for plane, weight in ((grey, weights), (grey.T, weights.T)):
        # Along the edges, as in Sobel's operator: a strong blur leaves steps of rounding alone.
        plane = cv2.sepFilter2D(plane, -1, np.ones(1), np.array([0.25, 0.5, 0.25]))
        weight = weight[:, 1:]
        before = np.abs(np.diff(plane, axis=1))
        after = np.abs(np.diff(cv2.blur(plane, (_REBLUR, 1)), axis=1))
        total = float((before * weight).sum())
        lost = float((np.maximum(before - after, 0) * weight).sum())
        if total > 1e-6:
            kept.append((total - lost) / total)
    # Nothing varies: there is no edge that could be sharp.
    return max(kept, default=1.0)


def face_steps(image: Image, face: Face) -> tuple[Float, Float]:
    """Mean step of grey from each column of the face's box to the next, and from each row."""
    left, top, right, bottom = _box(face, image)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = (np.abs(np.diff(plane, axis=1)).mean(0) for plane in (grey, grey.T))
    return across, down


def blockiness(across: Float, down: Float) -> float:
    """How much larger steps are on a grid of blocks than beside it: natural logarithm, 0 if equal.

    After Wang, Sheikh, Bovik, "No-reference perceptual quality assessment of JPEG compressed
    images", ICIP 2002, which looks for the harmonics of blocks of 8 px; a picture that was resized
    after it was compressed has them at another period, the same across and down.
    """
    # One step in `_BLOCK` is larger: so much less is the mean of all.
    return _BLOCK * float(np.sqrt(_harmonics(across) * _harmonics(down)).max())


def _harmonics(steps: Float) -> Double:
    """For each of `_PERIODS`, how much of the steps (n,) recurs with it."""
    steps = np.log(steps + _ROUNDING)
    steps -= cv2.GaussianBlur(steps[None], (0, 0), _TREND, borderType=cv2.BORDER_REFLECT)[0]
    size = max(_FREQUENCIES, _BLOCK * len(steps))
    spectrum = np.abs(np.fft.rfft(steps, size)) / len(steps)
    orders = np.arange(1, 4)[:, None]
    places = np.rint(orders * size / _PERIODS).astype(np.int64)
    # A harmonic of less than 2 px is none.
    heard = 2 * orders < _PERIODS
    strength = (spectrum[np.minimum(places, size // 2)] * heard).sum(0) / heard.sum(0)
    return np.where(len(steps) >= _FEWEST_BLOCKS * _PERIODS, strength, 0.0)


def _repeated(*steps: Float) -> float:
    """How far a few lines of pixels hold all the change, [0, 1]: pixels drawn larger than they are.

    One less the median of the steps from column to column over their mean, the lower of both
    directions: between enlarged pixels most steps are next to nothing, whatever JPEG makes of them.
    """
    shares = [1 - float(np.median(line)) / max(float(line.mean()), 1e-6) for line in steps]
    return min(1.0, max(0.0, min(shares)))


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


def _crop(image: Image, face: Face) -> _Crop:
    left, top, right, bottom = _box(face, image)
    scale = _VIEW / max(image.shape[:2])
    size = (max(8, round((right - left) * scale)), max(8, round((bottom - top) * scale)))
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(grey, size, interpolation=method)
    outline = (face.landmarks[list(OVAL), :2] - (left, top)) * scale
    inside = np.zeros(grey.shape, np.float32)
    cv2.fillConvexPoly(inside, cv2.convexHull(outline.round().astype(np.int32)), 1.0)
    return _Crop(grey, inside)


def _diagonal(crop: _Crop) -> _Crop:
    """The crop turned by 45 degrees, with all of it in the picture."""
    height, width = crop.grey.shape
    side = int(np.ceil(np.hypot(height, width)))
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 45, 1)
    turn[:, 2] += (side - width) / 2, (side - height) / 2
    size = (side, side)
    return _Crop(
        cv2.warpAffine(crop.grey, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        cv2.warpAffine(crop.inside, turn, size, flags=cv2.INTER_NEAREST),
    )


def _spectrum(crop: _Crop) -> tuple[Float, Float, Float]:
    """Power, frequency in cycles a px, and direction [0, pi) of the face's spectrum, flat."""
    height, width = crop.grey.shape
    # A soft window: the outline itself must not look like detail.
    window = cv2.erode(crop.inside, np.ones((3, 3), np.uint8), iterations=max(1, width // 24))
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


def _cutoff(power: Float, frequency: Float) -> float:
    """The frequency under which `_ROLL_OFF` of the gradients' energy lies, cycles a px."""
    seen = frequency <= 0.5
    bins = np.histogram(
        frequency[seen], 64, (0, 0.5), weights=(power * frequency**2)[seen].astype(np.float64)
    )[0]
    energy = np.concatenate([[0.0], np.cumsum(bins)])
    if energy[-1] <= 0:
        return 0.0
    return float(np.interp(_ROLL_OFF, energy / energy[-1], np.linspace(0, 0.5, 65)))


def _directional(power: Float, frequency: Float, direction: Float) -> float:
    """How much more detail is lost in one direction than in another, in decades of power.

    A shaken camera takes the fine detail along its path only, a lens out of focus in all directions
    alike: the spectrum of a motion blur is a sinc along the path (Cannon, "Blind deconvolution of
    spatially invariant image blurs with phase", IEEE TASSP 1976).
    """
    sector = np.minimum((direction / np.pi * _SECTORS).astype(np.int64), _SECTORS - 1)
    bands = []
    for low, high in (_FINE, _COARSE):
        inside = (frequency >= low) & (frequency < high)
        total = np.bincount(sector[inside], power[inside], _SECTORS)
        count = np.bincount(sector[inside], minlength=_SECTORS)
        bands.append(np.log10((total + 0.1) / np.maximum(count, 1)))
    kept = bands[0] - bands[1]
    return float(kept.max() - kept.min())
