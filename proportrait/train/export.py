"""The model in other forms, ONNX and OpenVINO, and a card describing it.

OpenVINO runs both, and both are held against PyTorch.
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
from proportrait.train.batches import Batches, look_at
from proportrait.train.card import card
from proportrait.train.data import Pictures

ONNX, OPENVINO, CARD = "model.onnx", "model.xml", "README.md"
AGREE = 1e-3  # largest difference of a probability
_COMPARED = 16  # pictures
_OPSET = 17


def export(headshot: Headshot, folder: Path, pictures: Pictures) -> list[str]:
    """Write model.onnx, model.xml with model.bin, and README.md; say how far they agree.

    The inputs are `views` (N, V, 3, size, size) and `components` (N, 6), the output `logits`
    (N, 6), before calibration.

    Args:
        pictures: on some of which the models are compared.

    Raises:
        ProPortraitError: the network cannot be written so, or does not agree with PyTorch within
            `AGREE`. The card and model.safetensors are there all the same.
    """
    replace_file(folder / CARD, card(headshot).encode())
    views, components = _inputs(headshot, pictures[np.arange(min(_COMPARED, len(pictures)))])
    expected = _torch(headshot, views, components)
    onnx, openvino = folder / ONNX, folder / OPENVINO
    lines = []
    for name in ("ONNX", "OpenVINO"):
        try:
            path = to_onnx(headshot, onnx) if name == "ONNX" else to_openvino(onnx, openvino)
            found = _run(path, views, components)
        except RuntimeError as error:  # what an exporter cannot write or a runtime cannot read
            raise ProPortraitError(
                f"{headshot.about['backbone']} cannot be written as {name} ({error}): use "
                f"model.safetensors"
            ) from error
        probabilities = headshot.calibration.probabilities(found)
        differ = float(np.abs(probabilities - headshot.calibration.probabilities(expected)).max())
        if not differ <= AGREE:  # NaN included
            raise ProPortraitError(
                f"the {name} model differs from PyTorch by {differ:.4f} in a probability; at most "
                f"{AGREE} is right: use model.safetensors"
            )
        lines.append(f"{name:11s} agrees with PyTorch within {differ:.1e} of a probability")
    return lines


def to_onnx(headshot: Headshot, path: Path) -> Path:
    """Write the network as ONNX, with any number of pictures a batch."""
    import torch

    prepare = headshot.preprocessing
    views = torch.zeros(2, len(prepare.views), 3, prepare.size, prepare.size)
    components = torch.full((2, 6), 50.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an exporter that will be replaced
        torch.onnx.export(
            headshot.network, (views, components), str(path), dynamo=False, opset_version=_OPSET,
            input_names=["views", "components"], output_names=["logits"],
            dynamic_axes={name: {0: "pictures"} for name in ("views", "components", "logits")},
        )  # fmt: skip
    return path


def to_openvino(onnx: Path, path: Path) -> Path:
    """Convert an ONNX model; its weights lie beside it."""
    import openvino

    openvino.save_model(openvino.convert_model(onnx), path, compress_to_fp16=False)
    return path


def _inputs(headshot: Headshot, pictures: Pictures) -> tuple[Float, Float]:
    batches = Batches(pictures, look_at(pictures, 1), headshot.preprocessing)
    items = [batches[-1, number] for number in range(len(batches))]
    return np.stack([i[0].numpy() for i in items]), np.stack([i[1].numpy() for i in items])


def _torch(headshot: Headshot, views: Float, components: Float) -> Float:
    import torch

    with torch.inference_mode():
        found = headshot.network(torch.from_numpy(views), torch.from_numpy(components))
    return np.asarray(found.numpy())


def _run(path: Path, views: Float, components: Float) -> Float:
    """What OpenVINO makes of a model of either form."""
    network: Any = compile_network(read_network(path), 1)  # not one kept of an earlier file
    return np.asarray(network({"views": views, "components": components})[0])
