"""The built-in portrait source: a MobileStyleGAN trained on FFHQ, opened up so that it can be led.

One thing is done to the published network (its weights stay as they are): its 16x16 feature map is
resampled through a grid before the rest of the network draws it, so that it draws a wider picture:
the same face, with shoulders and surroundings around it.

Belousov, "MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image
Synthesis", 2021; feature-map edits after Collins et al., "Editing in Style", CVPR 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.assets import asset
from proportrait.edit.data import mean_style
from proportrait.inference import compile_network, read_network

Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

STYLE_SIZE = 512
TRUNCATION = 0.7  # less is more believable and less varied
RATED_TRUNCATION = 0.85  # of the faces that raters saw
_LAST_OF_16 = "LeakyRelu_242"  # the node of the published IR that ends its 16x16 layers
_JUMP = 0.3  # in grid units (2 is the picture's width): cells further apart are no neighbours
CELLS = 16  # the resolution that is resampled: finer ones streak, coarser ones lose the face


class FaceSynthesizer:
    """Draws FFHQ-like portraits of people who do not exist from 512-number styles.

    Args:
        cells: side of the resampled feature map; 16 draws the network's own tight crop, more draws
            a wider view (22 cells: the face takes about 44 % of the height).
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
        """The styles (n, 512) of seeds; of many at once, one takes a fifth of the time."""
        z = np.stack([np.random.default_rng(seed).standard_normal(STYLE_SIZE) for seed in seeds])
        raw: Float = self._mapping([z.astype(np.float32)])[0]
        return (self.mean_style + truncation * (raw - self.mean_style)).astype(np.float32)

    @cached_property
    def mean_style(self) -> Float:
        """The mean style (512,) of 4,096 draws of default_rng(0)."""
        return mean_style()

    def portrait(self, style: Float) -> Image:
        """The network's own picture (1024, 1024, 3) of a style (512,)."""
        return _to_image(self._plain(style[None])[0])

    def draw(self, style: Float, grid: Float) -> Image:
        """Draw a wide view, (64 * cells)**2 pixels.

        Args:
            style: (512,) of the face.
            grid: (cells, cells, 2), for every cell of the wide map the (x, y) to sample in the
                16x16 map, in [-1, 1] with pixel edges at the ends (grid_sample's convention).
        """
        return _to_image(self._wide({"style": style[None], "grid": grid[None]})[0])

    @cached_property
    def _mapping(self) -> Any:
        network = read_network(asset("stylegan-mapping"))
        network.reshape([-1, STYLE_SIZE])  # any number of seeds at once
        return compile_network(network, self.threads)

    @cached_property
    def _plain(self) -> Any:
        return compile_network(asset("stylegan-synthesis"), self.threads)

    @cached_property
    def _wide(self) -> Any:
        return compile_network(_wide_network(self.cells), self.threads)


@cache
def shared_synthesizer(cells: int = 22) -> FaceSynthesizer:
    """One synthesizer a process and width: its networks take a second to compile."""
    return FaceSynthesizer(cells)


def _wide_network(cells: int) -> Any:
    """style (1, 512) and grid (1, cells, cells, 2) -> picture (1, 3, 64 * cells, 64 * cells)."""
    from openvino import Model
    from openvino import opset13 as ops

    network = read_network(asset("stylegan-synthesis"))
    nodes = {node.get_friendly_name(): node for node in network.get_ordered_ops()}
    grid = _parameter("grid", 1, cells, cells, 2)
    output = nodes[_LAST_OF_16].output(0)
    consumers = list(output.get_target_inputs())
    resampled = ops.grid_sample(output, grid, {"padding_mode": "border"}).output(0)
    for consumer in consumers:
        consumer.replace_source_output(resampled)
    _fit_noise(nodes, cells)
    wide = Model(network.get_results(), [network.get_parameters()[0], grid], "wide")
    wide.validate_nodes_and_infer_types()
    return wide


def _fit_noise(nodes: dict[str, Any], cells: int) -> None:
    """Continue the fixed noise maps of the layers behind the resampling by mirroring them."""
    from openvino import opset13 as ops

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
        fitted = np.pad(values, ((0, 0), (0, 0), (0, extra), (0, extra)), mode="symmetric")
        node.input(1).replace_source_output(ops.constant(fitted).output(0))


def _parameter(name: str, *shape: int) -> Any:
    from openvino import opset13 as ops

    parameter = ops.parameter(list(shape), np.float32, name)
    parameter.output(0).get_tensor().set_names({name})
    return parameter


def identity_grid(cells: int) -> Float:
    """The grid (cells, cells, 2) that samples a map of the same extent unchanged."""
    centres = (np.arange(cells, dtype=np.float32) + 0.5) / cells * 2 - 1
    return np.stack(np.meshgrid(centres, centres), -1)


def resample(image: Float, grid: Float, size: int) -> Float:
    """What a plane (H, W) of the plain picture looks like in the wide one, (size, size)."""
    fine = cv2.resize(grid, (size, size), interpolation=cv2.INTER_LINEAR)
    sampled = _sample(image, fine)
    # Where neighbouring cells look at far parts of the picture, the network mixes what they see,
    # and not what lies between: there, sample the cells first and enlarge afterwards.
    across = np.abs(np.diff(grid[..., 0], axis=1, append=grid[:, -1:, 0])) > _JUMP
    down = np.abs(np.diff(grid[..., 0], axis=0, append=grid[-1:, :, 0])) > _JUMP
    jumps = cv2.dilate((across | down).astype(np.uint8), np.ones((3, 3), np.uint8))
    if not jumps.any():
        return sampled
    far = cv2.resize(jumps, (size, size), interpolation=cv2.INTER_NEAREST) > 0
    coarse = _sample(cv2.GaussianBlur(image, (0, 0), image.shape[0] / 4 / CELLS), grid)
    coarse = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.where(far, coarse, sampled)


def _sample(image: Float, grid: Float) -> Float:
    height, width = image.shape
    x = (grid[..., 0] + 1) * width / 2 - 0.5
    y = (grid[..., 1] + 1) * height / 2 - 0.5
    sampled = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def _to_image(planes: Float) -> Image:
    """(1, 3, H, W) in [-1, 1] -> (H, W, 3) uint8."""
    values = np.clip((planes[0] + 1) / 2, 0, 1) * 255
    return np.ascontiguousarray(values.transpose(1, 2, 0).round().astype(np.uint8))
