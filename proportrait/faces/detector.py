"""BlazeFace: boxes and keypoints of the faces of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.networks.assets import asset
from proportrait.networks.inference import Network, compile_network

SCORE_LIMIT = 0.5
OVERLAP_LIMIT = 0.3


@dataclass(frozen=True, eq=False)
class Detection:
    """A face as the detector reports it.

    Attributes:
        bbox: (4,) float32, x0 y0 x1 y1 in px.
        keypoints: (6, 2) float32 in px: the eye on the left of the picture, the eye on the right,
            nose tip, mouth, the ear on the left, the ear on the right.
        score: [0, 1], how sure the network is.
    """

    bbox: Float
    keypoints: Float
    score: float

    def moved(self, x: float, y: float, scale: float) -> Detection:
        """The same face in the picture of which this is a part at (x, y), then `scale` as large."""
        shift = np.array([x, y], np.float32)
        bbox, keypoints = self.bbox + np.tile(shift, 2), self.keypoints + shift
        return Detection(bbox * np.float32(scale), keypoints * np.float32(scale), self.score)


class Detector(Protocol):
    """Finds faces."""

    def __call__(self, image: Image, share: float = 1.0, turn: int = 0) -> list[Detection]:
        """Every face of an RGB uint8 (H, W, 3) picture, the surest first.

        Args:
            image: the picture.
            share: of the network's input that the picture takes: a face that fills it would be
                larger than any that the network was trained on.
            turn: quarter turns, as `numpy.rot90` counts them, that it is searched at, since
                networks know upright heads; boxes and keypoints are in px of `image` all the same.
        """
        ...


class BlazeFace:
    """Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection", 2019.

    Args:
        name: the network's name in `ASSETS`.
        size: side of the network's square input in px.
        grids: (cells on a side, anchors a cell) of every output layer, in the network's order.
        threads: threads of one call.
    """

    def __init__(
        self, name: str, size: int, grids: Sequence[tuple[int, int]], threads: int = 1
    ) -> None:
        self._path, self._threads = asset(name), threads
        self._size = size
        self._anchors = _anchors(grids)

    @cached_property
    def _network(self) -> Network:
        return compile_network(self._path, self._threads)

    def __call__(self, image: Image, share: float = 1.0, turn: int = 0) -> list[Detection]:
        square, scale, corner = _fit(image, self._size, share)
        centres, extents, points, scores = self._candidates(square, turn)
        centres, extents = (centres - corner) / scale, extents / scale
        points = (points - corner) / scale
        boxes = np.concatenate([centres - extents / 2, centres + extents / 2], 1)
        return [
            Detection(boxes[i].astype(np.float32), points[i].astype(np.float32), float(score))
            for i, score in _suppress(boxes, scores)
        ]

    def _candidates(self, square: Image, turn: int) -> tuple[Float, Float, Float, Float]:
        """Centres (N, 2), extents (N, 2), keypoints (N, 6, 2), and scores (N,) of candidates.

        The square is turned by `turn` quarters before; all are in px of the square as it is.
        """
        turned = np.ascontiguousarray(np.rot90(square, turn))
        offsets, logits = self._network([turned[None].astype(np.float32) / 127.5 - 1])
        scores = np.asarray(1 / (1 + np.exp(-np.clip(logits.ravel(), -80, 80))), np.float32)
        sure = np.flatnonzero(scores > SCORE_LIMIT)
        # Centre x y, width, height, then x y of six points: in px of the square, from the anchor.
        values = offsets.reshape(-1, 16)[sure]
        anchors = self._anchors[sure] * self._size
        centres, extents = values[:, 0:2] + anchors, values[:, 2:4]
        points = values[:, 4:].reshape(-1, 6, 2) + anchors[:, None]
        for _ in range(turn % 4):  # back
            centres, points = (
                np.stack([self._size - place[..., 1], place[..., 0]], -1)
                for place in (centres, points)
            )
            extents = extents[:, ::-1]
        return centres, extents, points, scores[sure]


DETECTORS: dict[str, Callable[[int], Detector]] = {
    "short-range": lambda threads: BlazeFace(
        "face-detector-short", 128, [(16, 2), (8, 6)], threads
    ),
    "full-range": lambda threads: BlazeFace("face-detector-full", 192, [(48, 1)], threads),
}


def make_detector(name: str = "short-range", threads: int = 1) -> Detector:
    """Build a detector of `DETECTORS` by name."""
    if name not in DETECTORS:
        raise ValueError(f"unknown detector {name!r}; the detectors are {', '.join(DETECTORS)}")
    return DETECTORS[name](threads)


def _anchors(grids: Sequence[tuple[int, int]]) -> Float:
    """Centres (N, 2) of the anchors in [0, 1], row by row."""
    layers = []
    for cells, repeats in grids:
        centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(centres, centres)
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), repeats, axis=0))
    return np.concatenate(layers).astype(np.float32)


def _fit(image: Image, size: int, share: float) -> tuple[Image, float, Float]:
    """Place a picture in the middle of a black square of `size` px: stretching would distort faces.

    Its longer side takes a `share` of the square's side.

    Returns:
        The square, its px for one px of the picture, and the picture's corner (2,) in it.
    """
    height, width = image.shape[:2]
    scale = share * size / max(height, width)
    extent = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (size - extent[0]) // 2, (size - extent[1]) // 2
    square = np.zeros((size, size, 3), np.uint8)
    square[top : top + extent[1], left : left + extent[0]] = cv2.resize(
        image, extent, interpolation=method
    )
    return square, scale, np.array([left, top], np.float32)


def _suppress(boxes: Float, scores: Float) -> list[tuple[int, float]]:
    """Non-maximum suppression: (index, score) of the surest of overlapping boxes, surest first."""
    selection: list[tuple[int, float]] = []
    for index in np.argsort(-scores):
        if all(_overlap(boxes[index], boxes[other]) < OVERLAP_LIMIT for other, _ in selection):
            selection.append((int(index), float(scores[index])))
    return selection


def _overlap(a: Float, b: Float) -> float:
    """Intersection over union of two x0 y0 x1 y1 boxes."""
    extent = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    intersection = float(extent.prod())
    union = float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - intersection
    return intersection / max(union, 1e-9)
