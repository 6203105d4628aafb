"""Pictures are varied while a model learns, and never so that a label changes.

Nothing here blurs, adds strong noise, or cuts into the frame: framing and sharpness would flip.
Light changes no more than a camera's own exposure and white balance do. What a photo from elsewhere
has and made pictures have not is varied most: colours, black and white, grain, proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Float, Image

_STRETCH, _SHIFT = 0.03, 0.015  # of a view, in shares of its side
_FACE_ZOOM, _FACE_SHIFT = 0.10, 0.05  # a face's view shows no frame: it may vary more
_GAMMA, _WHITE, _CONTRAST = 0.18, 0.08, 0.18  # log of a gamma, of a channel's gain; share
_SATURATION = (0.3, 1.5)
_GREY = 0.18  # share of pictures in black and white
_NOISE = (0.0, 0.0, 2.0, 4.0)  # standard deviations of the grain, one of which is drawn


@dataclass(frozen=True)
class Variation:
    """One draw of all that is varied; both views of a picture share it."""

    mirrored: bool
    frame: Float  # (4,) x0 y0 x1 y1 added to the whole picture's window, shares of its sides
    face: Float  # (4,) likewise
    table: Image  # (256, 3) tone of every channel
    saturation: float
    noise: float
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Variation:
        """A random one."""
        gamma = np.exp(rng.uniform(-_GAMMA, _GAMMA))
        white = np.exp(rng.uniform(-_WHITE, _WHITE, 3))
        contrast = 1 + rng.uniform(-_CONTRAST, _CONTRAST)
        tone = np.linspace(0, 1, 256)[:, None] ** gamma * white
        tone = (tone - 0.5) * contrast + 0.5
        zoom = rng.uniform(-_FACE_ZOOM, _FACE_ZOOM)
        shift = np.tile(rng.uniform(-_FACE_SHIFT, _FACE_SHIFT, 2), 2)
        return cls(
            mirrored=bool(rng.random() < 0.5),
            frame=np.array(
                np.tile(rng.uniform(-_SHIFT, _SHIFT, 2), 2)
                + np.array([-0.5, -0.5, 0.5, 0.5]) * rng.uniform(-_STRETCH, _STRETCH),
                np.float32,
            ),
            face=np.array(shift + np.array([-0.5, -0.5, 0.5, 0.5]) * zoom, np.float32),
            table=np.asarray(np.clip(tone * 255 + 0.5, 0, 255), np.uint8),
            saturation=0.0 if rng.random() < _GREY else float(rng.uniform(*_SATURATION)),
            noise=float(rng.choice(_NOISE)),
            seed=int(rng.integers(2**31)),
        )

    def moved(self, window: Float, view: str) -> Float:
        """A view's window (4,), px, moved and stretched."""
        x0, y0, x1, y1 = window
        sides = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0], np.float32)
        return np.asarray(window + (self.frame if view == "whole" else self.face) * sides)

    def __call__(self, view: Image, number: int) -> Image:
        """Tone, colour, and grain of a view (H, W, 3); `number` tells the views apart."""
        toned = np.dstack([cv2.LUT(view[..., i], self.table[:, i]) for i in range(3)])
        grey = cv2.cvtColor(cv2.cvtColor(toned, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        varied = cv2.addWeighted(toned, self.saturation, grey, 1 - self.saturation, 0)
        if self.noise:
            rng = np.random.default_rng((self.seed, number))
            grain = self.noise * rng.standard_normal(view.shape, np.float32)
            varied = np.clip(varied + grain, 0, 255).astype(np.uint8)
        if self.mirrored:
            varied = varied[:, ::-1]
        return np.ascontiguousarray(varied)
