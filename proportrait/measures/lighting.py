"""How the light falls on the face: `measure`, `assess`, `LIMIT`.

Seven measures are those of ISO/IEC 29794-5:2025 in the formulas of its reference implementation
(OFIQ). The others are taken on the skin that shows, most of them in stops of linear luminance
(factors of two), as photographers count them: between two parts of one face they say the same of
every skin.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from proportrait.arrays import Double, Float
from proportrait.errors import AssessmentError
from proportrait.measures.base import Direction, Measure, Subject, Unassessed
from proportrait.measures.evidence import combine
from proportrait.measures.fitted.lighting import BEST, FAULTS, score
from proportrait.measures.skin import CHEEKS, FLOOR, FOREHEADS, HEIGHT, NOSE, Skin, is_grey
from proportrait.tone import LINEAR, luminance

LIMIT = 50.0  # of the score that `assess` gives

_STEP = 2  # every second pixel both ways gives the same quantiles
_SMALLEST_BACKGROUND = 0.02  # share of the picture
_SAMPLES = 20_000  # pixels of the picture
# R - B tells how much of the light went through the skin: white shine, which is plainer to see on
# dark skin, has none of it (Mallick et al., "Beyond Lambert", CVPR 2005). The share of luminance
# keeps the measure alive in black and white.
_LUMINANCE_SHARE = 0.25
# CIE Lab of well-lit skin, and how far its colour spreads, for a picture without colour.
_USUAL_SKIN, _USUAL_SPREAD = (16.0, 17.0), 6.5
_SHADOW_AND_HIGHLIGHT = (25, 90)  # percentiles of the skin
_BLOWN = float(LINEAR[250])  # of the brightest channel
_RAREST = 0.001  # share of the skin that counts as none
NAMES = (
    "IlluminationUniformity",
    "LuminanceMean",
    "LuminanceVariance",
    "UnderExposurePrevention",
    "OverExposurePrevention",
    "NaturalColour",
    "DynamicRange",
    "SideLight",
    "SideRatio",
    "TopLight",
    "NoseLight",
    "BackLight",
    "ShadowEdges",
    "DiffuseContrast",
    "SkinHighlight",
    "SkinContrast",
    "BlownHighlights",
    "WhiteLevel",
    "SkinRedness",
    "SkinYellowness",
    "ColourSpread",
)


def measure(subject: Subject) -> dict[str, Measure | Unassessed]:
    """Measure the light on the face.

    Returns:
        By the names of `NAMES`, in their order; all unassessed where there is no single face, or
        where too little of it is in the picture.
    """
    try:
        skin = Skin(subject.image, subject.face)
        measures = [*_exposure(skin), *_direction(skin), *_level(skin), *_colour(skin)]
        measures.append(_back_light(subject, skin))
    except AssessmentError as error:
        return {name: Unassessed(name, str(error)) for name in NAMES}
    by_name = {entry.name: entry for entry in measures}
    return {name: by_name[name] for name in NAMES}


def assess(measures: Mapping[str, Measure | Unassessed]) -> float | Unassessed:
    """The score of the whole attribute, [0, 100]; from `LIMIT` on it is professional.

    The faults that `FAULTS` counts add up.
    """
    return combine("Lighting", BEST, FAULTS, measures)


def skin_luminance(subject: Subject) -> float:
    """Median luminance of the skin, of the encoded samples, [0, 1]."""
    skin = Skin(subject.image, subject.face)
    return float(np.median(skin.luminance[skin.visible]) / 255)


def _exposure(skin: Skin) -> list[Measure]:
    """What ISO/IEC 29794-5 takes from the histogram of the face."""
    values = skin.luminance[skin.face]
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


def _direction(skin: Skin) -> list[Measure]:
    """From where the light comes, and how hard it is."""
    y, x = np.nonzero(skin.visible[::_STEP, ::_STEP])
    places: Double = np.stack([x, y], 1) * np.float64(_STEP / HEIGHT)
    light = skin.light[::_STEP, ::_STEP][y, x]
    total = luminance(light)
    diffuse = np.maximum(light[:, 0] - light[:, 2] + _LUMINANCE_SHARE * total, 0.002)
    across = _slopes(places, diffuse / diffuse.mean())[0]
    down = _slopes(places, skin.stops[::_STEP, ::_STEP][y, x])[1]
    nose, cheeks = skin.level(NOSE), skin.level(*CHEEKS)
    ridge = 0.0 if nose is None or cheeks is None else nose - cheeks
    gradients = np.hypot(cv2.Sobel(skin.stops, -1, 1, 0), cv2.Sobel(skin.stops, -1, 0, 1)) / 8
    edges = HEIGHT * float(np.percentile(gradients[::_STEP, ::_STEP][y, x], 95))
    overlap = _overlap(skin)
    ratio = _side_ratio(skin)
    return [
        Measure("IlluminationUniformity", overlap, "ratio", 100 * overlap**0.3, "higher"),
        _fault("SideLight", abs(across), "1 / face", "lower"),
        Measure("SideRatio", ratio, "stops", 100 * 2.0 ** -abs(ratio), "middle"),
        _fault("TopLight", -down, "stops / face", "middle"),
        _fault("NoseLight", ridge, "stops", "middle"),
        _fault("ShadowEdges", edges, "stops / face", "lower"),
        _fault("DiffuseContrast", float(diffuse.std() / diffuse.mean()), "ratio", "lower"),
    ]


def _slopes(places: Double, values: Float) -> Double:
    """(2,): how much values (N,) rise to the right and downwards, by least squares."""
    plane = np.concatenate([np.ones((len(places), 1)), places], 1)
    slopes: Double = np.linalg.lstsq(plane, values, rcond=None)[0][1:]
    return slopes


def _side_ratio(skin: Skin) -> float:
    """How much brighter the right side of the picture's face is than the left, in stops."""
    left, right = (skin.level(CHEEKS[side], FOREHEADS[side]) for side in (0, 1))
    return 0.0 if left is None or right is None else right - left


