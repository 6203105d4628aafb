"""Lighting a person anew: the light of the photo is taken away, another is put in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.composite import tighten
from proportrait.edit.retouch.lighting.bad_rigs import BAD
from proportrait.edit.retouch.lighting.good_rigs import GOOD, Light, Rig
from proportrait.edit.retouch.lighting.relief import Relief, build_relief, head_axes
from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD, OVAL
from proportrait.tone import Camera, developed, luminance, shoulder, to_linear, to_srgb

GOOD_LIGHTS: tuple[str, ...] = tuple(GOOD)
BAD_LIGHTS: tuple[str, ...] = tuple(BAD)
# Raters took faces in these for photographs half as often as in the others, or less.
SHARES = {"top": 0.3, "side_left": 0.6, "side_right": 0.6, "clamshell": 0.4, "high_key": 0.5}

# Left against right in stops: under the first a photo counts as evenly lit, over the second its
# light is taken away as far as it can be.
EVEN_STOPS, UNEVEN_STOPS = 0.35, 0.9
MAX_BALANCE = 1.5
# Of the bad lights without a colour: as many as of the good ones, or black and white would say that
# the light is good.
_ABOUT = (0.7, 1.15)  # how far texture strays from its mean
_GREY_SHARE = 0.12
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
    scene = _Scene(image, face, mask)
    flatten = rig.flatten
    if kind in GOOD:
        flatten = max(flatten, scene.unevenness())
        if kind == "natural" and flatten == 0:
            return image.copy(), {"kind": kind, "flatten": 0.0}
    gain, shine = _shade(scene.relief, rig, rng)
    gain /= (scene.existing_light**flatten)[..., None]
    if kind in GOOD:
        gain *= scene.balance(gain)[..., None]
    # Of the neck and below only the rough shape is known: a mirror there would be a blot.
    shine *= (scene.skin * (0.1 + 0.9 * scene.relief.face))[..., None]
    scale, level = _exposure(scene, gain, rig, flatten)
    light = _joined(scene, gain * np.float32(scale), _backdrop(scene, rig, scale))
    if shine.any():
        light += _glints(scene, light, shine * np.float32(scale * level))
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


def _shade(relief: Relief, rig: Rig, rng: np.random.Generator) -> tuple[Float, Float]:
    """Light that falls on the person (h, w, 3), and what skin reflects of the lamps (h, w, 3)."""
    normals = relief.normals
    hemisphere = 1 - rig.sky * normals[..., 1]
    # Corners and folds see less of the surroundings.
    hemisphere = hemisphere * (0.72 + 0.28 * normals[..., 2])
    gain = hemisphere[..., None] * np.array(rig.ambient, np.float32)
    shine = np.zeros_like(gain)
    for lamp in rig.lights:
        towards = _placed(relief, lamp)
        colour = np.array(lamp.colour, np.float32) * np.float32(lamp.strength)
        reach = _nearness(relief, towards, lamp.fall)
        if lamp.shadow > 0:
            reach *= 1 - np.float32(lamp.shadow) * _shadow(relief, towards, lamp.size)
        # A large lamp reaches round corners. Light also wanders under the skin, red the farthest.
        wrap = np.array([0.14, 0.12, 0.11], np.float32) + np.float32(0.35 * min(lamp.size, 1))
        # It also sees only broad shapes: small ones neither lie in shade nor cast any.
        broad = _blurred_normals(normals, 0.12 * lamp.size * relief.face_width)
        fallen = np.clip(((broad @ towards)[..., None] + wrap) / (1 + wrap), 0, 1)
        lit = reach[..., None] * colour
        gain += fallen * lit
        if lamp.shine > 0:
            shine += _reflection(normals, towards, lamp)[..., None] * lit
    return gain.astype(np.float32), shine.astype(np.float32)


def _placed(relief: Relief, lamp: Light) -> Float:
    """The unit vector towards a lamp: lamps stand around the face, whichever way it turns."""
    away = head_axes(relief.landmarks)[2]  # from the camera
    turn = float(np.clip(np.arctan2(-away[0], away[2]), -0.6, 0.6))
    x, y, z = lamp.direction
    towards = np.array(
        [x * np.cos(turn) + z * np.sin(turn), y, z * np.cos(turn) - x * np.sin(turn)]
    )
    return np.asarray(towards / np.linalg.norm(towards), np.float32)


def _blurred_normals(normals: Float, sigma: float) -> Float:
    blurred = cv2.GaussianBlur(normals, (0, 0), max(sigma, 0.3))
    return np.asarray(blurred / np.linalg.norm(blurred, axis=-1, keepdims=True), np.float32)


def _nearness(relief: Relief, towards: Float, fall: float) -> Float:
    """How much stronger a lamp is nearer to it, (h, w), 1 in the middle of the face."""
    height, width = relief.mask.shape
    middle = (relief.landmarks[FOREHEAD, :2] + relief.landmarks[CHIN, :2]) / 2
    x = (np.arange(width, dtype=np.float32) - middle[0]) * towards[0]
    y = (np.arange(height, dtype=np.float32) - middle[1]) * towards[1]
    stops = np.float32(fall / relief.face_width) * (x[None, :] + y[:, None])
    return np.asarray(np.exp2(1.5 * np.tanh(stops / 1.5)), np.float32)


def _reflection(normals: Float, towards: Float, lamp: Light) -> Float:
    """Blinn-Phong, broader for larger lamps."""
    half = towards + np.array([0, 0, 1], np.float32)
    half /= max(float(np.linalg.norm(half)), 1e-6)
    sharpness = 26 / (1 + 5 * lamp.size)
    return np.asarray(lamp.shine * np.clip(normals @ half, 0, 1) ** sharpness, np.float32)


def _shadow(relief: Relief, towards: Float, size: float) -> Float:
    """Cast shadows over the relief, (h, w) in [0, 1]; softer the farther they fall."""
    across = float(np.hypot(towards[0], towards[1]))
    height, width = relief.height.shape
    if across < 0.03:
        return np.zeros_like(relief.height)
    step = towards[:2] / across
    rise = float(towards[2]) / across
    unit = relief.face_width
    hidden = np.zeros_like(relief.height)
    for way in np.geomspace(0.05 * unit, 1.0 * unit, 16):
        move = np.array([[1, 0, step[0] * way], [0, 1, step[1] * way]], np.float32)
        other = cv2.warpAffine(
            relief.height,
            move,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        # Small bumps of the mesh must not shade themselves, hence the 0.02.
        above = other - relief.height - np.float32(rise * way + 0.02 * unit)
        softness = 2 * (size * way * 0.6 + 0.03 * unit)
        np.maximum(hidden, np.clip(above / softness, 0, 1), out=hidden)
    hidden = hidden * hidden * (3 - 2 * hidden)
    sharp = cv2.GaussianBlur(hidden, (0, 0), (0.015 + 0.04 * size) * unit)
    # Of clothes only the rough shape is known: an edge of a shadow there would be straight.
    vague = 0.6 * cv2.GaussianBlur(hidden, (0, 0), 0.18 * unit)
    return np.asarray(vague + (sharp - vague) * relief.face, np.float32)


def _exposure(scene: _Scene, gain: Float, rig: Rig, flatten: float) -> tuple[float, float]:
    """The factor that exposes the face as the rig wants it, and the bright level of its skin."""
    skin = scene.face_skin
    own = luminance(scene.small)[skin]
    level = float(np.percentile(own / scene.existing_light[skin] ** flatten, _BRIGHT))
    lit = luminance(scene.small[skin] * gain[skin])
    wanted = level * 2.0**rig.exposure if rig.level is None else rig.level
    scale = wanted / max(float(np.percentile(lit, _BRIGHT)), 1e-4)
    for _ in range(_METERINGS if rig.metered else 0):
        right = 2.0**rig.exposure * _value(own) ** 2.2
        scale *= right / max(_value(lit * scale), 1e-3) ** 2.2
    return scale, level


def _value(light: Float) -> float:
    """Mean of the encoded values, about [0, 1], that a camera records of light (n,)."""
    return float((shoulder(light) ** (1 / 2.2)).mean())


def _joined(scene: _Scene, gain: Float, behind: Float) -> Float:
    """The picture with the person under one light and the background under another, (H, W, 3).

    Args:
        scene: its light is F a + B (1 - a), of which F and B are known roughly.
        gain, behind: (h, w, 3), light on the person and on the background.
    """
    mask = scene.relief.mask
    inside = np.clip(mask * 1.6 - 0.5, 0, 1)[..., None] + np.float32(1e-3)
    # Beyond the outline there is no surface: continue what lies inside of it.
    near = cv2.GaussianBlur(inside, (0, 0), 1.8).reshape(inside.shape)
    gain = gain + (cv2.GaussianBlur(gain * inside, (0, 0), 1.8) / near - gain) * (1 - inside)
    cover, small = mask[..., None], scene.small
    # Pixels that both share count little: their mixture would pass for either.
    front = _spread(small, cover**12)
    back = _spread(small, (1 - cover) ** 12)
    size = scene.cover.shape[::-1]
    alpha = scene.cover[..., None]
    on_front, on_back = cv2.resize(gain, size), cv2.resize(behind, size)
    mixed = scene.light * (on_back + alpha * (on_front - on_back))
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


def _glints(scene: _Scene, light: Float, shine: Float) -> Float:
    """What the skin mirrors of the lamps, (H, W, 3); pores break it up."""
    value = luminance(light)
    texture = (value + 0.02) / (cv2.blur(value, (9, 9)) + 0.02)
    glint = cv2.resize(shine, scene.cover.shape[::-1])
    pores = np.clip(texture, 0.5, 1.6) ** 2 * scene.cover
    return np.asarray(glint * pores[..., None], np.float32)


def _backdrop(scene: _Scene, rig: Rig, scale: float) -> Float:
    """Light on the background, (h, w, 3)."""
    height, width = scene.relief.mask.shape
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
