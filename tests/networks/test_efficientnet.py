"""EfficientNet-lite by OpenVINO against timm's network of the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from proportrait.model.backbone import OFFLINE, Choice, choose, create
from proportrait.networks.assets import asset
from proportrait.networks.efficientnet import DEPTHS, build, is_weight, timm_names
from proportrait.networks.inference import compile_network
from proportrait.networks.pth import read_pth

SIZE = 72  # px: odd sides inside (9, 5, 3), where the padding matters


def state_of(network: Any) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def random_network(name: str) -> Any:
    """timm's network with random weights and random statistics, in evaluation mode."""
    torch.manual_seed(0)
    network = create(Choice(name, "none", ""), SIZE).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            for values, low, high in (
                (module.weight, 0.5, 1.5), (module.bias, -0.5, 1.0),
                (module.running_mean, -0.5, 0.5), (module.running_var, 0.5, 2.0),
            ):  # fmt: skip
                nn.init.uniform_(values, low, high)
    return network


def pictures(count: int = 3, size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 3, size, size)).astype(np.float32)


def assert_equal(network: Any, features: np.ndarray, batch: np.ndarray) -> None:
    with torch.inference_mode():
        expected = network(torch.from_numpy(batch)).numpy()
    assert features.shape == expected.shape
    assert features.dtype == np.float32
    assert expected.std() > 0.05
    assert np.abs(features - expected).max() <= 1e-3 * np.abs(expected).max()


@pytest.mark.parametrize("name", DEPTHS)
def test_the_features_are_those_of_timm(name: str) -> None:
    network, batch = random_network(name), pictures()
    features = compile_network(build(state_of(network), name, SIZE), 1)([batch])[0]
    assert_equal(network, features, batch)


def test_the_packaged_weights_give_the_features_of_timm() -> None:
    weights = timm_names(read_pth(asset("imagenet-lite0")), OFFLINE)
    network, batch = create(choose(OFFLINE), 224).eval(), pictures(2, 224)
    features = compile_network(build(weights, OFFLINE, 224), 1)([batch])[0]
    assert_equal(network, features, batch)


def test_a_batch_of_any_number_gives_the_bits_of_one() -> None:
    state, batch = state_of(random_network(OFFLINE)), pictures()
    many = compile_network(build(state, OFFLINE, SIZE), 1)
    alone = compile_network(build(state, OFFLINE, SIZE, batch=1), 1)
    rows = np.concatenate([alone([picture[None]])[0] for picture in batch])
    assert np.array_equal(many([batch])[0], rows)
    assert np.array_equal(many([batch[:2]])[0], rows[:2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bn2.bias": None}, "bn2.bias"),
        ({"blocks.7.0.conv_pw.weight": np.zeros((1, 1, 1, 1), np.float32)}, "blocks.7.0"),
        ({"conv_head.weight": np.zeros((1280, 3, 1, 1), np.float32)}, "tf_efficientnet_lite0"),
    ],
)
def test_weights_of_another_network_are_refused(change: dict[str, Any], message: str) -> None:
    state = state_of(create(Choice(OFFLINE, "none", ""), SIZE)) | change
    with pytest.raises(ValueError, match=message):
        build({k: v for k, v in state.items() if v is not None}, OFFLINE, SIZE)


def test_weights_of_a_pip_package_get_the_names_of_timm_by_their_order() -> None:
    packaged = read_pth(asset("imagenet-lite0"))
    renamed = timm_names(packaged, OFFLINE)
    state = state_of(create(Choice(OFFLINE, "none", ""), SIZE))
    assert list(renamed) == [name for name in state if is_weight(name)]
    assert renamed["blocks.0.0.conv_dw.weight"] is packaged["_blocks.0._depthwise_conv.weight"]
    assert renamed["bn2.running_var"] is packaged["_bn1.running_var"]
    with pytest.raises(ValueError, match=r"tf_efficientnet_lite1 has 320 weights, not 245"):
        timm_names(packaged, "tf_efficientnet_lite1")
