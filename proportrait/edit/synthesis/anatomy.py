"""Where a plain portrait shows skin, cloth, and hair.

Coordinates are in widths of the plain portrait, the network's own 1:1 picture: x and y in [0, 1]
inside it, below 0 or above 1 outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Image
from proportrait.edit.synthesis.network import RISE
from proportrait.faces import Face

SIZE = 512  # side of the masks in px
PLANES = ("person", "skin", "cloth", "hair", "below")  # the masks of an `Anatomy`

# Landmarks of the mesh: chin, face sides (Kartynnik et al., 2019).
CHIN, RIGHT_SIDE, LEFT_SIDE = 152, 234, 454
# The colour of hair is sampled farther from the neck's centre than the first, in half widths of the
# jaw (ears are nearer), and within the second, in px of 512 above the chin. Hair of that colour
# below the jaw lies within the third, in half widths.
_SAMPLE_BESIDE, _SAMPLE_ROWS, _FALL = 1.15, (150, 50), (0.9, 1.7)
_REACH = 0.31  # picture widths from the centre: one and a half times the half width of a face
_SMALLEST_SAMPLE = 900  # px of 512**2: with less hair than this beside a jaw none falls below it


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Where a plain portrait shows what of a person.

    Attributes:
        person, skin, cloth: (512, 512) float32 in [0, 1].
        hair: (512, 512), hair beside the neck, by its colour.
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
    """Find skin, cloth, and hair in a plain portrait.

    Args:
        image: (H, H, 3) RGB.
        face: the person's face, in px of the image.
        person: the person's mask, (H, H) in [0, 1].
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


def beside(parts: Anatomy) -> float:
    """The share of a side border, level with the face, that shows a person: [0, 1].

    Of the two sides the larger. Above 0.9 it is hardly ever the hair of one person alone.
    """
    rows = slice(round(0.3 * parts.chin * SIZE), round(0.85 * parts.chin * SIZE))
    return float(max(parts.person[rows, :4].mean(), parts.person[rows, -4:].mean()))


def alone(parts: Anatomy) -> Anatomy:
    """The anatomy without what is too far from the face to belong to the same person."""
    across = np.abs(np.arange(SIZE, dtype=np.float32) / SIZE - parts.centre)
    near = np.asarray(np.clip((_REACH - across) / 0.02, 0, 1), np.float32)
    return replace(parts, person=parts.person * near, hair=parts.hair * near)


def raised(parts: Anatomy) -> Anatomy:
    """The anatomy of the portrait raised by `RISE`: what continues below is as its last row."""
    rows = np.minimum(np.arange(SIZE) + round(RISE * SIZE), SIZE - 1)
    planes = {name: getattr(parts, name)[rows] for name in PLANES}
    return replace(parts, chin=parts.chin - RISE, **planes)


def _falling_hair(lab: Float, person: Float, below: Float, centre: float, jaw: float) -> Float:
    """(512, 512), hair below the jawline: what has the colour of the hair above, on each side."""
    across = (np.arange(SIZE, dtype=np.float32) / SIZE - centre) / jaw
    rows = np.arange(SIZE)[:, None]
    middle = int(np.clip(centre * SIZE, 0, SIZE - 1))
    level = max(1, int(np.argmax(below[:, middle] > 0.5)))  # row of the chin
    hair = np.zeros_like(person)
    for sign in (-1, 1):
        side = (sign * across > _FALL[0]) & (sign * across < _FALL[1])
        outer = (person > 0.8) & (sign * across > _SAMPLE_BESIDE)
        sample = outer & (rows > level - _SAMPLE_ROWS[0]) & (rows < level - _SAMPLE_ROWS[1])
        if sample.sum() < _SMALLEST_SAMPLE:
            continue
        colours = lab[sample]
        spread = np.maximum(colours.std(0), [20, 5, 5])
        distance = (((lab - np.median(colours, 0)) / spread) ** 2 * [0.5, 1, 1]).sum(2)
        likeness = cv2.GaussianBlur(np.exp(-distance / 8).astype(np.float32), (0, 0), 8)
        hair += person * np.clip(2.2 * likeness - 0.4, 0, 1) * side[None]
    # Hair is connected to the head: a loose piece is something else.
    body = ((hair > 0.3) | ((person > 0.5) & (rows < level))).astype(np.uint8)
    _, pieces = cv2.connectedComponents(body)
    head = pieces[level // 2, middle]
    return np.asarray(hair * (pieces == head) * below, np.float32)


def _below_jaw(centre: float, chin: float, jaw: float) -> Float:
    """(512, 512), 0 on the face to 1 below its jawline, where a garment can be."""
    yy, xx = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    across = np.clip(np.abs(xx - centre) / jaw, 0, 1.7)
    jawline = np.maximum(chin + 0.005 - 0.10 * across**2.2, 0.62)
    return _smoothstep((yy - jawline) / 0.032 + 0.5)


def _smoothstep(t: npt.NDArray[Any]) -> Float:
    t = np.clip(t, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
