"""Faces that one pass over an upright picture misses: lying, far, small, many, turned away."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from proportrait.arrays import Image
from proportrait.faces.detector import Detection, Detector, make_detector
from proportrait.faces.face import Face

# A face as it is of this score needs no turned copies: of 366 photos that were turned upside down
# none had it. Else both detectors have to see a face in a turned copy, and together be surer by the
# margin: none of these photos as they are is turned, all upside down are.
UPRIGHT_SCORE, _MARGIN = 0.88, 0.1
_SMALL = 1 / 5  # height of the largest face / longer side: below it more faces may be smaller still
_TILE = 0.4  # side of a tile / longer side of the picture: three of them cover it
_STEP = 0.75  # from tile to tile, in sides: a face of a quarter of a tile lies whole in one of them
_LEAST = 14  # px of a tile that the network needs of a face from forehead to chin
_INPUT = 192  # px of the network's input
_SIDE = 480  # px of the longer side in which it searches: tiles are as large as the network's input


class FaceSearch:
    """The full-range detector beside another one that knows near and upright faces.

    Args:
        near: that other detector.
        threads: threads of one call.
    """

    def __init__(self, near: Detector, threads: int = 1) -> None:
        self._near, self._far = near, make_detector("full-range", threads)

    def turn(self, small: Image, share: float = 1.0) -> int:
        """The quarter turns, as `numpy.rot90` counts them, at which the heads of a picture stand.

        Args:
            small: the picture of `shrunk`.
            share: see `Detector`.
        """
        near, far = (
            np.array([_surest(detector(small, share, turn)) for turn in range(4)])
            for detector in (self._near, self._far)
        )
        together = (near + far) * (near > 0) * (far > 0)
        best = int(np.argmax(together))
        gain = together[best] - near[0] - far[0]
        return best if gain > _MARGIN and far[best] >= far[0] else 0

    def far_turn(self, small: Image) -> int:
        """As `turn`, by the full-range detector alone: for far faces, which the other misses."""
        return int(np.argmax([_surest(self._far(small, 1.0, turn)) for turn in range(4)]))

    def __call__(
        self, small: Image, scale: float, faces: Sequence[Face], turn: int
    ) -> Iterator[Detection]:
        """Yield detections, of which several may be of one face: of the whole, then of tiles.

        Args:
            small, scale: of `shrunk`; detections are in px of the picture as it was.
            faces: those that are known.
            turn: quarter turns at which it is searched.
        """
        longer = max(small.shape[:2])
        detections = self._far(small, 1.0, turn)
        yield from (entry.moved(0, 0, scale) for entry in detections)
        heights = [face.height / scale for face in faces]
        heights += [float((entry.bbox[2:] - entry.bbox[:2]).max()) for entry in detections]
        if max(heights, default=0.0) >= _SMALL * longer:
            return
        for entry in self._tiled(small, round(_TILE * longer), turn):
            yield entry.moved(0, 0, scale)

    def far(self, image: Image, heights: Sequence[float], smallest: float) -> Iterator[Detection]:
        """Yield detections of small faces in finer tiles; nothing of a picture with a near face.

        Args:
            image: RGB uint8 (H, W, 3), its heads upright.
            heights: of the faces that are known, px from forehead to chin.
            smallest: height of a face that still counts, px.
        """
        if max(heights, default=0.0) >= _SMALL * max(image.shape[:2]):
            return
        yield from self._tiled(image, max(_INPUT // 2, round(_INPUT * smallest / _LEAST)), 0)

    def _tiled(self, image: Image, side: int, turn: int) -> Iterator[Detection]:
        for top in _starts(image.shape[0], side):
            for left in _starts(image.shape[1], side):
                tile = np.ascontiguousarray(image[top : top + side, left : left + side])
                for entry in self._far(tile, 1.0, turn):
                    yield entry.moved(left, top, 1.0)


def shrunk(image: Image) -> tuple[Image, float]:
    """A picture (H, W, 3) of at most `_SIDE` px a side, and how many px of the original one is."""
    height, width = image.shape[:2]
    scale = max(1.0, max(height, width) / _SIDE)
    extent = max(1, round(width / scale)), max(1, round(height / scale))
    return np.asarray(cv2.resize(image, extent, interpolation=cv2.INTER_AREA), np.uint8), scale


def _surest(detections: Sequence[Detection]) -> float:
    return max((entry.score for entry in detections), default=0.0)


def _starts(length: int, side: int) -> list[int]:
    """Where tiles start, evenly from one end of a side of the picture to the other."""
    count = 1 + math.ceil(max(0.0, (length - side) / (_STEP * side) - 0.02))
    return [round(start) for start in np.linspace(0, max(0, length - side), count)]
