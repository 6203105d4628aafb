"""Garments: which faces of the built-in source lend theirs, and how a garment changes colour.

The donors were picked by looking at what the network draws under other chins: their clothes reach
both borders, and their necks are bare of beard and hair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit.torso import CREW_NECK, Neckline

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

SUIT_NECK = Neckline(0.24, round=False)


@dataclass(frozen=True)
class Garment:
    """A donor (seed of the built-in source), how the neck closes, and how its cloth is finished."""

    donor: int
    neckline: Neckline
    finish: str


FORMAL_DONORS: tuple[int, ...] = (
    221, 463, 12402, 14427, 11259, 114, 366, 22717, 23366, 23766, 22947, 23433, 22709, 23007,
)  # fmt: skip
CASUAL_DONORS: tuple[int, ...] = (5, 67, 70, 20717, 21202)


def choose(formal: bool, rng: np.random.Generator) -> Garment:
    """A garment that reads as formal or as casual."""
    if formal:
        donor = FORMAL_DONORS[int(rng.integers(len(FORMAL_DONORS)))]
        return Garment(donor, SUIT_NECK, "suit")
    donor = CASUAL_DONORS[int(rng.integers(len(CASUAL_DONORS)))]
    finishes = tuple(FINISHES)[1:]
    return Garment(donor, CREW_NECK, finishes[int(rng.integers(len(finishes)))])


def finish(
    image: Image, cloth: Float, name: str, rng: np.random.Generator
) -> tuple[Image, dict[str, Any]]:
    """Dye or print a garment, keeping its folds.

    Args:
        image: (H, W, 3).
        cloth: (H, W) in [0, 1], where the garment is.
        name: of `FINISHES`.
    """
    if name not in FINISHES:
        raise ValueError(f"unknown finish {name!r}; the finishes are {', '.join(FINISHES)}")
    return FINISHES[name](image, cloth, rng)


def _suit(image: Image, cloth: Float, rng: np.random.Generator) -> tuple[Image, dict[str, Any]]:
    """Tint the dark cloth and leave the shirt: navy, charcoal, black, or brown."""
    tints = {"as drawn": None, "navy": (2, -16), "charcoal": (0, -2), "brown": (5, 9)}
    name = tuple(tints)[int(rng.integers(len(tints)))]
    tint = tints[name]
    if tint is None:
        return image, {"colour": name}
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    dark = np.clip((130 - lab[..., 0]) / 30, 0, 1) * cloth
    wanted = np.array([128 + tint[0], 128 + tint[1]], np.float32)
    lab[..., 1:] += (wanted - lab[..., 1:]) * (0.8 * dark)[..., None]
    tinted = np.where((dark > 0)[..., None], _to_rgb(lab), image)  # no rounding elsewhere
    return tinted, {"colour": name}


def _knit(image: Image, cloth: Float, rng: np.random.Generator) -> tuple[Image, dict[str, Any]]:
    """A pullover in one strong colour."""
    colour = _colour(rng)
    return _dye(image, cloth, np.broadcast_to(colour, image.shape)), {"colour": _name(colour)}


def _stripes(image: Image, cloth: Float, rng: np.random.Generator) -> tuple[Image, dict[str, Any]]:
    """A striped T-shirt."""
    one, two = _colour(rng), np.array([235, 235, 230], np.float32)
    height, width = image.shape[:2]
    period = width * rng.uniform(0.035, 0.07)
    share = rng.uniform(0.35, 0.6)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    bow = 0.06 * width * ((x - width / 2) / (width / 2)) ** 2  # stripes follow a round chest
    phase = ((y + bow) / period) % 1
    edge = np.clip((share - phase) * period / 2, 0, 1) * np.clip(phase * period / 2, 0, 1)
    pattern = one * edge[..., None] + two * (1 - edge[..., None])
    return _dye(image, cloth, pattern), {"colour": _name(one), "period_px": round(period, 1)}


def _plaid(image: Image, cloth: Float, rng: np.random.Generator) -> tuple[Image, dict[str, Any]]:
    """A lumberjack's checks."""
    base, cross = _colour(rng), np.array([30, 30, 36], np.float32)
    height, width = image.shape[:2]
    period = width * rng.uniform(0.05, 0.09)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    bands = [np.clip((np.cos(2 * np.pi * v / period) + 0.1) * 3, 0, 1) for v in (x, y)]
    weight = 0.42 * (bands[0] + bands[1])[..., None]
    thin = [np.abs((v / period) % 1 - 0.5) < 0.03 for v in (x, y)]
    pattern = base * (1 - weight) + cross * weight
    pattern[thin[0] | thin[1]] = (225, 215, 190)
    return _dye(image, cloth, pattern), {"colour": _name(base), "period_px": round(period, 1)}


