"""Features of pictures from a network that has learnt to see: EfficientNet-lite0 on ImageNet.

Tan, Le, "EfficientNet", ICML 2019, in its "lite" form (no squeeze-and-excitation, ReLU6). The
graph is built here for OpenVINO, from the weights of `imagenet-lite0` (see `networks.assets`).
"""

from __future__ import annotations

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
SIZE = 1280  # numbers of the output
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)  # of the sixteen blocks
_LEAST = 64  # px of a side of a part that is looked at
_EPSILON = 1e-3  # of the batch normalisation


class Backbone:
    """The frozen network without its last layer."""

    def __init__(self, threads: int = 2) -> None:
        import torch

        state = torch.load(asset("imagenet-lite0"), map_location="cpu", weights_only=True)
        self._network = compile_network(
            build({name: np.asarray(value.numpy()) for name, value in state.items()}), threads
        )

    def __call__(self, image: Image) -> Float:
        """The features (1280,) of a picture (H, W, 3), whatever its size."""
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        scaled = (small.astype(np.float32) - 127) / 128
        return np.asarray(self._network([scaled.transpose(2, 0, 1)[None]])[0].reshape(-1))


def clothes(image: Image, face: Face) -> Image:
    """What is below the chin, as wide as the shoulders: a part of the picture (H, W, 3)."""
    height, width = image.shape[:2]
    x, y = (float(v) for v in face.point(CHIN))
    left, top = (int(np.clip(v, 0, side - _LEAST)) for v, side in (
        (x - 1.2 * face.height, width), (y - 0.1 * face.height, height),
    ))  # fmt: skip
    right = min(width, max(left + _LEAST, int(x + 1.2 * face.height)))
    bottom = min(height, max(top + _LEAST, int(y + 1.3 * face.height)))
    return np.ascontiguousarray(image[top:bottom, left:right])


def build(state: dict[str, npt.NDArray[Any]]) -> Any:
    """The network (1, 3, 224, 224) -> (1, 1280) as an OpenVINO model, from its weights by name."""
    from openvino import Model
    from openvino import opset13 as ops

    image = ops.parameter([1, 3, SIDE, SIDE], np.float32, "image")

    def normalised(x: Any, name: str) -> Any:
        scale = state[f"{name}.weight"] / np.sqrt(state[f"{name}.running_var"] + _EPSILON)
        shift = state[f"{name}.bias"] - state[f"{name}.running_mean"] * scale
        shape = (1, -1, 1, 1)
        x = ops.multiply(x, scale.astype(np.float32).reshape(shape))
        return ops.add(x, shift.astype(np.float32).reshape(shape))

    def convolved(x: Any, name: str, norm: str, stride: int = 1) -> Any:
        kernel = state[f"{name}.weight"].astype(np.float32)
        place = [stride, stride], [0, 0], [0, 0], [1, 1], "same_upper"
        if kernel.shape[1] == 1 and "depthwise" in name:
            x = ops.group_convolution(x, kernel[:, None], *place)
        else:
            x = ops.convolution(x, kernel, *place)
        return normalised(x, norm)

    x = ops.clamp(convolved(image, "_conv_stem", "_bn0", 2), 0.0, 6.0)
    for number, stride in enumerate(_STRIDES):
        block, before = f"_blocks.{number}", x
        if f"{block}._expand_conv.weight" in state:
            x = ops.clamp(convolved(x, f"{block}._expand_conv", f"{block}._bn0"), 0.0, 6.0)
        x = convolved(x, f"{block}._depthwise_conv", f"{block}._bn1", stride)
        x = convolved(ops.clamp(x, 0.0, 6.0), f"{block}._project_conv", f"{block}._bn2")
        if stride == 1 and x.get_output_shape(0) == before.get_output_shape(0):
            x = ops.add(x, before)
    x = ops.clamp(convolved(x, "_conv_head", "_bn1"), 0.0, 6.0)
    pooled = ops.reduce_mean(x, np.array([2, 3], np.int64), False)
    return Model([ops.result(pooled)], [image], "efficientnet-lite0")
