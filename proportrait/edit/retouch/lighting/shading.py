"""How the lamps of a rig light a relief: diffuse light, shine, and cast shadows."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Float
from proportrait.edit.retouch.lighting.good_rigs import Light, Rig
from proportrait.edit.retouch.lighting.relief import Relief
from proportrait.faces.face import CHIN, FOREHEAD
from proportrait.measures.geometry import head_axes


def shade(relief: Relief, rig: Rig) -> tuple[Float, Float]:
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
