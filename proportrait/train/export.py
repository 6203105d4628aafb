"""Export of a model to ONNX and OpenVINO, with its card.

OpenVINO runs both files, and their outputs are compared with those of the model itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.disk import replace_file
from proportrait.errors import ProPortraitError
from proportrait.looks.look import Look
from proportrait.model.saved import Headshot
from proportrait.model.served import inputs, served
from proportrait.networks.inference import compile_network, read_network
from proportrait.train.batches import readable
from proportrait.train.card import card
from proportrait.train.data import Pictures

ONNX, OPENVINO, CARD = "model.onnx", "model.xml", "README.md"
TOLERANCE = 1e-3  # largest difference of a probability
_COMPARED = 16  # pictures
_OPSET = 17


def export(headshot: Headshot, folder: Path, pictures: Pictures) -> list[str]:
    """Write model.onnx, model.xml with model.bin, and README.md; returns a line for each format.

    The inputs are those of `model.served.inputs`; the output is `logits` (N, 6) before calibration,
    float32.

    Args:
        pictures: the first few serve to compare the formats.

    Raises:
        ProPortraitError: the network cannot be exported, or differs from `Headshot.logits` by more
            than `TOLERANCE`. The card and model.safetensors remain.
    """
    replace_file(folder / CARD, card(headshot).encode())
    looks = _looks(pictures[np.arange(min(_COMPARED, len(pictures)))], headshot)
    given = inputs(headshot, looks)
    reference = headshot.calibration.probabilities(headshot.logits(looks))
    onnx, openvino = folder / ONNX, folder / OPENVINO
    lines = []
    for name in ("ONNX", "OpenVINO"):
        try:
            path = to_onnx(headshot, onnx, given) if name == "ONNX" else to_openvino(onnx, openvino)
            logits = _run(path, given)
        except RuntimeError as error:  # from the exporter or the runtime
            raise ProPortraitError(
                f"{headshot.about['backbone']} cannot be written as {name} ({error}): use "
                f"model.safetensors"
            ) from error
        probabilities = headshot.calibration.probabilities(logits)
        difference = float(np.abs(probabilities - reference).max())
        if not difference <= TOLERANCE:  # NaN included
            raise ProPortraitError(
                f"the {name} model differs from model.safetensors by {difference:.4f} in a "
                f"probability; at most {TOLERANCE} is right: use the latter"
            )
        lines.append(
            f"{name:11s} agrees with model.safetensors within {difference:.1e} of a probability"
        )
    return lines


def to_onnx(headshot: Headshot, path: Path, given: Mapping[str, Float]) -> Path:
    """Write the network as ONNX, for batches of any size.

    Args:
        given: inputs of a few pictures.
    """
    import torch

    blank = [torch.zeros(2, *value.shape[1:]) for value in given.values()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter is deprecated
        torch.onnx.export(
            served(headshot), tuple(blank), str(path), dynamo=False,
            opset_version=_OPSET, input_names=list(given), output_names=["logits"],
            dynamic_axes={name: {0: "pictures"} for name in (*given, "logits")},
        )  # fmt: skip
    return path


def to_openvino(onnx: Path, path: Path) -> Path:
    """Convert an ONNX file to OpenVINO; the weights go into a .bin file beside `path`."""
    from proportrait.networks.binding import openvino

    openvino.save_model(openvino.convert_model(onnx), path, compress_to_fp16=False)
    return path


def _looks(pictures: Pictures, headshot: Headshot) -> list[Look]:
    files = [Path(str(path)) for path in pictures.paths]
    return [look for _, look in readable(files, headshot.wants, 1)]


def _run(path: Path, given: Mapping[str, Float]) -> Float:
    """The logits of an ONNX or OpenVINO file, by OpenVINO."""
    network: Any = compile_network(read_network(path), 1)  # a path would hit the cache of networks
    return np.asarray(network(dict(given))[0])
