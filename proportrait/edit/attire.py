"""Garments: which faces of the built-in source lend theirs, and the colours of suits.

The donors were picked by looking at what the network draws under other chins: their clothes reach
both borders, and neither hair nor beard covers them. A garment takes the colours of the style that
it is drawn with, so one donor serves many people without a repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit.tailoring import cheek_colour, tailor
from proportrait.edit.torso import CREW_NECK, V_NECK, Neckline
from proportrait.faces import Face

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Garment:
    """What a donor (a built-in seed) wears, and how the neck closes below the crop."""

    donor: int
    kind: str
    formal: bool
    neckline: Neckline


# The network draws a streak of a tie on some; those always get a whole one.
_SUITS_WITH_TIE = (131328, 142060, 117794, 116114, 131024, 120983, 167645, 144296, 104846)
_SUITS = (155324, 103069, 120078, 170840)
_TIED_SHARE = 0.5  # of the other suits
_CASUAL: dict[tuple[str, Neckline], tuple[int, ...]] = {
    ("T-shirt", CREW_NECK): (70, 443, 216, 19),
    ("sweatshirt", CREW_NECK): (36, 5, 288, 332),
    ("sweater", CREW_NECK): (369, 131),
    ("scarf", CREW_NECK): (61, 471),
    ("hoodie", CREW_NECK): (63, 212),
    ("hoodie", V_NECK): (280, 145),
    ("track jacket", V_NECK): (22,),
    ("track jacket", CREW_NECK): (384,),
    ("fleece jacket", V_NECK): (240,),
    ("fleece jacket", CREW_NECK): (301, 160),
    ("rain jacket", CREW_NECK): (323, 439),
    ("parka", CREW_NECK): (83, 343),
}
FORMAL: tuple[Garment, ...] = tuple(
    Garment(donor, kind, True, V_NECK)
    for kind, donors in (("suit and tie", _SUITS_WITH_TIE), ("suit", _SUITS))
    for donor in donors
)
CASUAL: tuple[Garment, ...] = tuple(
    Garment(donor, kind, False, neckline)
    for (kind, neckline), donors in _CASUAL.items()
    for donor in donors
)
# (a, b) of CIE Lab towards which dark cloth is drawn: the style that a suit is drawn with can be a
# colourful one, and nobody wears a crimson suit to a bank.
_SUIT_COLOURS = {"navy": (2, -14), "charcoal": (0, -2), "black": (0, 0), "brown": (4, 8)}


def choose(formal: bool, rng: np.random.Generator) -> Garment:
    """A garment that reads as formal or as casual."""
    garments = FORMAL if formal else CASUAL
    return garments[int(rng.integers(len(garments)))]


def finish(
    garment: Garment, image: Image, cloth: Float, face: Face, rng: np.random.Generator
) -> tuple[Image, dict[str, Any]]:
    """Tint a suit and draw its collar, lapels, and tie; other garments stay as they are.

    Args:
        garment: that `image` (H, W, 3) shows.
        cloth: (H, W) in [0, 1], where it is.
        face: of its wearer.

    Returns:
        The picture, and the parameters for the record.
    """
    if not garment.formal:
        return image, {}
    tinted, colour = _tint(image, cloth * (1 - _like_skin(image, face)), rng)
    tied = garment.kind == "suit and tie" or bool(rng.random() < _TIED_SHARE)
    tailored, drawn = tailor(tinted, face, rng, tied)
    return tailored, {"colour": colour, **drawn}


def _like_skin(image: Image, face: Face) -> Float:
    """(H, W) in [0, 1], how much the hue of each pixel is that of the cheeks."""
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 2), cv2.COLOR_RGB2LAB).astype(np.float32)
    distance = np.linalg.norm(lab[..., 1:] - cheek_colour(image, face)[1:], axis=2)
    return np.asarray(np.clip(2 - distance / 6, 0, 1), np.float32)


def _tint(image: Image, cloth: Float, rng: np.random.Generator) -> tuple[Image, str]:
    """Give the dark cloth of a suit one of the usual colours, and make its shirt about white."""
    name = tuple(_SUIT_COLOURS)[int(rng.integers(len(_SUIT_COLOURS)))]
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    dark = np.clip((150 - lab[..., 0]) / 40, 0, 1)[..., None]
    neutral = np.array([128, 128], np.float32)
    wanted = neutral + dark * np.array(_SUIT_COLOURS[name], np.float32)
    lab[..., 1:] += (wanted - lab[..., 1:]) * (0.8 * cloth)[..., None]
    rounded = np.clip(np.rint(lab), 0, 255).astype(np.uint8)
    tinted = cv2.cvtColor(rounded, cv2.COLOR_LAB2RGB)
    # no rounding elsewhere
    return np.where((cloth > 0)[..., None], tinted, image), name
