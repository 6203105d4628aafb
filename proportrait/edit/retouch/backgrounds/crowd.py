"""A public place with passers-by, cut out of other pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.backgrounds import panoramas
from proportrait.tone import to_linear, to_srgb

_MEETING_PLACES = ("mall", "lobby", "plaza", "old_square", "banquet_hall", "warehouse")
_CROWD_BLUR = (0.016, 0.022)  # picture heights: people can be seen, but not recognised
_DONOR_HEIGHT = 400  # px of a cut-out, at most
_EYES = 0.34  # height of the eyes from the top of a cut-out, as a share of it


def cutout(image: Image, mask: Float) -> Image:
    """Cut a person out for a crowd: (H, W, 3) and its mask (H, W) in [0, 1] to RGBA (h, w, 4).

    The result is at most 400 px high.
    """
    scale = min(1.0, _DONOR_HEIGHT / image.shape[0])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    alpha = np.clip((alpha - 0.3) / 0.5, 0, 1)
    return np.dstack([small, (alpha * 255).round().astype(np.uint8)])


def crowd(rng: np.random.Generator, height: int, width: int, donors: Sequence[Image]) -> Float:
    """A public place with passers-by, each donor once, their eyes at the height of the camera."""
    if not donors:
        raise ValueError("a crowd needs donors: cut-outs of other people")
    full, (height, width) = (width, height), (max(2, height // 2), max(2, width // 2))
    blur = float(rng.uniform(*_CROWD_BLUR))  # strong enough that half the size holds all detail
    lens = panoramas.Lens(blur=(blur, blur), field=(60, 75), busy=True, detail=0.2)
    picture = panoramas.photograph(str(rng.choice(_MEETING_PLACES)), rng, height, width, lens)
    light = to_linear(picture)
    indices = rng.permutation(len(donors))[: int(rng.integers(1, 4))]
    sizes = np.sort(rng.uniform(0.3, 0.56, len(indices)))  # the nearest stand in front
    sides = rng.permutation(np.array([0.05, 0.24, 0.76, 0.95]))
    eyes = float(rng.uniform(0.4, 0.5))
    for index, size, side in zip(indices, sizes, sides, strict=False):
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
        figure = _lengthen(person, int(height / scale))
        layer = cv2.warpAffine(figure, matrix, (width, height), flags=cv2.INTER_AREA)
        cover = layer[..., 3:].astype(np.float32) / 255
        front = to_linear(np.ascontiguousarray(layer[..., :3])) * float(rng.uniform(0.45, 0.9))
        people = panoramas.defocus(np.dstack([front * cover, cover]), 0.8 * blur * height)
        light = light * (1 - people[..., 3:]) + people[..., :3]
    code = to_srgb(light) / np.float32(255)
    return np.asarray(cv2.resize(code, full, interpolation=cv2.INTER_LINEAR), np.float32)


def _lengthen(person: Image, rows: int) -> Image:
    """Extend a cut-out below its edge by rows of coat, which gets plainer towards that edge."""
    height, width = person.shape[:2]
    weight = person[-1, :, 3].astype(np.float32)[None] + np.float32(1e-3)
    edge = person[-12:, :, :3].mean(0, dtype=np.float32)[None]
    plain = cv2.GaussianBlur(edge * weight[..., None], (0, 0), width / 6)
    plain /= cv2.GaussianBlur(weight, (0, 0), width / 6)[..., None]
    fade = np.clip(np.linspace(-3, 1, height), 0, 1)[:, None, None]
    colours = person[..., :3] + (plain - person[..., :3]) * fade
    coat = np.dstack([np.clip(colours, 0, 255).round().astype(np.uint8), person[..., 3:]])
    return np.vstack([coat, np.repeat(coat[-1:], rows, axis=0)])
