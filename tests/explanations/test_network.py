"""The share of each place in the logits."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.explanations.network import _spread, log_odds
from proportrait.labels import KEYS
from proportrait.looks.look import look
from proportrait.model.cells import Cells, has_cells
from proportrait.model.saved import Headshot, load, packaged
from tests import FACE
from tests.tiny_training import headshot


@pytest.fixture(scope="module")
def model() -> Headshot:
    return load(packaged())


def test_the_places_add_up_to_what_the_features_add(model: Headshot) -> None:
    """For two pictures the difference of both sums is the same: the mean picture falls out."""
    views = look(FACE, model.wants).views
    assert views is not None
    cells, fusion = Cells(model), model.fusion
    sums, logits = [], []
    for pictures in (views, tuple(255 - view for view in views)):
        own, features = model.features([pictures])
        opinions = own * fusion.mix[:, 0] + fusion.head_logits(features) * fusion.mix[:, 1]
        logits.append(opinions[0])
        sums.append(sum(places.sum((1, 2)) for places in cells(pictures)))
    assert cells.views == (*model.preprocessing.views, *model.preprocessing.general)
    assert np.ptp(logits[0] - logits[1]) > 1
    assert np.allclose(sums[0] - sums[1], logits[0] - logits[1], atol=2e-3)


def test_the_map_of_a_picture_keeps_the_sum_and_the_place(model: Headshot) -> None:
    class One:
        def __call__(self, views: tuple[np.ndarray, ...]) -> list[np.ndarray]:
            left, lower = (np.zeros((len(KEYS), 7, 7), np.float32) for _ in range(2))
            left[1, 3, 0] = 2
            lower[1, 6, 3] = -3
            return [left, lower]

    windows = [np.array([0, 0, 1, 1.0]), np.array([0.5, 0.5, 0.75, 1.2])]
    result = log_odds(One(), (), windows, (70, 140))  # type: ignore[arg-type]
    assert result.shape == (6, 70, 140)
    assert result[0].any() == False  # noqa: E712
    assert result[1, :, :40].sum() == pytest.approx(2, abs=1e-4)
    assert np.unravel_index(result[1].argmax(), (70, 140))[1] < 20
    y, x = np.unravel_index(result[1].argmin(), (70, 140))
    assert y >= 60  # a view is cut off at the border
    assert 80 <= x <= 95
    assert result[1].sum() == pytest.approx(-1, abs=1e-4)


def test_cells_are_spread_over_pixels_and_keep_their_sum() -> None:
    assert np.allclose(_spread(4, 2, 0, 1), np.array([[4, 0], [3, 1], [1, 3], [0, 4]]) / 8)
    assert np.array_equal(_spread(4, 2, 0.5, 0.51), [[0, 0], [0, 0], [1, 1], [0, 0]])


def test_only_an_efficientnet_has_cells(model: Headshot) -> None:
    assert has_cells(model)
    assert not has_cells(headshot())
