"""A canvas for drawing places, and the camera that photographs them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

Float = npt.NDArray[np.float32]
Colour = npt.NDArray[np.float32]
Point = tuple[float, float]

WORK = 400  # height of the canvases of places in px
# What stands on posters, signs, and boards.
WORDS = (
    "OPEN TODAY", "MEETING", "SALE", "Coffee", "Tea 2.80", "Espresso", "TONIGHT", "LIVE MUSIC",
    "Sandwich 5.20", "Plan", "Budget", "Q3 goals", "NEW", "FESTIVAL", "Cake", "EXIT", "WELCOME",
    "Team", "MARKET", "Soup", "THE LONG NIGHT", "Ideas", "Friday", "SUMMER", "Lemonade",
)  # fmt: skip
_SUBPIXEL = 4  # bits after the point in drawing coordinates


class Canvas:
    """An RGB picture whose unit is its height: y runs from 0 to 1, x from 0 to `aspect`.

    Values are sRGB-like; lamps and windows go beyond 1, up to about 1.6.
    """

    def __init__(self, height: int, aspect: float, colour: Colour) -> None:
        self.height = height
        self.aspect = aspect
        self.width = max(2, round(height * aspect))
        self.pixels: Float = np.empty((height, self.width, 3), np.float32)
        self.pixels[:] = colour

    def box(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        colour: Colour,
        across: Sequence[float] = (1.0, 1.0),
        down: Sequence[float] = (1.0, 1.0),
    ) -> None:
        """Fill a rectangle, shaded by brightness profiles across and down."""
        left, right = self._clip(x0, self.width), self._clip(x1, self.width)
        top, bottom = self._clip(y0, self.height), self._clip(y1, self.height)
        if right <= left or bottom <= top:
            return
        area = self.pixels[top:bottom, left:right]
        area[:] = colour
        if len(set(across)) > 1:
            area *= _profile(across, right - left)[None, :, None]
        if len(set(down)) > 1:
            area *= _profile(down, bottom - top)[:, None, None]

    def shade(self, x0: float, y0: float, x1: float, y1: float, factor: float) -> None:
        """Darken or brighten a rectangle."""
        left, right = self._clip(x0, self.width), self._clip(x1, self.width)
        top, bottom = self._clip(y0, self.height), self._clip(y1, self.height)
        self.pixels[top:bottom, left:right] *= np.float32(factor)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        cv2.fillPoly(
            self.pixels, [self._fixed(points)], _triple(colour), cv2.LINE_AA, shift=_SUBPIXEL
        )

    def line(self, points: Sequence[Point], colour: Colour, thickness: float) -> None:
        """Draw an open line."""
        pixels = max(1, round(thickness * self.height))
        cv2.polylines(
            self.pixels,
            [self._fixed(points)],
            False,
            _triple(colour),
            pixels,
            cv2.LINE_AA,
            shift=_SUBPIXEL,
        )

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, angle: float = 0.0
    ) -> None:
        """Fill an ellipse; the angle is in degrees."""
        unit = self.height * (1 << _SUBPIXEL)
        cv2.ellipse(
            self.pixels,
            (round(x * unit), round(y * unit)),
            (max(1, round(rx * unit)), max(1, round(ry * unit))),
            angle,
            0,
            360,
            _triple(colour),
            -1,
            cv2.LINE_AA,
            shift=_SUBPIXEL,
        )

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Add the halo of a lamp."""
        left, right = (self._clip(x + side * 2.5 * radius, self.width) for side in (-1, 1))
        top, bottom = (self._clip(y + side * 2.5 * radius, self.height) for side in (-1, 1))
        unit = np.float32(1 / (self.height * radius))
        across = (np.arange(left, right, dtype=np.float32) * unit - np.float32(x / radius)) ** 2
        down = (np.arange(top, bottom, dtype=np.float32) * unit - np.float32(y / radius)) ** 2
        halo = np.exp(-down)[:, None] * np.exp(-across)[None]
        self.pixels[top:bottom, left:right] += halo[..., None] * colour

    def shadow(self, rectangles: Sequence[tuple[float, float, float, float]], depth: float) -> None:
        """Cast the soft shadows of rectangles onto what is drawn so far, to the lower right."""
        boxes = np.array(rectangles, np.float64) + depth
        window = self._window(depth)
        reach = 2 * depth + 2 / self.height
        left, top = (
            self._clip(boxes[:, 0].min() - reach, self.width),
            self._clip(boxes[:, 1].min() - reach, self.height),
        )
        right, bottom = (
            self._clip(boxes[:, 2].max() + reach, self.width),
            self._clip(boxes[:, 3].max() + reach, self.height),
        )
        if right <= left or bottom <= top:
            return
        dark = np.zeros((bottom - top, right - left), np.float32)
        for x0, y0, x1, y1 in boxes:
            columns = slice(self._clip(x0, self.width) - left, self._clip(x1, self.width) - left)
            rows = slice(self._clip(y0, self.height) - top, self._clip(y1, self.height) - top)
            dark[rows, columns] = 1
        border = cv2.BORDER_REPLICATE
        dark = cv2.blur(cv2.blur(dark, window, borderType=border), window, borderType=border)
        self.pixels[top:bottom, left:right] *= (1 - 0.55 * dark)[..., None]

    def text(
        self, x: float, y: float, words: str, size: float, colour: Colour, opacity: float = 1.0
    ) -> float:
        """Write words with their upper left corner at (x, y); returns their width."""
        font: Any = _font(max(4, round(size * self.height)))
        left, top, right, bottom = (int(v) for v in font.getbbox(words))
        mask = PillowImage.new("L", (max(1, right - left), max(1, bottom - top)))
        ImageDraw.Draw(mask).text((-left, -top), words, fill=255, font=font)
        cover = np.asarray(mask, np.float32) * np.float32(opacity / 255)
        self.blend(x, y, cover, colour)
        return (right - left) / self.height

    def blend(self, x: float, y: float, cover: Float, colour: Colour | Float) -> None:
        """Lay a colour (3,) or picture (h, w, 3) with a cover (h, w) at the upper left corner."""
        top, left = round(y * self.height), round(x * self.height)
        rows = slice(max(0, -top), max(0, min(cover.shape[0], self.height - top)))
        columns = slice(max(0, -left), max(0, min(cover.shape[1], self.width - left)))
        weight = cover[rows, columns, None]
        if weight.size == 0:
            return
        source = colour[rows, columns] if colour.ndim == 3 else colour
        target = self.pixels[
            top + rows.start : top + rows.stop, left + columns.start : left + columns.stop
        ]
        target += (source - target) * weight

    def _clip(self, value: float, limit: int) -> int:
        return min(max(round(value * self.height), 0), limit)

    def _window(self, depth: float) -> tuple[int, int]:
        return (max(1, round(depth * self.height)) * 2 + 1,) * 2

    def _fixed(self, points: Sequence[Point]) -> npt.NDArray[np.int32]:
        scaled = np.asarray(points) * self.height * (1 << _SUBPIXEL)
        return np.asarray(scaled.round(), np.int32)


