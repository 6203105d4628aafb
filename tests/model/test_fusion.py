"""The last step of a model: opinions by hand, its arrays in a file, and the same in PyTorch."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from proportrait.labels import KEYS
from proportrait.looks.look import Look
from proportrait.measures import NAMES, Measure
from proportrait.model.backbone import OFFLINE
from proportrait.model.fusion import Fusion, additive
from proportrait.model.saved import Headshot
from proportrait.model.served import _Fusion, inputs, served
from proportrait.model.views import View
from tests.tiny_training import TRANSFORMER, network, random_fusion

NAN = float("nan")


def pictures(fusion: Fusion, count: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Own logits, features, and measures, some of which are missing."""
    rng = np.random.default_rng(1)
    own = rng.normal(0, 2, (count, 6)).astype(np.float32)
    features = rng.normal(0, 1, (count, fusion.weight.shape[1])).astype(np.float32)
    measures = rng.normal(0, 2, (count, len(fusion.knots))).astype(np.float32)
    measures[0], measures[1, ::2] = NAN, NAN
    return own, features, measures


@pytest.fixture
def fusion() -> Fusion:
    return random_fusion(Fusion.neutral(features=7, measures=4))


# --- curves


@pytest.mark.parametrize(
    ("value", "costs"),
    [
        (-9, [1, 0]),  # constant below the first knot
        (0, [1, 0]),
        (1, [2, -1]),  # half way from 0 to 2
        (2, [3, -2]),
        (5, [1.5, 0]),  # half way from 2 to 8
        (8, [0, 2]),
        (99, [0, 2]),  # constant above the last one
        (NAN, [0, 0]),  # without a value it costs nothing
    ],
)
def test_a_curve_is_linear_between_its_knots(value: float, costs: list[float]) -> None:
    knots = np.float32([[0, 2, 8]])
    curves = np.float32([[[1, 3, 0]], [[0, -2, 2]]])  # of two attributes
    result = additive(np.float32([[value]]), knots, curves)
    assert result.shape == (1, 2, 1)
    assert result.dtype == np.float32
    assert result[0, :, 0] == pytest.approx(costs, abs=1e-6)


def test_every_measure_has_curves_of_its_own() -> None:
    knots = np.float32([[0, 1], [10, 20]])
    curves = np.float32([[[0, 4], [0, -8]]])
    values = np.float32([[0.5, 15], [0.5, NAN], [NAN, 20]])
    assert additive(values, knots, curves)[:, 0] == pytest.approx(
        np.float32([[2, -4], [2, 0], [0, -8]])
    )


def test_knots_that_are_equal_make_a_step() -> None:
    """A measure that was nearly always the same: its quantiles are equal."""
    knots, curves = np.float32([[3, 3, 3]]), np.float32([[[1, 1, 5]]])
    costs = additive(np.float32([[2.9], [3], [3.1]]), knots, curves)[:, 0, 0]
    assert costs.tolist() == [1, 1, 5]


# --- opinions


def test_a_neutral_fusion_hears_the_own_heads_alone() -> None:
    fusion = Fusion.neutral(features=7, measures=4)
    own, features, measures = pictures(fusion)
    assert np.array_equal(fusion.logits(own, features, measures), own)


def test_a_logit_is_the_weighted_sum_of_three_opinions() -> None:
    fusion = replace(
        Fusion.neutral(features=2, measures=1),
        centre=np.float32([1, 0]),
        weight=np.tile(np.float32([2, -1]), (6, 1)),
        bias=np.full(6, 0.5, np.float32),
        knots=np.float32([[0, 10]]),
        curves=np.tile(np.float32([-1, 1]), (6, 1, 1)),
        base=np.full(6, 0.25, np.float32),
        mix=np.tile(np.float32([0.5, 1, 2]), (6, 1)),
        offset=np.arange(6, dtype=np.float32),
    )
    features, measures = np.float32([[3, 1], [1, 0]]), np.float32([[10], [NAN]])
    own = np.full((2, 6), 4, np.float32)
    # 2 * (3 - 1) - 1 + 0.5; the other picture lies at the centre.
    assert fusion.head_logits(features)[:, 0].tolist() == [3.5, 0.5]
    assert fusion.measure_logits(measures)[:, 0].tolist() == [1.25, 0.25]
    logits = fusion.logits(own, features, measures)
    assert logits.dtype == np.float32
    assert logits[0] == pytest.approx(0.5 * 4 + 3.5 + 2 * 1.25 + np.arange(6))
    assert logits[1] == pytest.approx(0.5 * 4 + 0.5 + 2 * 0.25 + np.arange(6))


def test_the_costs_add_up_to_the_opinion_of_the_measures(fusion: Fusion) -> None:
    measures = pictures(fusion)[2]
    costs = fusion.costs(measures)
    assert costs.shape == (5, 6, 4)
    assert (costs[0] == 0).all()
    assert costs.sum(-1) + fusion.base == pytest.approx(fusion.measure_logits(measures))


# --- the file


def test_the_arrays_come_back_from_a_file(fusion: Fusion) -> None:
    state = fusion.to_state()
    assert all(Fusion.owns(name) for name in state)
    assert not Fusion.owns("heads.weight")
    other = Fusion.from_state(state | {"heads.weight": np.zeros(3)})
    for entry in fields(Fusion):
        assert np.array_equal(getattr(other, entry.name), getattr(fusion, entry.name))
        assert getattr(other, entry.name).dtype == np.float32
    del state["fusion.mix"]
    with pytest.raises(KeyError):
        Fusion.from_state(state)


# --- PyTorch


def test_pytorch_gives_the_same_logits(fusion: Fusion) -> None:
    own, features, measures = pictures(fusion)
    tensors = (torch.from_numpy(values) for values in (own, features, measures))
    logits = _Fusion(fusion)(*tensors).numpy()
    assert logits == pytest.approx(fusion.logits(own, features, measures), abs=1e-5)
    assert fusion.logits(own, features, measures).std() > 0.5


@pytest.mark.parametrize("measures", [NAMES[:9], ()])
@pytest.mark.parametrize(("backbone", "general"), [(TRANSFORMER, ()), (OFFLINE, ("bust", "mouth"))])
def test_the_whole_module_gives_the_logits_of_the_model(
    backbone: str, general: tuple[View, ...], measures: tuple[str, ...]
) -> None:
    model = Headshot.from_network(network(backbone, general=general, measures=measures))
    # Means and deviations that are not those of the network for ImageNet.
    prepare = replace(model.preprocessing, mean=(0.4, 0.5, 0.6), std=(0.5, 0.3, 0.2))
    model = replace(
        model,
        architecture=replace(model.architecture, preprocessing=prepare),
        fusion=random_fusion(model.fusion),
    )
    rng = np.random.default_rng(0)
    looks = []
    for value in (0.3, 0.6):
        views = prepare(rng.integers(0, 256, (96, 128, 3), dtype=np.uint8), None)
        key, name = NAMES[0].split(".")
        measure = Measure(name, value, "1", 50.0, "middle")
        looks.append(Look(views=views, measures={key: {name: measure}}))
    expected = model.logits(looks)
    given = inputs(model, looks)
    assert list(given) == ["views", *["general"] * bool(general), *["measures"] * bool(measures)]
    with torch.inference_mode():
        logits = served(model)(*map(torch.from_numpy, given.values())).numpy()
    assert logits.shape == (2, len(KEYS))
    assert logits == pytest.approx(expected, abs=1e-4)
    assert np.abs(logits[0] - logits[1]).min() > 1e-3
