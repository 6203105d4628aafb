"""The grid of features that turns a tight crop into a wide portrait with shoulders and chest.

Coordinates are in widths of the plain portrait, see anatomy.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.edit.synthesis.anatomy import SIZE, Anatomy
from proportrait.edit.synthesis.network import CELLS

HALF = 0.5 / CELLS  # half a cell: samples nearer to the border would repeat it as streaks
_SLOPE, _ROUND = 0.04, 0.16  # widths beside the crop: shoulders slope, then round into an arm
# Widths: below the crop a neckline closes within the first; the shirt beside it, under a jacket, is
# about as wide as the second.
_NECKLINE, _SHIRT = 0.25, 0.08


def wide_view(cells: int, offset: tuple[float, float]) -> tuple[Float, Float]:
    """x and y, (cells, cells) each, of the cells of a wide map; see `wide_grid`."""
    x = (np.arange(cells, dtype=np.float32) + 0.5) / CELLS - offset[0]
    y = (np.arange(cells, dtype=np.float32) + 0.5) / CELLS - offset[1]
    across, down = np.meshgrid(x, y)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def wide_grid(anatomy: Anatomy, cells: int, offset: tuple[float, float]) -> Float:
    """The grid (cells, cells, 2) for `FaceSynthesizer.draw`.

    Args:
        anatomy: the person's anatomy.
        cells: side of the wide map.
        offset: widths of the wide picture to the left of and above the plain portrait.
    """
    x, y = wide_view(cells, offset)
    centre, neck, reach = _neck(anatomy)
    below = np.maximum(y - (1 - HALF), 0)
    side, distance = np.sign(x - centre), np.abs(x - centre)
    # Below the crop: broaden narrow shoulders, and close the neck with the cells beside it.
    broaden = 1 + np.clip(below / 0.12, 0, 1) * max(0.0, 0.56 / max(reach, 0.2) - 1)
    inner = distance / broaden + (neck + _SHIRT) * np.clip(below / _NECKLINE, 0, 1)
    source_x = np.where(below > 0, centre + side * inner, x)
    # Beside the crop: shoulders slope down and end round, so sample higher the farther out.
    beyond = np.maximum(np.abs(x - 0.5) - (0.5 - HALF), 0)
    turn = (beyond - _SLOPE) / _ROUND
    drop = 0.5 * beyond + _ROUND * (1 - np.sqrt(1 - np.clip(turn, 0, 1) ** 2))
    drop = np.where(turn > 1, 1.0, drop).astype(np.float32)  # beside the arm
    source_y = np.minimum(y - drop * np.clip((y - 0.5) / 0.15, 0, 1), 1 - HALF)
    for column, beside in ((slice(0, 14), x < HALF), (slice(-14, None), x > 1 - HALF)):
        source_y = np.where(beside, _edge_rows(anatomy, column, source_y), source_y)
    # Above the crop: sample outwards, so that hair closes instead of rising like a tower.
    above = np.maximum(HALF - y, 0)
    crown = _crown(anatomy)
    away = np.sign(x - crown) * (np.abs(x - crown) + 3.2 * above)
    source_x = np.where(above > 0, crown + away, source_x)
    grid = np.stack([np.clip(source_x, HALF, 1 - HALF), np.clip(source_y, HALF, 1 - HALF)], -1)
    return (grid * 2 - 1).astype(np.float32)


def _neck(anatomy: Anatomy) -> tuple[float, float, float]:
    """Centre and half width of the neck at the lower border, and how far cloth reaches from it."""
    garment = anatomy.cloth[-14:-2].mean(0) > 0.5
    columns = np.arange(SIZE) / SIZE
    bare = ~garment & (np.abs(columns - anatomy.centre) < 0.28)
    left = anatomy.centre
    right = anatomy.centre
    # From the middle of the neck outwards until cloth begins, on both sides.
    middle = int(np.clip(anatomy.centre * SIZE, 0, SIZE - 1))
    if bare[middle]:
        first = middle
        while first > 0 and bare[first - 1]:
            first -= 1
        last = middle
        while last < SIZE - 1 and bare[last + 1]:
            last += 1
        left, right = first / SIZE, last / SIZE
    centre = (left + right) / 2
    neck = (right - left) / 2 + (0.012 if right > left else 0.0)
    cloth = np.flatnonzero(garment) / SIZE
    reach = 0.5
    if len(cloth) > 20:
        reach = float(min(centre - cloth.min(), cloth.max() - centre))
    return float(centre), float(neck), reach


def _edge_rows(anatomy: Anatomy, columns: slice, rows: Float) -> Any:
    """Rows to sample beside the crop: above the hair or the hand that crosses the side border."""
    person = anatomy.person[:, columns].mean(1)
    garment = anatomy.cloth[:, columns].mean(1) > 0.5
    source = (np.arange(SIZE) + 0.5) / SIZE
    target = source.copy()
    free: int | None = None
    for row in range(501):
        if garment[row]:
            continue
        if person[row] < 0.35:
            free = row
        elif free is not None:
            target[row] = (max(free - 14, 0) + 0.5) / SIZE
    return np.interp(rows, source, target).astype(np.float32)


def _crown(anatomy: Anatomy) -> float:
    """x of the middle of the hair at the upper border."""
    hair = anatomy.person[4:14].mean(0) * (1 - anatomy.skin[4:14].mean(0)) > 0.5
    columns = np.flatnonzero(hair)
    return float(columns.mean() / SIZE) if len(columns) else anatomy.centre
