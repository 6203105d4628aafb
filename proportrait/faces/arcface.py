"""Face recognition networks that take a face aligned as for ArcFace (Deng et al., 2019)."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from proportrait.arrays import Double, Float, Image
from proportrait.errors import AssetError
from proportrait.faces.blur import blurred_part
from proportrait.faces.face import Face
from proportrait.networks.assets import asset
from proportrait.networks.inference import Network, compile_network, read_network
from proportrait.networks.quantised import dequantised

_SIDE = 112  # px of the input
# Where the eyes, the nose tip, and the corners of the mouth lie in it, the picture's left first.
_PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]]
)  # fmt: skip
_POINTS = ((33, 133), (362, 263), (1, 1), (61, 61), (291, 291))  # of the mesh: ends of each


class ArcFaceNetwork:
    """A network from RGB (1, 3, 112, 112) to an embedding, whose length says nothing.

    Args:
        network: compiled.
        mean, scale: (pixel - mean) * scale is what it takes.
    """

    def __init__(self, network: Network, mean: float = 0.0, scale: float = 1.0) -> None:
        self._network, self._mean, self._scale = network, mean, scale

    @classmethod
    def sface(cls, threads: int = 1) -> ArcFaceNetwork:
        """SFace (Zhong et al., 2021), of the OpenCV Zoo."""
        return cls(compile_network(read_network(dequantised(asset("identity-sface"))), threads))

    @classmethod
    def insightface(cls, path: Path, threads: int = 1) -> ArcFaceNetwork:
        """A recognition network of InsightFace as an ONNX file, such as w600k_r50.onnx.

        Raises:
            AssetError: it cannot be read.
        """
        try:
            model = read_network(path)
            shape = model.input().partial_shape
            if not shape.compatible(type(shape)([1, 3, _SIDE, _SIDE])):
                raise RuntimeError(f"its input is {shape}")
            model.reshape([1, 3, _SIDE, _SIDE])
            return cls(compile_network(model, threads), 127.5, 1 / 127.5)
        except RuntimeError as error:
            raise AssetError(
                f"{path} is no face recognition network with an input of 3 x 112 x 112: take the "
                f"file w600k_r50.onnx or w600k_mbf.onnx out of a model pack of InsightFace "
                f"(https://github.com/deepinsight/insightface, for research only)"
            ) from error

    def __call__(self, image: Image, face: Face) -> Float:
        """The embedding (D,) of length 1 of a face and its mirror image, so that both are alike."""
        aligned = _aligned(image, face)
        views = [aligned, aligned[:, ::-1]]
        total = sum(self._embedding(view) for view in views)
        return np.asarray(total / max(float(np.linalg.norm(total)), 1e-9), np.float32)

    def _embedding(self, view: Image) -> Float:
        pixels = (view.astype(np.float32) - self._mean) * self._scale
        return self._network([np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])])[0].ravel()


def _aligned(image: Image, face: Face) -> Image:
    """A face (112, 112, 3) upright, its eyes, nose, and mouth where the networks learnt them."""
    points = np.stack([face.landmarks[list(ends), :2].mean(0) for ends in _POINTS])
    matrix = similarity_transform(points.astype(np.float64), _PLACES)
    scale = float(np.hypot(*matrix[:, 0]))
    if scale < 0.5:  # else pixels would be skipped
        low, high = points.min(0) - 60 / scale, points.max(0) + 60 / scale
        image = blurred_part(image, low, high, 0.4 / scale)
    return np.asarray(cv2.warpAffine(image, matrix, (_SIDE, _SIDE)), np.uint8)


def similarity_transform(points: Double, places: Double) -> Double:
    """The turn, scale, and shift (2, 3) that brings points (N, 2) nearest to places (N, 2).

    Least squares (Umeyama, 1991) as complex numbers, which leave mirror images out.
    """
    a, b = points @ (1, 1j), places @ (1, 1j)
    factor = np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean())
    shift = b.mean() - factor * a.mean()
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )
