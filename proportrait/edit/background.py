"""Backgrounds, clean and cluttered, rendered from a random generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit import backdrops, exteriors, interiors, walls
from proportrait.edit.sketch import WORK, Canvas, Float, photograph

Image = npt.NDArray[np.uint8]

_GOOD: dict[str, Callable[[np.random.Generator, int, int], Float]] = {
    "paper": backdrops.paper,
    "white": backdrops.white,
    "dark_paper": backdrops.dark_paper,
    "gradient": backdrops.gradient,
    "vignette": backdrops.vignette,
    "halo": backdrops.halo,
    "muslin": backdrops.muslin,
    "canvas": backdrops.canvas,
    "plaster": backdrops.plaster,
    "painted_wall": backdrops.painted_wall,
    "concrete": backdrops.concrete,
    "blurred_room": backdrops.blurred_room,
    "blurred_office": backdrops.blurred_office,
    "blurred_foliage": backdrops.blurred_foliage,
}
_PLACES: dict[str, Callable[[np.random.Generator, float], Canvas]] = {
    "bookshelf": interiors.bookshelf,
    "office": interiors.office,
    "kitchen": interiors.kitchen,
    "closet": interiors.closet,
    "cafe": interiors.cafe,
    "posters": walls.posters,
    "whiteboard": walls.whiteboard,
    "storage": walls.storage,
    "wallpaper": walls.wallpaper,
    "street": exteriors.street,
    "garden": exteriors.garden,
    "bricks": walls.bricks,
}
CROWD = "crowd"  # cluttered too, but apart from the others: it needs donors

GOOD_BACKGROUNDS: tuple[str, ...] = tuple(_GOOD)
BAD_BACKGROUNDS: tuple[str, ...] = tuple(_PLACES)

# Circle of confusion of a cluttered place in picture heights: out of focus, but plain to see.
_BLUR = (0.003, 0.009)
_FAR_BLUR = {"street": (0.007, 0.011), CROWD: (0.005, 0.01)}
_GRAIN = 0.006


def render(
    kind: str,
    rng: np.random.Generator,
    height: int,
    width: int,
    donors: Sequence[Image] = (),
) -> Float:
    """Render a background.

    Args:
        kind: one of `GOOD_BACKGROUNDS` or `BAD_BACKGROUNDS`, or `CROWD`.
        rng: draws everything else.
        height, width: in px.
        donors: cut-outs of other people, RGBA uint8 (h, w, 4) as `cutout` makes them; `CROWD`
            needs at least one.

    Returns:
        (height, width, 3) float32 sRGB in [0, 1].
    """
    if kind in _GOOD:
        picture = _GOOD[kind](rng, height, width)
    elif kind in _PLACES or kind == CROWD:
        if kind == CROWD and not donors:
            raise ValueError("a crowd needs donors: cut-outs of other people")
        aspect = width / height
        canvas = (
            exteriors.crowd(rng, aspect, donors) if kind == CROWD else _PLACES[kind](rng, aspect)
        )
        picture = photograph(
            canvas, height, width, rng, blur=rng.uniform(*_FAR_BLUR.get(kind, _BLUR))
        )
    else:
        known = ", ".join((*GOOD_BACKGROUNDS, *BAD_BACKGROUNDS, CROWD))
        raise ValueError(f"unknown background {kind!r}; the backgrounds are {known}")
    # Without grain, smooth areas show the steps of eight bits.
    grain = rng.standard_normal((height, width, 1), dtype=np.float32)
    return np.asarray(np.clip(picture + _GRAIN * grain, 0, 1), np.float32)


def cutout(image: Image, mask: Float) -> Image:
    """Cut a person out for a crowd: (H, W, 3) and its mask (H, W) in [0, 1] to RGBA (h, w, 4).

    The result is at most 400 px high.
    """
    scale = min(1.0, WORK / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    alpha = np.clip((alpha - 0.3) / 0.5, 0, 1)
    return np.dstack([small, (alpha * 255).round().astype(np.uint8)])
