"""A model in its file, and how it is served: by OpenVINO, or by PyTorch."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from proportrait.errors import AssetError
from proportrait.labels import KEYS
from proportrait.model.backbone import OFFLINE
from proportrait.model.calibration import Calibration
from proportrait.model.saved import FORMAT, Headshot, load, packaged, save
from proportrait.model.views import Preprocessing
from tests.tiny_training import CONVOLUTIONAL, SIZE, TRANSFORMER, headshot, network

NAN = float("nan")


@pytest.fixture(scope="module")
def model() -> Headshot:
    return headshot({"settings": {"lr": 0.1}, "note": "ünïcode"})


def logits_of(model: Headshot) -> np.ndarray:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 2, SIZE, SIZE, 3), dtype=np.uint8)
    return model.logits(pictures, np.full((3, 6), 60, np.float32))


def test_a_model_is_the_same_after_saving(model: Headshot, tmp_path: Path) -> None:
    save(model, tmp_path / "m.safetensors")
    copy = load(tmp_path / "m.safetensors")
    assert copy.about == model.about
    assert copy.calibration == model.calibration
    assert copy.architecture == model.architecture
    assert isinstance(copy.preprocessing, Preprocessing)
    assert not copy.network.training
    assert copy.state.keys() == model.state.keys()
    assert all(np.array_equal(copy.state[name], value) for name, value in model.state.items())
    assert np.array_equal(logits_of(copy), logits_of(model))


def test_half_precision_gives_nearly_the_same_logits(model: Headshot, tmp_path: Path) -> None:
    save(model, tmp_path / "full.safetensors")
    save(model, tmp_path / "half.safetensors", half=True)
    copy = load(tmp_path / "half.safetensors")
    assert {value.dtype for value in copy.state.values()} == {np.dtype(np.float32)}
    assert logits_of(copy) == pytest.approx(logits_of(model), abs=0.01)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.6 * sizes[1]


def test_files_that_are_no_model_are_refused(model: Headshot, tmp_path: Path) -> None:
    from safetensors.torch import save as to_bytes

    save(model, tmp_path / "good.safetensors")
    data = (tmp_path / "good.safetensors").read_bytes()
    broken = {
        "missing": None,
        "empty": b"",
        "text": b"this is no model",
        "cut": data[: len(data) // 2],
        "other": to_bytes({"weight": torch.zeros(2)}),
        "words": to_bytes({"weight": torch.zeros(2)}, {"proportrait": "{"}),
    }
    for name, content in broken.items():
        path = tmp_path / f"{name}.safetensors"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(AssetError, match=f"{name}.safetensors is no model of"):
            load(path)
    with pytest.raises(AssetError, match="is no model of"):
        load(tmp_path)


@pytest.mark.parametrize("change", [{"format": FORMAT + 1}, {"labels": ["lighting"]}])
def test_a_model_of_another_version_is_refused(
    model: Headshot, tmp_path: Path, change: dict[str, object]
) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    path = tmp_path / "m.safetensors"
    save(model, path)
    with safe_open(path, "pt") as file:
        entry = json.loads(file.metadata()["proportrait"])
    save_file(load_file(path), path, {"proportrait": json.dumps(entry | change)})
    with pytest.raises(AssetError, match="written by another version, or has other labels"):
        load(path)


# --- serving


SCORES = np.array([[60, 50, NAN, 20, 99.9, 0], [NAN] * 6, [0, 100, 100, 0, 100, 0.1]], np.float32)


def views_of(model: Headshot, seed: int = 0) -> np.ndarray:
    side = model.preprocessing.size
    shape = 3, len(model.preprocessing.views), side, side, 3
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def by_torch(model: Headshot, views: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The logits of the whole network in PyTorch."""
    flat = model.preprocessing.normalise(views.reshape(-1, *views.shape[2:]))
    batch = torch.from_numpy(flat).unflatten(0, views.shape[:2])
    with torch.inference_mode():
        logits: np.ndarray = model.network(batch, torch.from_numpy(scores)).numpy()
    return logits


@pytest.mark.parametrize("measures", [True, False])
@pytest.mark.parametrize("name", [OFFLINE, CONVOLUTIONAL, TRANSFORMER])
def test_the_logits_are_those_of_the_network_that_was_trained(name: str, measures: bool) -> None:
    trained = network(name, measures)
    torch.nn.init.normal_(trained.heads.weight, std=0.2)  # random features are nearly the same
    torch.nn.init.normal_(trained.heads.bias)
    model = Headshot.from_network(trained, Calibration(), {})
    views = views_of(model)
    logits, expected = model.logits(views, SCORES), by_torch(model, views, SCORES)
    assert logits.dtype == np.float32
    assert logits == pytest.approx(expected, abs=1e-4)
    assert expected.std(0).min() > 3e-4


def test_the_packaged_model_is_the_network_that_was_trained() -> None:
    model = load(packaged())
    assert model.architecture.backbone == OFFLINE
    views = views_of(model)
    assert model.features(views).shape == (3, 2, 1280)
    assert model.logits(views, SCORES) == pytest.approx(by_torch(model, views, SCORES), abs=1e-4)


@pytest.mark.parametrize("name", [OFFLINE, TRANSFORMER])
def test_other_pictures_of_a_batch_change_no_bit_of_the_features(name: str) -> None:
    model = Headshot.from_network(network(name), Calibration(), {})
    views = views_of(model)
    features = model.features(views)
    assert features.dtype == np.float32
    assert np.array_equal(model.features(views[1:2]), features[1:2])
    assert np.array_equal(model.features(views[:, ::-1]), features[:, ::-1])


def test_a_model_keeps_its_weights_when_training_goes_on() -> None:
    trained = network()
    model = Headshot.from_network(trained, Calibration(), {})
    before = logits_of(model)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.zero_()
    assert np.array_equal(logits_of(model), before)


def test_a_network_made_in_inference_mode_can_be_trained() -> None:
    model = headshot()
    with torch.inference_mode():
        heads: Any = model.network.heads
    heads(torch.zeros(1, heads.in_features)).sum().backward()
    assert heads.bias.grad is not None


@pytest.mark.parametrize("name", [OFFLINE, CONVOLUTIONAL])
def test_weights_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    """Of another backbone, of a head for other views, without a part."""
    model = Headshot.from_network(network(name), Calibration(), {})
    other = next(key for key in model.state if key.endswith("conv_stem.weight"))
    changes: list[dict[str, Any]] = [
        {other: np.zeros((8, 3, 5, 5), np.float32)},
        {"heads.weight": np.zeros((len(KEYS), 7), np.float32)},
        {other: None},
        {"heads.bias": None},
        {"backbone.more.weight": np.zeros(3, np.float32)},
    ]
    for change in changes:
        state = {k: v for k, v in (dict(model.state) | change).items() if v is not None}
        save(replace(model, state=state), tmp_path / "m.safetensors")
        with pytest.raises(AssetError, match="written by another version: train it again"):
            load(tmp_path / "m.safetensors")
