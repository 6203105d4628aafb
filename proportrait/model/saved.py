"""A model in one safetensors file: weights, preprocessing, calibration, settings, and figures.

safetensors holds numbers and text alone: reading it runs no code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.disk import replace_file
from proportrait.errors import AssetError
from proportrait.labels import KEYS
from proportrait.model.calibration import Calibration
from proportrait.model.views import Preprocessing

FORMAT = 1  # version of the file format; a higher one is refused
_ENTRY = "proportrait"
_PACKAGED = "headshot_lite0.safetensors"


@dataclass(frozen=True, eq=False)
class Headshot:
    """A model that is ready for use.

    Attributes:
        network: a `HeadshotModel` in evaluation mode, float32.
        calibration: its temperatures and thresholds.
        about: JSON-ready: settings, fingerprint of the data, figures, date.
    """

    network: Any
    calibration: Calibration
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def preprocessing(self) -> Preprocessing:
        preprocessing = self.network.architecture.preprocessing
        assert isinstance(preprocessing, Preprocessing)
        return preprocessing

    def logits(self, views: Image, scores: Float) -> Float:
        """Logits of N pictures, (N, 6) float32, before calibration.

        Args:
            views: (N, V, size, size, 3), of `Preprocessing`.
            scores: (N, 6), [0, 100], NaN where an attribute could not be assessed.
        """
        import torch

        flat = self.preprocessing.normalise(views.reshape(-1, *views.shape[2:]))
        batch = torch.from_numpy(flat.reshape(*views.shape[:2], *flat.shape[1:]))
        with torch.inference_mode():
            return np.asarray(self.network(batch, torch.from_numpy(scores)).float().numpy())


def packaged() -> Path:
    """The file of the model that comes with the package."""
    return Path(str(files("proportrait").joinpath("weights", _PACKAGED)))


def save(headshot: Headshot, path: Path, half: bool = False) -> None:
    """Write a model; `half` writes its weights as float16, which halves the file."""
    from safetensors.torch import save as to_bytes

    state = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for name, value in headshot.network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "architecture": asdict(headshot.network.architecture),
        "labels": list(KEYS),
        "calibration": asdict(headshot.calibration),
        "about": dict(headshot.about),
    }
    replace_file(path, to_bytes(state, {_ENTRY: json.dumps(metadata)}))


def load(path: Path) -> Headshot:
    """Read a model that `save` wrote.

    Raises:
        AssetError: the file is missing, damaged, or no model of this project or version.
    """
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import load_file

    from proportrait.model.backbone import Choice, create
    from proportrait.model.network import Architecture, HeadshotModel

    try:
        with safe_open(path, "pt") as file:
            metadata = json.loads((file.metadata() or {})[_ENTRY])
        state = load_file(path)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise AssetError(
            f"{path} is no model of `proportrait train` (a .safetensors file): {error}"
        ) from error
    if metadata["format"] > FORMAT or metadata["labels"] != list(KEYS):
        raise AssetError(
            f"{path} was written by another version, or has other labels: train it again, or "
            f"install the version that wrote it"
        )
    config = metadata["architecture"]
    options: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in config["preprocessing"].items()
    }
    preprocessing = Preprocessing(**options)
    architecture = Architecture(config["backbone"], preprocessing, config["measures"])
    network = HeadshotModel(
        architecture, create(Choice(architecture.backbone, "none", ""), preprocessing.size)
    )
    shapes, expected = ({k: v.shape for k, v in s.items()} for s in (state, network.state_dict()))
    if shapes != expected:
        raise AssetError(f"{path} was written by another version: train it again")
    network.load_state_dict({name: value.float() if value.is_floating_point() else value
                             for name, value in state.items()})  # fmt: skip
    calibration = Calibration(**{k: tuple(v) for k, v in metadata["calibration"].items()})
    return Headshot(network.eval(), calibration, metadata["about"])
