"""Feature sets of large networks: timm makes them of weights in the local cache of the Hub.

Nothing is downloaded here; where weights are missing the message says how to fetch them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float, Image
from proportrait.errors import ConfigurationError

# By the name of the set, timm's name.
NETWORKS = {
    "clip": "vit_large_patch14_clip_336.openai",
    "convnext": "convnext_large.fb_in22k",
    "dino": "vit_base_patch16_224.dino",
    "beit": "beitv2_base_patch16_224.in1k_ft_in22k",
}


def width(name: str) -> int:
    """The number of features of a network.

    Raises:
        ConfigurationError: its weights are not on this machine.
    """
    return int(_network(name)[0].num_features)


def features(name: str, image: Image) -> Float:
    """The features (D,) float32 of a picture (H, W, 3) of any size, squeezed to a square."""
    import torch

    network, size, mean, std = _network(name)
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    scaled = ((small.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)
    with torch.inference_mode():
        return np.asarray(network(torch.from_numpy(scaled[None].copy()))[0].numpy(), np.float32)


@cache
def _network(name: str) -> tuple[Any, int, Float, Float]:
    """The network without its classifier, px of a side of its input, mean and deviation of it."""
    from proportrait.model.backbone import choose, create, normalisation
    from proportrait.model.compat import timm

    title = NETWORKS[name]
    config = timm().get_pretrained_cfg(title)
    try:
        choice = choose(title)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the weights of {name} ({title}) are not on this machine; with a network, run: "
            f"hf download {config.hf_hub_id} model.safetensors"
        ) from error
    mean, std = (np.array(values, np.float32) for values in normalisation(title))
    return create(choice, config.input_size[-1]).eval(), config.input_size[-1], mean, std
