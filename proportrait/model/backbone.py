"""Any timm network as a backbone, and where its ImageNet weights come from.

timm would wait for about 47 seconds before it says that there is no network: here the cache is
asked first, and nothing is fetched unless the user said so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.errors import AssetError, ConfigurationError
from proportrait.model.compat import timm
from proportrait.networks.assets import asset

PUBLISHED = "swin_tiny_patch4_window7_224"
OFFLINE = "tf_efficientnet_lite0"
AUTO = "auto"
# Names that people know, and what timm calls them. The plain efficientnet_lite0 of timm pads
# otherwise: the weights of the pip package load into it without an error, and are wrong there.
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
    """A backbone and why it was chosen.

    Attributes:
        name: timm's.
        weights: "package", "cache", "download", or "none" for random ones.
        said: one line for the user.
    """

    name: str
    weights: str
    said: str


def choose(name: str = AUTO, pretrained: bool = True, download: bool = False) -> Choice:
    """Which backbone, and its weights from where.

    Args:
        name: a name of timm or of `ALIASES`; `AUTO` is Swin-Tiny where its weights are on this
            machine or may be fetched, else EfficientNet-lite0.
        pretrained: start from ImageNet weights.
        download: fetch weights that are not on this machine from the Hugging Face Hub.

    Raises:
        ConfigurationError: timm knows no such name, or the weights are not here.
    """
    if name == AUTO:
        if not pretrained:
            return Choice(OFFLINE, "none", f"{OFFLINE} with random weights")
        if download or _cached(PUBLISHED):
            return choose(PUBLISHED, True, download)
        chosen = choose(OFFLINE)
        reason = f"the weights of {PUBLISHED} are not on this machine; --download fetches them"
        return Choice(chosen.name, chosen.weights, f"{chosen.said} ({reason})")
    name = ALIASES.get(name, name)
    if not timm().is_model(name):
        close = ", ".join(timm().list_models(f"*{name.split('_')[0]}*")[:8])
        raise ConfigurationError(
            f"timm has no model {name!r}; try auto, {', '.join(ALIASES)}"
            + (f", or one of {close}" if close else "")
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
    """The network without its classifier: float32 (N, 3, size, size) -> (N, num_features).

    Raises:
        AssetError: the weights cannot be fetched, or are those of another network.
        ConfigurationError: the network takes no pictures of this size, or gives no features.
    """
    fetched = choice.weights in ("cache", "download")
    options: dict[str, Any] = {"num_classes": 0}
    cfg = _about(choice.name)
    if choice.weights == "cache":  # by its path: timm would ask the Hub whether it is the newest
        options["pretrained_cfg_overlay"] = {"file": _cached(choice.name)}
    if cfg is not None and cfg.fixed_input_size and cfg.input_size[-1] != size:
        options["img_size"] = size
    try:
        network = timm().create_model(choice.name, pretrained=fetched, **options)
        network.num_features = _features(network, size)
    except OSError as error:
        raise AssetError(
            f"the weights of {choice.name} cannot be fetched from the Hugging Face Hub: {error}"
        ) from error
    except (AssertionError, ValueError, TypeError, RuntimeError) as error:
        raise ConfigurationError(f"{choice.name} at {size} px: {error}") from error
    if choice.weights == "package":
        _load_packaged(network, asset(PACKAGED[choice.name]))
    return network


def _features(network: Any, size: int) -> int:
    """How many features one picture has; timm's own number is that of an earlier layer in some.

    A size that the network does not take is told at once.
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
    """Mean and standard deviation of the channels that a backbone was trained with."""
    cfg = _about(name)
    if cfg is None:
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    return tuple(cfg.mean), tuple(cfg.std)


def _load_packaged(network: Any, path: Path) -> None:
    """The package names its tensors otherwise, in the same order, and has a classifier more."""
    import torch

    found = torch.load(path, map_location="cpu", weights_only=True)
    values = [v for k, v in found.items() if _counts(k) and not k.startswith("_fc.")]
    state = network.state_dict()
    names = [name for name in state if _counts(name)]
    if [v.shape for v in values] != [state[name].shape for name in names]:
        raise AssetError(f"{path} holds the weights of another network than the backbone")
    network.load_state_dict(state | dict(zip(names, values, strict=True)))


def _counts(name: str) -> bool:
    return not name.endswith("num_batches_tracked")


def _about(name: str) -> Any:
    """What timm knows of the pretrained weights of a name (with or without a tag), or None.

    Raises:
        ConfigurationError: it has no weights of this tag.
    """
    try:
        return timm().get_pretrained_cfg(name)
    except RuntimeError as error:
        raise ConfigurationError(f"timm: {error}") from error


def _cached(name: str) -> str | None:
    """Where the weights lie on this machine; None if they would have to be fetched."""
    from huggingface_hub import try_to_load_from_cache

    cfg = _about(name)
    if cfg is None or not cfg.hf_hub_id:
        return None
    for file in ("model.safetensors", "pytorch_model.bin"):
        found = try_to_load_from_cache(cfg.hf_hub_id, file)
        if isinstance(found, str):
            return found
    return None
