"""The MediaPipe iris network: lids and iris of each eye, finer than the face mesh places them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.faces.crop import cut_square
from proportrait.faces.face import (
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
    Face,
)
from proportrait.networks.assets import asset
from proportrait.networks.inference import compile_network

_SIZE = 64  # side of the network's input in px
_MARGIN = 2.3  # side of the region that the network was trained on, in eye widths
# Crops / that region. Small crops tell shut lids best in photographs, large ones in made pictures
# (AUC of the expression .78 and .96 with these, .71 and .97 with the region itself); large ones
# tell where an iris looks (gaze .91 instead of .88). The mean over several is steadier.
_LID_CROPS = (0.7, 0.8, 1.0)
_IRIS_CROPS = (1.0, 1.2, 1.4, 1.65)


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye, in px of the picture.

    Attributes:
        contour: (16, 2) float32: nine points along the lower lid from the outer to the inner
            corner, then seven along the upper lid, corners left out, in the same direction.
        iris: (5, 2) float32: the centre and four points of the rim.
        corners: (2, 2) float32, the outer and the inner one, as the crops of the iris place them.
    """

    contour: Float
    iris: Float
    corners: Float

    @property
    def aperture(self) -> float:
        """Mean distance of the lids over the middle of the eye."""
        return float(np.linalg.norm(self.contour[11:14] - self.contour[3:6], axis=1).mean())

    @property
    def offset(self) -> Float:
        """(2,) from the middle of the corners to the centre of the iris."""
        return np.asarray(self.iris[0] - self.corners.mean(0), np.float32)


class IrisNetwork:
    """Ablavatski et al., "Real-time Pupil Tracking from Monocular Video", 2020."""

    def __init__(self, threads: int = 1) -> None:
        self._network = compile_network(asset("iris"), threads)

    def __call__(self, image: Image, face: Face) -> tuple[Eye, Eye]:
        """The picture's left and right eye."""
        corners = (
            (face.point(LEFT_EYE_OUTER), face.point(LEFT_EYE_INNER), False),
            (face.point(RIGHT_EYE_INNER), face.point(RIGHT_EYE_OUTER), True),
        )
        left, right = (self._eye(image, *eye) for eye in corners)
        return left, right

    def _eye(self, image: Image, start: Float, end: Float, mirrored: bool) -> Eye:
        """The mean over the crops of an eye from one corner to the other."""
        places = {
            size: self._locate(image, start, end, mirrored, size)
            for size in {*_LID_CROPS, *_IRIS_CROPS}
        }
        lids = np.mean([places[size][0] for size in _LID_CROPS], axis=0)
        contour, iris = (
            np.mean([places[size][part] for size in _IRIS_CROPS], axis=0) for part in (0, 1)
        )
        return Eye(lids, iris, contour[[0, 8]])

    def _locate(
        self, image: Image, start: Float, end: Float, mirrored: bool, size: float
    ) -> tuple[Float, Float]:
        """Contour (16, 2) and iris (5, 2) of a square around two eye corners that lie level.

        The network was trained on the picture's left eyes; a right one is `mirrored`.
        """
        axis = end - start
        width = max(float(np.linalg.norm(axis)), 1.0)
        x, y = axis / width
        sign = -1 if mirrored else 1
        turn = (
            np.array([[sign * x, sign * y], [-y, x]], np.float64) * _SIZE / (size * _MARGIN * width)
        )
        middle = (start + end) / 2
        crop = cut_square(image, turn, middle, _SIZE)
        outputs = self._network([np.asarray(crop[None] / 255, np.float32)])
        inverse = np.linalg.inv(turn).T
        contour, iris = (
            ((points.reshape(-1, 3)[:, :2] - (_SIZE - 1) / 2) @ inverse + middle).astype(np.float32)
            for points in outputs
        )
        return contour[:16], iris