def photograph(
    canvas: Canvas,
    height: int,
    width: int,
    rng: np.random.Generator,
    blur: float,
    tilt: float = 0.07,
    falloff: float = 0.3,
) -> Float:
    """Take a picture of a canvas: perspective, uneven light, a lens that is focused elsewhere.

    Args:
        blur: radius of the circle of confusion in picture heights.
        tilt: how far corners move, in picture heights.
        falloff: how uneven the light is, [0, 1].

    Returns:
        (height, width, 3) float32 in [0, 1].
    """
    work = canvas.height
    size = (max(2, round(work * width / height)), work)
    margin = tilt + 0.01
    corners = np.array([[0, 0], [canvas.width, 0], [canvas.width, work], [0, work]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], np.float32)
    corners += inward * (rng.uniform(0, margin, (4, 2)) * work).astype(np.float32)
    frame = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, frame)
    seen = cv2.warpPerspective(
        canvas.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    x = np.linspace(-1, 1, size[0], dtype=np.float32)[None]
    y = np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]
    lamp = rng.uniform(-1, 1, 2)
    light = 1 - falloff * np.clip(((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / 4, 0, 1)
    # No surface is one flat colour.
    light *= 1 + 0.02 * noise(rng, size[1], size[0], cells=5, octaves=4, gain=0.7)
    linear = np.maximum(seen * light[..., None], 0) ** np.float32(2.2)
    linear = defocus(linear, blur * work)
    seen = np.clip(linear, 0, 1) ** np.float32(1 / 2.2)
    large = cv2.resize(seen, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 1), np.float32)


def defocus(linear: Float, radius: float) -> Float:
    """Blur light with a disc, as a lens does; radius in px."""
    if radius < 0.6:
        return linear
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(
        cv2.filter2D(linear, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT), np.float32
    )


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
        # Coarse clouds need the smoother method: linear ones show their grid.
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
) -> Colour:
    """A random sRGB colour (3,); ranges are of hue, saturation, and value in [0, 1]."""
    h, s, v = rng.uniform(*hue), rng.uniform(*saturation), rng.uniform(*value)
    return np.array(colorsys.hsv_to_rgb(h % 1.0, s, v), np.float32)


# Hue, saturation, value, and weight of what things are painted and dyed with.
_EVERYDAY = np.array(
    [
        (0.00, 0.70, 0.55, 1.2),  # red
        (0.03, 0.60, 0.40, 1.0),  # maroon, rust
        (0.08, 0.55, 0.55, 1.2),  # tan
        (0.10, 0.25, 0.85, 1.8),  # cream
        (0.12, 0.65, 0.80, 0.7),  # mustard
        (0.24, 0.35, 0.40, 0.9),  # olive
        (0.38, 0.50, 0.38, 0.8),  # forest
        (0.50, 0.45, 0.55, 0.7),  # teal
        (0.59, 0.45, 0.65, 1.2),  # denim
        (0.62, 0.60, 0.35, 1.6),  # navy
        (0.60, 0.05, 0.92, 1.8),  # white
        (0.60, 0.05, 0.45, 1.2),  # grey
        (0.60, 0.08, 0.12, 1.8),  # black
        (0.78, 0.40, 0.45, 0.3),  # plum
        (0.93, 0.40, 0.80, 0.4),  # pink
    ]
)
_EVERYDAY_SHARES = _EVERYDAY[:, 3] / _EVERYDAY[:, 3].sum()


def everyday(rng: np.random.Generator, brightness: float = 1.0) -> Colour:
    """A colour that books, clothes, boxes, and signs are met in."""
    h, s, v, _ = _EVERYDAY[rng.choice(len(_EVERYDAY), p=_EVERYDAY_SHARES)]
    h, s, v = h + rng.normal(0, 0.012), s * rng.uniform(0.75, 1.15), v * rng.uniform(0.75, 1.2)
    found = colorsys.hsv_to_rgb(h % 1.0, min(s, 1.0), min(v * brightness, 1.0))
    return np.array(found, np.float32)


def grey(value: float) -> Colour:
    """A neutral colour."""
    return np.full(3, value, np.float32)


def _profile(values: Sequence[float], length: int) -> Float:
    where = np.linspace(0, len(values) - 1, length)
    return np.interp(where, np.arange(len(values)), values).astype(np.float32)


def _triple(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in colour)
    return red, green, blue


@cache
def _font(size: int) -> Any:
    return ImageFont.load_default(size)
