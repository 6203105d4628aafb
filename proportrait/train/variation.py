"""Random variation of the training pictures that changes no label, and copies nobody tells apart.

Nothing here blurs, adds strong noise, or crops visibly: framing and sharpness would flip. Light
changes no more than by a camera's own exposure and white balance. Strongest is the variation in
what sets photos apart from generated pictures: colours, black and white, grain, proportions. The
copies teach the last step of a model what must not turn a verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from proportrait import imaging
from proportrait.arrays import Float, Image

_STRETCH, _SHIFT = 0.03, 0.015  # of a view, in shares of its side
_FACE_ZOOM, _FACE_SHIFT = 0.10, 0.05  # larger: the view of a face does not show the framing
_GAMMA, _WHITE, _CONTRAST = 0.18, 0.08, 0.18  # log of a gamma, of a channel's gain; share
_SATURATION = (0.3, 1.5)
_GREY = 0.18  # share of pictures in black and white
_NOISE = (0.0, 0.0, 2.0, 4.0)  # standard deviations of the grain; each is as likely
# Of copies:
_SMALLEST = 0.65  # of the sides
_SHORTEST = 160  # px of the shorter side: smaller pictures keep their size
_QUALITIES = (75, 95)  # of JPEG
_GRAINY = 0.6  # share of the copies
_GRAIN = (1.0, 6.0)  # grey levels of standard deviation


@dataclass(frozen=True)
class Variation:
    """One draw of all variations; the views of a picture share it."""

    flip: bool  # left to right
    frame: Float  # (4,) x0 y0 x1 y1 added to the whole picture's window, in shares of its sides
    face: Float  # (4,), the same for the window of the face
    table: Image  # (256, 3) tone curve of every channel
    saturation: float
    noise: float
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Variation:
        """Draw a random variation."""
        gamma = np.exp(rng.uniform(-_GAMMA, _GAMMA))
        white = np.exp(rng.uniform(-_WHITE, _WHITE, 3))
        contrast = 1 + rng.uniform(-_CONTRAST, _CONTRAST)
        tone = np.linspace(0, 1, 256)[:, None] ** gamma * white
        tone = (tone - 0.5) * contrast + 0.5
        zoom = rng.uniform(-_FACE_ZOOM, _FACE_ZOOM)
        shift = np.tile(rng.uniform(-_FACE_SHIFT, _FACE_SHIFT, 2), 2)
        return cls(
            flip=bool(rng.random() < 0.5),
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

    def jitter(self, window: Float, view: str) -> Float:
        """Shift and stretch the window (4,) of a view, in px."""
        x0, y0, x1, y1 = window
        sides = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0], np.float32)
        return np.asarray(window + (self.frame if view == "whole" else self.face) * sides)

    def __call__(self, view: Image, number: int) -> Image:
        """Change tone, colour, and grain of a view (H, W, 3); each `number` has its own grain."""
        tone = np.dstack([cv2.LUT(view[..., i], self.table[:, i]) for i in range(3)])
        grey = cv2.cvtColor(cv2.cvtColor(tone, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        result = cv2.addWeighted(tone, self.saturation, grey, 1 - self.saturation, 0)
        if self.noise:
            rng = np.random.default_rng((self.seed, number))
            grain = self.noise * rng.standard_normal(view.shape, np.float32)
            result = np.clip(result + grain, 0, 255).astype(np.uint8)
        if self.flip:
            result = result[:, ::-1]
        return np.ascontiguousarray(result)


def write_copies(files: Sequence[Path], folder: Path) -> list[Path]:
    """Write a copy of each file into a folder, which depends on its pixels and place alone.

    Raises:
        ImageError: a file is no picture.
    """
    paths = []
    for number, file in enumerate(files):
        image = changed(imaging.read(file), np.random.default_rng(number))
        quality = int(np.random.default_rng((number, 1)).integers(*_QUALITIES))
        paths.append(folder / f"{number}.jpg")
        paths[-1].write_bytes(imaging.encode_jpeg(image, quality))
    return paths


def changed(image: Image, rng: np.random.Generator) -> Image:
    """A picture (H, W, 3) made smaller, most often with grain that is equal in all channels."""
    share = rng.uniform(max(_SMALLEST, min(1.0, _SHORTEST / min(image.shape[:2]))), 1.0)
    image = np.asarray(
        cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8
    )
    if rng.random() >= _GRAINY:
        return image
    grain = rng.normal(0, rng.uniform(*_GRAIN), (*image.shape[:2], 1))
    return np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)
