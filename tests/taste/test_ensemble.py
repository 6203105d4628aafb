"""What an ensemble learns, from how few labels, and what a file may hold."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from proportrait.errors import AssetError, ConfigurationError
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.members import LANDMARKS
from tests.taste.samples import NAMES, features


@pytest.fixture(scope="module")
def taste() -> Ensemble:
    values, labels = features(200)
    return Ensemble.fit(values, labels, names=NAMES, about={"sets": 4})


def test_every_model_learns_what_tells_the_label(taste: Ensemble) -> None:
    values, labels = features(300, seed=1)
    right = ((taste.members(values) >= 0.5) == labels[:, None]).mean(0)
    assert right.min() > 0.8
    assert ((taste.probabilities(values) >= taste.threshold) == labels).mean() > 0.85


def test_many_columns_that_tell_nothing_weigh_little(taste: Ensemble) -> None:
    assert taste.models.weights[0] > 0.85
    assert taste.models.weights.sum() == pytest.approx(1)


def test_validated_probabilities_are_of_models_without_the_picture() -> None:
    values = np.random.default_rng(0).normal(size=(120, 30)).astype(np.float32)
    labels = np.arange(120) % 2 == 0  # nothing can be learnt
    taste = Ensemble.fit(values, labels)
    assert ((taste.probabilities(values) >= 0.5) == labels).mean() > 0.8  # learnt by heart
    assert abs(((taste.validated >= 0.5) == labels).mean() - 0.5) < 0.15


def test_precision_and_recall_are_those_at_the_threshold(taste: Ensemble) -> None:
    chosen = taste.validated >= taste.threshold
    assert taste.precision == pytest.approx(taste.labels[chosen].mean())
    assert taste.recall == pytest.approx(chosen[taste.labels].mean())


def test_two_labels_are_enough_and_nothing_is_claimed() -> None:
    values, _ = features(2)
    taste = Ensemble.fit(values, [True, False], names=NAMES)
    assert np.isnan(taste.validated).all()
    assert np.isnan(taste.precision)
    assert taste.threshold == 0.5
    first, second = taste.probabilities(values)
    assert first > 0.5 > second


@pytest.mark.parametrize("label", [True, False])
def test_one_kind_of_label_teaches_nothing(label: bool) -> None:
    values, _ = features(3)
    with pytest.raises(ConfigurationError, match="at least one picture positive and one negative"):
        Ensemble.fit(values, [label] * 3)


def test_measures_that_are_missing_never_make_a_probability_missing() -> None:
    values, labels = features(40)
    values[::3, :2], values[:, 3] = np.nan, np.nan
    taste = Ensemble.fit(values, labels, names=NAMES)
    assert np.isfinite(taste.probabilities(np.full_like(values, np.nan))).all()
    assert np.isfinite(taste.probabilities(values)).all()


def test_copies_of_a_picture_are_held_out_together() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=(40, 20)), 3, 0).astype(np.float32)
    labels = np.repeat(np.random.default_rng(1).permutation(40) % 2 == 0, 3)
    taste = Ensemble.fit(values, labels)
    assert ((taste.validated >= 0.5) == labels).mean() < 0.75


def test_pictures_that_are_all_the_same_give_the_same_probability() -> None:
    taste = Ensemble.fit(np.ones((6, 5), np.float32), [True, False] * 3)
    assert len(set(taste.probabilities(np.ones((3, 5), np.float32)))) == 1


def test_of_many_labels_only_landmarks_are_kept_and_training_is_quick() -> None:
    values, labels = features(1000)
    start = time.process_time()
    taste = Ensemble.fit(values, labels, names=NAMES)
    assert time.process_time() - start < 4  # of all cores; alone it is under 2 s
    assert len(taste.models.landmarks) == LANDMARKS
    assert (taste.validated >= 0.5).shape == (1000,)


def test_the_same_labels_give_the_same_taste(taste: Ensemble) -> None:
    values, labels = features(200)
    again = Ensemble.fit(values, labels, names=NAMES)
    assert (again.probabilities(values) == taste.probabilities(values)).all()


def test_a_file_gives_the_taste_back(taste: Ensemble, tmp_path: Path) -> None:
    values, _ = features(50, seed=2)
    taste.save(tmp_path / "taste.safetensors")
    again = Ensemble.load(tmp_path / "taste.safetensors")
    assert (again.probabilities(values) == taste.probabilities(values)).all()
    assert (again.names, again.about) == (NAMES, {"sets": 4})
    assert (again.threshold, again.precision, again.recall) == (
        taste.threshold, taste.precision, taste.recall,
    )  # fmt: skip


def rewritten(path: Path, tensor: str = "", **header: object) -> None:
    """Change a number of a tensor, or the header, and leave the digest as it was."""
    with safe_open(path, "np") as file:
        metadata = file.metadata()
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if tensor:
        state[tensor].flat[0] += 1
    text = json.loads(metadata["proportrait-taste"]) | header
    save_file(state, path, metadata | {"proportrait-taste": json.dumps(text, sort_keys=True)})


@pytest.mark.parametrize(
    ("tensor", "header"), [("models.kernel", {}), ("space.mean", {}), ("", {"threshold": 0.01})]
)
def test_a_file_that_was_tampered_with_is_refused(
    taste: Ensemble, tmp_path: Path, tensor: str, header: dict[str, object]
) -> None:
    path = tmp_path / "taste.safetensors"
    taste.save(path)
    rewritten(path)
    Ensemble.load(path)
    rewritten(path, tensor, **header)
    with pytest.raises(AssetError, match="changed after it was written"):
        Ensemble.load(path)


@pytest.mark.parametrize("data", [b"", b"junk", b"\x80\x04K\x01."])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "taste.safetensors"
    path.write_bytes(data)
    with pytest.raises(AssetError, match="no model of `proportrait taste train`"):
        Ensemble.load(path)
    with pytest.raises(AssetError, match="does not exist: name a file"):
        Ensemble.load(tmp_path / "missing.safetensors")


def test_other_features_are_refused(taste: Ensemble) -> None:
    with pytest.raises(ValueError, match="304 features are expected, not 7"):
        taste.probabilities(np.zeros((1, 7), np.float32))