def _sport(image: Image, cloth: Float, rng: np.random.Generator) -> tuple[Image, dict[str, Any]]:
    """A sports shirt: a bright body, contrasting shoulders, a number on the chest."""
    body, yoke = _colour(rng), np.array([242, 242, 242], np.float32)
    height, width = image.shape[:2]
    x = np.arange(width, dtype=np.float32)[None]
    rows, columns = np.nonzero(cloth > 0.5)
    if not len(rows):
        return image, {"colour": _name(body)}
    middle = float(np.median(columns))
    spread = float(np.percentile(np.abs(columns - middle), 95))
    shoulder = np.clip((np.abs(x - middle) - 0.58 * spread) / 3, 0, 1)[..., None]
    pattern = body * (1 - shoulder) + yoke * shoulder
    number = str(int(rng.integers(2, 99)))
    top = float(np.percentile(rows[np.abs(columns - middle) < 0.2 * spread], 10, method="nearest"))
    size = max(0.30 * (height - top), 8.0)
    ink = np.zeros((height, width), np.uint8)
    scale = size / 22
    thickness = max(2, round(scale * 4))
    (wide, high), _ = cv2.getTextSize(number, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    origin = (round(middle - wide / 2), round(top + 0.35 * (height - top) + high / 2))
    cv2.putText(ink, number, origin, 0, scale, 255, thickness, cv2.LINE_AA)
    letters = (ink.astype(np.float32) / 255)[..., None]
    pattern = pattern * (1 - letters) + yoke * letters
    return _dye(image, cloth, pattern), {"colour": _name(body), "number": number}


FINISHES: dict[str, Callable[[Image, Float, np.random.Generator], tuple[Image, dict[str, Any]]]] = {
    "suit": _suit,
    "knit": _knit,
    "stripes": _stripes,
    "plaid": _plaid,
    "sport": _sport,
}


def _colour(rng: np.random.Generator) -> Float:
    """A strong colour that no business shirt has, RGB 0..255."""
    hue = int(rng.integers(0, 180))
    hsv = np.array([[[hue, rng.integers(150, 226), rng.integers(120, 226)]]], np.uint8)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def _name(colour: Float) -> str:
    return "#" + "".join(f"{round(float(c)):02x}" for c in colour)


def _dye(image: Image, cloth: Float, pattern: Any) -> Image:
    """Give cloth the pattern's colours and keep its light and folds."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    inside = cloth > 0.5
    if not inside.any():
        return image
    light = lab[..., 0]
    usual = max(float(np.median(light[inside])), 12.0)
    folds = np.clip(light / usual, 0.35, 1.7) ** 0.8
    dyed = np.clip(np.asarray(pattern, np.float32) * folds[..., None], 0, 255)
    mixed = image * (1 - cloth[..., None]) + dyed * cloth[..., None]
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)


def _to_rgb(lab: Float) -> Image:
    clipped = np.clip(np.rint(lab), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(clipped, cv2.COLOR_LAB2RGB), np.uint8)
