"""A model in one safetensors file: weights, preprocessing, calibration, settings, and figures.

safetensors holds numbers and text alone: reading it runs no code. A model with a backbone of
EfficientNet-lite is served without PyTorch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Image, Text
from proportrait.disk import replace_file
from proportrait.errors import AssetError
from proportrait.labels import KEYS
from proportrait.looks.features import SIZE, Backbone
from proportrait.looks.look import Look, Wants
from proportrait.model.architecture import Architecture
from proportrait.model.calibration import Calibration
from proportrait.model.fusion import Fusion
from proportrait.model.heads import head_logits
from proportrait.model.views import Preprocessing
from proportrait.networks import efficientnet
from proportrait.networks.inference import compile_network

FORMAT = 4  # version of the file format, and of what its views show; any other is refused
_ENTRY = "proportrait"
_PACKAGED = "headshot_lite0.safetensors"
BACKBONE = "backbone."  # what the names of the backbone's weights begin with

State = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Headshot:
    """A model that is ready for use.

    Attributes:
        architecture: its backbone and preprocessing.
        state: the weights of its `HeadshotModel` by name, float32 (counters int64).
        fusion: the last step, from features and measures to logits.
        calibration: its temperatures and thresholds.
        about: JSON-ready: settings, fingerprint of the data, figures, date.
    """

    architecture: Architecture
    state: State
    fusion: Fusion
    calibration: Calibration = field(default_factory=Calibration)
    about: Mapping[str, Any] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle, which knows nothing of networks that are compiled."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_network(cls, network: Any) -> Headshot:
        """The model of a trained `HeadshotModel`, float32, whose weights are copied.

        Its fusion is neutral, its calibration too.
        """
        state = {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}
        architecture = network.architecture
        shape = architecture.preprocessing
        count = network.backbone.num_features * len(shape.views) + SIZE * len(shape.general)
        return cls(architecture, state, Fusion.neutral(count, len(architecture.measures)))

    @property
    def preprocessing(self) -> Preprocessing:
        return self.architecture.preprocessing

    @cached_property
    def network(self) -> Any:
        """The `HeadshotModel` in evaluation mode, float32, for PyTorch: training and export.

        Raises:
            AssetError: the weights are those of another architecture.
        """
        import torch

        from proportrait.model.backbone import Choice, create
        from proportrait.model.network import HeadshotModel

        name = self.architecture.backbone
        with torch.inference_mode(False):  # weights that are made in that mode cannot be trained
            backbone = create(Choice(name, "none", ""), self.preprocessing.size)
            network = HeadshotModel(self.architecture, backbone)
            state = {key: torch.tensor(value) for key, value in self.state.items()}
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise AssetError(f"these are no weights of {name}: {error}") from error
        return network.eval()

    @property
    def feature_views(self) -> Text:
        """The name of the view that each of the D features describes.

        Before those of the network trained on ImageNet alone stands "general ".
        """
        every = self.preprocessing.views
        general = [f"general {view}" for view in self.preprocessing.general]
        own = (len(self.fusion.centre) - SIZE * len(general)) // len(every)
        return np.repeat([*every, *general], [own] * len(every) + [SIZE] * len(general))

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of all that its logits and verdicts depend on, beside the look."""
        digest = hashlib.sha256(repr(self.architecture).encode())
        digest.update(np.array(list(vars(self.calibration).values()), np.float64).tobytes())
        for name, values in sorted({**self.state, **self.fusion.to_state()}.items()):
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            digest.update(values.tobytes())
        return digest.hexdigest()

    @property
    def wants(self) -> Wants:
        """What a look has to hold, so that the model can judge it."""
        return Wants(views=self.preprocessing)

    def logits(self, looks: Sequence[Look]) -> Float:
        """Logits of N looks that hold `wants`, (N, 6) float32, before calibration."""
        if not looks:
            return np.zeros((0, len(KEYS)), np.float32)
        views = [look.views for look in looks if look.views is not None]
        measures = np.stack([look.measure_array(self.architecture.measures) for look in looks])
        return self.fusion.logits(*self.features(views), measures)

    def features(self, pictures: Sequence[tuple[Image, ...]]) -> tuple[Float, Float]:
        """The logits of the backbone's own heads and all features of N pictures: (N, 6), (N, D).

        Args:
            pictures: the views of each, of `Preprocessing`.
        """
        rows = [self._features_of(*views) for views in pictures]
        features = np.stack([own for own, _ in rows])
        own_logits = head_logits(features[:, : len(self.architecture.trained)], self.state)
        flat = [np.concatenate([own.ravel(), general.ravel()]) for own, general in rows]
        return own_logits, np.stack(flat).astype(np.float32)

    def _features_of(self, views: Image, general: Image) -> tuple[Float, Float]:
        """Features of the views of one picture; those of the last one are kept.

        A taste asks for the same ones as the verdicts, and they take longer than all else of it.
        """
        for known, features in self._last:
            if all(map(np.array_equal, known, (views, general))):
                return features
        own = [self._backbone(self.preprocessing.normalise(view[None]))[0] for view in views]
        features = np.stack(own), np.array([self._general(view) for view in general])
        self._last[:] = [((views.copy(), general.copy()), features)]
        return features

    @cached_property
    def _last(self) -> list[tuple[tuple[Image, Image], tuple[Float, Float]]]:
        return []

    @cached_property
    def _general(self) -> Backbone:
        return Backbone(1, self.preprocessing.general_size)

    @cached_property
    def _backbone(self) -> Callable[[Float], Float]:
        """(1, 3, size, size) -> (1, F), float32.

        A view at a time, and OpenVINO by one thread: the features depend neither on the batch nor
        on the machine's cores, and memory does not grow.
        """
        name, size = self.architecture.backbone, self.preprocessing.size
        if name not in efficientnet.DEPTHS:
            return _by_torch(self.network.backbone)
        weights = {key.removeprefix(BACKBONE): value for key, value in self.state.items()
                   if key.startswith(BACKBONE)}  # fmt: skip
        network = compile_network(efficientnet.build(weights, name, size, batch=1), threads=1)
        return lambda batch: network([batch])[0]


