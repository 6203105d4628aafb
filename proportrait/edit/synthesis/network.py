"""The built-in portrait source: a MobileStyleGAN trained on FFHQ, with editable features.

The published network, with its own weights, is split after its 16x16 layers. Their feature map can
then be edited: sampled through a grid, which gives a wider picture, or mixed from the maps of
several people, each part with its own style. The layers after the split take one style for each
cell instead of one for the picture, so that head, clothes, and surroundings of different styles are
drawn as one photograph, hair and shadows included.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis", 2021; feature-map edits after Collins et al., "Editing in Style", CVPR 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.edit.data import mean_style
from proportrait.networks.assets import asset
from proportrait.networks.inference import compile_network, read_network

STYLE_SIZE = 512
TRUNCATION = 0.7  # smaller is more believable and less varied
RATED_TRUNCATION = 0.85  # of the faces that raters rated
# Last nodes of the 8x8 and of the 16x16 layers in the published IR.
_LAST_OF_8, _LAST_OF_16 = "LeakyRelu_142", "LeakyRelu_242"
RISE = 1 / 8  # picture widths that a raised portrait is higher: one cell of 8x8, two of 16x16
_JUMP = 0.3  # grid units (2 is the picture's width): samples farther apart are no neighbours
PARTS = 3  # of a picture: head, clothes, surroundings
CELLS = 16  # side of the edited feature map: a finer one streaks, a coarser one loses the face


class FaceSynthesizer:
    """Draws FFHQ-like portraits of people who do not exist from styles (512,).

    Args:
        cells: side of the feature map that `draw` takes; 16 is the network's own tight crop, more
            is a wider view (22 cells: the face takes about 44 % of the height).
        threads: threads of one call.
    """

    def __init__(self, cells: int = 22, threads: int = 1) -> None:
        if cells < CELLS:
            raise ValueError(f"cells is at least {CELLS}, not {cells}")
        self.cells = cells
        self.threads = threads

    def style(self, seed: int, truncation: float = TRUNCATION) -> Float:
        """The style (512,) of a seed: pulled towards the mean face so that it is believable."""
        style: Float = self.styles([seed], truncation)[0]
        return style

    def styles(self, seeds: Sequence[int], truncation: float = TRUNCATION) -> Float:
        """The styles (n, 512) of seeds; in a large batch each takes a fifth of the time."""
        z = np.stack([np.random.default_rng(seed).standard_normal(STYLE_SIZE) for seed in seeds])
        raw: Float = self._mapping([z.astype(np.float32)])[0]
        return (self.mean_style + truncation * (raw - self.mean_style)).astype(np.float32)

    @cached_property
    def mean_style(self) -> Float:
        """The mean style (512,) of 4,096 draws of default_rng(0)."""
        return mean_style()

    def portrait(self, style: Float, *, raised: bool = False) -> Image:
        """The network's own picture (1024, 1024, 3) of a style (512,).

        Raised, all stands `RISE` higher, and the network continues the clothes below.
        """
        network = self._raised if raised else self._plain
        return _to_image(network([style[None]])[0])

    def features(self, style: Float, *, raised: bool = False) -> Float:
        """Output (512, 16, 16) of the 16x16 layers for a style (512,), for `sample` and `draw`."""
        front = self._raised_front if raised else self._front
        return np.asarray(front([style[None]])[0][0], np.float32)

    def draw(self, features: Float, styles: Float, shares: Float) -> Image:
        """Draw a picture, (64 * cells)**2 px, from a feature map.

        Args:
            features: (512, cells, cells), mixed from outputs of `features`.
            styles: (PARTS, 512), those of the parts of the picture.
            shares: (PARTS, cells, cells), share of each part in each cell; they add up to 1.
        """
        inputs = {"features": features[None], "styles": styles, "shares": shares[None]}
        return _to_image(self._back({k: np.asarray(v, np.float32) for k, v in inputs.items()})[0])

    @cached_property
    def _mapping(self) -> Any:
        network = read_network(asset("stylegan-mapping"))
        network.reshape([-1, STYLE_SIZE])  # any number of seeds at once
        return compile_network(network, self.threads)

    @cached_property
    def _plain(self) -> Any:
        return compile_network(asset("stylegan-synthesis"), self.threads)

    @cached_property
    def _raised(self) -> Any:
        return compile_network(_raised_network(), self.threads)

    @cached_property
    def _front(self) -> Any:
        return compile_network(
            _front_network(read_network(asset("stylegan-synthesis"))), self.threads
        )

    @cached_property
    def _raised_front(self) -> Any:
        return compile_network(_front_network(_raised_network()), self.threads)

    @cached_property
    def _back(self) -> Any:
        return compile_network(_back_network(self.cells), self.threads)


@cache
def shared_synthesizer(cells: int = 22) -> FaceSynthesizer:
    """The synthesizer of this process for a width: its networks take a second to compile."""
    return FaceSynthesizer(cells)


def _raised_network() -> Any:
    """The published network, one row of 8x8 higher; the layers after it continue the last row."""
    from proportrait.networks.binding import ops

    network = read_network(asset("stylegan-synthesis"))
    output = _nodes(network)[_LAST_OF_8].output(0)
    consumers = list(output.get_target_inputs())
    rows = ops.constant(np.minimum(np.arange(8) + 1, 7))
    higher = ops.gather(output, rows, ops.constant(np.int64(2))).output(0)
    for consumer in consumers:
        consumer.replace_source_output(higher)
    return network


def _front_network(network: Any) -> Any:
    """style (1, 512) -> features (1, 512, 16, 16)."""
    from proportrait.networks.binding import openvino, ops

    last = _nodes(network)[_LAST_OF_16].output(0)
    return openvino.Model([ops.result(last)], network.get_parameters(), "front")


def _back_network(cells: int) -> Any:
    """The inputs of `draw` -> picture (1, 3, 64 * cells, 64 * cells)."""
    from proportrait.networks.binding import openvino

    network = read_network(asset("stylegan-synthesis"))
    nodes = _nodes(network)
    features = _parameter("features", 1, 512, cells, cells)
    for consumer in list(nodes[_LAST_OF_16].output(0).get_target_inputs()):
        consumer.replace_source_output(features.output(0))
    _fit_noise(nodes, cells)
    styles, shares = (
        _parameter("styles", PARTS, STYLE_SIZE),
        _parameter("shares", 1, PARTS, cells, cells),
    )
    _modulate_cells(nodes, styles, shares, cells)
    back = openvino.Model(network.get_results(), [features, styles, shares], "back")
    back.validate_nodes_and_infer_types()
    return back


def _nodes(network: Any) -> dict[str, Any]:
    return {node.get_friendly_name(): node for node in network.get_ordered_ops()}


def _modulate_cells(nodes: dict[str, Any], styles: Any, shares: Any, cells: int) -> None:
    """Modulate every cell with the styles of its parts, mixed by their shares.

    The published network multiplies activations (1, C, H, W) by one factor a channel (1, C, 1, 1),
    a linear function of the style; here the factors are (1, C, H, W).
    """
    from proportrait.networks.binding import ops

    mixtures: dict[int, Any] = {}
    for node in nodes.values():
        if node.get_type_name() != "Multiply":
            continue
        sizes = [_size(node.input_value(i)) for i in (0, 1)]
        if sorted(size > 1 for size in sizes) != [False, True]:
            continue
        port = sizes.index(1)
        factor = node.input_value(port).get_node()
        linear, scale = _modulation(factor)
        size = max(sizes) // CELLS * cells
        if linear is None or max(sizes) < CELLS:
            continue
        if size not in mixtures:
            mixture = shares
            if size != cells:
                mixture = ops.interpolate(
                    shares,
                    ops.constant(np.array([size, size], np.int64)),
                    "linear_onnx",
                    "sizes",
                    coordinate_transformation_mode="half_pixel",
                    axes=ops.constant(np.array([2, 3], np.int64)),
                )
            mixtures[size] = ops.reshape(
                mixture, ops.constant(np.array([PARTS, -1], np.int64)), False
            )
        weights, bias = linear
        factors = ops.multiply(
            ops.add(ops.matmul(styles, ops.constant(weights), False, True), ops.constant(bias)),
            ops.constant(np.float32(scale)),
        )
        spread = ops.matmul(factors, mixtures[size], True, False)
        shape = np.array([1, weights.shape[0], size, size], np.int64)
        spread = ops.reshape(spread, ops.constant(shape), False)
        node.input(port).replace_source_output(spread.output(0))


def _size(value: Any) -> int:
    """Side of a plane of activations (n, c, h, w), 0 for any other shape."""
    shape = value.get_partial_shape()
    return int(shape[2].get_length()) if len(shape) == 4 and shape.is_static else 0


def _modulation(node: Any) -> tuple[tuple[Float, Float] | None, float]:
    """The linear function of the style that gives a factor: (C, 512) and (1, C), and its scale.

    None for a factor that does not come from the style.
    """
    scale = 1.0
    while node.get_type_name() in ("Multiply", "Reshape"):
        inputs = [value.get_node() for value in node.input_values()]
        constant = [n.get_type_name() == "Constant" for n in inputs]
        if node.get_type_name() == "Multiply":
            if True not in constant:
                return None, scale
            scale *= float(np.asarray(inputs[constant.index(True)].get_data()).item())
            node = inputs[constant.index(False)]
        else:
            node = inputs[0]
    if node.get_type_name() != "Add":
        return None, scale
    product, bias = (value.get_node() for value in node.input_values())
    if product.get_type_name() != "MatMul":
        return None, scale
    weights = np.asarray(product.input_value(1).get_node().get_data(), np.float32)
    if not product.get_attributes()["transpose_b"]:
        weights = weights.T
    return (np.ascontiguousarray(weights), np.asarray(bias.get_data(), np.float32)), scale


def _fit_noise(nodes: dict[str, Any], cells: int) -> None:
    """Extend the constant noise maps of the layers after the split by mirroring them."""
    from proportrait.networks.binding import ops

    for node in nodes.values():
        if node.get_type_name() != "Add":
            continue
        noise = node.input_value(1)
        shape = noise.get_partial_shape()
        if noise.get_node().get_type_name() != "Constant" or len(shape) != 4:
            continue
        _, channels, height, _ = (d.get_length() for d in shape)
        if channels != 1 or height <= CELLS:
            continue
        extra = height // CELLS * cells - height
        values = np.asarray(noise.get_node().get_data(), np.float32)
        extension = np.pad(values, ((0, 0), (0, 0), (0, extra), (0, extra)), mode="symmetric")
        node.input(1).replace_source_output(ops.constant(extension).output(0))


def _parameter(name: str, *shape: int) -> Any:
    from proportrait.networks.binding import ops

    parameter = ops.parameter(list(shape), np.float32, name)
    parameter.output(0).get_tensor().set_names({name})
    return parameter


def sample(planes: Float, grid: Float) -> Float:
    """Sample planes (n, h, w) bilinearly at a grid (c, c, 2): (n, c, c).

    The grid holds (x, y) in [-1, 1] with pixel edges at the ends; the border repeats outside.
    """
    height, width = planes.shape[1:]
    x, y = _pixels(grid, height, width)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    x, y = x - left, y - top
    upper = planes[:, top, left] * (1 - x) + planes[:, top, right] * x
    lower = planes[:, bottom, left] * (1 - x) + planes[:, bottom, right] * x
    return np.asarray(upper * (1 - y) + lower * y, np.float32)


def resample(image: Float, grid: Float, size: int) -> Float:
    """Move a plane (H, W) of the plain portrait to the wide picture: (size, size)."""
    fine_grid = cv2.resize(grid, (size, size), interpolation=cv2.INTER_LINEAR)
    fine = _sample(image, fine_grid)
    # Where neighbouring cells sample distant parts of the picture, the network mixes those two and
    # not the parts between: there, sample the cells first and enlarge afterwards.
    across = np.abs(np.diff(grid[..., 0], axis=1, append=grid[:, -1:, 0])) > _JUMP
    down = np.abs(np.diff(grid[..., 0], axis=0, append=grid[-1:, :, 0])) > _JUMP
    jumps = cv2.dilate((across | down).astype(np.uint8), np.ones((3, 3), np.uint8))
    if not jumps.any():
        return fine
    far = cv2.resize(jumps, (size, size), interpolation=cv2.INTER_NEAREST) > 0
    coarse = _sample(cv2.GaussianBlur(image, (0, 0), image.shape[0] / 4 / CELLS), grid)
    coarse = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.where(far, coarse, fine)


def _sample(image: Float, grid: Float) -> Float:
    x, y = _pixels(grid, *image.shape)
    plane = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(plane, np.float32)


def _pixels(grid: Float, height: int, width: int) -> tuple[Float, Float]:
    """x and y in px of the points of a grid."""
    x = (grid[..., 0] + 1) * width / 2 - 0.5
    y = (grid[..., 1] + 1) * height / 2 - 0.5
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _to_image(planes: Float) -> Image:
    """(1, 3, H, W) in [-1, 1] -> (H, W, 3) uint8."""
    values = np.clip((planes[0] + 1) / 2, 0, 1) * 255
    return np.ascontiguousarray(values.transpose(1, 2, 0).round().astype(np.uint8))
