"""Backgrounds, clean and cluttered, rendered from a random generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit import backdrops, plates
from proportrait.tone import to_linear, to_srgb

# Out of focus, but plain to see.
_CLUTTERED = plates.Lens(blur=(0.005, 0.011), field=(46, 68), busy=True, enough=0.24)
_WIDE = plates.Lens(blur=(0.006, 0.012), field=(60, 80), busy=True, enough=0.24)
# Far out of focus: nothing can be told from anything else.
_BOKEH = plates.Lens(
    blur=(0.08, 0.12),
    field=(40, 65),
    busy=False,
    enough=0.11,
    glare=2.0,
    colour=0.75,
    exposure=(0.14, 0.4),
)
# So narrow a view of a room that only a wall and the light on it are left.
_WALL = plates.Lens(
    blur=(0.1, 0.14),
    field=(14, 24),
    busy=False,
    enough=0.03,
    glare=1.0,
    colour=0.5,
    exposure=(0.18, 0.6),
)

_Render = Callable[[np.random.Generator, int, int], Float]


def _place(lens: plates.Lens, *names: str) -> _Render:
    def render_one(rng: np.random.Generator, height: int, width: int) -> Float:
        return plates.photograph(str(rng.choice(names)), rng, height, width, lens)

    return render_one


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
CROWD = "crowd"  # cluttered too, but apart from the others: it needs donors

GOOD_BACKGROUNDS: tuple[str, ...] = tuple(_GOOD)
BAD_BACKGROUNDS: tuple[str, ...] = tuple(_BAD)
# Raters took people before these for photographs half as often as before the others, or less.
SHARES = {
    CROWD: 0.3, "banquet_hall": 0.5, "car_park": 0.5, "plaza": 0.6, "hotel_room": 0.6,
    "dark_paper": 0.5, "muslin": 0.5, "paper": 0.6, "concrete": 0.6, "blurred_street": 0.7,
}  # fmt: skip

_MEETING_PLACES = ("mall", "lobby", "plaza", "old_square", "banquet_hall", "warehouse")
_CROWD_BLUR = (0.016, 0.022)  # picture heights: people, but nobody whom one would know again
_DONOR = 400  # px, at most, of a cut-out
_EYES = 0.34  # of a cut-out, where the eyes are, from its top
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
    if kind == CROWD:
        picture = _crowd(rng, height, width, donors)
    elif kind in _GOOD or kind in _BAD:
        picture = (_GOOD | _BAD)[kind](rng, height, width)
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
    scale = min(1.0, _DONOR / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    alpha = np.clip((alpha - 0.3) / 0.5, 0, 1)
    return np.dstack([small, (alpha * 255).round().astype(np.uint8)])


def _crowd(rng: np.random.Generator, height: int, width: int, donors: Sequence[Image]) -> Float:
    """A public place with passers-by, everybody once, their eyes as high as the camera."""
    if not donors:
        raise ValueError("a crowd needs donors: cut-outs of other people")
    full, (height, width) = (width, height), (max(2, height // 2), max(2, width // 2))
    blur = float(rng.uniform(*_CROWD_BLUR))  # so much that half the size holds all detail
    lens = plates.Lens(blur=(blur, blur), field=(60, 75), busy=True, enough=0.2)
    picture = plates.photograph(str(rng.choice(_MEETING_PLACES)), rng, height, width, lens)
    light = to_linear(picture)
    chosen = rng.permutation(len(donors))[: int(rng.integers(1, 4))]
    sizes = np.sort(rng.uniform(0.3, 0.56, len(chosen)))  # the nearest stand in front
    sides = rng.permutation(np.array([0.05, 0.24, 0.76, 0.95]))
    eyes = float(rng.uniform(0.4, 0.5))
    for index, size, side in zip(chosen, sizes, sides, strict=False):
        person = donors[int(index)]
        if rng.random() < 0.5:
            person = person[:, ::-1]
        scale = size * height / person.shape[0]
        matrix = np.array(
            [
                [scale, 0, side * width - scale * person.shape[1] / 2],
                [0, scale, eyes * height - scale * _EYES * person.shape[0]],
            ]
        )
        long = _lengthened(person, int(height / scale))
        layer = cv2.warpAffine(long, matrix, (width, height), flags=cv2.INTER_AREA)
        cover = layer[..., 3:].astype(np.float32) / 255
        front = to_linear(np.ascontiguousarray(layer[..., :3])) * float(rng.uniform(0.45, 0.9))
        both = plates.defocus(np.dstack([front * cover, cover]), 0.8 * blur * height)
        light = light * (1 - both[..., 3:]) + both[..., :3]
    coded = to_srgb(light) / np.float32(255)
    return np.asarray(cv2.resize(coded, full, interpolation=cv2.INTER_LINEAR), np.float32)


def _lengthened(person: Image, rows: int) -> Image:
    """A cut-out whose coat goes on below its edge, and gets plainer on the way there."""
    height, width = person.shape[:2]
    weight = person[-1, :, 3].astype(np.float32)[None] + np.float32(1e-3)
    colours = person[-12:, :, :3].mean(0, dtype=np.float32)[None]
    plain = cv2.GaussianBlur(colours * weight[..., None], (0, 0), width / 6)
    plain /= cv2.GaussianBlur(weight, (0, 0), width / 6)[..., None]
    fade = np.clip(np.linspace(-3, 1, height), 0, 1)[:, None, None]
    shown = person[..., :3] + (plain - person[..., :3]) * fade
    coat = np.dstack([np.clip(shown, 0, 255).round().astype(np.uint8), person[..., 3:]])
    return np.vstack([coat, np.repeat(coat[-1:], rows, axis=0)])
