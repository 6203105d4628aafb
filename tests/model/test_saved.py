"""A model in its file, and how it is served: by OpenVINO, or by PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from proportrait.errors import AssetError
from proportrait.labels import KEYS
from proportrait.looks.features import Backbone
from proportrait.looks.look import Look
from proportrait.measures import NAMES, Measure
from proportrait.model.backbone import OFFLINE
from proportrait.model.saved import FORMAT, Headshot, load, packaged, save
from proportrait.model.views import GENERAL, TRAINED, VIEWS, Preprocessing, View
from tests.tiny_training import CONVOLUTIONAL, SIZE, TRANSFORMER, headshot, network

NAN = float("nan")


@pytest.fixture(scope="module")
def model() -> Headshot:
    return headshot({"settings": {"lr": 0.1}, "note": "ünïcode"})


def look(view: np.ndarray, head_size: float = 0.3) -> Look:
    """A look of which one measure could be taken."""
    measure = Measure("HeadSize", head_size, "1", 60, "middle")
    return Look(views=view, measures={"framing": {"HeadSize": measure}})


def logits_of(model: Headshot) -> np.ndarray:
    return model.logits([look(view) for view in views_of(model)])


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
    fusions = [fusion.to_state() for fusion in (copy.fusion, model.fusion)]
    assert all(np.array_equal(fusions[0][name], value) for name, value in fusions[1].items())
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
        "number": to_bytes({"weight": torch.zeros(2)}, {"proportrait": "1"}),
    }
    for name, content in broken.items():
        path = tmp_path / f"{name}.safetensors"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(AssetError, match=f"{name}.safetensors is no model of"):
            load(path)
    with pytest.raises(AssetError, match="is no model of"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": FORMAT - 1}, "written by another version, or has other labels"),
        ({"format": FORMAT + 1}, "written by another version, or has other labels"),
        ({"format": None}, "written by another version, or has other labels"),
        ({"format": "2"}, "written by another version, or has other labels"),
        ({"labels": ["lighting"]}, "written by another version, or has other labels"),
        ({"labels": None}, "written by another version, or has other labels"),
        ({"architecture": ["a"]}, "written by another version: train it again"),
        ({"calibration": None}, "written by another version: train it again"),
        ({"calibration": [1.0]}, "written by another version: train it again"),
        ({"calibration": {"temperatures": [1.0]}}, "written by another version: train it again"),
        ({"calibration": {"scale": [1.0] * 6}}, "written by another version: train it again"),
        ({"about": None}, "written by another version: train it again"),
        # As the first format had it.
        ({"architecture": {"backbone": OFFLINE, "preprocessing": {}, "measures": True}},
         "written by another version: train it again"),
    ],
)  # fmt: skip
def test_a_model_of_another_version_is_refused(
    model: Headshot, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    path = tmp_path / "m.safetensors"
    save(model, path)
    with safe_open(path, "pt") as file:
        entry = json.loads(file.metadata()["proportrait"])
    save_file(load_file(path), path, {"proportrait": json.dumps(entry | change)})
    with pytest.raises(AssetError, match=message):
        load(path)


# --- serving


def views_of(model: Headshot, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of three pictures of noise."""
    shape, rng = model.preprocessing, np.random.default_rng(seed)

    def noise(count: int, side: int) -> np.ndarray:
        return rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)

    return [
        (noise(len(shape.views), shape.size), noise(len(shape.general), shape.general_size))
        for _ in range(3)
    ]


