"""Where a wide portrait takes its features from: the grid that turns a tight crop into a headshot.

Coordinates are in widths of the plain 1:1 picture: x and y in [0, 1] inside it, outside it beyond.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Image
from proportrait.edit.stylegan import CELLS
from proportrait.faces import Face

HALF = 0.5 / CELLS  # half a cell: samples stay this far inside, or the border repeats as streaks
_SLOPE, _ROUND = 0.04, 0.16  # widths beside the crop: shoulders slope, then turn into an arm
# In widths: below the crop a neckline closes within the first; what lies beside it, a shirt under a
# jacket, is about as wide as the second.
_CLOSED, _SHIRT = 0.25, 0.08
SIZE = 512  # masks are taken at this size

# Landmarks of the mesh: chin, face sides (Kartynnik et al., 2019).
CHIN, RIGHT_SIDE, LEFT_SIDE = 152, 234, 454
# Hair is looked for so many half widths of the jaw from the middle, further out than ears are, and
# so many px of 512 above the chin. What is like it below falls between these half widths.
_BESIDE, _NEAR, _FALLS = 1.15, (150, 50), (0.9, 1.7)
_REACH = 0.31  # picture widths: about half as far again as the sides of a face
_FEW = 900  # px of 512**2: less hair than this beside a jaw does not fall below it


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What a plain portrait shows of a person.

    Attributes:
        person, skin, cloth: (512, 512) float32 in [0, 1].
        hair: (512, 512), hair that falls beside the neck, by its colour.
        below: (512, 512), 0 on the face to 1 below its jawline.
        centre: x of the neck.
        chin: y of the chin.
    """

    person: Float
    skin: Float
    cloth: Float
    hair: Float
    below: Float
    centre: float
    chin: float


def anatomy(image: Image, face: Face, person: Float) -> Anatomy:
    """Part a plain portrait into skin, cloth, and the rest.

    Args:
        image: (H, H, 3) RGB.
        face: found in it, px of it.
        person: its mask, (H, H) in [0, 1].
    """
    points = (face.landmarks[:, :2] / image.shape[0]).astype(np.float32)
    image = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    person = cv2.resize(person, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 2), cv2.COLOR_RGB2LAB).astype(np.float32)
    inner = np.zeros((SIZE, SIZE), np.uint8)
    cheeks = points[[234, 454, 152, 148, 377, 176, 400, 149, 378, 50, 280, 1, 4]] * SIZE
    cv2.fillConvexPoly(inner, cv2.convexHull(cheeks.astype(np.int32)), 1)
    colours = lab[inner > 0]
    spread = np.maximum(colours.std(0), [18, 5, 5])
    distance = ((lab - np.median(colours, 0)) / spread) ** 2 * [0.25, 1, 1]
    skin = (np.exp(-0.5 * distance.sum(2) / 2.2) > 0.25).astype(np.float32)
    skin = cv2.GaussianBlur(skin, (0, 0), 3)
    centre = float((points[CHIN, 0] + (points[RIGHT_SIDE, 0] + points[LEFT_SIDE, 0]) / 2) / 2)
    jaw = float(abs(points[LEFT_SIDE, 0] - points[RIGHT_SIDE, 0]) / 2)
    chin = float(points[CHIN, 1])
    below = _below_jaw(centre, chin, jaw)
    return Anatomy(
        person=person,
        skin=skin,
        cloth=(person * (1 - skin) * below).astype(np.float32),
        hair=_falling_hair(lab, person, below, centre, jaw),
        below=below,
        centre=centre,
        chin=chin,
    )


def beside(own: Anatomy) -> float:
    """How much of a side border next to the face is a person, [0, 1], of the side with more.

    Above 0.9 it is hardly ever the hair of somebody alone.
    """
    rows = slice(round(0.3 * own.chin * SIZE), round(0.85 * own.chin * SIZE))
    return float(max(own.person[rows, :4].mean(), own.person[rows, -4:].mean()))


def alone(own: Anatomy) -> Anatomy:
    """Without what is so far beside the face that it belongs to somebody else."""
    across = np.abs(np.arange(SIZE, dtype=np.float32) / SIZE - own.centre)
    near = np.asarray(np.clip((_REACH - across) / 0.02, 0, 1), np.float32)
    return replace(own, person=own.person * near, hair=own.hair * near)


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


def _falling_hair(lab: Float, person: Float, below: Float, centre: float, jaw: float) -> Float:
    """(512, 512), hair below the jawline: what looks like the hair right above it, side by side."""
    across = (np.arange(SIZE, dtype=np.float32) / SIZE - centre) / jaw
    rows = np.arange(SIZE)[:, None]
    middle = int(np.clip(centre * SIZE, 0, SIZE - 1))
    level = max(1, int(np.argmax(below[:, middle] > 0.5)))  # row of the chin
    hair = np.zeros_like(person)
    for sign in (-1, 1):
        side = (sign * across > _FALLS[0]) & (sign * across < _FALLS[1])
        beside = (person > 0.8) & (sign * across > _BESIDE)
        near = beside & (rows > level - _NEAR[0]) & (rows < level - _NEAR[1])
        if near.sum() < _FEW:
            continue
        colours = lab[near]
        spread = np.maximum(colours.std(0), [20, 5, 5])
        distance = (((lab - np.median(colours, 0)) / spread) ** 2 * [0.5, 1, 1]).sum(2)
        like = cv2.GaussianBlur(np.exp(-distance / 8).astype(np.float32), (0, 0), 8)
        hair += person * np.clip(2.2 * like - 0.4, 0, 1) * side[None]
    # It hangs from the head: what lies apart from it is something else.
    falling = ((hair > 0.3) | ((person > 0.5) & (rows < level))).astype(np.uint8)
    _, pieces = cv2.connectedComponents(falling)
    head = pieces[level // 2, middle]
    return np.asarray(hair * (pieces == head) * below, np.float32)


def _below_jaw(centre: float, chin: float, jaw: float) -> Float:
    """(512, 512), 0 on the face to 1 below its jawline: a garment can be there."""
    yy, xx = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    across = np.clip(np.abs(xx - centre) / jaw, 0, 1.7)
    jawline = np.maximum(chin + 0.005 - 0.10 * across**2.2, 0.62)
    return _smoothstep((yy - jawline) / 0.032 + 0.5)


def _smoothstep(t: npt.NDArray[Any]) -> Float:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
