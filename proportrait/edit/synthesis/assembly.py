"""One picture of a head, of clothes, perhaps somebody else's, and of surroundings.

The three are joined cell by cell in the network's feature map, and the network draws what results.
So neither clothes nor surroundings change the face, and no edge is cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.synthesis.anatomy import Anatomy
from proportrait.edit.synthesis.network import CELLS, FaceSynthesizer, resample, sample
from proportrait.edit.synthesis.widen import HALF, wide_grid, wide_view

CANVAS = 24  # cells of the wide view: head, shoulders, and some of the chest
OFFSET = ((CANVAS / CELLS - 1) / 2, 0.125)  # of it to the left of and above the plain picture
# Shares of a person in a cell: below the first it is background, above the second person. What a
# cell shows of its own surroundings comes along: wisps of hair before one's own, a halo of others'.
_OWN_EDGE, _DONOR_EDGE = (0.05, 0.5), (0.55, 0.95)
_FAINT = 0.15  # shares that join no pieces
_HAIR_ENDS = 0.12  # picture widths below the plain picture
_BESIDE = 0.2  # share of a person in a cell from which on it is none of the surroundings


@dataclass(frozen=True, eq=False)
class Part:
    """What a part of a picture is taken from: a style (512,), and what its plain portrait shows."""

    style: Float
    own: Anatomy


def assemble(
    synthesizer: FaceSynthesizer, head: Part, clothes: Part, place: Part
) -> tuple[Image, Float]:
    """Draw a head above clothes before a place, which is the head's own, perhaps led elsewhere.

    Returns:
        The picture, (64 * CANVAS)**2, and where the garment is in it, same size, in [0, 1].
    """
    # Every cell is taken as it is, from where it is: what is moved by half a cell is blurred.
    bodies = wide_grid(clothes.own, CANVAS, OFFSET)
    grids = wide_grid(head.own, CANVAS, OFFSET), bodies, _mirrored()
    straight = _straight()
    ends = np.clip(1 - (straight[..., 1] - 1) / 2 / _HAIR_ENDS, 0, 1)
    below = sample(_cells(head.own.below), straight)[0]
    face = _inside(head.own.person, _OWN_EDGE, grids[0]) * (1 - below)
    hair = _inside(head.own.hair + head.own.person * (1 - head.own.below), _OWN_EDGE, grids[0])
    above = _in_one_piece(np.maximum(face, hair * ends))
    below = np.maximum(below, sample(_cells(clothes.own.below), grids[1])[0])
    edge = _OWN_EDGE if clothes.own is head.own else _DONOR_EDGE
    body = np.minimum(_inside(clothes.own.person, edge, grids[1]) * below, 1 - above)
    shares = np.stack([above, body, 1 - above - body])
    features = [
        synthesizer.features(head.style),
        synthesizer.features(clothes.style),
        _without_person(synthesizer.features(place.style), place.own),
    ]
    joined = sum(
        share * sample(map_, grid)
        for share, map_, grid in zip(shares, features, grids, strict=True)
    )
    styles = np.stack([part.style for part in (head, clothes, place)])
    drawn = synthesizer.draw(np.asarray(joined), styles, shares)
    return drawn, resample(clothes.own.cloth, grids[1], len(drawn))


def misfit(head: Anatomy, body: Anatomy) -> float:
    """How far from a head's chin a body's own one is, in picture widths."""
    return float(np.hypot(head.chin - body.chin, head.centre - body.centre))


def _cells(plane: Float) -> Float:
    """The mean (1, 16, 16) of a plane (512, 512) over each cell."""
    small = cv2.resize(plane, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small[None], np.float32)


def _inside(plane: Float, edge: tuple[float, float], grid: Float) -> Float:
    """How much of a plane (512, 512) is seen in the cells of a grid, its edges drawn in."""
    low, high = edge
    return np.asarray(sample(np.clip((_cells(plane) - low) / (high - low), 0, 1), grid)[0])


def _in_one_piece(share: Float) -> Float:
    """Without what does not hang together with the largest piece, as a raised hand may not."""
    seen = (share > _FAINT).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(seen, connectivity=4)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    near = cv2.dilate((pieces == largest).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(share * near, np.float32)


def _straight() -> Float:
    """The grid (CANVAS, CANVAS, 2) of the wide view, undistorted: beyond [-1, 1] at its sides."""
    return np.asarray(np.stack(wide_view(CANVAS, OFFSET), -1) * 2 - 1, np.float32)


def _mirrored() -> Float:
    """The same, but what lies outside the plain picture shows its mirror image."""
    inside = 1 - np.abs(1 - np.abs((_straight() + 1) / 2))
    return np.asarray(np.clip(inside, HALF, 1 - HALF) * 2 - 1, np.float32)


def _without_person(features: Float, own: Anatomy) -> Float:
    """Fill the cells (512, 16, 16) of a person with the mirror image of what is beside them."""
    widened = cv2.dilate(own.person, np.ones((25, 25), np.uint8))
    person = _cells(widened)[0] > _BESIDE
    take = np.tile(np.arange(CELLS), (CELLS, 1))
    rows = np.arange(CELLS)
    for y in range(CELLS):
        free = np.flatnonzero(~person[y])
        if not len(free):  # nothing is seen beside the shoulders: what is above them goes on
            rows[y], take[y] = rows[y - 1], take[y - 1]
            continue
        for x in np.flatnonzero(person[y]):
            edge = int(free[np.argmin(np.abs(free - x))])
            mirrored = 2 * edge - x + np.sign(x - edge)
            # as far as the run of free cells reaches
            step = np.sign(mirrored - edge) if mirrored != edge else 0
            at = edge
            while at != mirrored and 0 <= at + step < CELLS and not person[y, at + step]:
                at += step
            take[y, x] = at
    return features[:, rows[:, None], take]
