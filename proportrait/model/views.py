"""The views of a picture, which are the model's input: what a person would look at.

Framing and background show in the whole picture, clothes in the bust. Sharpness, lighting, and
expression are lost when a picture of 512 px becomes 224: the others are crops of the face at a
fixed scale that most photographs have, so that no verdict hangs on pixels that nobody sees. Collars
and lapels show where the bust and the clothes are larger: so a network trained on ImageNet alone,
which knows clothes that no generated picture shows, sees them. All are uint8 pictures, so that
variation and normalisation cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from proportrait.arrays import Float, Image

View = Literal["whole", "face", "bust", "close", "eyes", "mouth", "clothes"]
VIEWS: tuple[View, ...] = ("whole", "face", "bust", "close", "eyes", "mouth")
TRAINED: tuple[View, ...] = ("whole", "face")  # what a backbone is trained with: the first ones
GENERAL: tuple[View, ...] = ("bust", "clothes")  # what a network trained on ImageNet alone sees

GENERAL_SIZE = 384  # px of a side of these
REFERENCE = 512  # px of the shorter side at which sharpness is judged; larger pictures shrink to it
_MARGIN = 1.25  # side of the view of a face / the longer side of its mesh
# Of the other views: the side, and how far the middle lies below that of the mesh, in its heights.
_PARTS: dict[View, tuple[float, float]] = {
    "bust": (3.0, 0.6), "close": (1.1, 0.0), "eyes": (0.7, -0.13), "mouth": (0.55, 0.25),
    "clothes": (2.2, 1.4),
}  # fmt: skip
# px of a side that these are shrunk to before they are enlarged to the input: heads then know
# expression better and lighting as well, and hear less of scale, grain, and JPEG.
_DETAIL: dict[View, int] = {"close": 112, "eyes": 112, "mouth": 56}
_DEFAULT_BOX = (0.2, 0.12, 0.8, 0.72)  # where most faces are, for pictures without one


@dataclass(frozen=True)
class Preprocessing:
    """How pictures become the input of a model; saved with its weights.

    Attributes:
        size: px of a side of every view of the backbone.
        views: which views it sees, in the order of the model's inputs.
        mean, std: of each channel (R, G, B), in [0, 1], of its training.
        general: which views a network trained on ImageNet alone sees.
        general_size: px of a side of those.
    """

    size: int
    views: tuple[View, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    general: tuple[View, ...] = ()
    general_size: int = GENERAL_SIZE

    def __call__(self, image: Image, box: Float | None) -> tuple[Image, Image]:
        """The views of a picture (H, W, 3): of the backbone, and of the network for ImageNet.

        Args:
            image: RGB.
            box: (4,) of the largest face as `Face.box` gives it, or None without a face.

        Returns:
            (V, size, size, 3) and (G, general_size, general_size, 3).
        """
        sizes = [self.size] * len(self.views) + [self.general_size] * len(self.general)
        pictures = [
            cut(picture, part, size, view)
            for size, (view, picture, part) in zip(sizes, self.windows(image, box), strict=True)
        ]
        own, general = pictures[: len(self.views)], pictures[len(self.views) :]
        side = self.general_size
        return np.stack(own), np.array(general, np.uint8).reshape(-1, side, side, 3)

    def windows(self, image: Image, box: Float | None) -> list[tuple[View, Image, Float]]:
        """Each view, the picture that it is cut from, and its part there: x0 y0 x1 y1 in px."""
        small = shrink(image)
        pictures = [(view, small if view in TRAINED else image) for view in self.views]
        pictures += [(view, image) for view in self.general]
        return [(view, picture, window(picture, box, view)) for view, picture in pictures]

    def normalise(self, views: Image) -> Float:
        """Normalise views of the backbone (N, size, size, 3) to float32 (N, 3, size, size)."""
        return normalise(views, self.mean, self.std)


def normalise(views: Image, mean: tuple[float, ...], std: tuple[float, ...]) -> Float:
    """Normalise pictures (N, s, s, 3) to float32 (N, 3, s, s).

    Args:
        mean, std: of each channel, in [0, 1].
    """
    samples = np.arange(256, dtype=np.float32)[:, None] / 255
    tables = (samples - np.array(mean, np.float32)) / np.array(std, np.float32)
    values = np.empty((len(views), 3, *views.shape[1:3]), np.float32)
    for planes, view in zip(values, views, strict=True):
        for plane, channel, table in zip(planes, cv2.split(view), tables.T, strict=True):
            cv2.LUT(channel, table, plane)
    return values


def shrink(image: Image) -> Image:
    """Scale a picture (H, W, 3) down to a shorter side of at most `REFERENCE` px."""
    height, width = image.shape[:2]
    scale = REFERENCE / min(height, width)
    if scale >= 1:
        return image
    extent = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, extent, interpolation=cv2.INTER_AREA), np.uint8)


def window(image: Image, box: Float | None, view: View) -> Float:
    """The part of a picture that a view shows: x0 y0 x1 y1 in px."""
    height, width = image.shape[:2]
    if view == "whole":
        return np.array([0, 0, width, height], np.float32)
    sides = np.array([width, height] * 2, np.float32)
    x0, y0, x1, y1 = np.array(_DEFAULT_BOX if box is None else box, np.float32) * sides
    if view in _PARTS:
        scale, down = _PARTS[view]
        middle = np.array([x0 + x1, y0 + y1 + 2 * down * (y1 - y0)] * 2, np.float32) / 2
        half = max(1.0, scale * (y1 - y0) / 2)
        return np.asarray(middle + half * np.array([-1, -1, 1, 1], np.float32))
    # A small face is not enlarged: it would look soft.
    side = max(_MARGIN * max(x1 - x0, y1 - y0), 0.45 * min(height, width))
    side = min(side, height, width)
    left = float(np.clip((x0 + x1 - side) / 2, 0, width - side))
    top = float(np.clip((y0 + y1 - side) / 2, 0, height - side))
    return np.array([left, top, left + side, top + side], np.float32)


def cut(image: Image, part: Float, size: int, view: View = "whole") -> Image:
    """Crop and resize a part of a picture to (size, size, 3); shrinking takes the mean by area.

    Args:
        part: x0 y0 x1 y1 in px; what lies beyond the border is left out.
        view: what it becomes: some views are shrunk further, and enlarged again.
    """
    height, width = image.shape[:2]
    x0, y0 = (int(np.clip(round(float(v)), 0, side - 1)) for v, side in
              zip(part[:2], (width, height), strict=True))  # fmt: skip
    x1 = int(np.clip(round(float(part[2])), x0 + 1, width))
    y1 = int(np.clip(round(float(part[3])), y0 + 1, height))
    crop = image[y0:y1, x0:x1]
    # OpenCV takes the mean by area only where neither side grows: so sides shrink first.
    most = min(size, _DETAIL.get(view, size))
    extent = min(x1 - x0, most), min(y1 - y0, most)
    if extent != (x1 - x0, y1 - y0):
        crop = cv2.resize(crop, extent, interpolation=cv2.INTER_AREA)
    if extent != (size, size):
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.asarray(crop, np.uint8)
