"""Backgrounds that leave the eye on the person."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.edit.sketch import Canvas, Colour, Float, colour, defocus, grey, noise

_SMALL = 176  # these are smooth: they are made at this height and enlarged

# Hues of studio papers and paints: warm browns, olive, blue, slate.
_HUES = ((0.05, 0.12), (0.16, 0.28), (0.52, 0.66), (0.58, 0.62))


def paper(rng: np.random.Generator, height: int, width: int) -> Float:
    """Seamless paper: an even colour that darkens a little downwards."""
    _, y = _grid(height, width)
    light = 1 - rng.uniform(0.0, 0.14) * y**2
    return _painted(light, _muted(rng, (0.12, 0.95)), height, width)


def white(rng: np.random.Generator, height: int, width: int) -> Float:
    """A white cove, lit to just below white."""
    x, y = _grid(height, width)
    light = 1 - 0.06 * ((x - rng.uniform(-0.4, 0.4)) ** 2 + (y + 0.2) ** 2)
    return _painted(light, grey(rng.uniform(0.93, 0.99)), height, width)


def dark_paper(rng: np.random.Generator, height: int, width: int) -> Float:
    """Charcoal paper with a weak light on it."""
    x, y = _grid(height, width)
    light = 0.75 + 0.5 * np.exp(-((x * 1.1) ** 2 + (y * 0.9) ** 2))
    return _painted(light, _muted(rng, (0.07, 0.18)), height, width)


def gradient(rng: np.random.Generator, height: int, width: int) -> Float:
    """One muted tone that fades across the picture."""
    x, y = _grid(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)) / 1.4
    light = 1 + rng.uniform(0.12, 0.32) * along
    return _painted(light, _muted(rng, (0.25, 0.75)), height, width)


def vignette(rng: np.random.Generator, height: int, width: int) -> Float:
    """Darker towards the corners."""
    x, y = _grid(height, width)
    away = (x - rng.uniform(-0.3, 0.3)) ** 2 + (y - rng.uniform(-0.3, 0.3)) ** 2
    light = 1.1 - rng.uniform(0.15, 0.32) * away
    return _painted(light, _muted(rng, (0.3, 0.8)), height, width)


def halo(rng: np.random.Generator, height: int, width: int) -> Float:
    """A lamp on the backdrop behind the shoulders."""
    x, y = _grid(height, width)
    spread = rng.uniform(0.5, 0.9)
    away = (x - rng.uniform(-0.2, 0.2)) ** 2 + (y - rng.uniform(-0.1, 0.5)) ** 2
    light = 0.55 + 0.65 * np.exp(-away / spread)
    return _painted(light, _muted(rng, (0.3, 0.7)), height, width)


def muslin(rng: np.random.Generator, height: int, width: int) -> Float:
    """Dyed cloth: soft clouds of one tone."""
    x, y = _grid(height, width)
    clouds = noise(rng, x.shape[0], x.shape[1], cells=3, octaves=3, gain=0.45)
    light = (1 + 0.085 * clouds) * (1.05 - 0.12 * (x**2 + y**2))
    return _painted(light, _muted(rng, (0.25, 0.7)), height, width)


def canvas(rng: np.random.Generator, height: int, width: int) -> Float:
    """A hand-painted canvas: broad, crossing brush strokes in neighbouring tones."""
    x, y = _grid(height, width)
    rows, columns = x.shape
    strokes = np.zeros((rows, columns), np.float32)
    for angle in rng.uniform(-60, 60, 2):
        lines = rng.standard_normal((rows * 2, columns * 2), dtype=np.float32)
        lines = cv2.GaussianBlur(lines, (0, 0), sigmaX=rows / 14, sigmaY=rows / 55)
        turn = cv2.getRotationMatrix2D((float(columns), float(rows)), float(angle), 1.0)
        turned = cv2.warpAffine(lines, turn, (columns * 2, rows * 2))
        part = turned[rows // 2 : rows // 2 + rows, columns // 2 : columns // 2 + columns]
        strokes += part / max(float(part.std()), 1e-6)
    clouds = noise(rng, rows, columns, cells=2, octaves=2)
    light = (1 + 0.03 * strokes + 0.07 * clouds) * (1.1 - 0.2 * (x**2 + y**2))
    return _painted(light, _muted(rng, (0.22, 0.6)), height, width)


def plaster(rng: np.random.Generator, height: int, width: int) -> Float:
    """A fine plaster wall in grazing light."""
    x, _ = _grid(height, width)
    relief = noise(rng, height, width, cells=max(6, height // 24), octaves=3, gain=0.75)
    tint = _painted(1 + rng.uniform(-0.14, 0.14) * x, _muted(rng, (0.5, 0.9)), height, width)
    grazing = cv2.Sobel(cv2.GaussianBlur(relief, (0, 0), height / 420), cv2.CV_32F, 1, 1)
    grazing /= max(float(grazing.std()), 1e-6)
    return np.asarray(tint * (1 + 0.006 * relief + 0.008 * grazing)[..., None], np.float32)


def painted_wall(rng: np.random.Generator, height: int, width: int) -> Float:
    """A painted wall with the soft light of a window on it."""
    x, y = _grid(height, width)
    slant = x + rng.uniform(-0.6, 0.6) * y - rng.uniform(-0.8, 0.8)
    edge = 1 / (1 + np.exp(-slant * rng.uniform(1.2, 2.4)))
    light = 0.82 + 0.2 * edge
    return _painted(light, _muted(rng, (0.45, 0.92)), height, width)


def concrete(rng: np.random.Generator, height: int, width: int) -> Float:
    """Smooth concrete: grey with faint clouds."""
    x, y = _grid(height, width)
    clouds = noise(rng, x.shape[0], x.shape[1], cells=2, octaves=5, gain=0.55)
    light = (1 + 0.035 * clouds) * (1 - 0.06 * (x + y))
    tone = colour(rng, (0.0, 0.06), (0.4, 0.72), hue=(0.05, 0.65))
    return _painted(light, tone, height, width)


def blurred_room(rng: np.random.Generator, height: int, width: int) -> Float:
    """A room far out of focus: a few large, soft areas."""
    wall = colour(rng, (0.02, 0.14), (0.55, 0.85), hue=(0.05, 0.14))
    scene = Canvas(_SMALL, width / height, wall)
    for _ in range(int(rng.integers(2, 4))):
        left, top = rng.uniform(-0.2, scene.aspect), rng.uniform(-0.1, 0.4)
        shade = np.clip(wall * rng.uniform(0.72, 1.1) + rng.uniform(-0.02, 0.02, 3), 0, 1.05)
        right, bottom = left + rng.uniform(0.25, 0.5), top + rng.uniform(0.4, 0.8)
        scene.box(left, top, right, bottom, shade.astype(np.float32))
    scene.box(0, rng.uniform(0.72, 0.9), scene.aspect, 1, wall * np.float32(rng.uniform(0.6, 0.8)))
    return _far(scene, rng.uniform(0.09, 0.13), height, width)


def blurred_office(rng: np.random.Generator, height: int, width: int) -> Float:
    """A bright office far out of focus: pale window bands, cool walls."""
    wall = colour(rng, (0.03, 0.12), (0.6, 0.8), hue=(0.53, 0.63))
    scene = Canvas(_SMALL, width / height, wall)
    left, every = rng.uniform(-0.2, 0.1), rng.uniform(0.34, 0.5)
    while left < scene.aspect:
        scene.box(left, -0.1, left + 0.72 * every, rng.uniform(0.55, 0.7), grey(0.98))
        left += every
    scene.box(0, 0.8, scene.aspect, 1, wall * np.float32(0.72))
    return _far(scene, rng.uniform(0.11, 0.15), height, width)


def blurred_foliage(rng: np.random.Generator, height: int, width: int) -> Float:
    """Trees far out of focus: muted greens melt into each other."""
    rows, columns = _SMALL, max(2, round(_SMALL * width / height))
    clouds = noise(rng, rows, columns, cells=3, octaves=2)
    warmth = noise(rng, rows, columns, cells=2, octaves=1)
    tone = colour(rng, (0.28, 0.42), (0.32, 0.5), hue=(0.20, 0.34))
    scene = Canvas(rows, width / height, tone)
    scene.pixels *= np.clip(1 + 0.28 * clouds, 0.4, 1.8)[..., None]
    scene.pixels *= 1 + warmth[..., None] * np.array([0.06, 0.02, -0.05], np.float32)
    return _far(scene, rng.uniform(0.08, 0.12), height, width)


def _far(scene: Canvas, blur: float, height: int, width: int) -> Float:
    linear = np.maximum(scene.pixels, 0) ** np.float32(2.2)
    linear = defocus(linear, blur * scene.height)
    linear = cv2.GaussianBlur(linear, (0, 0), 0.35 * blur * scene.height)
    seen = np.clip(linear, 0, 1) ** np.float32(1 / 2.2)
    seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(seen, 0, 1), np.float32)


def _grid(height: int, width: int) -> tuple[Float, Float]:
    """x and y in [-1, 1] of a small picture of the same shape."""
    columns = max(2, round(_SMALL * width / height))
    across = np.linspace(-1, 1, columns, dtype=np.float32)
    down = np.linspace(-1, 1, _SMALL, dtype=np.float32)
    x, y = np.meshgrid(across, down)
    return x, y


def _painted(light: npt.NDArray[np.floating], tone: Colour, height: int, width: int) -> Float:
    small = np.clip(light[..., None] * tone, 0, 1).astype(np.float32)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 1), np.float32)


def _muted(rng: np.random.Generator, value: tuple[float, float]) -> Colour:
    """A neutral tone half of the time, else a muted hue of the studio."""
    if rng.random() < 0.5:
        return colour(rng, (0.0, 0.05), value, hue=(0.05, 0.65))
    return colour(rng, (0.08, 0.28), value, hue=_HUES[int(rng.integers(len(_HUES)))])
