"""A taste by hand: who has a large head in a picture that is not too wide is positive."""

from __future__ import annotations

from functools import cache

import numpy as np

from proportrait.arrays import Float
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.extract import FACE, GEOMETRY, version
from proportrait.taste.features import column_names
from proportrait.taste.taste import Taste

SETS = ("geometry",)
NAMES = column_names(SETS)
TITLES = (*GEOMETRY, *(f"face.{name}" for name in FACE))
HEIGHT, SIZE = TITLES.index("face.Height"), TITLES.index("framing.HeadSize")
TURN = TITLES.index("framing.HeadPoseYaw")


def row(height: float, turn: float = 5.0) -> Float:
    """Features (23,) of a head of that height, in shares of the picture's."""
    values = np.full(len(NAMES), 0.5, np.float32)
    values[[HEIGHT, SIZE, TURN]] = height, height * 0.75, turn
    return values


@cache
def taste() -> Taste:
    """Twenty positives whose heads are 40 % high in the mean, twenty negatives with 20 %."""
    heights = np.concatenate([np.linspace(0.35, 0.45, 20), np.linspace(0.15, 0.25, 20)])
    values = np.stack([row(height, 5 + number % 3) for number, height in enumerate(heights)])
    about = {"sets": list(SETS), "features": version()}
    labels = [True] * 20 + [False] * 20
    return Taste(Ensemble.fit(values, labels, names=NAMES, about=about), SETS)
