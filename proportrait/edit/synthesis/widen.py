"""Where a wide portrait takes its features from: the grid that turns a tight crop into a headshot.

Coordinates are in widths of the plain 1:1 picture: x and y in [0, 1] inside it, outside it beyond.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.edit.synthesis.anatomy import SIZE, Anatomy
from proportrait.edit.synthesis.network import CELLS

HALF = 0.5 / CELLS  # half a cell: samples stay this far inside, or the border repeats as streaks
_SLOPE, _ROUND = 0.04, 0.16  # widths beside the crop: shoulders slope, then turn into an arm
# In widths: below the crop a neckline closes within the first; what lies beside it, a shirt under a
# jacket, is about as wide as the second.
_CLOSED, _SHIRT = 0.25, 0.08


def wide_view(cells: int, offset: tuple[float, float]) -> tuple[Float, Float]:
    """x and y, (cells, cells) each, of the cells of a wide map; see `wide_grid`."""
    x = (np.arange(cells, dtype=np.float32) + 0.5) / CELLS - offset[0]
    y = (np.arange(cells, dtype=np.float32) + 0.5) / CELLS - offset[1]
    across, down = np.meshgrid(x, y)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def wide_grid(own: Anatomy, cells: int, offset: tuple[float, float]) -> Float:
    """The grid (cells, cells, 2) for `FaceSynthesizer.draw`.

    Args:
        own: the person's anatomy.
        cells: side of the wide map.
        offset: (left, top) extent in front of the plain picture, in picture widths.
    """
    x, y = wide_view(cells, offset)
    centre, neck, reach = _neck(own)
    below = np.maximum(y - (1 - HALF), 0)
    side, distance = np.sign(x - centre), np.abs(x - centre)
    # Below the crop: broaden narrow shoulders, and close the neck with what stands beside it.
    broaden = 1 + np.clip(below / 0.12, 0, 1) * max(0.0, 0.56 / max(reach, 0.2) - 1)
    sampled = distance / broaden + (neck + _SHIRT) * np.clip(below / _CLOSED, 0, 1)
    take_x = np.where(below > 0, centre + side * sampled, x)
    # Beside the crop: shoulders slope down and end round, so sample higher the further out.
    beyond = np.maximum(np.abs(x - 0.5) - (0.5 - HALF), 0)
    turn = (beyond - _SLOPE) / _ROUND
    drop = 0.5 * beyond + _ROUND * (1 - np.sqrt(1 - np.clip(turn, 0, 1) ** 2))
    drop = np.where(turn > 1, 1.0, drop).astype(np.float32)  # beside the arm
    take_y = np.minimum(y - drop * np.clip((y - 0.5) / 0.15, 0, 1), 1 - HALF)
    for column, outside in ((slice(0, 14), x < HALF), (slice(-14, None), x > 1 - HALF)):
        take_y = np.where(outside, _edge_rows(own, column, take_y), take_y)
    # Above the crop: sample outwards, so that hair closes instead of rising like a tower.
    above = np.maximum(HALF - y, 0)
    crown = _crown(own)
    away = np.sign(x - crown) * (np.abs(x - crown) + 3.2 * above)
    take_x = np.where(above > 0, crown + away, take_x)
    grid = np.stack([np.clip(take_x, HALF, 1 - HALF), np.clip(take_y, HALF, 1 - HALF)], -1)
    return (grid * 2 - 1).astype(np.float32)


def _neck(own: Anatomy) -> tuple[float, float, float]:
    """Centre and half width of the neck at the lower border, and how far cloth reaches from it."""
    garment = own.cloth[-14:-2].mean(0) > 0.5
    columns = np.arange(SIZE) / SIZE
    bare = ~garment & (np.abs(columns - own.centre) < 0.28)
    left = own.centre
    right = own.centre
    # walk out of the middle of the neck until cloth begins on both sides
    middle = int(np.clip(own.centre * SIZE, 0, SIZE - 1))
    if bare[middle]:
        lo = middle
        while lo > 0 and bare[lo - 1]:
            lo -= 1
        hi = middle
        while hi < SIZE - 1 and bare[hi + 1]:
            hi += 1
        left, right = lo / SIZE, hi / SIZE
    centre = (left + right) / 2
    neck = (right - left) / 2 + (0.012 if right > left else 0.0)
    worn = np.flatnonzero(garment) / SIZE
    reach = 0.5
    if len(worn) > 20:
        reach = float(min(centre - worn.min(), worn.max() - centre))
    return float(centre), float(neck), reach


def _edge_rows(own: Anatomy, columns: slice, rows: Float) -> Any:
    """Where hair or a hand crosses the side border, take the background above it instead."""
    person = own.person[:, columns].mean(1)
    worn = own.cloth[:, columns].mean(1) > 0.5
    source = (np.arange(SIZE) + 0.5) / SIZE
    mapped = source.copy()
    last: int | None = None
    for row in range(501):
        if worn[row]:
            continue
        if person[row] < 0.35:
            last = row
        elif last is not None:
            mapped[row] = (max(last - 14, 0) + 0.5) / SIZE
    return np.interp(rows, source, mapped).astype(np.float32)


def _crown(own: Anatomy) -> float:
    """x of the middle of the hair at the upper border."""
    hair = own.person[4:14].mean(0) * (1 - own.skin[4:14].mean(0)) > 0.5
    columns = np.flatnonzero(hair)
    return float(columns.mean() / SIZE) if len(columns) else own.centre
