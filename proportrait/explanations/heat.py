"""What of a picture spoke against one attribute, as a map and over the photo."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import PIL.Image

from proportrait import imaging
from proportrait.arrays import Float, Image

Source = Literal["measure", "network"]

_LARGEST = 612  # px of the longer side of a photo with heat over it
_OVERLAY = 64  # px of the longer side of a map that is sent: about 1 KB
_STEPS = 32  # of its opacity
# The orange of Okabe and Ito's palette: colour-blind people tell it from blue and from grey.
_COLOUR = (230, 130, 0)
_STRONGEST = 0.75  # share of the colour where the heat is 1
_GAMMA = 0.7  # makes weak heat visible


@dataclass(frozen=True, eq=False)
class Heat:
    """What of a picture spoke against one attribute.

    Attributes:
        map: (h, w) float32, [0, 1]; 1 where most spoke against it.
        source: "measure" where the first reason names a measure, or a rule decided: the map is
            where that was measured, by how much it is off. "network" where no measure names the
            fault: the map is the share of each place in the log odds of the features.
    """

    map: Float
    source: Source

    def to_json(self) -> dict[str, str]:
        """JSON-ready, as `score.schema.json` describes it."""
        return {"source": self.source, "png": base64.b64encode(self.overlay()).decode()}

    def overlay(self) -> bytes:
        """A PNG to lay over the photo: orange, in 32 steps as opaque as the heat is strong."""
        height, width = self.map.shape
        scale = _OVERLAY / max(height, width)
        size = max(1, round(scale * width)), max(1, round(scale * height))
        share = cv2.resize(self.map, size, interpolation=cv2.INTER_AREA) ** _GAMMA
        image = PIL.Image.fromarray((share * (_STEPS - 1)).round().astype(np.uint8)).convert("P")
        image.putpalette(_COLOUR * _STEPS)
        alphas = np.linspace(0, 255 * _STRONGEST, _STEPS).round().astype(np.uint8).tobytes()
        data = io.BytesIO()
        image.save(data, "PNG", optimize=True, transparency=alphas)
        return data.getvalue()


def heated(picture: Image, heat: Float) -> Image:
    """A picture (H, W, 3) in grey, with a map [0, 1] of any size over it in orange."""
    height, width = picture.shape[:2]
    scale = min(1.0, _LARGEST / max(height, width))
    small = imaging.resize(picture, (max(1, round(scale * width)), max(1, round(scale * height))))
    size = small.shape[1::-1]
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    # What is dark under the heat stays darker than what is bright, so that the photo shows through.
    colour = np.array(_COLOUR, np.float32) * (0.7 + 0.3 * grey / 255)
    share = _STRONGEST * cv2.resize(heat, size, interpolation=cv2.INTER_LINEAR)[..., None] ** _GAMMA
    return np.asarray((grey * (1 - share) + colour * share).clip(0, 255).round(), np.uint8)
