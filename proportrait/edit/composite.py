"""Putting a person before another background so that it does not show."""

from __future__ import annotations

import zlib

import cv2
import numpy as np

from proportrait.edit.tone import Float, Image, grain, luminance, to_linear, to_srgb


def composite(person: Image, alpha: Float, background: Float) -> Image:
    """Put a person before a background.

    The person's edge loses the colour of its old background, takes some light of the new one, and
    both get the same grain.

    Args:
        person: (H, W, 3) uint8, with its old background.
        alpha: (H, W) in [0, 1], the person.
        background: (H, W, 3) sRGB in [0, 1].

    Returns:
        (H, W, 3) uint8; with alpha 0 everywhere exactly the background.
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
    front = _harmonised(front, back, cover)
    front = _wrapped(front, back, cover)
    amount = _noise(source, cover)
    if amount > 0:
        # Seeded by the picture itself: the result stays a pure function of what goes in.
        rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(person).tobytes()))
        back = grain(back, amount, rng)
    mixed = to_srgb(back + (front - back) * cover[..., None])
    if amount == 0:
        plain = np.round(np.clip(background, 0, 1) * 255).astype(np.uint8)
        np.copyto(mixed, plain, where=(cover <= 0)[..., None])
    return mixed


def tighten(alpha: Float) -> Float:
    """Push nearly open and nearly covered pixels to 0 and 1: haze would carry the old wall."""
    return np.asarray(np.clip((alpha - 0.12) / 0.78, 0, 1), np.float32)


def split_layers(light: Float, alpha: Float) -> tuple[Float, Float]:
    """Estimate the pure colours of person and background under a soft mask.

    Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021: a wide pass,
    then a narrow one.

    Args:
        light: (H, W, 3) linear.
        alpha: (H, W) in [0, 1].

    Returns:
        Both layers, (H, W, 3): each is believable some way beyond its own side of the mask.
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


def _harmonised(front: Float, back: Float, alpha: Float) -> Float:
    """Tint the person a little towards the colour of the light in the new place."""
    covered = (alpha > 0.5).astype(np.uint8)
    if not covered.any():
        return front
    mine = np.array(cv2.mean(front, mask=covered)[:3], np.float32) + np.float32(0.02)
    place = np.array(cv2.mean(back)[:3], np.float32) + np.float32(0.02)
    tint = (place / luminance(place)) / (mine / luminance(mine))
    tint = np.asarray(np.clip(tint, 0.7, 1.4) ** 0.12, np.float32)
    return np.asarray(front * (tint / luminance(tint)), np.float32)


def _wrapped(front: Float, back: Float, alpha: Float) -> Float:
    """Let the background's light spill over the person's edge."""
    size = max(alpha.shape)
    small = cv2.resize(back, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    spill = cv2.GaussianBlur(small, (0, 0), max(size / 320, 0.5))
    spill = cv2.resize(spill, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
    rim = np.clip(1 - cv2.blur(alpha, (size // 60 * 2 + 1,) * 2), 0, 1)[..., None]
    return np.asarray(1 - (1 - front) * (1 - 0.25 * rim * spill), np.float32)


def _noise(light: Float, alpha: Float) -> float:
    """The person's own grain, in the units of `grain`: a robust spread of its finest detail.

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
