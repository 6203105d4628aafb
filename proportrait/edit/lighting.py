"""Lighting a person anew: the light of the photo is taken away, another is put in its place."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import cv2
import numpy as np

from proportrait.edit.composite import split_layers, tighten
from proportrait.edit.relief import Relief, build_relief
from proportrait.edit.rigs import BAD, GOOD, Light, Rig
from proportrait.edit.tone import Float, Image, grain, luminance, shoulder, to_linear, to_srgb
from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD

GOOD_LIGHTS: tuple[str, ...] = tuple(GOOD)
BAD_LIGHTS: tuple[str, ...] = tuple(BAD)

# Left against right in stops: under the first a photo counts as evenly lit, over the second its
# light is taken away as far as it can be.
EVEN_STOPS, UNEVEN_STOPS = 0.35, 0.9
MAX_BALANCE = 1.5
_BRIGHT = 85  # percentile of the face's skin that exposure is set for


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
    scene = _Scene(image, face, mask)
    flatten = rig.flatten
    if kind == "natural":
        flatten = scene.unevenness()
        if flatten == 0:
            return image.copy(), {"kind": kind, "flatten": 0.0}
    gain, shine = _shade(scene.relief, rig)
    gain /= (scene.existing_light**flatten)[..., None]
    if kind in GOOD:
        gain *= scene.balance(gain)[..., None]
    # Of the neck and below only the rough shape is known: a mirror there would be a blot.
    shine *= (scene.skin * (0.1 + 0.9 * scene.relief.face))[..., None]
    scale, level = _exposure(scene, gain, shine, rig, flatten)
    front = _person(scene, gain * np.float32(scale), shine * np.float32(scale * level))
    back = _backdrop(scene, rig, scale)
    cover = scene.cover[..., None]
    light = back + (front - back) * cover
    light = _developed(light, rig, rng)
    parameters = {
        "kind": kind,
        "flatten": round(float(flatten), 3),
        "stops": round(float(np.log2(scale)), 3),
        "lights": [[round(float(v), 3) for v in lamp.direction] for lamp in rig.lights],
        "backdrop": [round(float(v), 3) for v in rig.backdrop],
        "grey": rig.grey,
    }
    return to_srgb(light), parameters


class _Scene:
    """A portrait taken apart: shape, layers, skin, and the light that it was taken in."""

    def __init__(self, image: Image, face: Face, mask: Float) -> None:
        self.light = to_linear(image)
        self.cover = tighten(mask)
        self.relief: Relief = build_relief(face, mask)
        height, width = self.relief.mask.shape
        self.small = np.asarray(
            cv2.resize(self.light, (width, height), interpolation=cv2.INTER_AREA), np.float32
        )
        self.skin = _skin(self.small, self.relief)
        self.face_skin = (self.relief.face > 0.5) & (self.skin > 0.4)
        if self.face_skin.sum() < 50:
            self.face_skin = self.relief.face > 0.5
        self.across = _across(self.relief)
        self.existing_light = _existing_light(self.small, self.relief, self.skin)

    @cached_property
    def layers(self) -> tuple[Float, Float]:
        """Person and background, (H, W, 3) linear each."""
        return split_layers(self.light, self.cover)

    def side_stops(self, light: Float) -> float:
        """How much brighter the left of the face's skin is than the right, in stops.

        Args:
            light: (h, w, 3) of the scene's small picture.
        """
        value = luminance(light)
        left, right = (value[self.face_skin & half] for half in (self.across < 0, self.across > 0))
        if min(left.size, right.size) < 20:
            return 0.0
        return float(np.log2((np.median(left) + 1e-4) / (np.median(right) + 1e-4)))

    def unevenness(self) -> float:
        """How much of the existing light must go, [0, 1]."""
        stops = abs(self.side_stops(self.small))
        return 0.9 * float(np.clip((stops - EVEN_STOPS) / (UNEVEN_STOPS - EVEN_STOPS), 0, 1))

    def balance(self, gain: Float) -> Float:
        """Light (h, w) that makes up for what is left of shadows cast in the source.

        It brings left and right of the face within `EVEN_STOPS` where `MAX_BALANCE` allows it.
        """
        stops = self.side_stops(self.small * gain)
        excess = np.clip(abs(stops) - EVEN_STOPS, 0, MAX_BALANCE) * np.sign(stops)
        # The halves differ by about 1.4 in tanh.
        ramp = np.tanh(self.across / 0.18) * excess / 1.4
        return np.asarray(np.exp2(ramp), np.float32)


def _across(relief: Relief) -> Float:
    """Where a pixel lies between the left and the right of the face: (h, w) in face widths."""
    top, chin = relief.landmarks[FOREHEAD, :2], relief.landmarks[CHIN, :2]
    axis = (chin - top) / np.linalg.norm(chin - top)
    y, x = np.mgrid[: relief.mask.shape[0], : relief.mask.shape[1]].astype(np.float32)
    return np.asarray(
        ((x - top[0]) * axis[1] - (y - top[1]) * axis[0]) / relief.face_width, np.float32
    )


def _skin(small: Float, relief: Relief) -> Float:
    """How likely each pixel is the person's skin, by its colour: (h, w) in [0, 1]."""
    colour = small / (small.sum(-1, keepdims=True) + 1e-3)
    inside = relief.face > 0.5
    centre = np.median(colour[inside], axis=0)
    spread = np.maximum(colour[inside].std(0), 0.012)
    distance = (((colour - centre) / spread) ** 2)[..., :2].sum(-1)
    skin = np.exp(-distance / 8) * relief.mask
    return np.asarray(cv2.GaussianBlur(skin, (0, 0), 0.8), np.float32)