def by_torch(model: Headshot, views: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The logits of the network that was trained, in PyTorch."""
    batch = torch.from_numpy(np.stack([model.preprocessing.normalise(own) for own, _ in views]))
    with torch.inference_mode():
        logits: np.ndarray = model.network(batch[:, : len(model.architecture.trained)]).numpy()
    return logits


@pytest.mark.parametrize("trained", [("whole", "face"), ("face",), ("mouth", "whole", "face")])
@pytest.mark.parametrize("name", [OFFLINE, CONVOLUTIONAL, TRANSFORMER])
def test_the_own_logits_are_those_of_the_network_that_was_trained(
    name: str, trained: tuple[View, ...]
) -> None:
    original = network(name, views=trained)
    torch.nn.init.normal_(original.heads.weight, std=0.2)  # random features are nearly the same
    torch.nn.init.normal_(original.heads.bias)
    model = Headshot.from_network(original)
    assert set(model.preprocessing.views) == set(VIEWS)
    views = views_of(model)
    logits, features = model.features(views)
    expected = by_torch(model, views)
    assert logits.dtype == features.dtype == np.float32
    assert features.shape == (3, len(VIEWS) * original.backbone.num_features)
    assert logits == pytest.approx(expected, abs=1e-4)
    assert expected.std(0).min() > 3e-4


def test_a_fresh_model_says_what_its_own_heads_say() -> None:
    model = Headshot.from_network(network())
    views = views_of(model)
    looks = [Look(views=view) for view in views]
    assert np.array_equal(model.logits(looks), model.features(views)[0])
    assert model.logits([]).shape == (0, 6)
    assert model.wants.views == model.preprocessing


def test_the_logits_are_the_fusion_of_features_and_measures(model: Headshot) -> None:
    views, values = views_of(model), np.float32([0.5, -1, 2])
    looks = [look(view, value) for view, value in zip(views, values.tolist(), strict=True)]
    measures = np.full((3, len(NAMES)), NAN, np.float32)
    measures[:, NAMES.index("framing.HeadSize")] = values
    expected = model.fusion.logits(*model.features(views), measures)
    assert np.array_equal(model.logits(looks), expected)
    assert not np.array_equal(model.logits([Look(views=view) for view in views]), expected)


def test_general_views_are_seen_by_the_network_for_imagenet() -> None:
    model = Headshot.from_network(network(general=("bust", "face")))
    views = views_of(model)
    features = model.features(views)[1].reshape(3, -1)
    assert features.shape[1] == model.fusion.weight.shape[1]
    assert model.preprocessing.general_size == 2 * SIZE
    backbone = Backbone(1, 2 * SIZE)
    for place, start in ((0, -2560), (1, -1280)):
        part = features[:, start : start + 1280 or None]
        assert part == pytest.approx(np.stack([backbone(view[place]) for _, view in views]))


def test_the_packaged_model_is_the_network_that_was_trained() -> None:
    model = load(packaged())
    assert model.architecture.backbone == OFFLINE
    assert (model.preprocessing.views, model.preprocessing.general) == (VIEWS, GENERAL)
    assert model.architecture.trained == TRAINED
    known = {*NAMES, *(f"{key}.Score" for key in KEYS)}  # another would always be missing
    assert set(model.architecture.measures) <= known
    views = views_of(model)
    logits, features = model.features(views)
    assert features.shape == (3, (len(VIEWS) + len(GENERAL)) * 1280)
    assert logits == pytest.approx(by_torch(model, views), abs=1e-4)


@pytest.mark.parametrize("name", [OFFLINE, TRANSFORMER])
def test_other_pictures_of_a_batch_change_no_bit_of_the_features(name: str) -> None:
    model = Headshot.from_network(network(name))
    views = views_of(model)
    features = model.features(views)[1]
    assert np.array_equal(model.features(views[1:2])[1], features[1:2])
    by_view = features.reshape(3, len(VIEWS), -1)
    turned = [(own[::-1], general) for own, general in views]
    turned = model.features(turned)[1].reshape(3, len(VIEWS), -1)
    assert np.array_equal(turned, by_view[:, ::-1])


def test_the_features_of_the_last_picture_are_not_computed_twice() -> None:
    model = headshot()
    own, general = views_of(model)[0]
    calls: list[int] = []
    network = model._backbone

    def counted(batch: np.ndarray) -> np.ndarray:
        calls.append(1)
        return network(batch)

    vars(model)["_backbone"] = counted
    first = model.features([(own, general)])[1]
    assert np.array_equal(model.features([(own.copy(), general.copy())])[1], first)
    assert len(calls) == len(own)
    own[:] = 255 - own  # another picture in the same place of the memory
    assert not np.array_equal(model.features([(own, general)])[1], first)
    assert len(calls) == 2 * len(own)


def test_a_model_keeps_its_weights_when_training_goes_on() -> None:
    trained = network()
    model = Headshot.from_network(trained)
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
    """Of another backbone, of a head for other views, of other measures, without a part."""
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    save(Headshot.from_network(network(name)), tmp_path / "m.safetensors")
    with safe_open(tmp_path / "m.safetensors", "np") as file:
        metadata = file.metadata()
    whole = load_file(tmp_path / "m.safetensors")
    other = next(key for key in whole if key.endswith("conv_stem.weight"))
    changes: list[dict[str, Any]] = [
        {other: np.zeros((8, 3, 5, 5), np.float32)},
        {"heads.weight": np.zeros((len(KEYS), 7), np.float32)},
        {other: None},
        {"heads.bias": None},
        {"fusion.mix": None},
        {"fusion.knots": np.zeros((3, 2), np.float32)},
        {"backbone.more.weight": np.zeros(3, np.float32)},
    ]
    for change in changes:
        state = {k: v for k, v in (whole | change).items() if v is not None}
        save_file(state, tmp_path / "m.safetensors", metadata)
        with pytest.raises(AssetError, match="written by another version: train it again"):
            load(tmp_path / "m.safetensors")
