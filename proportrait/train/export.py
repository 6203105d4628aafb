"""Export of a model to ONNX and OpenVINO, with its card.

OpenVINO runs both files, and their outputs are compared with PyTorch's.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.disk import replace_file
from proportrait.errors import ProPortraitError
from proportrait.model.saved import Headshot
from proportrait.networks.inference import compile_network, read_network
from proportrait.train.batches import Batches, collect_looks
from proportrait.train.card import card
from proportrait.train.data import Pictures

ONNX, OPENVINO, CARD = "model.onnx", "model.xml", "README.md"
TOLERANCE = 1e-3  # largest difference of a probability
_COMPARED = 16  # pictures
_OPSET = 17


def export(headshot: Headshot, folder: Path, pictures: Pictures) -> list[str]:
    """Write model.onnx, model.xml with model.bin, and README.md; returns a line for each format.

    The inputs are `views` (N, V, 3, size, size) and `scores` (N, 6), the output is `logits` (N, 6)
    before calibration, all float32.

    Args:
        pictures: the first few serve to compare the formats.

    Raises:
        ProPortraitError: the network cannot be exported, or differs from PyTorch by more than
            `TOLERANCE`. The card and model.safetensors remain.
    """
    replace_file(folder / CARD, card(headshot).encode())
    views, scores = _inputs(headshot, pictures[np.arange(min(_COMPARED, len(pictures)))])
    reference = headshot.calibration.probabilities(_torch(headshot, views, scores))
    onnx, openvino = folder / ONNX, folder / OPENVINO
    lines = []
    for name in ("ONNX", "OpenVINO"):
        try:
            path = to_onnx(headshot, onnx) if name == "ONNX" else to_openvino(onnx, openvino)
            logits = _run(path, views, scores)
        except RuntimeError as error:  # from the exporter or the runtime
            raise ProPortraitError(
                f"{headshot.about['backbone']} cannot be written as {name} ({error}): use "
                f"model.safetensors"
            ) from error
        probabilities = headshot.calibration.probabilities(logits)
        difference = float(np.abs(probabilities - reference).max())
        if not difference <= TOLERANCE:  # NaN included
            raise ProPortraitError(
                f"the {name} model differs from PyTorch by {difference:.4f} in a probability; at "
                f"most {TOLERANCE} is right: use model.safetensors"
            )
        lines.append(f"{name:11s} agrees with PyTorch within {difference:.1e} of a probability")
    return lines


def to_onnx(headshot: Headshot, path: Path) -> Path:
    """Write the network as ONNX, for batches of any size."""
    import torch

    shape = headshot.preprocessing
    views = torch.zeros(2, len(shape.views), 3, shape.size, shape.size)
    scores = torch.full((2, 6), 50.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter is deprecated
        torch.onnx.export(
            headshot.network, (views, scores), str(path), dynamo=False, opset_version=_OPSET,
            input_names=["views", "scores"], output_names=["logits"],
            dynamic_axes={name: {0: "pictures"} for name in ("views", "scores", "logits")},
        )  # fmt: skip
    return path


def to_openvino(onnx: Path, path: Path) -> Path:
    """Convert an ONNX file to OpenVINO; the weights go into a .bin file beside `path`."""
    import openvino

    openvino.save_model(openvino.convert_model(onnx), path, compress_to_fp16=False)
    return path


def _inputs(headshot: Headshot, pictures: Pictures) -> tuple[Float, Float]:
    batches = Batches(pictures, collect_looks(pictures, 1), headshot.preprocessing)
    items = [batches[-1, number] for number in range(len(batches))]
    return np.stack([i[0].numpy() for i in items]), np.stack([i[1].numpy() for i in items])


def _torch(headshot: Headshot, views: Float, scores: Float) -> Float:
    """The logits by PyTorch."""
    import torch

    with torch.inference_mode():
        logits = headshot.network(torch.from_numpy(views), torch.from_numpy(scores))
    return np.asarray(logits.numpy())


def _run(path: Path, views: Float, scores: Float) -> Float:
    """The logits of an ONNX or OpenVINO file, by OpenVINO."""
    network: Any = compile_network(read_network(path), 1)  # a path would hit the cache of networks
    return np.asarray(network({"views": views, "scores": scores})[0])
