"""Seven emotions of a face."""

from __future__ import annotations

import cv2
import numpy as np

from proportrait.arrays import Image, Real
from proportrait.faces.face import Face
from proportrait.networks.assets import asset
from proportrait.networks.inference import compile_network

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_SIZE = 64  # side of the network's input in px
_MARGIN = 1.3  # side of the crop, in extents of the landmarks


class EmotionNetwork:
    """A small network trained on FER-2013 (Goodfellow et al., 2013).

    "happy" is reliable; "angry" is hard to tell from "neutral", so use the landmarks as well.
    """

    def __init__(self, threads: int = 1) -> None:
        self._network = compile_network(asset("emotion"), threads)

    def __call__(self, image: Image, face: Face) -> dict[str, float]:
        """Probabilities by name of `EMOTIONS`; they add up to 1."""
        points = face.landmarks[:, :2]
        low, high = points.min(0), points.max(0)
        centre, scale = (low + high) / 2, _SIZE / (_MARGIN * float((high - low).max()))
        offset = _SIZE / 2 - scale * centre
        matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float64)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if scale < 0.5:
            # Shrinking much in one step would skip pixels.
            _smooth(grey, centre, _SIZE / 2 / scale + 2, 0.4 / scale)
        crop = cv2.warpAffine(grey, matrix, (_SIZE, _SIZE), borderMode=cv2.BORDER_REPLICATE)
        values = self._network([crop[None, :, :, None].astype(np.float32) / 127.5 - 1])[0].ravel()
        return {
            name: float(value / values.sum()) for name, value in zip(EMOTIONS, values, strict=True)
        }


def _smooth(grey: Image, centre: Real, reach: float, sigma: float) -> None:
    """Blur a picture (H, W) uint8 in place, as far as a square shows it; all of it takes longer.

    Args:
        grey: the picture.
        centre: (2,) of the square, px; outside the picture its next pixels count.
        reach: half the square's side in px.
        sigma: of the Gaussian in px; its kernel ends at 3 sigma.
    """
    extent = np.array(grey.shape[::-1])
    x0, y0 = low = np.clip(np.floor(centre - reach), 0, extent - 1).astype(int)
    x1, y1 = high = np.clip(np.ceil(centre + reach) + 1, low + 1, extent).astype(int)
    pad = int(3 * sigma) + 2
    left, top = np.maximum(low - pad, 0)
    right, bottom = np.minimum(high + pad, extent)
    blurred = cv2.GaussianBlur(grey[top:bottom, left:right], (0, 0), sigma)
    grey[y0:y1, x0:x1] = blurred[y0 - top : y1 - top, x0 - left : x1 - left]