def _overlap(skin: Skin) -> float:
    """How much the histograms of both sides of the face overlap, [0, 1]; 1 where one is hidden."""
    # In units of the face's mean, so that neither exposure nor the tone of the skin counts.
    relative = skin.luminance / max(1.0, float(skin.luminance[skin.face].mean()))
    sides = [skin.region(CHEEKS[side]) | skin.region(FOREHEADS[side]) for side in (0, 1)]
    if not all(side.any() for side in sides):
        return 1.0
    return float(
        np.minimum(
            *(np.histogram(relative[side], 64, (0, 2))[0] / side.sum() for side in sides)
        ).sum()
    )


def _level(skin: Skin) -> list[Measure]:
    """How bright the skin is, in stops below white, and what of it is blown out."""
    shadow, highlight = np.percentile(skin.stops[skin.visible], _SHADOW_AND_HIGHLIGHT)
    contrast = float(highlight - shadow)
    red, green, blue = cv2.split(skin.calm)
    blown = float((cv2.max(cv2.max(red, green), blue)[skin.face] >= _BLOWN).mean())
    share = float(np.log10(blown + _RAREST))
    return [
        _fault("SkinHighlight", float(highlight), "stops", "middle"),
        Measure("SkinContrast", contrast, "stops", 100 * 2.0**-contrast, "lower"),
        _fault("BlownHighlights", share, "log10 ratio", "lower"),
        _fault("WhiteLevel", skin.white(), "stops", "middle"),
    ]


def _back_light(subject: Subject, skin: Skin) -> Measure:
    """How much lighter than the face the background is, in stops; 0 where there is none."""
    # A few thousand pixels give the same mean.
    step = max(1, round((subject.mask.size / _SAMPLES) ** 0.5))
    mask = subject.mask[::step, ::step]
    behind = subject.image[::step, ::step][mask < 0.1]
    value = 0.0
    if len(behind) >= _SMALLEST_BACKGROUND * mask.size:
        light = luminance(LINEAR[behind])
        face = float(np.median(skin.stops[skin.visible]))
        value = float(np.log2(light.mean() + FLOOR)) - face
    return Measure("BackLight", value, "stops", 100 * 2.0 ** -max(0.0, value), "lower")


def _colour(skin: Skin) -> list[Measure]:
    """The colour of the skin; what is usual where the picture is black and white."""
    small = np.ascontiguousarray(skin.light[::_STEP, ::_STEP])
    lab = cv2.cvtColor(small, cv2.COLOR_LRGB2LAB)[skin.visible[::_STEP, ::_STEP]][:, 1:]
    a, b = (float(value) for value in lab.mean(0))
    # Skin of every tone has a* from 5 to 25 and b* from 5 to 35.
    strange = float(np.hypot(max(0.0, 5 - a, a - 25), max(0.0, 5 - b, b - 35)))
    strange = 100.0 if min(a, b) < 0 else strange
    natural = 200 * (1 - _sigmoid(strange, 0, 10))
    middle = np.median(lab, 0)
    spread = float(np.percentile(np.linalg.norm(lab - middle, axis=1), 90))
    if is_grey(skin.image, skin.inside):
        middle, spread = np.array(_USUAL_SKIN), _USUAL_SPREAD
    return [
        Measure("NaturalColour", strange, "Lab", natural, "lower"),
        _fault("SkinRedness", float(middle[0]), "Lab", "middle"),
        _fault("SkinYellowness", float(middle[1]), "Lab", "middle"),
        _fault("ColourSpread", spread, "Lab", "lower"),
    ]


def _fault(name: str, value: float, unit: str, direction: Direction) -> Measure:
    return Measure(name, value, unit, score(name, value), direction)


def _sigmoid(value: float, middle: float, width: float) -> float:
    return float(1 / (1 + np.exp((middle - value) / width)))
