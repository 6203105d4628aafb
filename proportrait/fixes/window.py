"""A part of a picture that is turned about a point, and how to cut it out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Double, Image


@dataclass(frozen=True)
class Window:
    """A part of a picture that is turned about a point.

    Attributes:
        angle: deg, clockwise: how far the picture leans, and is turned back by.
        centre: x and y of the point that it is turned about, px of the picture.
        left, top, width, height: px from that point, in the turned picture.
    """

    angle: float
    centre: tuple[float, float]
    left: float
    top: float
    width: float
    height: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the part that is cut out, whole px."""
        return int(self.width + 1e-6), int(self.height + 1e-6)

    def scaled(self, factor: float) -> Window:
        """The same window of a picture that is so many times as large."""
        x, y = self.centre
        left, top, width, height = (
            factor * number for number in (self.left, self.top, self.width, self.height)
        )
        return Window(self.angle, (factor * x, factor * y), left, top, width, height)

    def cut(self, image: Image) -> Image:
        """The part (height, width, 3) of a picture; nothing is resampled unless it is turned."""
        width, height = self.size
        if not self.angle:
            rows, columns = image.shape[:2]
            left = min(max(round(self.centre[0] + self.left), 0), max(columns - width, 0))
            top = min(max(round(self.centre[1] + self.top), 0), max(rows - height, 0))
            return np.ascontiguousarray(image[top : top + height, left : left + width])
        back = rotation(self.angle).T
        # Pixels have their centres half a pixel inside.
        start = back @ np.array([self.left + 0.5, self.top + 0.5]) + self.centre - 0.5
        corners = start + np.array([(0, 0), (width, 0), (0, height), (width, height)]) @ back.T
        # A part of it: OpenCV turns no picture that has a side of 32,768 px.
        low = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
        high = np.ceil(corners.max(0)).astype(int) + 3
        matrix = np.concatenate([back, (start - low)[:, None]], 1)
        return np.asarray(
            cv2.warpAffine(
                image[low[1] : high[1], low[0] : high[0]], matrix, (width, height),
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )  # fmt: skip


def rotation(angle: float) -> Double:
    """(2, 2): from px of a picture to those of it turned back by an angle in degrees."""
    x, y = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[x, y], [-y, x]])
