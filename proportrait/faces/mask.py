"""The mask of a person, down to the edges of the hair."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.faces.face import OVAL, Face
from proportrait.networks.assets import asset
from proportrait.networks.inference import Network, compile_network, read_network

_SIZE = 256  # side of the network's input in px
_UPPER_TRIANGLE = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
_STRIP = 64  # rows that fit into the processor's cache
_SHARES = np.arange(256, dtype=np.float32) / 255


class PersonMask:
    """MediaPipe's selfie segmentation network, refined along the edges of the picture."""

    def __init__(self, threads: int = 1) -> None:
        self._network = _segmentation_network(threads)

    def __call__(self, image: Image, face: Face) -> Float:
        """The share of every pixel that belongs to the person: float32 (H, W) in [0, 1].

        Only what is connected to the face stays: other people and loose pieces are removed.
        """
        height, width = image.shape[:2]
        mask = self.silhouettes(image)
        scale = np.array([_SIZE / width, _SIZE / height], np.float32)
        mask = _connected_to_face(mask, face.landmarks[list(OVAL), :2] * scale)
        mask = np.asarray(cv2.resize(mask, (width, height)), np.float32)
        return guided_filter(image, mask, radius=max(4, max(height, width) // 60), epsilon=2e-4)

    def silhouettes(self, image: Image) -> Float:
        """Everybody in a picture, roughly: float32 (256, 256) in [0, 1], stretched to a square."""
        small = cv2.resize(image, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA)
        return self._network([small[None].astype(np.float32) / 255])[0].reshape(_SIZE, _SIZE)


def guided_filter(image: Image, values: Float, radius: int, epsilon: float) -> Float:
    """Make `values` follow the edges of a colour picture.

    He, Sun, Tang, "Guided Image Filtering", TPAMI 2013, eq. 14-16, with the coefficients computed
    at a fraction of the resolution (He, Sun, "Fast Guided Filter", 2015).

    Args:
        image: (H, W, 3) uint8, the guide.
        values: (H, W) float32 in [0, 1].
        radius: radius of the window in px of the picture.
        epsilon: variance of the guide (values in [0, 1]) under which a window counts as flat.

    Returns:
        (H, W) float32 in [0, 1].
    """
    height, width = values.shape
    step = max(1, radius // 3)
    size = (max(1, width // step), max(1, height // step))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    guide = [channel.astype(np.float32) / 255 for channel in cv2.split(small)]
    target = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    window = (2 * max(1, radius // step) + 1,) * 2

    def mean(x: Float) -> Float:
        return np.asarray(cv2.blur(x, window, borderType=cv2.BORDER_REFLECT), np.float32)

    means, mean_target = [mean(channel) for channel in guide], mean(target)
    covariance = {
        (i, j): mean(guide[i] * guide[j]) - means[i] * means[j] for i, j in _UPPER_TRIANGLE
    }
    for i in range(3):
        covariance[i, i] += np.float32(epsilon)
    cross = [mean(guide[i] * target) - means[i] * mean_target for i in range(3)]
    slope = _solve_symmetric(covariance, cross)
    offset = mean_target - _dot(slope, means)
    planes = cv2.merge([mean(plane) for plane in (*slope, offset)])
    planes = cv2.resize(planes, (width, height), interpolation=cv2.INTER_LINEAR)
    output = np.empty((height, width), np.float32)
    for top in range(0, height, _STRIP):
        strip = slice(top, top + _STRIP)
        *slope, offset = cv2.split(planes[strip])
        guide = [cv2.LUT(channel, _SHARES) for channel in cv2.split(image[strip])]
        np.clip(_dot(slope, guide) + offset, 0, 1, out=output[strip])
    return output


# Planes are faster than the small last axis of an array of vectors or matrices.
def _solve_symmetric(
    matrix: Mapping[tuple[int, int], Float], vector: Sequence[Float]
) -> list[Float]:
    """Solve a symmetric 3x3 system at every pixel, by Cramer's rule.

    Args:
        matrix: the planes (H, W) of the upper triangle by row and column.
        vector: three planes.

    Returns:
        Three planes.
    """
    a, b, c = ([matrix[min(i, j), max(i, j)] for j in range(3)] for i in range(3))
    cofactors = _cross(b, c), _cross(c, a), _cross(a, b)
    determinant = _dot(a, cofactors[0])
    return [_dot(row, vector) / determinant for row in cofactors]


def _dot(a: Sequence[Float], b: Sequence[Float]) -> Float:
    """The scalar products of vectors of three planes."""
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2], np.float32)


def _cross(a: Sequence[Float], b: Sequence[Float]) -> list[Float]:
    """The cross products of vectors of three planes."""
    return [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]


def _connected_to_face(mask: Float, outline: Float) -> Float:
    """Keep the pieces of a mask that touch the face's outline (N, 2)."""
    face = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(outline.round().astype(np.int32)), 1)
    _, labels = cv2.connectedComponents((mask > 0.5).astype(np.uint8))
    face_labels = np.setdiff1d(np.unique(labels[face > 0]), [0])
    pieces = np.isin(labels, face_labels).astype(np.float32)
    # The soft rim of a piece lies outside its thresholded shape.
    near = cv2.GaussianBlur(cv2.dilate(pieces, np.ones((7, 7), np.uint8)), (0, 0), 1.0)
    return np.asarray(mask * near, np.float32)


def _segmentation_network(threads: int) -> Network:
    """Compile the network after replacing the one operation that OpenVINO does not know."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "person_mask.tflite"
        path.write_bytes(replace_transpose_bias(asset("person-mask").read_bytes()))
        return compile_network(read_network(path), threads)


def replace_transpose_bias(network: bytes) -> bytes:
    """Write MediaPipe's custom Convolution2DTransposeBias as TRANSPOSE_CONV followed by ADD.

    Args:
        network: a TFLite file.

    Returns:
        The same network in operations of the TFLite standard.
    """
    import flatbuffers

    tfl: Any = _tflite_schema()
    model = tfl.ModelT.InitFromObj(tfl.Model.GetRootAsModel(bytearray(network), 0))
    graph = model.subgraphs[0]

    def operator_code(code: int) -> int:
        entry = tfl.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, code, 1
        model.operatorCodes.append(entry)
        return len(model.operatorCodes) - 1

    def tensor(name: str, shape: Any, kind: int, data: bytes = b"") -> int:
        buffer = tfl.BufferT()
        buffer.data = np.frombuffer(data, np.uint8) if data else None
        model.buffers.append(buffer)
        entry = tfl.TensorT()
        entry.name, entry.shape, entry.type = name.encode(), shape, kind
        entry.buffer = len(model.buffers) - 1
        graph.tensors.append(entry)
        return len(graph.tensors) - 1

    def operator(code: int, inputs: list[int], output: int, kind: int, options: Any) -> Any:
        entry = tfl.OperatorT()
        entry.opcodeIndex = code
        entry.inputs, entry.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        entry.builtinOptionsType, entry.builtinOptions = kind, options
        return entry

    codes = [entry.customCode for entry in model.operatorCodes]
    convolve = operator_code(tfl.BuiltinOperator.TRANSPOSE_CONV)
    add = operator_code(tfl.BuiltinOperator.ADD)
    operators = []
    for old in graph.operators:
        if codes[old.opcodeIndex] != b"Convolution2DTransposeBias":
            operators.append(old)
            continue
        features, weights, bias = (int(i) for i in old.inputs)
        output = int(old.outputs[0])
        shape = graph.tensors[output].shape
        options = tfl.TransposeConvOptionsT()
        # They start with three integers: padding (1 same, 2 valid), stride x, stride y.
        padding, options.strideW, options.strideH = np.frombuffer(
            bytes(old.customOptions)[:12], np.int32
        ).tolist()
        options.padding = tfl.Padding.SAME if padding == 1 else tfl.Padding.VALID
        count = len(operators)
        shape_data = np.asarray(shape, np.int32).tobytes()
        shape_tensor = tensor(
            f"shape_{count}", np.array([4], np.int32), tfl.TensorType.INT32, shape_data
        )
        middle = tensor(f"middle_{count}", shape, graph.tensors[output].type)
        kinds = tfl.BuiltinOptions
        operators += [
            operator(
                convolve,
                [shape_tensor, weights, features],
                middle,
                kinds.TransposeConvOptions,
                options,
            ),
            operator(add, [middle, bias], output, kinds.AddOptions, tfl.AddOptionsT()),
        ]
    graph.operators = operators
    builder = flatbuffers.Builder(len(network) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tflite_schema() -> ModuleType:
    """The TFLite schema as Python classes, from its file: MediaPipe itself imports much more."""
    name = "proportrait._tflite_schema"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, asset("tflite-schema"))
        if spec is None or spec.loader is None:
            raise ImportError("the TFLite schema is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
