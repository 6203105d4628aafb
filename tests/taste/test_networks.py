"""Feature sets of large networks; the packaged weights stand in for those of the Hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait.arrays import Image
from proportrait.errors import ConfigurationError
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.looks.features import SIZE, Backbone
from proportrait.taste import networks
from proportrait.taste.features import column_names, matrix
from tests import FACE


@pytest.fixture
def _lite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(networks.NETWORKS, "lite", "tf_efficientnet_lite0")


@pytest.mark.usefixtures("_lite")
def test_its_features_are_those_of_timm(image: Image) -> None:
    assert networks.width("lite") == SIZE
    values = networks.features("lite", image)
    expected = Backbone(side=224)(image)  # normalised by 127 and 128 instead of 127.5
    assert np.corrcoef(values, expected)[0, 1] > 0.99


@pytest.mark.usefixtures("_lite")
def test_it_is_a_set_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    features = matrix([FACE], ["geometry", "lite"], workers=1)
    assert features.values.shape == (1, len(column_names(1)) + SIZE)
    assert features.names[-1] == f"lite:{SIZE - 1}"


def test_missing_weights_say_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proportrait.model.backbone._cached", lambda name: None)
    networks._network.cache_clear()
    with pytest.raises(ConfigurationError, match=r"clip .* run: hf download timm/vit_large"):
        column_names(["clip"])
