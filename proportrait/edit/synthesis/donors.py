"""Built-in faces that lend what they wear.

Picked by looking: clothes reach both borders, and neither hair, hands, nor beard cover them.
`python -m tools.pack_donors` makes data/donors.npz: what the plain portrait of each
shows.
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

_PACKED = 128  # px of a stored mask
_PLANES, _NUMBERS = ("person", "skin", "cloth", "hair", "below"), ("centre", "chin")


@dataclass(frozen=True)
class Donor:
    """A seed of the built-in source (with `RATED_TRUNCATION`), and what it wears."""

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
    """All of them, each once, in order."""
    return sorted({donor.seed for donor in (*FORMAL, *CASUAL)})


def pack(anatomies: dict[int, Anatomy]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of data/donors.npz."""
    packed: dict[str, npt.NDArray[Any]] = {"seeds": np.array(sorted(anatomies))}
    found = [anatomies[seed] for seed in sorted(anatomies)]
    for name in _PLANES:
        small = [cv2.resize(getattr(own, name), (_PACKED, _PACKED)) for own in found]
        packed[name] = np.stack([(plane * 255).round().astype(np.uint8) for plane in small])
    for name in _NUMBERS:
        packed[name] = np.array([getattr(own, name) for own in found], np.float32)
    return packed


@cache
def anatomy_of(seed: int) -> Anatomy:
    """What the plain portrait of a donor shows.

    Raises:
        KeyError: `seed` is no donor's.
    """
    stored = load_arrays("donors")
    rows = np.flatnonzero(stored["seeds"] == seed)
    if not len(rows):
        raise KeyError(f"{seed} is no donor; run python -m tools.pack_donors")
    row = int(rows[0])
    planes: dict[str, Any] = {
        name: cv2.resize(stored[name][row].astype(np.float32) / 255, (SIZE, SIZE))
        for name in _PLANES
    }
    numbers: dict[str, Any] = {name: float(stored[name][row]) for name in _NUMBERS}
    return Anatomy(**planes, **numbers)
