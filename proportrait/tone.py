"""Between stored pixels and light: the sRGB curve, a film-like shoulder, and camera noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Real

_STEPS = 1 << 14  # of the curve's tables: finer than half a grey level, except in deep black
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


def _decoded(coded: Real) -> Real:
    """The curve of IEC 61966-2-1, in the precision of its samples in [0, 1]."""
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


# (256,) light of the samples. In single precision all through, unlike the table of `to_linear`: a
# few last bits differ, and the measures were fitted to these.
LINEAR: Float = np.asarray(_decoded(np.arange(256, dtype=np.float32) / 255), np.float32)


def to_linear(image: Image | Float) -> Float:
    """sRGB (uint8, or float in [0, 1]) to light in [0, 1], IEC 61966-2-1."""
    if image.dtype == np.uint8:
        return np.asarray(_decoding(255)[image], np.float32)
    scaled = np.clip(image, 0, 1).astype(np.float32) * np.float32(_STEPS) + np.float32(0.5)
    return np.asarray(_decoding(_STEPS)[scaled.astype(np.uint16)], np.float32)


def to_srgb(light: Float) -> Image:
    """Light in [0, 1] (clipped) to sRGB uint8."""
    index = np.clip(light, 0, 1) * np.float32(_STEPS) + np.float32(0.5)
    return np.asarray(_encoding()[index.astype(np.uint16)], np.uint8)


def luminance(light: Float | Image) -> Float:
    """Luminance (...) of light (..., 3); of stored samples, their luma."""
    return np.asarray(light @ LUMINANCE, np.float32)


def shoulder(light: Float, start: float = 0.7) -> Float:
    """Compress light above `start`, so that it nears 1 slowly instead of clipping."""
    room = np.float32(1 - start)
    over = np.maximum(light - np.float32(start), 0) / room
    # By 1.04, so that strong overexposure does reach white.
    bent = np.minimum(light, start) + np.float32(1.04) * room * over / np.sqrt(1 + over * over)
    return np.asarray(np.minimum(bent, 1), np.float32)


def expose(image: Image, now: float, wanted: float, most: float) -> Image:
    """Brighten a picture, as a longer shutter time does.

    Args:
        image: sRGB uint8 (H, W, 3).
        now, wanted: mean sRGB value in [0, 1] of the part that matters, before and after.
        most: largest factor of light; the smallest is 1.
    """
    factor = np.clip((wanted / max(now, 0.01)) ** 2.2, 1.0, most)
    return to_srgb(to_linear(image) * np.float32(factor))


def grain(light: Float, amount: float, rng: np.random.Generator) -> Float:
    """Add camera noise that grows with the root of the light, as photons do.

    Args:
        amount: standard deviation at light 1; 0.004 is a good camera, 0.03 a dark phone picture.
    """
    if amount <= 0:
        return light
    height, width = light.shape[:2]
    noise = rng.standard_normal((height, width), dtype=np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.7) * np.float32(amount * 1.7)
    # Colour noise is coarser than noise in brightness, as cameras interpolate colour.
    speckle = rng.standard_normal(((height + 1) // 2, (width + 1) // 2, 3), dtype=np.float32)
    speckle = cv2.resize(speckle * np.float32(amount * 0.6), (width, height))
    speckle += noise[..., None]
    speckle *= np.sqrt(np.maximum(luminance(light), 0) + np.float32(0.002))[..., None]
    return np.asarray(light + speckle, np.float32)


@dataclass(frozen=True)
class Camera:
    """How a camera renders light.

    Attributes:
        cast: colour cast (3,) of the whole picture: light that it was not balanced for.
        bloom: strength of the stray light around bright parts.
        grain: noise, see `grain`.
        black: light below which shadows are black.
        contrast: 1 keeps the tone curve.
        soft: light from which on highlights are compressed, see `shoulder`.
        fade: [0, 1], share of their colour that burnt highlights lose.
        grey: the picture is black and white.
    """

    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bloom: float = 0.0
    grain: float = 0.004
    black: float = 0.0
    contrast: float = 1.0
    soft: float = 0.7
    fade: float = 0.0
    grey: bool = False


def developed(light: Float, camera: Camera, rng: np.random.Generator) -> Float:
    """The picture (H, W, 3), linear, that a camera makes of light (H, W, 3)."""
    if camera.cast != (1.0, 1.0, 1.0):
        light = light * np.array(camera.cast, np.float32)
    if camera.bloom > 0:
        small = cv2.resize(np.minimum(light, 2), None, fx=0.125, fy=0.125)
        near, wide = (cv2.GaussianBlur(small, (0, 0), small.shape[0] * s) for s in (0.02, 0.15))
        stray = cv2.resize(0.35 * near + 0.65 * wide, light.shape[1::-1])
        light = np.asarray(light + np.float32(camera.bloom) * stray, np.float32)
    light = grain(light, camera.grain, rng)
    if camera.black > 0:
        light = light - np.float32(camera.black)
    if camera.contrast != 1:
        # Middle grey, 0.18, stays.
        bent = (np.maximum(light, 0) / np.float32(0.18)) ** np.float32(camera.contrast)
        light = np.asarray(0.18 * bent, np.float32)
    if camera.fade > 0:
        # Otherwise the brightest channel clips first, and burnt parts get an orange rim.
        value = luminance(light)
        share = np.float32(camera.fade) * np.clip((value - camera.soft) / camera.soft, 0, 1)
        light = light + (value[..., None] - light) * share[..., None]
    light = shoulder(light, camera.soft)
    if camera.grey:
        light = np.repeat(luminance(light)[..., None], 3, axis=-1)
    return np.asarray(light, np.float32)


@cache
def _decoding(steps: int) -> Float:
    return np.asarray(_decoded(np.arange(steps + 1) / steps), np.float32)


@cache
def _encoding() -> Image:
    light = np.arange(_STEPS + 1) / _STEPS
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray((coded * 255).round(), np.uint8)
