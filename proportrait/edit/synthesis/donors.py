"""Built-in faces whose clothes are drawn on others.

Chosen by eye: clothes reach both borders, and neither hair, hands, nor beard cover them.
`python -m tools.pack.donors` makes data/donors.npz, the anatomy of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit.data import load_arrays
from proportrait.edit.synthesis.anatomy import PLANES, SIZE, Anatomy

_PLANE_SIZE = 128  # side of a stored mask in px
_NUMBERS = ("centre", "chin")
_PLAIN = 0.7  # log-odds of a man, or of a woman, from which on a sex is plain
MEN, WOMEN, ALL = "men", "women", "all"  # wearers


@dataclass(frozen=True)
class Donor:
    """A face of the built-in source whose clothes are drawn on others.

    Attributes:
        seed: of the face, with `RATED_TRUNCATION`.
        kind: what the picture shows of the clothes.
        wearers: on whom they look right: `MEN`, `WOMEN`, or `ALL`.
    """

    seed: int
    kind: str
    wearers: str


def _donors(kinds: dict[str, dict[str, tuple[int, ...]]]) -> tuple[Donor, ...]:
    return tuple(
        Donor(seed, kind, wearers)
        for kind, groups in kinds.items()
        for wearers, seeds in groups.items()
        for seed in seeds
    )


FORMAL: tuple[Donor, ...] = _donors(
    {
        "dark suit and tie": {
            MEN: (
                1150897, 1213964, 1327966, 1397431, 1352436, 1245384, 1048643, 1387050,
            ),
        },
        "blue suit and tie": {MEN: (1202382, 1140568)},
        "grey suit and tie": {MEN: (1071533, 1310437, 1265878)},
        "dark jacket and open white shirt": {
            MEN: (1251617, 1317298, 1068095, 1311988),
            WOMEN: (1158314, 1063601, 1201667, 1265929, 1035696, 1155671, 1256724),
        },
        "light jacket and open white shirt": {
            MEN: (1375499, 1150492, 1055996, 1295846, 1048504),
            WOMEN: (1117019, 1383447, 1347163, 1035849),
        },
        "dark jacket and blue shirt": {
            MEN: (1214015, 1334193, 1047970),
            WOMEN: (1320405, 1038321, 1103771, 1072387),
        },
        "blue jacket and white shirt": {MEN: (1277537, 1328013), WOMEN: (1369640,)},
        "teal jacket and pale top": {WOMEN: (1136446, 1373184)},
        "dark jacket and green blouse": {WOMEN: (1173742,)},
        "red jacket": {WOMEN: (1013387,)},
        "blue shirt": {ALL: (1019856,)},
        "white shirt": {ALL: (1228526, 1246883)},
    }
)  # fmt: skip
CASUAL: tuple[Donor, ...] = _donors(
    {
        "T-shirt": {ALL: (824303, 814286, 834315, 824133, 718105, 832070)},
        "sweatshirt": {ALL: (809925, 833633, 816755, 818801)},
        "knitted sweater": {ALL: (807641, 732995, 728673, 816280)},
        "hoodie": {ALL: (809594, 720696, 728463)},
        "polo shirt": {ALL: (814232, 816741)},
        "denim jacket": {ALL: (829819,)},
        "jersey": {ALL: (718520,)},
        "parka": {ALL: (723549,)},
        "fleece jacket": {ALL: (727568, 735939)},
        "tunic": {ALL: (820588,)},
    }
)


def suitable(choices: Sequence[Donor], man: float) -> list[Donor]:
    """The donors whose clothes look right on a head with these log-odds of a man.

    Where the sex is not plain, those of the kinds that men and women wear.
    """
    men, women = ([d for d in choices if d.wearers in (group, ALL)] for group in (MEN, WOMEN))
    if abs(man) > _PLAIN:
        return men if man > 0 else women
    both = {donor.kind for donor in men} & {donor.kind for donor in women}
    return [donor for donor in choices if donor.kind in both]


def seeds() -> list[int]:
    """The seeds of all donors, sorted, without repeats."""
    return sorted({donor.seed for donor in (*FORMAL, *CASUAL)})


def pack(anatomies: dict[int, Anatomy]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of data/donors.npz, from anatomies by seed."""
    arrays: dict[str, npt.NDArray[Any]] = {"seeds": np.array(sorted(anatomies))}
    rows = [anatomies[seed] for seed in sorted(anatomies)]
    for name in PLANES:
        small = [cv2.resize(getattr(anatomy, name), (_PLANE_SIZE, _PLANE_SIZE)) for anatomy in rows]
        arrays[name] = np.stack([(plane * 255).round().astype(np.uint8) for plane in small])
    for name in _NUMBERS:
        arrays[name] = np.array([getattr(anatomy, name) for anatomy in rows], np.float32)
    return arrays


@cache
def anatomy_of(seed: int) -> Anatomy:
    """The anatomy of a donor's raised portrait.

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
        for name in PLANES
    }
    numbers: dict[str, Any] = {name: float(arrays[name][row]) for name in _NUMBERS}
    return Anatomy(**planes, **numbers)
