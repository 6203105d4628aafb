"""Features of pictures: those of EfficientNet-lite0, trained on ImageNet.

The weights are those of `imagenet-lite0` (see `networks.assets`).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.faces import Face
from proportrait.faces.face import CHIN
from proportrait.networks.assets import asset
from proportrait.networks.efficientnet import build, timm_names
from proportrait.networks.inference import compile_network
from proportrait.networks.pth import read_pth

SIDE = 224  # px of a side of the input
SIZE = 1280  # length of the feature vector
MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3  # of each channel, in [0, 1]
_MIN_SIDE = 64  # px, of a part
_NAME = "tf_efficientnet_lite0"


class Backbone:
    """The network without its classifier.

    Args:
        threads: threads of one call.
        side: px of a side of its input.
        pooled: whether features are averaged over the picture.
    """

    def __init__(self, threads: int = 2, side: int = SIDE, pooled: bool = True) -> None:
        self._side = side
        weights = timm_names(read_pth(asset("imagenet-lite0")), _NAME)
        network = build(weights, _NAME, side, batch=1, pooled=pooled)
        self._network = compile_network(network, threads)

    def __call__(self, image: Image) -> Float:
        """The features (1280,) float32 of a picture (H, W, 3) of any size.

        Of a network that is not pooled (1280, side / 32, side / 32): a map of the picture.
        """
        small = cv2.resize(image, (self._side, self._side), interpolation=cv2.INTER_AREA)
        planes: Float = np.array(cv2.split(small), np.float32)[None]
        planes -= 127
        planes /= 128
        return np.asarray(self._network([planes])[0][0])


@cache
def shared_backbone() -> Backbone:
    """The network of this process, with one thread."""
    return Backbone(threads=1)


def clothes(image: Image, face: Face) -> Image:
    """Crop the clothes: from the chin down, as wide as the shoulders, (h, w, 3)."""
    height, width = image.shape[:2]
    x, y = (float(v) for v in face.point(CHIN))
    left, top = (int(np.clip(v, 0, side - _MIN_SIDE)) for v, side in (
        (x - 1.2 * face.height, width), (y - 0.1 * face.height, height),
    ))  # fmt: skip
    right = min(width, max(left + _MIN_SIDE, int(x + 1.2 * face.height)))
    bottom = min(height, max(top + _MIN_SIDE, int(y + 1.3 * face.height)))
    return np.ascontiguousarray(image[top:bottom, left:right])
