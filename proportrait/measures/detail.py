"""How much detail a face shows at two scales: `measure`.

Detail is the energy of narrow bands of the picture on the face, most of all around the eyes, where
every face has edges. Two scales are judged: the face brought to one height, and the picture brought
to the size at which people look at it. A file with fewer pixels is enlarged to that scale and lacks
the detail there, as it does for a viewer. Grain is as strong on flat skin as around the eyes: what
flat skin has of a band is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from proportrait.arrays import Float, Image, Mask
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.faces.face import LEFT_BROW, LEFT_EYE, OVAL, RIGHT_BROW, RIGHT_EYE
from proportrait.measures.base import Measure, sigmoid

NAMES = (
    "EyeDetail",
    "EyeContours",
    "ViewedEyeContours",
    "ViewedDetail",
    "ViewedEdges",
    "FaceResolution",
)

_FACE = 200.0  # px from forehead to chin
_VIEW = 340.0  # px of the longer side of a picture as people look at it
_HAIRLINE = 1.08  # size of the area that is judged / the landmarks' oval
_RIM = 6  # px around it, for the blurs
_FEWEST = 30  # px of a face that can be judged
_SIDE = 8  # px, the least side of a crop
# (narrower, wider) sigma of the two Gaussians whose difference is a band, px.
_DETAIL, _EDGES, _CONTOURS = (0.6, 1.2), (0.85, 1.7), (1.2, 2.4)
_SPREAD = 2.0  # px: sigma of the neighbourhood that local energy is the mean of
_FLOOR = 0.05  # squared grey levels: less is rounding
_DARKEST = 16.0  # grey levels: darker pixels hold noise alone
_EYES = (*LEFT_EYE, *RIGHT_EYE, LEFT_BROW, RIGHT_BROW, 46, 276)  # 46, 276: outer ends of the brows
# Natural logarithms at which half of the photographs are sharp, for the score of a single measure.
_MIDDLE = {
    "EyeDetail": -1.33,
    "EyeContours": -0.79,
    "ViewedEyeContours": -0.51,
    "ViewedDetail": -0.75,
    "ViewedEdges": -0.48,
}


@dataclass(frozen=True, eq=False)
class _Crop:
    """The face at one scale.

    Attributes:
        grey: (h, w) [0, 255].
        inside: (h, w), the oval of the face up to the hairline.
        eyes: (h, w), from brow to lower lid.
    """

    grey: Float
    inside: Mask
    eyes: Mask

    @property
    def brightness(self) -> float:
        """The mean grey value of the face, [0, 255]."""
        return float(self.grey[self.inside].mean())

    def energy(self, band: tuple[float, float]) -> _Energy:
        """How strong a band is: squared grey levels."""
        narrow, wide = (cv2.GaussianBlur(self.grey, (0, 0), sigma) for sigma in band)
        squares = (narrow - wide) ** 2
        local = cv2.GaussianBlur(squares, (0, 0), _SPREAD)[self.inside]
        flat, strong = np.quantile(local, (0.25, 0.9))
        return _Energy(
            float(squares[self.eyes].mean()), float(flat), float(strong), self.brightness
        )


@dataclass(frozen=True)
class _Energy:
    """Energy of a band around the eyes, quantiles (.25, .9) of it, and the face's brightness."""

    eyes: float
    flat: float
    strong: float
    brightness: float

    def around_eyes(self, name: str) -> Measure:
        """What the eyes have more than flat skin."""
        return self._measure(name, self.eyes - self.flat)

    def at_strongest(self, name: str) -> Measure:
        """What the tenth of the face with most detail has more than flat skin."""
        return self._measure(name, self.strong - self.flat)

    def _measure(self, name: str, energy: float) -> Measure:
        # Light skin has larger steps than dark skin for the same contrast: their square grows with
        # the brightness, by less than its square, because dark skin has highlights of its own.
        share = (max(energy, 0.0) + _FLOOR) / (self.brightness + _DARKEST)
        value = 0.5 * float(np.log(share))
        return Measure(name, value, "ln", sigmoid(value, _MIDDLE[name], 0.4), "higher")


def measure(image: Image, face: Face) -> list[Measure]:
    """Measure the detail of a face, in the order of `NAMES`.

    Raises:
        AssessmentError: the face is too small.
    """
    close = _crop(image, face, _FACE / max(face.height, 1e-6))
    viewed = _crop(image, face, _VIEW / max(image.shape[:2]))
    resolution = float(np.log2(max(face.height, 1.0)))
    return [
        close.energy(_DETAIL).around_eyes("EyeDetail"),
        close.energy(_CONTOURS).around_eyes("EyeContours"),
        viewed.energy(_CONTOURS).around_eyes("ViewedEyeContours"),
        viewed.energy(_DETAIL).at_strongest("ViewedDetail"),
        viewed.energy(_EDGES).at_strongest("ViewedEdges"),
        Measure("FaceResolution", resolution, "log2 px", sigmoid(resolution, 6, 1), "higher"),
    ]


def _crop(image: Image, face: Face, scale: float) -> _Crop:
    """The face with a rim for the widest blur, at `scale` px a px of the picture."""
    height, width = image.shape[:2]
    points = face.landmarks[:, :2]
    outline = points[list(OVAL)]
    outline = outline.mean(0) + _HAIRLINE * (outline - outline.mean(0))
    rim = _RIM / scale
    low, high = outline.min(0) - rim, outline.max(0) + rim
    left, top = max(0, int(low[0])), max(0, int(low[1]))
    right, bottom = min(width, int(high[0]) + 2), min(height, int(high[1]) + 2)
    grey = cv2.cvtColor(image[top:bottom, left:right], cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = max(_SIDE, round((right - left) * scale)), max(_SIDE, round((bottom - top) * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(grey, size, interpolation=method)

    def area(corners: Float) -> Mask:
        drawn = np.zeros(grey.shape, np.uint8)
        hull = cv2.convexHull(((corners - (left, top)) * scale).round().astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, 1)
        return drawn > 0

    inside = area(outline)
    if inside.sum() < _FEWEST:
        raise AssessmentError("the face is too small to judge its sharpness")
    eyes = area(points[list(_EYES)]) & inside
    return _Crop(grey, inside, eyes if eyes.any() else inside)