def _existing_light(small: Float, relief: Relief, skin: Float) -> Float:
    """Estimate the shading of the source: (h, w), 1 on average over the face.

    Second-order spherical harmonics of the normals, fitted to the log luminance of the skin
    (Ramamoorthi and Hanrahan, 2001), reweighted so that brows, beard, and shine count little.
    """
    basis = _harmonics(relief.normals)
    value = np.log(luminance(small) + 0.02)
    trust = (skin * relief.face)[::2, ::2].ravel()
    rows, wanted = basis[::2, ::2].reshape(-1, 9), value[::2, ::2].ravel()
    ridge = np.diag([0.0, 2, 2, 2, 8, 8, 8, 8, 8]).astype(np.float32) * max(trust.sum(), 1) / 800
    weight = trust
    for _ in range(5):
        weighted = rows * weight[:, None]
        solution = np.linalg.solve(rows.T @ weighted + ridge, weighted.T @ wanted)
        weight = trust / (1 + ((wanted - rows @ solution) / 0.18) ** 2)
    shading = basis @ solution.astype(np.float32)
    shading -= (shading * skin * relief.face).sum() / max(float((skin * relief.face).sum()), 1e-3)
    # Normals of hair and clothes are a guess: trust them less.
    trusted = 0.45 + 0.55 * np.maximum(relief.face, skin)
    shading = cv2.GaussianBlur(np.clip(shading, -1.3, 0.9) * trusted, (0, 0), 1.5)
    return np.asarray(np.exp(shading), np.float32)


def _harmonics(normals: Float) -> Float:
    x, y, z = (normals[..., i] for i in range(3))
    return np.stack(
        [np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], -1
    ).astype(np.float32)


def _shade(relief: Relief, rig: Rig) -> tuple[Float, Float]:
    """Light that falls on the person (h, w, 3), and what skin reflects of the lamps (h, w, 3)."""
    normals = relief.normals
    hemisphere = 1 - rig.sky * normals[..., 1]
    # Corners and folds see less of the surroundings.
    hemisphere = hemisphere * (0.72 + 0.28 * normals[..., 2])
    gain = hemisphere[..., None] * np.array(rig.ambient, np.float32)
    shine = np.zeros_like(gain)
    for lamp in rig.lights:
        towards = np.array(lamp.direction, np.float32)
        towards /= np.linalg.norm(towards)
        colour = np.array(lamp.colour, np.float32) * np.float32(lamp.strength)
        cosine = normals @ towards
        reach = 1 - lamp.shadow * _shadow(relief, towards, lamp.size)
        # Light wanders under the skin, red the farthest: edges of shadows are soft and warm.
        wrap = np.array([0.09, 0.065, 0.05], np.float32) + np.float32(0.2 * min(lamp.size, 1))
        fallen = np.clip((cosine[..., None] + wrap) / (1 + wrap), 0, 1)
        lit = np.dstack([cv2.GaussianBlur(reach, (0, 0), s) for s in (1.9, 1.5, 1.3)])
        gain += fallen * lit * colour
        shine += _reflection(normals, towards, lamp)[..., None] * lit * colour
    if rig.rim > 0:
        gain += _rim(relief)[..., None] * np.float32(rig.rim)
    return gain.astype(np.float32), shine.astype(np.float32)


def _reflection(normals: Float, towards: Float, lamp: Light) -> Float:
    """Blinn-Phong, broader for larger lamps."""
    half = towards + np.array([0, 0, 1], np.float32)
    half /= max(float(np.linalg.norm(half)), 1e-6)
    sharpness = 34 / (1 + 6 * lamp.size)
    return np.asarray(lamp.shine * np.clip(normals @ half, 0, 1) ** sharpness, np.float32)


