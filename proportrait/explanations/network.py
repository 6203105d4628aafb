"""Where in a picture the features of a model spoke for or against each attribute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from proportrait.arrays import Float, Image, Real
from proportrait.model.cells import Cells


def log_odds(
    cells: Cells, views: tuple[Image, ...], windows: Sequence[Float], size: tuple[int, int]
) -> Float:
    """What each px of a small picture adds to the logits: (6, h, w) float32, negative is against.

    Their sum is what the features add, less what those of a mean picture do.

    Args:
        cells: of the model.
        views: of the model's `Preprocessing`.
        windows: of each, x0 y0 x1 y1 of the part that it shows, in shares of the picture's sides.
        size: (h, w) of the small picture.
    """
    height, width = size
    total: Real = np.zeros((1, height, width))
    for window, values in zip(windows, cells(views), strict=True):
        x0, y0, x1, y1 = np.clip(window, 0, 1)
        down = _spread(height, values.shape[1], float(y0), float(y1))
        across = _spread(width, values.shape[2], float(x0), float(x1))
        total = total + down @ values @ across.T
    return np.asarray(total, np.float32)


def _spread(length: int, cells: int, start: float, end: float) -> Float:
    """How cells in a row that reaches from start to end are spread over px: (length, cells).

    Linear between the middles of cells; each column adds up to 1.
    """
    place = ((np.arange(length) + 0.5) / length - start) / max(end - start, 1e-6) * cells - 0.5
    middles = np.arange(cells)
    inside = (place >= -0.5) & (place <= cells - 0.5)
    weight = np.maximum(0, 1 - np.abs(np.clip(place, 0, cells - 1)[:, None] - middles))
    weight *= inside[:, None]
    nearest = np.abs(place[:, None] - middles).argmin(0)  # where a cell is smaller than a px
    weight[nearest, middles] += weight.sum(0) == 0
    return np.asarray(weight / weight.sum(0), np.float32)
