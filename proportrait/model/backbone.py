"""Any timm network as a backbone, and where its ImageNet weights come from.

Offline, timm waits about 47 seconds for the Hugging Face Hub before it fails: so the local cache
comes first, and nothing is downloaded unless the user allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.errors import AssetError, ConfigurationError
from proportrait.model.compat import timm
from proportrait.networks.assets import asset
from proportrait.networks.efficientnet import timm_names
from proportrait.networks.pth import read_pth

PUBLISHED = "swin_tiny_patch4_window7_224"
OFFLINE = "tf_efficientnet_lite0"
AUTO = "auto"
# Common names, and timm's. timm's plain efficientnet_lite0 pads differently: the weights of the pip
# package load into it without an error and give wrong features.
ALIASES = {
    "efficientnet_lite0": OFFLINE,
    "efficientnet_lite1": "tf_efficientnet_lite1",
    "efficientnet_lite2": "tf_efficientnet_lite2",
    "swin_tiny": PUBLISHED,
    "swin_base": "swin_base_patch4_window7_224",
    "vit_b_16": "vit_base_patch16_224",
}
PACKAGED = {OFFLINE: "imagenet-lite0"}  # backbones whose weights a pip package carries


@dataclass(frozen=True)
class Choice:
    """A backbone and the origin of its weights.

    Attributes:
        name: timm's.
        weights: "package", "cache", "download", or "none" for random ones.
        summary: one line for the user.
    """

    name: str
    weights: str
    summary: str


def choose(name: str = AUTO, pretrained: bool = True, download: bool = False) -> Choice:
    """Choose a backbone and the origin of its weights.

    Args:
        name: a name of timm or of `ALIASES`; `AUTO` is Swin-Tiny where its weights are on this
            machine or may be downloaded, else EfficientNet-lite0.
        pretrained: start from ImageNet weights.
        download: allow a download of missing weights from the Hugging Face Hub.

    Raises:
        ConfigurationError: timm has no such model, or its weights are not on this machine.
    """
    if name == AUTO:
        if not pretrained:
            return Choice(OFFLINE, "none", f"{OFFLINE} with random weights")
        if download or _cached(PUBLISHED):
            return choose(PUBLISHED, True, download)
        offline = choose(OFFLINE)
        reason = f"the weights of {PUBLISHED} are not on this machine; --download fetches them"
        return Choice(offline.name, offline.weights, f"{offline.summary} ({reason})")
    name = ALIASES.get(name, name)
    if not timm().is_model(name):
        similar = ", ".join(timm().list_models(f"*{name.split('_')[0]}*")[:8])
        raise ConfigurationError(
            f"timm has no model {name!r}; try auto, {', '.join(ALIASES)}"
            + (f", or one of {similar}" if similar else "")
        )
    if not pretrained:
        return Choice(name, "none", f"{name} with random weights")
    if name in PACKAGED:
        return Choice(name, "package", f"{name}, ImageNet weights of its pip package")
    if _cached(name):
        return Choice(name, "cache", f"{name}, ImageNet weights of the local cache")
    if download:
        return Choice(name, "download", f"{name}, ImageNet weights of the Hugging Face Hub")
    raise ConfigurationError(
        f"the ImageNet weights of {name} are not on this machine: --download fetches them, "
        f"--backbone {OFFLINE} has its own, --no-pretrained starts from random ones"
    )


def create(choice: Choice, size: int) -> Any:
    """Build the network without its classifier: float32 (N, 3, size, size) -> (N, num_features).

    Raises:
        AssetError: the weights cannot be downloaded, or belong to another network.
        ConfigurationError: the network does not accept this size, or returns no feature vector.
    """
    by_timm = choice.weights in ("cache", "download")
    options: dict[str, Any] = {"num_classes": 0}
    cfg = _pretrained_cfg(choice.name)
    if choice.weights == "cache":  # a path: for a name timm asks the Hub for updates
        options["pretrained_cfg_overlay"] = {"file": _cached(choice.name)}
    if cfg is not None and cfg.fixed_input_size and cfg.input_size[-1] != size:
        options["img_size"] = size
    try:
        network = timm().create_model(choice.name, pretrained=by_timm, **options)
        network.num_features = _feature_count(network, size)
    except OSError as error:
        raise AssetError(
            f"the weights of {choice.name} cannot be fetched from the Hugging Face Hub: {error}"
        ) from error
    except (AssertionError, ValueError, TypeError, RuntimeError) as error:
        raise ConfigurationError(f"{choice.name} at {size} px: {error}") from error
    if choice.weights == "package":
        _load_packaged(network, choice.name, asset(PACKAGED[choice.name]))
    return network


def _feature_count(network: Any, size: int) -> int:
    """The length of a picture's feature vector, from a forward pass at this size.

    timm's own `num_features` is that of an earlier layer in some networks.
    """
    import torch

    training = network.training
    with torch.inference_mode():
        shape = network.eval()(torch.zeros(1, 3, size, size)).shape
    network.train(training)
    if len(shape) != 2:
        raise ValueError(f"its features are of the shape {tuple(shape)}, not one row a picture")
    return int(shape[1])


def normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation by which a backbone expects its channels to be normalised."""
    cfg = _pretrained_cfg(name)
    if cfg is None:
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    return tuple(cfg.mean), tuple(cfg.std)


def _load_packaged(network: Any, name: str, path: Path) -> None:
    """Load the weights of a pip package into timm's network of that name."""
    import torch

    state = network.state_dict()
    try:
        weights = timm_names(read_pth(path), name)
        tensors = {key: torch.from_numpy(value) for key, value in weights.items()}
        network.load_state_dict(state | tensors)
    except (ValueError, RuntimeError) as error:
        raise AssetError(
            f"{path} holds the weights of another network than {name}: {error}"
        ) from error


def _pretrained_cfg(name: str) -> Any:
    """timm's configuration of the pretrained weights of a name, with or without a tag, or None.

    Raises:
        ConfigurationError: timm has no weights with this tag.
    """
    try:
        return timm().get_pretrained_cfg(name)
    except RuntimeError as error:
        raise ConfigurationError(f"timm: {error}") from error


def _cached(name: str) -> str | None:
    """The weight file in the local cache of the Hugging Face Hub, or None."""
    from huggingface_hub import try_to_load_from_cache

    cfg = _pretrained_cfg(name)
    if cfg is None or not cfg.hf_hub_id:
        return None
    for file in ("model.safetensors", "pytorch_model.bin"):
        path = try_to_load_from_cache(cfg.hf_hub_id, file)
        if isinstance(path, str):
            return path
    return None
