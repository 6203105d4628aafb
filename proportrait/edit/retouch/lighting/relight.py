"""Lighting a person anew: the light of the photo is taken away, another is put in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.lighting.bad_rigs import BAD
from proportrait.edit.retouch.lighting.good_rigs import GOOD, Rig
from proportrait.edit.retouch.lighting.portrait import Portrait
from proportrait.edit.retouch.lighting.shading import shade
from proportrait.faces import Face
from proportrait.faces.face import OVAL
from proportrait.tone import Camera, developed, luminance, shoulder, to_srgb

GOOD_LIGHTS: tuple[str, ...] = tuple(GOOD)
BAD_LIGHTS: tuple[str, ...] = tuple(BAD)
# Raters took faces in these for photographs half as often as in the others, or less.
SHARES = {"top": 0.3, "side_left": 0.6, "side_right": 0.6, "clamshell": 0.4, "high_key": 0.5}

# Of the bad lights without a colour: as many as of the good ones, or black and white would say that
# the light is good.
_GREY_SHARE = 0.12
_ABOUT = (0.7, 1.15)  # how far texture strays from its mean
_BRIGHT = 85  # percentile of the face's skin that exposure is set for
_METERINGS = 4  # highlights bend over: one step does not reach the wanted mean


def relight(
    image: Image, face: Face, mask: Float, kind: str, rng: np.random.Generator
) -> tuple[Image, dict[str, Any]]:
    """Light a portrait in one of the ways of `GOOD_LIGHTS` and `BAD_LIGHTS`.

    Exposure is relative to the person's own skin in the source, so that skin tone does not decide
    what is well exposed.

    Args:
        image: (H, W, 3) uint8.
        face: found in it.
        mask: (H, W) in [0, 1], the person.
        kind: "side_left" is lit from the left of the picture.
        rng: draws the strengths and directions of the kind.

    Returns:
        The picture, same size, and JSON-ready parameters.
    """
    maker = {**GOOD, **BAD}.get(kind)
    if maker is None:
        known = ", ".join(GOOD_LIGHTS + BAD_LIGHTS)
        raise ValueError(f"unknown light {kind!r}; the lights are {known}")
    rig = maker(rng)
    if kind in BAD and rig.camera.cast == Camera.cast and rng.random() < _GREY_SHARE:
        rig = replace(rig, camera=replace(rig.camera, grey=True))
    portrait = Portrait(image, face, mask)
    flatten = rig.flatten
    if kind in GOOD:
        flatten = max(flatten, portrait.unevenness())
        if kind == "natural" and flatten == 0:
            return image.copy(), {"kind": kind, "flatten": 0.0}
    gain, shine = shade(portrait.relief, rig)
    gain /= (portrait.existing_light**flatten)[..., None]
    if kind in GOOD:
        gain *= portrait.balance(gain)[..., None]
    # Of the neck and below only the rough shape is known: a mirror there would be a blot.
    shine *= (portrait.skin * (0.1 + 0.9 * portrait.relief.face))[..., None]
    scale, level = _exposure(portrait, gain, rig, flatten)
    light = _joined(portrait, gain * np.float32(scale), _backdrop(portrait, rig, scale))
    if shine.any():
        light += _glints(portrait, light, shine * np.float32(scale * level))
    parameters = {
        "kind": kind,
        "flatten": round(float(flatten), 3),
        "stops": round(float(np.log2(scale)), 3),
        "lights": [[round(float(v), 3) for v in lamp.direction] for lamp in rig.lights],
        "backdrop": [round(float(v), 3) for v in rig.backdrop],
        "grey": rig.camera.grey,
    }
    return to_srgb(developed(light, rig.camera, rng)), parameters


def face_value(image: Image, face: Face) -> float:
    """Mean of the encoded values of a face, [0, 1], in a picture (H, W, 3)."""
    oval = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(oval, [face.landmarks[list(OVAL), :2].astype(np.int32)], 1)
    return float(cv2.mean(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), oval)[0]) / 255


def _exposure(portrait: Portrait, gain: Float, rig: Rig, flatten: float) -> tuple[float, float]:
    """The factor that exposes the face as the rig wants it, and the bright level of its skin."""
    skin = portrait.face_skin
    own = luminance(portrait.small)[skin]
    level = float(np.percentile(own / portrait.existing_light[skin] ** flatten, _BRIGHT))
    lit = luminance(portrait.small[skin] * gain[skin])
    wanted = level * 2.0**rig.exposure if rig.level is None else rig.level
    scale = wanted / max(float(np.percentile(lit, _BRIGHT)), 1e-4)
    for _ in range(_METERINGS if rig.metered else 0):
        right = 2.0**rig.exposure * _value(own) ** 2.2
        scale *= right / max(_value(lit * scale), 1e-3) ** 2.2
    return scale, level


def _value(light: Float) -> float:
    """Mean of the encoded values, about [0, 1], that a camera records of light (n,)."""
    return float((shoulder(light) ** (1 / 2.2)).mean())


def _joined(portrait: Portrait, gain: Float, behind: Float) -> Float:
    """The picture with the person under one light and the background under another, (H, W, 3).

    Args:
        portrait: its light is F a + B (1 - a), of which F and B are known roughly.
        gain, behind: (h, w, 3), light on the person and on the background.
    """
    mask = portrait.relief.mask
    inside = np.clip(mask * 1.6 - 0.5, 0, 1)[..., None] + np.float32(1e-3)
    # Beyond the outline there is no surface: continue what lies inside of it.
    near = cv2.GaussianBlur(inside, (0, 0), 1.8).reshape(inside.shape)
    gain = gain + (cv2.GaussianBlur(gain * inside, (0, 0), 1.8) / near - gain) * (1 - inside)
    cover, small = mask[..., None], portrait.small
    # Pixels that both share count little: their mixture would pass for either.
    front = _spread(small, cover**12)
    back = _spread(small, (1 - cover) ** 12)
    size = portrait.cover.shape[::-1]
    alpha = portrait.cover[..., None]
    on_front, on_back = cv2.resize(gain, size), cv2.resize(behind, size)
    mixed = portrait.light * (on_back + alpha * (on_front - on_back))
    # F a g + B (1 - a) h, not (F a + B (1 - a)) (a g + (1 - a) h): dark hair does not glow.
    share = alpha * (1 - alpha)
    mixed += share * cv2.resize((gain - behind) * (front - back), size)
    # What is mixed lies between F g and B h: no bright rim, no black one, however roughly known.
    pure = front * gain, back * behind
    low, high = (cv2.resize(f(*pure), size) for f in (np.minimum, np.maximum))
    wide = cv2.resize(mask, size)[..., None]
    bound = np.clip(mixed, _ABOUT[0] * low, _ABOUT[1] * high)
    mixed += np.minimum(12 * wide * (1 - wide), 1) * (bound - mixed)
    return np.asarray(np.maximum(mixed, 0), np.float32)


def _spread(light: Float, weight: Float) -> Float:
    """Mean light of what lies near under a weight, (h, w, 3)."""
    share = cv2.GaussianBlur(weight, (0, 0), 2.5).reshape(weight.shape) + np.float32(1e-4)
    return np.asarray(cv2.GaussianBlur(light * weight, (0, 0), 2.5) / share, np.float32)


def _glints(portrait: Portrait, light: Float, shine: Float) -> Float:
    """What the skin mirrors of the lamps, (H, W, 3); pores break it up."""
    value = luminance(light)
    texture = (value + 0.02) / (cv2.blur(value, (9, 9)) + 0.02)
    glint = cv2.resize(shine, portrait.cover.shape[::-1])
    pores = np.clip(texture, 0.5, 1.6) ** 2 * portrait.cover
    return np.asarray(glint * pores[..., None], np.float32)


def _backdrop(portrait: Portrait, rig: Rig, scale: float) -> Float:
    """Light on the background, (h, w, 3)."""
    height, width = portrait.relief.mask.shape
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    ramp = np.clip(1 + rig.backdrop_ramp[0] * x + rig.backdrop_ramp[1] * y, 0.1, 2)
    colour = np.array(rig.backdrop, np.float32) * np.float32(scale if rig.whole else 1)
    gain = ramp * colour
    if rig.glow is not None:
        strength, at_x, at_y = rig.glow
        away = ((x - at_x) ** 2 + (y - at_y) ** 2) / 0.7
        gain = gain * (1 + np.float32(strength) * np.exp(-away))
    return np.asarray(gain, np.float32)