def _by_torch(backbone: Any) -> Callable[[Float], Float]:
    import torch

    def features(batch: Float) -> Float:
        with torch.inference_mode():
            return np.asarray(backbone(torch.from_numpy(batch)).numpy())

    return features


def packaged() -> Path:
    """The file of the model that comes with the package."""
    return Path(str(files("proportrait").joinpath("weights", _PACKAGED)))


@cache
def packaged_model() -> Headshot:
    """The model that comes with the package, once a process.

    Raises:
        AssetError: it is missing or damaged.
    """
    return load(packaged())


def save(headshot: Headshot, path: Path, half: bool = False) -> None:
    """Write a model; `half` writes the backbone's weights as float16, which halves the file."""
    from safetensors.numpy import save as to_bytes

    state = _floats(headshot.state, np.float16 if half else np.float32)
    state |= _floats(headshot.fusion.to_state(), np.float32)
    metadata = {
        "format": FORMAT,
        "architecture": asdict(headshot.architecture),
        "labels": list(KEYS),
        "calibration": asdict(headshot.calibration),
        "about": dict(headshot.about),
    }
    replace_file(path, to_bytes(state, {_ENTRY: json.dumps(metadata, allow_nan=False)}))


def load(path: Path) -> Headshot:
    """Read a model that `save` wrote.

    Raises:
        AssetError: the file is missing, damaged, or no model of this project or version.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            metadata = dict(json.loads((file.metadata() or {})[_ENTRY]))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise AssetError(
            f"{path} is no model of `proportrait train` (a .safetensors file): {error}"
        ) from error
    if metadata.get("format") != FORMAT or metadata.get("labels") != list(KEYS):
        raise AssetError(
            f"{path} was written by another version, or has other labels: train it again, or "
            f"install the version that wrote it"
        )
    try:
        headshot = Headshot(
            _architecture(metadata["architecture"]),
            _floats({k: v for k, v in state.items() if not Fusion.owns(k)}, np.float32),
            Fusion.from_state(state),
            Calibration(**{k: _six(v) for k, v in metadata["calibration"].items()}),
            dict(metadata["about"]),
        )
        with ThreadPoolExecutor(2) as pool:  # both take as long to compile
            pool.submit(getattr, headshot, "_backbone")
            if headshot.preprocessing.general:
                pool.submit(getattr, headshot, "_general")
        # A forward pass shows whether the weights fit.
        blank = np.zeros((64, 64, 3), np.uint8)
        headshot.logits([Look(views=headshot.preprocessing(blank, None))])
    except (AssetError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise AssetError(f"{path} was written by another version: train it again") from error
    return headshot


def _six(values: Any) -> tuple[float, ...]:
    """Numbers, one an attribute.

    Raises:
        ValueError: there are more or fewer.
    """
    numbers = tuple(map(float, values))
    if len(numbers) != len(KEYS):
        raise ValueError(f"{len(KEYS)} numbers are expected, not {len(numbers)}")
    return numbers


def _architecture(config: Mapping[str, Any]) -> Architecture:
    """An architecture of its JSON, in which tuples are lists."""

    def tuples(values: Mapping[str, Any]) -> dict[str, Any]:
        return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}

    preprocessing = Preprocessing(**tuples(config["preprocessing"]))
    return Architecture(**tuples(config) | {"preprocessing": preprocessing})


def _floats(state: State, dtype: type[np.floating[Any]]) -> dict[str, npt.NDArray[Any]]:
    """The state with its floating-point weights in a precision."""
    return {
        name: np.asarray(value, dtype if value.dtype.kind == "f" else None, order="C")
        for name, value in state.items()
    }
