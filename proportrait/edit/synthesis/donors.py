"""Built-in faces whose clothes are drawn on others.

Chosen by eye: clothes reach both borders, and neither hair, hands, nor beard cover them.
`python -m tools.pack.donors` makes data/donors.npz, the anatomy of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit.data import load_arrays
from proportrait.edit.synthesis.anatomy import SIZE, Anatomy

_PLANE_SIZE = 128  # side of a stored mask in px
_PLANES, _NUMBERS = ("person", "skin", "cloth", "hair", "below"), ("centre", "chin")


@dataclass(frozen=True)
class Donor:
    """A face of the built-in source: its seed (with `RATED_TRUNCATION`), and its clothes."""

    seed: int
    kind: str


def _donors(kinds: dict[str, tuple[int, ...]]) -> tuple[Donor, ...]:
    return tuple(Donor(seed, kind) for kind, seeds in kinds.items() for seed in seeds)


FORMAL: tuple[Donor, ...] = _donors(
    {
        "navy suit": (705306,),
        "navy suit and tie": (709671,),
        "black suit": (
            723755, 730699, 735445, 727639, 734683, 700583, 709325,
        ),
        "charcoal suit": (729520, 730818, 716070),
        "suit and tie": (729816, 714566),
        "suit and blue shirt": (735443, 703231),
        "suit and lilac shirt": (732791, 721515, 721181, 703258),
        "blazer and blouse": (934407,),
    }
)  # fmt: skip
CASUAL: tuple[Donor, ...] = _donors(
    {
        "T-shirt": (824303, 814286, 834315, 824133, 718105, 832070),
        "sweatshirt": (809925, 833633, 816755, 818801),
        "knitted sweater": (807641, 732995, 728673, 816280),
        "hoodie": (809594, 720696, 728463),
        "polo shirt": (814232, 816741),
        "denim jacket": (829819,),
        "jersey": (718520,),
        "parka": (723549,),
        "fleece jacket": (727568, 735939),
        "tunic": (820588,),
    }
)


def seeds() -> list[int]:
    """The seeds of all donors, sorted, without repeats."""
    return sorted({donor.seed for donor in (*FORMAL, *CASUAL)})


def pack(anatomies: dict[int, Anatomy]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of data/donors.npz, from anatomies by seed."""
    arrays: dict[str, npt.NDArray[Any]] = {"seeds": np.array(sorted(anatomies))}
    rows = [anatomies[seed] for seed in sorted(anatomies)]
    for name in _PLANES:
        small = [cv2.resize(getattr(anatomy, name), (_PLANE_SIZE, _PLANE_SIZE)) for anatomy in rows]
        arrays[name] = np.stack([(plane * 255).round().astype(np.uint8) for plane in small])
    for name in _NUMBERS:
        arrays[name] = np.array([getattr(anatomy, name) for anatomy in rows], np.float32)
    return arrays


@cache
def anatomy_of(seed: int) -> Anatomy:
    """The anatomy of a donor's plain portrait.

    Raises:
        KeyError: no donor has this seed.
    """
    arrays = load_arrays("donors")
    matches = np.flatnonzero(arrays["seeds"] == seed)
    if not len(matches):
        raise KeyError(f"{seed} is no donor; run python -m tools.pack.donors")
    row = int(matches[0])
    planes: dict[str, Any] = {
        name: cv2.resize(arrays[name][row].astype(np.float32) / 255, (SIZE, SIZE))
        for name in _PLANES
    }
    numbers: dict[str, Any] = {name: float(arrays[name][row]) for name in _NUMBERS}
    return Anatomy(**planes, **numbers)
