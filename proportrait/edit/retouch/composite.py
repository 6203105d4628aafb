"""Composites a person before another background, without visible seams."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.tone import grain, luminance, to_linear, to_srgb


def composite(person: Image, alpha: Float, background: Float) -> Image:
    """Put a person before a background.

    The person's edge loses the colour of the old background and takes some light of the new one;
    the background gets the person's grain.

    Args:
        person: (H, W, 3) uint8, with its old background.
        alpha: (H, W) in [0, 1], the mask of the person.
        background: (H, W, 3) sRGB in [0, 1].

    Returns:
        (H, W, 3) uint8; exactly the background if alpha is 0 everywhere.
    """
    if person.shape[:2] != alpha.shape or background.shape != person.shape:
        raise ValueError(
            f"sizes differ: person {person.shape}, alpha {alpha.shape}, "
            f"background {background.shape}"
        )
    cover = tighten(alpha)
    source = to_linear(person)
    front, _ = split_layers(source, cover)
    back = to_linear(background)
    front, cover = _add_stray_hair(source, front, cover)
    front = _tint(front, back)
    front = _wrap_light(front, back, cover)
    amount = _noise(source, cover)
    if amount > 0:
        # Seeded by the picture itself: the result stays a pure function of the arguments.
        rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(person).tobytes()))
        back = grain(back, amount, rng)
    mixture = to_srgb(back + (front - back) * cover[..., None])
    if amount == 0:
        plain = np.round(np.clip(background, 0, 1) * 255).astype(np.uint8)
        np.copyto(mixture, plain, where=(cover <= 0)[..., None])
    return mixture


def tighten(alpha: Float) -> Float:
    """Push values near 0 and 1 to 0 and 1: a haze would show the old background."""
    return np.asarray(np.clip((alpha - 0.12) / 0.78, 0, 1), np.float32)


def split_layers(light: Float, alpha: Float) -> tuple[Float, Float]:
    """Estimate the pure colours of person and background under a soft mask.

    Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021: a wide pass,
    then a narrow one.

    Args:
        light: (H, W, 3) linear.
        alpha: (H, W) in [0, 1].

    Returns:
        Person and background, (H, W, 3) each, usable some way beyond their side of the mask.
    """
    size = max(alpha.shape)
    small = cv2.resize(light, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    cover = cv2.resize(alpha, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    wide = _fuse(small, cover, small, small, max(2, size // 48))
    front, back = (
        cv2.resize(layer, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR) for layer in wide
    )
    return _fuse(light, alpha, front, back, max(2, size // 100))


def _fuse(
    light: Float, alpha: Float, front: Float, back: Float, radius: int
) -> tuple[Float, Float]:
    window = (2 * radius + 1,) * 2

    def mean(values: Float) -> Float:
        return np.asarray(cv2.blur(values, window, borderType=cv2.BORDER_REPLICATE), np.float32)

    cover = alpha[..., None]
    rest = 1 - cover
    share = mean(alpha)[..., None]
    near_front = mean(front * cover) / (share + np.float32(1e-5))
    near_back = mean(back * rest) / (1 - share + np.float32(1e-5))
    error = light - cover * near_front - rest * near_back
    near_front += cover * error
    near_back += rest * error
    return np.clip(near_front, 0, 1, out=near_front), np.clip(near_back, 0, 1, out=near_back)


def _add_stray_hair(source: Float, front: Float, cover: Float) -> tuple[Float, Float]:
    """Add single hairs that the mask is too coarse for.

    A thin line before the old background with the colour of the person next to it is a hair. Its
    cover is the share of the person's colour in its mixture with the background's colour.

    Returns:
        The person's colours (H, W, 3) and the cover (H, W) with the hairs.
    """
    size = max(cover.shape)
    small = cv2.resize(source, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    small_cover = cv2.resize(cover, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    wall = _spread(small, (small_cover < 0.02).astype(np.float32), size / 160, cover.shape)
    person = _spread(small, (small_cover > 0.9).astype(np.float32), size / 100, cover.shape)
    contrast = person - wall
    length = (contrast * contrast).sum(-1)
    share = np.clip(((source - wall) * contrast).sum(-1) / (length + np.float32(1e-3)), 0, 1)
    # A broad shape is no hair but a part of the old background.
    thin = share - cv2.GaussianBlur(share, (0, 0), max(size / 240, 1.5))
    near = np.clip(3 * cv2.blur(cover, (size // 16 * 2 + 1,) * 2), 0, 1)
    confidence = near * length / (length + np.float32(0.02))
    hair = np.clip(1.6 * (thin - np.float32(0.04)), 0, 0.6) * confidence
    front = np.where((cover < 0.02)[..., None], person, front)
    return front, np.asarray(np.maximum(cover, hair), np.float32)


def _spread(small: Float, weight: Float, sigma: float, shape: tuple[int, ...]) -> Float:
    """For every pixel at full size, the mean colour of the nearest part that has weight."""
    total = cv2.GaussianBlur(small * weight[..., None], (0, 0), sigma)
    norm = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None] + np.float32(1e-6)
    return np.asarray(cv2.resize(total / norm, shape[1::-1]), np.float32)


def _tint(front: Float, back: Float) -> Float:
    """Tint the person a little with the mean colour of the new background."""
    mean = np.array(cv2.mean(back)[:3], np.float32) + np.float32(0.02)
    tint = np.asarray(np.clip(mean / luminance(mean), 0.6, 1.6) ** 0.15, np.float32)
    return np.asarray(front * (tint / luminance(tint)), np.float32)


def _wrap_light(front: Float, back: Float, alpha: Float) -> Float:
    """Let the background's light spill over the person's edge."""
    size = max(alpha.shape)
    small = cv2.resize(back, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    spill = cv2.GaussianBlur(small, (0, 0), max(size / 320, 0.5))
    spill = cv2.resize(spill, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    rim = np.clip(1 - cv2.blur(alpha, (size // 60 * 2 + 1,) * 2), 0, 1)[..., None]
    return np.asarray(1 - (1 - front) * (1 - 0.25 * rim * spill), np.float32)


def _noise(light: Float, alpha: Float) -> float:
    """The person's own grain, in the units of `grain`: robust spread of the finest detail.

    Immerkaer, "Fast Noise Variance Estimation", 1996, with the median for the mean: texture is rare
    in the lower half of the values.
    """
    value = luminance(light)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    detail = np.abs(cv2.filter2D(value, -1, kernel))
    inside = alpha > 0.95
    if not inside.any():
        return 0.0
    relative = detail / np.sqrt(value + np.float32(0.002))
    return float(np.clip(np.percentile(relative[inside][::7], 25) / 0.32, 0, 0.02))
