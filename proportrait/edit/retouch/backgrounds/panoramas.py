"""Photographs of places: views into panoramas through a lens that is focused on a person in front.

The panoramas hold light, not finished pixels: a lamp out of focus becomes a bright disc, as in a
photograph, and exposure and white balance are set afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.data import load_picture
from proportrait.tone import luminance, shoulder

TOP, BOTTOM = 50.0, -40.0  # degrees above the horizon at the upper and lower end of a panorama
_MIDDLE, _BRIGHTEST = 0.2, 40.0  # median and largest light of a stored panorama
_KNEE = 24.0  # light far below 1 / this is coded linearly, far above it by its logarithm
_SPAN = float(np.log1p(_BRIGHTEST * _KNEE))
_PREVIEW = 72  # height in px of the views to choose from
_TRIES = 12


@dataclass(frozen=True)
class Lens:
    """How a place is photographed.

    Attributes:
        blur: range of the radius of the circle of confusion in picture heights; at least as much
            as hides the pixels of the panorama.
        field: range of the vertical field of view in degrees.
        busy: whether a view needs at least (or at most) the amount of `detail`.
        detail: limit of `_detail`. The first view that meets it is photographed, of up to `_TRIES`
            views; otherwise the nearest.
        glare: light above this is clipped: less makes calmer lamps and windows.
        colour: 1 keeps the saturation.
        exposure: range of the geometric mean of the picture's light.
    """

    blur: tuple[float, float]
    field: tuple[float, float]
    busy: bool
    detail: float
    glare: float = _BRIGHTEST
    colour: float = 1.0
    exposure: tuple[float, float] = (0.16, 0.32)


@dataclass(frozen=True)
class View:
    """Where a camera looks: angles in degrees, pitch is upwards, field is the vertical one."""

    yaw: float
    pitch: float
    roll: float
    field: float


def encode(light: Float) -> Image:
    """Light (H, W, 3) of any scale to uint8 (H, W, 3), for storing a panorama."""
    level = np.clip(light * (_MIDDLE / np.median(luminance(light))), 0, _BRIGHTEST)
    return np.asarray(np.round(np.log1p(level * _KNEE) * (255 / _SPAN)), np.uint8)


@cache
def panorama(name: str) -> Float:
    """A place all around, (H, W, 3) float32: the code of `encode`, scaled to [0, 1].

    Columns go around once; rows go evenly in angle from `TOP` to `BOTTOM`.
    """
    return np.asarray(load_picture(f"place_{name}.webp") * np.float32(1 / 255), np.float32)


def photograph(name: str, rng: np.random.Generator, height: int, width: int, lens: Lens) -> Float:
    """A picture of a place, out of focus.

    Returns:
        (height, width, 3) float32 sRGB in [0, 1].
    """
    place = panorama(name)
    view = _choose_view(place, rng, width / height, lens)
    pixel = (TOP - BOTTOM) / place.shape[0] / view.field
    blur = max(float(rng.uniform(*lens.blur)), 1.1 * pixel)
    # After the blur a picture of this size holds all the detail that is left.
    work = int(np.clip(3.2 / blur, 80, max(height, 80)))
    light = project(place, view, (max(2, round(work * width / height)), work))
    if rng.random() < 0.5:
        light = np.ascontiguousarray(light[:, ::-1])
    light = defocus(np.minimum(light, lens.glare), blur * work)
    light = _balance(light, rng)
    light = _expose(light, float(rng.uniform(*lens.exposure)))
    grey = luminance(light)[..., None]
    light = shoulder(grey + (light - grey) * np.float32(lens.colour), 0.55)
    code = np.clip(light, 0, 1) ** np.float32(1 / 2.2)
    large = cv2.resize(code, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large, 0, 1), np.float32)


def project(place: Float, view: View, size: tuple[int, int]) -> Float:
    """The light (height, width, 3) in a pinhole camera; `size` is (width, height)."""
    width, height = size
    step = np.float32(2 * np.tan(np.radians(view.field / 2)) / height)
    x, y = np.meshgrid(
        (np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)) * step,
        (np.float32((height - 1) / 2) - np.arange(height, dtype=np.float32)) * step,
    )
    roll, pitch = np.float32(np.radians(view.roll)), np.float32(np.radians(view.pitch))
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    ahead, up = np.cos(pitch) - y * np.sin(pitch), np.sin(pitch) + y * np.cos(pitch)
    azimuth = np.degrees(np.arctan2(x, ahead)) + np.float32(view.yaw)
    altitude = np.degrees(np.arctan2(up, np.hypot(x, ahead)))
    rows, columns = place.shape[:2]
    column = (azimuth % 360) * np.float32(columns / 360) - np.float32(0.5)
    row = (np.float32(TOP) - altitude) * np.float32(rows / (TOP - BOTTOM)) - np.float32(0.5)
    # Interpolate the code: interpolated light has dark rings around a lamp.
    code = cv2.remap(
        place, column, np.clip(row, 0, rows - 1), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP
    )
    level = np.expm1(np.clip(code, 0, 1) * np.float32(_SPAN))
    return np.asarray(level * np.float32(1 / _KNEE), np.float32)


def defocus(light: Float, radius: float) -> Float:
    """Blur light (H, W, C) with a disc, as a lens does; radius in px."""
    if radius < 0.6:
        return light
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    blurred = cv2.filter2D(light, -1, disc / disc.sum(), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32)


def _choose_view(place: Float, rng: np.random.Generator, aspect: float, lens: Lens) -> View:
    sign = 1 if lens.busy else -1
    size = (max(2, round(_PREVIEW * aspect)), _PREVIEW)
    soft = _PREVIEW * sum(lens.blur) / 2
    best, best_amount = View(0, 0, 0, lens.field[0]), -np.inf
    for _ in range(_TRIES):
        view = _draw_view(rng, lens)
        light = defocus(np.minimum(project(place, view, size), lens.glare), soft)
        amount = sign * _detail(light)
        if amount > best_amount:
            best, best_amount = view, amount
        if best_amount >= sign * lens.detail:
            break
    return best


def _draw_view(rng: np.random.Generator, lens: Lens) -> View:
    field = float(rng.uniform(*lens.field))
    # A camera at eye level has the horizon behind the face, somewhat above the middle.
    pitch = float(rng.uniform(-0.16, 0.06)) * field
    return View(float(rng.uniform(0, 360)), pitch, float(rng.normal(0, 1.2)), field)


def _expose(light: Float, target: float) -> Float:
    """Scale light to a geometric mean: as a camera meters, highlights may clip."""
    mean = float(np.exp(np.log(luminance(light) + np.float32(0.01)).mean()))
    return np.asarray(light * np.float32(target / mean), np.float32)


def _detail(light: Float) -> float:
    """Detail beside a person who covers the middle: the mean gradient."""
    code = np.clip(_expose(light, 0.25), 0, 1) ** np.float32(1 / 2.2)
    across, down = cv2.Sobel(code, -1, 1, 0), cv2.Sobel(code, -1, 0, 1)
    change = np.minimum(np.sqrt((across**2 + down**2).sum(-1)), 1.5)
    height, width = change.shape
    change[height // 5 :, width // 4 : width - width // 4] = 0
    return float(change.mean())


def _balance(light: Float, rng: np.random.Generator) -> Float:
    """White balance: removes a part of a place's colour cast, with an error, as cameras do."""
    mean = light.mean((0, 1)) + np.float32(1e-4)
    gains = (mean.mean() / mean) ** np.float32(0.3)
    warm, tint = rng.normal(0, 0.05), rng.normal(0, 0.015)
    return np.asarray(light * (gains * np.array([1 + warm, 1 + tint, 1 - warm])), np.float32)
