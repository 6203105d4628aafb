"""Backgrounds, clean and cluttered, rendered from a random generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.backgrounds import backdrops, crowd, panoramas

# Out of focus, but clearly visible.
_CLUTTERED = panoramas.Lens(blur=(0.005, 0.011), field=(46, 68), busy=True, detail=0.24)
_WIDE = panoramas.Lens(blur=(0.006, 0.012), field=(60, 80), busy=True, detail=0.24)
# Far out of focus: no object can be recognised.
_BOKEH = panoramas.Lens(
    blur=(0.08, 0.12),
    field=(40, 65),
    busy=False,
    detail=0.11,
    glare=2.0,
    colour=0.75,
    exposure=(0.14, 0.4),
)
# A view of a room so narrow that it shows only a wall and the light on it.
_WALL = panoramas.Lens(
    blur=(0.1, 0.14),
    field=(14, 24),
    busy=False,
    detail=0.03,
    glare=1.0,
    colour=0.5,
    exposure=(0.18, 0.6),
)

_Render = Callable[[np.random.Generator, int, int], Float]


def _place(lens: panoramas.Lens, *names: str) -> _Render:
    def render_place(rng: np.random.Generator, height: int, width: int) -> Float:
        return panoramas.photograph(str(rng.choice(names)), rng, height, width, lens)

    return render_place


_GOOD: dict[str, _Render] = {
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
    "wall_of_a_room": _place(_WALL, "apartment", "hotel_room", "warehouse"),
    "blurred_room": _place(_BOKEH, "apartment", "hotel_room"),
    "blurred_hall": _place(_BOKEH, "warehouse", "footbridge"),
    "blurred_foliage": _place(_BOKEH, "garden", "woods"),
    "blurred_street": _place(_BOKEH, "plaza", "car_park"),
    "blurred_dusk": _place(_BOKEH, "quay", "old_square"),
}
_NEAR = ("hotel_room", "courtyard", "car_park", "garden", "quay")
_FAR = (
    "mall",
    "woods",
    "banquet_hall",
    "laboratory",
    "lobby",
    "workshop",
    "warehouse",
    "footbridge",
    "old_square",
    "plaza",
)
_BAD: dict[str, _Render] = {
    **{name: _place(_CLUTTERED, name) for name in _NEAR},
    **{name: _place(_WIDE, name) for name in _FAR},
}
CROWD = "crowd"  # cluttered too; not among the others, because it needs donors

GOOD_BACKGROUNDS: tuple[str, ...] = tuple(_GOOD)
BAD_BACKGROUNDS: tuple[str, ...] = tuple(_BAD)
# Raters took people before these for photographs at most half as often as before the others.
SHARES = {
    CROWD: 0.3, "banquet_hall": 0.5, "car_park": 0.5, "plaza": 0.6, "hotel_room": 0.6,
    "dark_paper": 0.5, "muslin": 0.5, "paper": 0.6, "concrete": 0.6, "blurred_street": 0.7,
}  # fmt: skip

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
        rng: source of everything else.
        height, width: in px.
        donors: cut-outs of other people, RGBA uint8 (h, w, 4) as `cutout` makes them; `CROWD`
            needs at least one.

    Returns:
        (height, width, 3) float32 sRGB in [0, 1].
    """
    if kind == CROWD:
        picture = crowd.crowd(rng, height, width, donors)
    elif kind in _GOOD or kind in _BAD:
        picture = (_GOOD | _BAD)[kind](rng, height, width)
    else:
        names = ", ".join((*GOOD_BACKGROUNDS, *BAD_BACKGROUNDS, CROWD))
        raise ValueError(f"unknown background {kind!r}; the backgrounds are {names}")
    # Without grain, smooth areas show the steps of eight bits.
    grain = rng.standard_normal((height, width, 1), dtype=np.float32)
    return np.asarray(np.clip(picture + _GRAIN * grain, 0, 1), np.float32)
