"""Features of pictures: those of EfficientNet-lite0, trained on ImageNet.

Tan, Le, "EfficientNet", ICML 2019, in its "lite" form (no squeeze-and-excitation, ReLU6). The
OpenVINO graph is built from the weights of `imagenet-lite0` (see `networks.assets`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Image
from proportrait.faces import Face
from proportrait.faces.face import CHIN
from proportrait.networks.assets import asset
from proportrait.networks.inference import compile_network

SIDE = 224  # px of a side of the input
SIZE = 1280  # length of the feature vector
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)  # by block
_MIN_SIDE = 64  # px, of a part
_EPSILON = 1e-3  # of the batch normalisation


class Backbone:
    """The network without its classifier."""

    def __init__(self, threads: int = 2) -> None:
        import torch

        state = torch.load(asset("imagenet-lite0"), map_location="cpu", weights_only=True)
        self._network = compile_network(
            build({name: np.asarray(value.numpy()) for name, value in state.items()}), threads
        )

    def __call__(self, image: Image) -> Float:
        """The features (1280,) float32 of a picture (H, W, 3) of any size."""
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        scaled = (small.astype(np.float32) - 127) / 128
        return np.asarray(self._network([scaled.transpose(2, 0, 1)[None]])[0].reshape(-1))


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


def build(state: dict[str, npt.NDArray[Any]]) -> Any:
    """Build the network (1, 3, 224, 224) -> (1, 1280) as an OpenVINO model, of weights by name."""
    from openvino import Model
    from openvino import opset13 as ops

    image = ops.parameter([1, 3, SIDE, SIDE], np.float32, "image")

    def batch_norm(x: Any, name: str) -> Any:
        scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + _EPSILON)
        shift = state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
        shape = (1, -1, 1, 1)
        x = ops.multiply(x, scale.astype(np.float32).reshape(shape))
        return ops.add(x, shift.astype(np.float32).reshape(shape))

    def convolution(x: Any, name: str, norm: str, stride: int = 1) -> Any:
        kernel = state[f"{name}.weight"].astype(np.float32)
        geometry = [stride, stride], [0, 0], [0, 0], [1, 1], "same_upper"
        if kernel.shape[1] == 1 and "depthwise" in name:
            x = ops.group_convolution(x, kernel[:, None], *geometry)
        else:
            x = ops.convolution(x, kernel, *geometry)
        return batch_norm(x, norm)

    x = ops.clamp(convolution(image, "_conv_stem", "_bn0", 2), 0.0, 6.0)
    for number, stride in enumerate(_STRIDES):
        block, shortcut = f"_blocks.{number}", x
        if f"{block}._expand_conv.weight" in state:
            x = ops.clamp(convolution(x, f"{block}._expand_conv", f"{block}._bn0"), 0.0, 6.0)
        x = convolution(x, f"{block}._depthwise_conv", f"{block}._bn1", stride)
        x = convolution(ops.clamp(x, 0.0, 6.0), f"{block}._project_conv", f"{block}._bn2")
        if stride == 1 and x.get_output_shape(0) == shortcut.get_output_shape(0):
            x = ops.add(x, shortcut)
    x = ops.clamp(convolution(x, "_conv_head", "_bn1"), 0.0, 6.0)
    pooled = ops.reduce_mean(x, np.array([2, 3], np.int64), False)
    return Model([ops.result(pooled)], [image], "efficientnet-lite0")
