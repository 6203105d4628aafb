"""Plain backgrounds: papers, cloths, and walls."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float

_SMALL = 176  # px of height at which smooth backgrounds are rendered, before they are enlarged

# Hues of studio papers and paints: warm browns, olive, blue, slate.
_HUES = ((0.05, 0.12), (0.18, 0.3), (0.52, 0.62), (0.58, 0.62))


def paper(rng: np.random.Generator, height: int, width: int) -> Float:
    """Seamless paper: an even colour that darkens a little downwards."""
    _, y = _grid(height, width)
    light = 1 - rng.uniform(0.0, 0.14) * y**2
    return _paint(light, _muted_tone(rng, (0.12, 0.95)), height, width)


def white(rng: np.random.Generator, height: int, width: int) -> Float:
    """A white cove, lit to just below white."""
    x, y = _grid(height, width)
    light = 1 - 0.06 * ((x - rng.uniform(-0.4, 0.4)) ** 2 + (y + 0.2) ** 2)
    return _paint(light, grey(rng.uniform(0.93, 0.99)), height, width)


def dark_paper(rng: np.random.Generator, height: int, width: int) -> Float:
    """Charcoal paper with a weak light on it."""
    x, y = _grid(height, width)
    light = 0.75 + 0.5 * np.exp(-((x * 1.1) ** 2 + (y * 0.9) ** 2))
    return _paint(light, _muted_tone(rng, (0.07, 0.18)), height, width)


def gradient(rng: np.random.Generator, height: int, width: int) -> Float:
    """One muted tone that fades across the picture."""
    x, y = _grid(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)) / 1.4
    light = 1 + rng.uniform(0.12, 0.32) * along
    return _paint(light, _muted_tone(rng, (0.25, 0.75)), height, width)


def vignette(rng: np.random.Generator, height: int, width: int) -> Float:
    """Darker towards the corners."""
    x, y = _grid(height, width)
    distance = (x - rng.uniform(-0.3, 0.3)) ** 2 + (y - rng.uniform(-0.3, 0.3)) ** 2
    light = 1.1 - rng.uniform(0.15, 0.32) * distance
    return _paint(light, _muted_tone(rng, (0.3, 0.8)), height, width)


def halo(rng: np.random.Generator, height: int, width: int) -> Float:
    """A lamp on the backdrop behind the shoulders."""
    x, y = _grid(height, width)
    spread = rng.uniform(0.5, 0.9)
    distance = (x - rng.uniform(-0.2, 0.2)) ** 2 + (y - rng.uniform(-0.1, 0.5)) ** 2
    light = 0.55 + 0.65 * np.exp(-distance / spread)
    return _paint(light, _muted_tone(rng, (0.3, 0.7)), height, width)


def muslin(rng: np.random.Generator, height: int, width: int) -> Float:
    """Dyed cloth: soft clouds of one tone."""
    x, y = _grid(height, width)
    clouds = noise(rng, x.shape[0], x.shape[1], cells=3, octaves=3, gain=0.45)
    light = (1 + 0.085 * clouds) * (1.05 - 0.12 * (x**2 + y**2))
    return _paint(light, _muted_tone(rng, (0.25, 0.7)), height, width)


def canvas(rng: np.random.Generator, height: int, width: int) -> Float:
    """A hand-painted canvas: broad, crossing brush strokes in neighbouring tones."""
    x, y = _grid(height, width)
    rows, columns = x.shape
    strokes = np.zeros((rows, columns), np.float32)
    for angle in rng.uniform(-60, 60, 2):
        lines = rng.standard_normal((rows * 2, columns * 2), dtype=np.float32)
        lines = cv2.GaussianBlur(lines, (0, 0), sigmaX=rows / 14, sigmaY=rows / 55)
        turn = cv2.getRotationMatrix2D((float(columns), float(rows)), float(angle), 1.0)
        rotation = cv2.warpAffine(lines, turn, (columns * 2, rows * 2))
        part = rotation[rows // 2 : rows // 2 + rows, columns // 2 : columns // 2 + columns]
        strokes += part / max(float(part.std()), 1e-6)
    clouds = noise(rng, rows, columns, cells=2, octaves=2)
    light = (1 + 0.022 * strokes + 0.07 * clouds) * (1.1 - 0.2 * (x**2 + y**2))
    return _paint(light, _muted_tone(rng, (0.22, 0.6)), height, width)


def plaster(rng: np.random.Generator, height: int, width: int) -> Float:
    """A fine plaster wall in grazing light."""
    x, _ = _grid(height, width)
    relief = noise(rng, height, width, cells=max(6, height // 24), octaves=3, gain=0.8)
    relief = cv2.GaussianBlur(relief, (0, 0), height / 400)
    angle = rng.uniform(0, 2 * np.pi)
    slope = cv2.Sobel(relief, cv2.CV_32F, 1, 0) * np.float32(np.cos(angle))
    slope += cv2.Sobel(relief, cv2.CV_32F, 0, 1) * np.float32(np.sin(angle))
    slope /= max(float(slope.std()), 1e-6)
    tint = _paint(1 + rng.uniform(-0.14, 0.14) * x, _muted_tone(rng, (0.5, 0.9)), height, width)
    return np.asarray(tint * (1 + rng.uniform(0.006, 0.013) * slope)[..., None], np.float32)


def painted_wall(rng: np.random.Generator, height: int, width: int) -> Float:
    """A painted wall with the soft light of a window on it."""
    x, y = _grid(height, width)
    slant = x + rng.uniform(-0.6, 0.6) * y - rng.uniform(-0.8, 0.8)
    edge = 1 / (1 + np.exp(-slant * rng.uniform(1.2, 2.4)))
    light = 0.82 + 0.2 * edge
    return _paint(light, _muted_tone(rng, (0.45, 0.92)), height, width)


def concrete(rng: np.random.Generator, height: int, width: int) -> Float:
    """Smooth concrete: grey with faint clouds."""
    x, y = _grid(height, width)
    clouds = noise(rng, x.shape[0], x.shape[1], cells=2, octaves=5, gain=0.55)
    light = (1 + 0.035 * clouds) * (1 - 0.06 * (x + y))
    tone = colour(rng, (0.0, 0.06), (0.4, 0.72), hue=(0.05, 0.65))
    return _paint(light, tone, height, width)


def noise(
    rng: np.random.Generator, height: int, width: int, cells: int, octaves: int, gain: float = 0.5
) -> Float:
    """Cloudy noise (height, width) with mean 0 and standard deviation 1.

    Args:
        cells: clouds along the height in the coarsest octave.
        octaves: each twice as fine as the one before.
        gain: strength of an octave relative to the one before.
    """
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        rows = min(cells * 2**octave, height)
        columns = max(1, min(round(rows * width / height), width))
        coarse = rng.standard_normal((rows + 2, columns + 2), dtype=np.float32)
        # Coarse clouds need cubic interpolation: a linear one shows their grid.
        method = cv2.INTER_CUBIC if octave < 2 else cv2.INTER_LINEAR
        fine = cv2.resize(coarse, (width, height), interpolation=method)
        total += np.float32(gain**octave) * fine
    total -= total.mean()
    return np.asarray(total / max(float(total.std()), 1e-6), np.float32)


def colour(
    rng: np.random.Generator,
    saturation: tuple[float, float],
    value: tuple[float, float],
    hue: tuple[float, float] = (0.0, 1.0),
) -> Float:
    """A random sRGB colour (3,); ranges are of hue, saturation, and value in [0, 1]."""
    h, s, v = rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value)
    return np.array(colorsys.hsv_to_rgb(h % 1.0, s, v), np.float32)


def grey(value: float) -> Float:
    """A neutral colour."""
    return np.full(3, value, np.float32)


def _grid(height: int, width: int) -> tuple[Float, Float]:
    """x and y in [-1, 1] of a small picture of the same shape."""
    columns = max(2, round(_SMALL * width / height))
    across = np.linspace(-1, 1, columns, dtype=np.float32)
    down = np.linspace(-1, 1, _SMALL, dtype=np.float32)
    x, y = np.meshgrid(across, down)
    return x, y


def _paint(light: npt.NDArray[np.floating], tone: Float, height: int, width: int) -> Float:
    small = np.clip(light[..., None] * tone, 0, 1).astype(np.float32)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 1), np.float32)


def _muted_tone(rng: np.random.Generator, value: tuple[float, float]) -> Float:
    """A neutral tone half of the time, else a muted hue of the studio."""
    if rng.random() < 0.5:
        return colour(rng, (0.0, 0.05), value, hue=(0.05, 0.65))
    tone = colour(rng, (0.08, 0.28), value, hue=_HUES[int(rng.integers(len(_HUES)))])
    # Pale paints need less saturation than dark ones, or they look like sweets.
    return np.asarray(tone + (tone.max() - tone) * np.float32(0.75 * tone.max() ** 2), np.float32)
