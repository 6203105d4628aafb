"""Seven emotions of a face."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Image, Real
from proportrait.faces.blur import blurred_grid, blurred_part
from proportrait.faces.face import Face
from proportrait.networks.assets import asset
from proportrait.networks.inference import compile_network

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_SIZE = 64  # side of the network's input in px
_MARGIN = 1.3  # side of the crop, in extents of the landmarks
_COARSE = 0.1  # scale of a crop whose pixels are far apart in the picture


class EmotionNetwork:
    """A small network trained on FER-2013 (Goodfellow et al., 2013).

    "happy" is reliable; "angry" is hard to tell from "neutral", so use the landmarks as well.
    """

    def __init__(self, threads: int = 1) -> None:
        self._network = compile_network(asset("emotion"), threads)

    def __call__(self, image: Image, face: Face) -> dict[str, float]:
        """Probabilities by name of `EMOTIONS`; they add up to 1.

        Args:
            image: RGB (H, W, 3), or grey (H, W), uint8.
            face: in px of it.
        """
        points = face.landmarks[:, :2]
        low, high = points.min(0), points.max(0)
        centre, scale = (low + high) / 2, _SIZE / (_MARGIN * float((high - low).max()))
        offset = _SIZE / 2 - scale * centre
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float64)
        grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if scale < 0.5:
            # Shrinking much in one step would skip pixels.
            grey = _blurred(grey, centre, scale)
        crop = cv2.warpAffine(grey, matrix, (_SIZE, _SIZE), borderMode=cv2.BORDER_REPLICATE)
        values = self._network([crop[None, :, :, None].astype(np.float32) / 127.5 - 1])[0].ravel()
        return {
            name: float(value / values.sum()) for name, value in zip(EMOTIONS, values, strict=True)
        }


def _blurred(grey: Image, centre: Real, scale: float) -> Image:
    """The pixels (H, W) that a crop around a place (2,) interpolates, blurred by 0.4 of its px."""
    sigma = 0.4 / scale
    if scale > _COARSE:
        reach = _SIZE / 2 / scale + 2
        return blurred_part(grey, centre - reach, centre + reach, sigma)
    x, y = ((np.arange(_SIZE) - _SIZE / 2) / scale + middle for middle in centre)
    return blurred_grid(grey, x, y, sigma)