def _shadow(relief: Relief, towards: Float, size: float) -> Float:
    """Cast shadows over the relief, (h, w) in [0, 1]; softer the farther they fall."""
    across = float(np.hypot(towards[0], towards[1]))
    height, width = relief.height.shape
    if across < 0.03:
        return np.zeros((height, width), np.float32)
    step = towards[:2] / across
    rise = float(towards[2]) / across
    unit = relief.face_width
    hidden = np.zeros((height, width), np.float32)
    for way in np.geomspace(0.03 * unit, 1.1 * unit, 28):
        move = np.array([[1, 0, step[0] * way], [0, 1, step[1] * way]], np.float32)
        other = cv2.warpAffine(
            relief.height,
            move,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        # Small bumps of the mesh must not shade themselves, hence the 0.015.
        above = other - relief.height - np.float32(rise * way + 0.015 * unit)
        softness = 2 * (size * way * 0.5 + 0.018 * unit)
        np.maximum(hidden, np.clip(above / softness, 0, 1), out=hidden)
    return np.asarray(hidden * hidden * (3 - 2 * hidden), np.float32)


def _rim(relief: Relief) -> Float:
    """The outline of the person, (h, w) in [0, 1]."""
    blurred = cv2.GaussianBlur(relief.mask, (0, 0), 0.045 * relief.face_width)
    return np.asarray(np.clip((1 - blurred) * 2.2, 0, 1) ** 1.5 * relief.mask, np.float32)


def _exposure(
    scene: _Scene, gain: Float, shine: Float, rig: Rig, flatten: float
) -> tuple[float, float]:
    """The factor that exposes the face as the rig wants it, and the bright level of its skin."""
    skin = scene.face_skin
    own = luminance(scene.small)[skin] / scene.existing_light[skin] ** flatten
    level = float(np.percentile(own, _BRIGHT))
    matte = scene.small[skin] * gain[skin]
    lit = np.percentile(luminance(matte), _BRIGHT)
    if rig.clip_face is not None:
        # Shine is in proportion to the exposure of the skin, as it is for a real lamp.
        brightest = (matte + shine[skin] * level).max(-1)
        return float(1.02 / np.percentile(brightest, 100 * (1 - rig.clip_face))), level
    return float(level * 2.0**rig.exposure / max(float(lit), 1e-4)), level


def _person(scene: _Scene, gain: Float, shine: Float) -> Float:
    """The person's layer in the new light, (H, W, 3)."""
    inside = np.clip(scene.relief.mask * 1.6 - 0.5, 0, 1)[..., None] + np.float32(1e-3)
    # Beyond the outline there is no surface: continue what lies inside of it.
    share = cv2.GaussianBlur(inside, (0, 0), 2.5)
    spread = cv2.GaussianBlur(gain * inside, (0, 0), 2.5) / share.reshape(inside.shape)
    gain = gain + (spread - gain) * (1 - inside)
    size = scene.cover.shape[::-1]
    front, _ = scene.layers
    lit = front * cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR)
    if shine.any():
        # Pores break the shine up.
        value = luminance(front)
        texture = (value + 0.02) / (cv2.blur(value, (9, 9)) + 0.02)
        glint = cv2.resize(shine, size, interpolation=cv2.INTER_LINEAR)
        lit += glint * np.clip(texture, 0.5, 1.6)[..., None] ** 2
    return np.asarray(lit, np.float32)


def _backdrop(scene: _Scene, rig: Rig, scale: float) -> Float:
    height, width = scene.cover.shape
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    ramp = np.clip(1 + rig.backdrop_ramp[0] * x + rig.backdrop_ramp[1] * y, 0.1, 2)
    colour = np.array(rig.backdrop, np.float32) * np.float32(scale if rig.whole else 1)
    light = scene.layers[1] * (ramp * colour)
    if rig.wall_shadow != 0:
        away = 0.09 * scene.relief.face_width * width / scene.relief.mask.shape[1]
        move = np.array([[1, 0, away * rig.wall_shadow], [0, 1, 0.6 * away]], np.float32)
        shadow = cv2.warpAffine(scene.cover, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
        light = light * (1 - 0.8 * cv2.blur(shadow, (max(3, int(away / 4)),) * 2)[..., None])
    if rig.glow > 0:
        light = 1 - np.clip(1 - light, 0, 1) ** (1 + 3 * rig.glow) + np.float32(0.7 * rig.glow)
    return np.asarray(light, np.float32)


def _developed(light: Float, rig: Rig, rng: np.random.Generator) -> Float:
    """What the camera makes of the light: stray light, noise, highlights, contrast, colour."""
    if rig.veil > 0:
        small = cv2.resize(np.minimum(light, 1), None, fx=0.125, fy=0.125)
        stray = cv2.GaussianBlur(small, (0, 0), small.shape[0] / 8)
        light = light + np.float32(2.5 * rig.veil) * cv2.resize(stray, light.shape[1::-1])
        light = light + np.float32(rig.veil * 0.2)
    light = grain(light, rig.grain, rng)
    if rig.contrast != 1:
        # About middle grey.
        bent = (np.maximum(light, 0) / np.float32(0.18)) ** np.float32(rig.contrast)
        light = np.asarray(0.18 * bent, np.float32)
    if not rig.hard_clip:
        light = shoulder(light)
    if rig.grey:
        light = np.repeat(luminance(light)[..., None], 3, axis=-1)
    return np.asarray(light, np.float32)
