"""The kinds of arrays that are passed about, each named once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]  # a picture is RGB (H, W, 3), in sRGB
Float = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Double = npt.NDArray[np.float64]  # where sums over many rows need it
Real = npt.NDArray[np.floating[Any]]  # of any precision
Text = npt.NDArray[np.str_]
