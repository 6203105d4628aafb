"""Which faces of the built-in source are worth drawing, told from the style alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from proportrait.edit.data import load_array
from proportrait.edit.expression import directions

Float = npt.NDArray[np.float32]
YAW_LIMIT = 0.9  # standard deviations of the source; beyond it one cheek is hidden


def is_presentable(style: Float) -> bool:
    """Whether a face (512,) is about frontal and stands before a plain enough background."""
    offset = style - load_mean_style()
    weights = load_choice()
    if float(offset @ weights[:-1] + weights[-1]) <= 0:
        return False
    model = directions()
    row = model.names.index("yaw")
    return abs(float(model.weights[row] @ offset + model.intercept[row])) < YAW_LIMIT


@cache
def load_mean_style() -> Float:
    """The mean style (512,)."""
    return load_array("style_mean").reshape(-1)


@cache
def load_choice() -> Float:
    """Weights (512,) of a clean background, and the intercept (see fit_choice.py)."""
    return load_array("choice")
