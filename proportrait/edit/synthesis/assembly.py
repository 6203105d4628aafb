"""One picture of a head, of clothes, perhaps somebody else's, and of surroundings.

The three are mixed cell by cell in the network's feature map, and the network draws the result. So
neither clothes nor surroundings change the face, and no part has a hard edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.synthesis.anatomy import Anatomy, raised
from proportrait.edit.synthesis.network import CELLS, RISE, FaceSynthesizer, resample, sample
from proportrait.edit.synthesis.widen import HALF, wide_grid, wide_view

CANVAS = 24  # cells of the wide view: head, shoulders, and some of the chest
OFFSET = ((CANVAS / CELLS - 1) / 2, 0.125)  # picture widths left of and above the plain portrait
# Shares of a person in a cell: below the first it is background, above the second person. A cell
# brings its own surroundings along: wisps of hair with the head's own, a halo with a donor's.
_OWN_EDGE, _DONOR_EDGE = (0.05, 0.5), (0.55, 0.95)
_FAINT = 0.15  # cells up to this share connect no pieces
_HAIR_ENDS = 0.12  # picture widths below the plain portrait
_PERSON_CELL = 0.2  # a cell with a larger share of a person is none of the surroundings


@dataclass(frozen=True, eq=False)
class Part:
    """The source of a part of a picture.

    Attributes:
        style: (512,) of the network.
        own: the anatomy of its plain portrait, or, for clothes of a donor, of its raised one.
        donor: whether it is a donor of clothes.
    """

    style: Float
    own: Anatomy
    donor: bool = False


def assemble(
    synthesizer: FaceSynthesizer, head: Part, clothes: Part, surroundings: Part
) -> tuple[Image, Float]:
    """Draw a head above clothes before surroundings, usually the head's own after a step of style.

    Returns:
        The picture, (64 * CANVAS)**2 px, and the mask of its garment, same size, in [0, 1].
    """
    # Cells keep their places: a shift by half a cell would blur them.
    # The raised portrait shows more of the clothes.
    dressed = clothes.own if clothes.donor else raised(clothes.own)
    bodies = wide_grid(dressed, CANVAS, (OFFSET[0], OFFSET[1] + RISE))
    grids = wide_grid(head.own, CANVAS, OFFSET), bodies, _mirror_grid()
    plain = _plain_grid()
    ends = np.clip(1 - (plain[..., 1] - 1) / 2 / _HAIR_ENDS, 0, 1)
    below = sample(_cells(head.own.below), plain)[0]
    face = _inside(head.own.person, _OWN_EDGE, grids[0]) * (1 - below)
    hair = _inside(head.own.hair + head.own.person * (1 - head.own.below), _OWN_EDGE, grids[0])
    above = _in_one_piece(np.maximum(face, hair * ends))
    below = np.maximum(below, sample(_cells(dressed.below), grids[1])[0])
    edge = _DONOR_EDGE if clothes.donor else _OWN_EDGE
    body = np.minimum(_inside(dressed.person, edge, grids[1]) * below, 1 - above)
    shares = np.stack([above, body, 1 - above - body])
    features = [
        synthesizer.features(head.style),
        synthesizer.features(clothes.style, raised=True),
        _without_person(synthesizer.features(surroundings.style), surroundings.own),
    ]
    mixture = sum(
        share * sample(map_, grid)
        for share, map_, grid in zip(shares, features, grids, strict=True)
    )
    styles = np.stack([part.style for part in (head, clothes, surroundings)])
    picture = synthesizer.draw(np.asarray(mixture), styles, shares)
    return picture, resample(dressed.cloth, grids[1], len(picture))


def misfit(head: Anatomy, body: Anatomy) -> float:
    """Distance from a head's chin to the own chin of a raised body, in picture widths."""
    return float(np.hypot(head.chin - (body.chin + RISE), head.centre - body.centre))


def _cells(plane: Float) -> Float:
    """The mean (1, 16, 16) of a plane (512, 512) over each cell."""
    small = cv2.resize(plane, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small[None], np.float32)


def _inside(plane: Float, edge: tuple[float, float], grid: Float) -> Float:
    """Share of a plane (512, 512) in the cells of a grid: 0 up to `edge[0]`, 1 from `edge[1]`."""
    low, high = edge
    return np.asarray(sample(np.clip((_cells(plane) - low) / (high - low), 0, 1), grid)[0])


def _in_one_piece(share: Float) -> Float:
    """The largest connected piece alone: a raised hand, for example, is dropped."""
    mask = (share > _FAINT).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    near = cv2.dilate((pieces == largest).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(share * near, np.float32)


def _plain_grid() -> Float:
    """The grid (CANVAS, CANVAS, 2) of the wide view: beyond [-1, 1] outside the plain portrait."""
    return np.asarray(np.stack(wide_view(CANVAS, OFFSET), -1) * 2 - 1, np.float32)


def _mirror_grid() -> Float:
    """The same grid, with the mirror image of the plain portrait outside it."""
    inside = 1 - np.abs(1 - np.abs((_plain_grid() + 1) / 2))
    return np.asarray(np.clip(inside, HALF, 1 - HALF) * 2 - 1, np.float32)


def _without_person(features: Float, anatomy: Anatomy) -> Float:
    """Fill the cells (512, 16, 16) of a person with the mirror image of the cells beside them."""
    margin = cv2.dilate(anatomy.person, np.ones((25, 25), np.uint8))
    person = _cells(margin)[0] > _PERSON_CELL
    columns = np.tile(np.arange(CELLS), (CELLS, 1))
    rows = np.arange(CELLS)
    unfilled = np.flatnonzero(~person.all(1))
    if not len(unfilled):
        return features  # the person is all that there is
    for y in unfilled:
        background = np.flatnonzero(~person[y])
        for x in np.flatnonzero(person[y]):
            edge = int(background[np.argmin(np.abs(background - x))])
            mirror = 2 * edge - x + np.sign(x - edge)
            # Only as far as the background is unbroken.
            step = np.sign(mirror - edge) if mirror != edge else 0
            end = edge
            while end != mirror and 0 <= end + step < CELLS and not person[y, end + step]:
                end += step
            columns[y, x] = end
    for y in np.flatnonzero(person.all(1)):  # shoulders fill the row: repeat one above it
        above = unfilled[unfilled < y]
        rows[y] = above[-1] if len(above) else unfilled[0]
        columns[y] = columns[rows[y]]
    return features[:, rows[:, None], columns]
