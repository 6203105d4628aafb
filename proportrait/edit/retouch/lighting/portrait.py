"""A photo of a person taken apart: what is skin, and what light it was taken in."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.retouch.composite import tighten
from proportrait.edit.retouch.lighting.relief import Relief, build_relief
from proportrait.faces import Face
from proportrait.faces.face import CHIN, FOREHEAD
from proportrait.tone import luminance, to_linear

# Left against right in stops: under the first a photo counts as evenly lit, over the second its
# light is taken away as far as it can be.
EVEN_STOPS, UNEVEN_STOPS = 0.35, 0.9
MAX_BALANCE = 1.5


class Portrait:
    """A portrait taken apart: shape, layers, skin, and the light that it was taken in.

    Attributes:
        light: (H, W, 3) of the picture, linear.
        cover: (H, W) in [0, 1], the person, with a tight edge.
        relief: the person's shape, h x w px.
        small: (h, w, 3), `light` at the size of the relief.
        skin: (h, w) in [0, 1], how likely each pixel is the person's skin.
        face_skin: (h, w) bool, skin of the face.
        existing_light: (h, w), the shading of the source, 1 on average over the face.
    """

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
        self._across = _across(self.relief)
        self.existing_light = _existing_light(self.small, self.relief, self.skin)

    def side_stops(self, light: Float) -> float:
        """How much brighter the left of the face's skin is than the right, in stops.

        Args:
            light: (h, w, 3), of the size of `small`.
        """
        value = luminance(light)
        left, right = (
            value[self.face_skin & half] for half in (self._across < 0, self._across > 0)
        )
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
        ramp = np.tanh(self._across / 0.18) * excess / 1.4
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
