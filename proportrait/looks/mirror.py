"""A picture and its mirror image are looked at in the same orientation: nobody sees which is which.

What has sides is told of the picture as it is; what a model hears of it has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.measures import Measure, Unassessed

# Measures whose sign is a side of the picture, and those of one side each.
_SIGNED = (
    "GazeYaw", "HorizontalOffset", "HeadPoseYaw", "HeadPoseRoll", "PictureTilt", "SideRatio",
)  # fmt: skip
_ACROSS = "ClutterX"  # a place, from the left border
_LEFT, _RIGHT = "LeftwardCropOfTheFaceImage", "RightwardCropOfTheFaceImage"


def oriented(image: Image) -> tuple[Image, bool]:
    """The picture (H, W, 3) with its lighter side to the right, and whether that mirrored it.

    Where the light lies hardly depends on scale, grain, or compression.
    """
    columns = cv2.reduce(image, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F).sum((0, 2), dtype=np.float64)
    places = np.arange(len(columns)) - (len(columns) - 1) / 2
    if float(columns @ places) >= 0:
        return image, False
    return np.asarray(cv2.flip(image, 1), np.uint8), True


def mirrored_boxes(boxes: Float) -> Float:
    """Boxes (N, 4) of `Face.box` in the mirror image, float32; mirrored twice they are the same."""
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    return np.stack([1 - x1, y0, 1 - x0, y1], 1).round(5).astype(np.float32)


def mirrored_measures(
    measures: Mapping[str, Measure | Unassessed],
) -> dict[str, Measure | Unassessed]:
    """The measures of an attribute, by name, in the mirror image."""
    other = {_LEFT: _RIGHT, _RIGHT: _LEFT}
    result: dict[str, Measure | Unassessed] = {}
    for name in measures:
        entry = replace(measures[other.get(name, name)], name=name)
        if isinstance(entry, Measure) and has_sign(name):
            entry = replace(entry, value=-entry.value)
        if isinstance(entry, Measure) and name == _ACROSS:
            entry = replace(entry, value=1 - entry.value)
        result[name] = entry
    return result


def has_sign(name: str) -> bool:
    """Whether the sign of a measure is a side of the picture."""
    return name in _SIGNED


def value_without_side(measures: Mapping[str, Measure | Unassessed], name: str) -> float:
    """The native value of a measure, the same in the mirror image; NaN if it could not be taken.

    Of a sign the amount counts; "leftward" is the nearer border, "rightward" the other.
    """
    if name in (_LEFT, _RIGHT):
        nearest = min if name == _LEFT else max
        return nearest(_value(measures, _LEFT), _value(measures, _RIGHT))
    value = _value(measures, name)
    return abs(value) if has_sign(name) else value


def _value(measures: Mapping[str, Measure | Unassessed], name: str) -> float:
    entry = measures.get(name)
    return entry.value if isinstance(entry, Measure) else float("nan")
