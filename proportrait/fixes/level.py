"""Exposure and white balance of a portrait, gently: never more than `MOST_STOPS` and `MOST_GAIN`.

What is off is told by measures that do not depend on the tone of the skin, as far as there are
such; the ranges are those of `advice/data/evidence.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.advice.evidence import table
from proportrait.arrays import Double, Float, Image
from proportrait.errors import AssessmentError
from proportrait.measures import Measure, Subject, Unassessed, lighting
from proportrait.measures.skin import FLOOR, Skin
from proportrait.tone import LINEAR, LUMINANCE, to_srgb

MOST_STOPS = 0.7
MOST_GAIN = 1.2  # of a colour channel in linear light
_LEAST_STOPS, _LEAST_GAIN = 0.1, 1.02  # less cannot be seen
_INSIDE_STOPS, _INSIDE_LAB = 0.5, 1.0  # how far into the range a value is led
_LEAST_BACKGROUND = 0.05  # share of the picture that tells whether it has a cast
_BEHIND = 0.1  # of the mask of the person: more is the person
_SAMPLES = 20_000  # pixels of the background


@dataclass(frozen=True)
class Levels:
    """A change of light; white stays white and black stays black.

    Attributes:
        stops: of the face, brighter where positive.
        slope: of the tone curve at black, see `curve`.
        gains: of red, green, and blue in linear light.
    """

    stops: float = 0.0
    slope: float = 1.0
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def apply(self, image: Image) -> Image:
        """The changed picture, uint8 (H, W, 3)."""
        light = np.minimum(LINEAR[:, None] * np.array(self.gains, np.float32), 1)
        tables = to_srgb(curve(light, self.slope))
        return np.asarray(cv2.LUT(image, tables[None]), np.uint8)

    @property
    def words(self) -> list[str]:
        """What is changed, for people."""
        words = []
        if self.stops:
            way = "brighter" if self.stops > 0 else "darker"
            words.append(f"{abs(self.stops):.1f} stops {way}")
        if self.gains != (1.0, 1.0, 1.0):
            red, _, blue = self.gains
            words.append(f"white balance levelled (red x {red:.2f}, blue x {blue:.2f})")
        return words


def curve(light: Float, slope: float) -> Float:
    """Light in [0, 1] through a tone curve from 0 to 0 and 1 to 1, of this slope at 0."""
    return np.asarray(slope * light / (1 + (slope - 1) * light), np.float32)


def levels(subject: Subject) -> Levels | None:
    """What would level the light on a face, or None where it is in its usual range.

    Raises:
        AssessmentError: the face cannot be measured.
    """
    measures = lighting.measure(subject)
    stops, reference = _exposure(measures)
    gains = _white_balance(subject, measures)
    slope = 1.0
    if stops:
        now = float(np.clip(2.0**reference - FLOOR, 0.01, 0.95))
        then = min(now * 2.0**stops, 0.98)
        slope = then * (1 - now) / (now * (1 - then))
    return Levels(stops, slope, gains) if stops or gains != (1.0, 1.0, 1.0) else None


def _exposure(measures: Mapping[str, Measure | Unassessed]) -> tuple[float, float]:
    """Stops that a face lacks, and the level in stops that is led to its place."""
    white, skin = _value(measures, "WhiteLevel"), _value(measures, "SkinHighlight")
    darkest, brightest = _range("WhiteLevel")[0], _range("SkinHighlight")[1]
    # The white of eyes and teeth: skin may be dark.
    if white < darkest:
        return min(darkest + _INSIDE_STOPS - white, MOST_STOPS), white
    # What is blown out would only turn grey.
    if skin > brightest and _value(measures, "BlownHighlights") <= _range("BlownHighlights")[1]:
        stops = max(brightest - _INSIDE_STOPS / 2 - skin, -MOST_STOPS)
        return (stops, skin) if stops <= -_LEAST_STOPS else (0.0, skin)
    return 0.0, white


def _white_balance(
    subject: Subject, measures: Mapping[str, Measure | Unassessed]
) -> tuple[float, float, float]:
    """Gains that bring the skin's colour into its range, if the background has the cast too."""
    names = ("SkinRedness", "SkinYellowness")
    now = np.array([_value(measures, name) for name in names])
    low, high = np.array([_range(name) for name in names]).T
    inside = bool(np.all((low <= now) & (now <= high)))
    behind = _background(subject)
    if inside or behind is None:
        return (1.0, 1.0, 1.0)
    skin = Skin(subject.image, subject.face)
    colour = skin.light[skin.visible].mean(0)
    lab = _lab(colour)
    wanted = lab.copy()
    wanted[1:] += np.clip(now, low + _INSIDE_LAB, high - _INSIDE_LAB) - now
    target = cv2.cvtColor(wanted.astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2LRGB)[0, 0]
    gains = np.maximum(target, 1e-4) / np.maximum(colour, 1e-4)
    logs = np.log(gains / float(gains @ LUMINANCE))
    gains = np.exp(logs * min(1.0, np.log(MOST_GAIN) / max(float(np.abs(logs).max()), 1e-6)))
    if max(gains.max(), 1 / gains.min()) < _LEAST_GAIN:
        return (1.0, 1.0, 1.0)
    # A neutral background says that the skin is so, and not the light.
    if _chroma(behind * gains) >= _chroma(behind):
        return (1.0, 1.0, 1.0)
    red, green, blue = (round(float(gain), 3) for gain in gains)
    return red, green, blue


def _background(subject: Subject) -> Float | None:
    """Mean linear light (3,) behind the person, or None where there is too little of it."""
    step = max(1, round((subject.mask.size / _SAMPLES) ** 0.5))
    behind = subject.image[::step, ::step][subject.mask[::step, ::step] < _BEHIND]
    if len(behind) < _LEAST_BACKGROUND * subject.mask[::step, ::step].size:
        return None
    return np.asarray(LINEAR[behind].mean(0), np.float32)


def _lab(light: Double | Float) -> Float:
    """CIE Lab (3,) of linear light (3,)."""
    pixel = np.asarray(light, np.float32).reshape(1, 1, 3)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_LRGB2LAB)[0, 0], np.float32)


def _chroma(light: Double | Float) -> float:
    return float(np.hypot(*_lab(light)[1:]))


def _range(name: str) -> tuple[float, float]:
    """The usual range of a lighting measure."""
    evidence = table()["lighting", f"lighting.{name}"]
    return evidence.low, evidence.high


def _value(measures: Mapping[str, Measure | Unassessed], name: str) -> float:
    entry = measures[name]
    if isinstance(entry, Unassessed):
        raise AssessmentError(entry.reason)
    return entry.value
