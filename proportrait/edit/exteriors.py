"""Places out of doors, and other people, that draw the eye away from the person."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit.interiors import office
from proportrait.edit.sketch import WORDS, WORK, Canvas, Colour, colour, everyday, grey, noise

Donor = npt.NDArray[np.uint8]


def street(rng: np.random.Generator, aspect: float) -> Canvas:
    """Shop fronts: windows full of goods, signs, awnings, doors."""
    canvas = Canvas(WORK, aspect, grey(0.5))
    x = -rng.uniform(0.0, 0.4)
    while x < aspect:
        wide = rng.uniform(0.5, 0.75)
        _shop(rng, canvas, x, wide)
        x += wide
    canvas.box(0, 0.86, aspect, 1, grey(rng.uniform(0.35, 0.5)), down=(0.7, 1.0))
    return canvas


def _shop(rng: np.random.Generator, canvas: Canvas, x: float, wide: float) -> None:
    facade = colour(rng, (0.08, 0.45), (0.35, 0.8), hue=(0.02, 0.13))
    canvas.box(x, 0, x + wide, 0.86, facade)
    for row in (0.04, 0.0):  # storeys
        for left in np.arange(x + 0.05, x + wide - 0.1, 0.17):
            canvas.box(left - 0.01, row - 0.01, left + 0.11, row + 0.24, facade * np.float32(1.25))
            canvas.box(left, row, left + 0.1, row + 0.22, grey(0.2), down=(1.8, 0.6))
            canvas.box(left + 0.047, row, left + 0.053, row + 0.22, grey(0.8))
    sign = everyday(rng)
    canvas.shadow([(x + 0.03, 0.31, x + wide - 0.03, 0.41)], 0.015)
    canvas.box(x + 0.03, 0.31, x + wide - 0.03, 0.41, sign, down=(1.15, 0.85))
    words = str(rng.choice(WORDS)).upper()[: int(wide / 0.05)]
    canvas.text(x + 0.07, 0.33, words, 0.065, grey(0.97))
    canvas.box(x + 0.05, 0.43, x + wide - 0.17, 0.84, grey(0.16), down=(1.6, 0.8))
    for _ in range(16):  # goods behind the glass
        left, low = rng.uniform(x + 0.06, x + wide - 0.22), rng.uniform(0.6, 0.82)
        tone = everyday(rng, 1.2)
        canvas.box(left, low - rng.uniform(0.04, 0.15), left + rng.uniform(0.02, 0.06), low, tone)
    for left in (x + 0.12, x + wide / 2):
        canvas.glow(left, 0.47, 0.07, np.array([0.7, 0.6, 0.4], np.float32))
    canvas.polygon(
        [(x + 0.06, 0.8), (x + 0.2, 0.43), (x + 0.25, 0.43), (x + 0.11, 0.8)],
        np.array([0.42, 0.46, 0.5], np.float32),
    )
    door = x + wide - 0.15
    canvas.box(door, 0.45, door + 0.12, 0.86, sign * np.float32(0.7))
    canvas.box(door + 0.02, 0.48, door + 0.1, 0.72, grey(0.3), down=(1.4, 0.7))
    if rng.random() < 0.6:  # an awning
        stripe = everyday(rng)
        for number, left in enumerate(np.arange(x + 0.03, x + wide - 0.14, 0.04)):
            tone = stripe if number % 2 else grey(0.93)
            edge = [(left, 0.42), (left + 0.04, 0.42), (left + 0.045, 0.5), (left - 0.005, 0.5)]
            canvas.polygon(edge, tone)


def garden(rng: np.random.Generator, aspect: float) -> Canvas:
    """A hedge in the sun: leaves, light and shade, blossoms."""
    hue = rng.uniform(0.2, 0.33)
    canvas = Canvas(WORK, aspect, colour(rng, (0.5, 0.65), (0.3, 0.42), hue=(hue, hue + 0.03)))
    sun = noise(rng, WORK, canvas.width, cells=3, octaves=2)
    canvas.pixels *= np.exp(0.5 * noise(rng, WORK, canvas.width, cells=14, octaves=3))[..., None]
    bloom = colour(rng, (0.1, 0.75), (0.85, 1.0), hue=(0.85, 1.15))
    blooms = rng.uniform(0.0, 0.08)
    count = int(800 * aspect)
    x, y = rng.uniform(-0.02, aspect + 0.02, count), rng.uniform(-0.02, 1.02, count)
    rows = np.clip(y * WORK, 0, WORK - 1).astype(int)
    columns = np.clip(x * WORK, 0, canvas.width - 1).astype(int)
    # Leaves drawn later lie further out, in more light.
    lit = np.clip(0.75 + 0.4 * sun[rows, columns], 0.25, 1.5) * np.linspace(0.35, 1.0, count)
    values = np.clip(lit * rng.uniform(0.35, 0.9, count), 0.04, 1.0)
    sizes, angles = rng.uniform(0.014, 0.036, count), rng.uniform(0, 180, count)
    flower = (rng.random(count) < blooms) & (np.linspace(0, 1, count) > 0.5)
    for number in range(count):
        at, angle = (x[number], y[number]), float(angles[number])
        if flower[number]:
            shade = bloom * np.float32(min(lit[number] + 0.2, 1.1))
            for turn in range(0, 360, 72):
                way = np.radians(turn + angle)
                dx, dy = 0.013 * np.cos(way), 0.013 * np.sin(way)
                canvas.ellipse(at[0] + dx, at[1] + dy, 0.012, 0.009, shade, turn + angle)
            continue
        value = float(values[number])
        tone = colour(rng, (0.45, 0.75), (value, value), hue=(hue - 0.06, hue + 0.04))
        size = float(sizes[number])
        canvas.ellipse(*at, size, size * 0.42, tone, angle)
        if value > 0.35:  # the lighter half of a leaf
            canvas.ellipse(*at, size * 0.8, size * 0.15, tone * np.float32(1.25), angle)
    return canvas


def crowd(rng: np.random.Generator, aspect: float, donors: Sequence[Donor]) -> Canvas:
    """Other people in an office, some near, some far."""
    canvas = office(rng, aspect)
    people = int(rng.integers(4, 7))
    places = np.linspace(0.0, aspect, people) + rng.uniform(-0.08, 0.08, people)
    sizes = np.sort(rng.uniform(0.5, 0.95, people))
    for size, x in zip(sizes, rng.permutation(places), strict=True):
        donor = donors[int(rng.integers(len(donors)))]
        if rng.random() < 0.5:
            donor = donor[:, ::-1]
        _stand(canvas, donor, float(x), float(rng.uniform(0.08, 0.38)), float(size), rng)
    return canvas


def _stand(
    canvas: Canvas, donor: Donor, x: float, y: float, size: float, rng: np.random.Generator
) -> None:
    """Put a cut-out (h, w, 4) with its top at y and its middle at x; its height is `size`."""
    pixels = max(8, round(size * canvas.height))
    wide = max(8, round(pixels * donor.shape[1] / donor.shape[0]))
    small = cv2.resize(donor, (wide, pixels), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    cover = small[..., 3]
    # A body that the cut-out ends inside of goes on downwards.
    missing = canvas.height - round(y * canvas.height) - pixels
    if missing > 0:
        pad = ((0, missing), (0, 0))
        cover = np.pad(cover, pad, mode="edge")
        small = np.pad(small, (*pad, (0, 0)), mode="edge")
    light = _falloff(rng)
    canvas.blend(x - wide / 2 / canvas.height, y, cover, small[..., :3] * light)


def _falloff(rng: np.random.Generator) -> Colour:
    return np.float32(rng.uniform(0.65, 0.95)) * np.array([1.0, 0.98, 0.96], np.float32)
