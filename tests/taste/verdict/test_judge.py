"""Tastes are found by name, and judge looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait.errors import AssetError, ConfigurationError
from proportrait.labels import KEYS
from proportrait.looks.look import Look
from proportrait.taste.taste import Taste
from proportrait.taste.verdict import NamedTaste, joint_extractor, load_tastes
from proportrait.taste.verdict.library import FOLDER_VARIABLE, file_of, find, models_folder
from tests.taste.verdict.samples import row, taste


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder with the tastes mine and yours."""
    folder = tmp_path / "models"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    folder.mkdir()
    for name in ("yours", "mine"):
        taste().save(folder / f"{name}.safetensors")
    return folder


def test_a_name_is_found_in_the_models_folder_and_a_file_anywhere(models: Path) -> None:
    assert models_folder() == models
    assert find("mine") == models / "mine.safetensors"
    assert find(models / "mine.safetensors") == models / "mine.safetensors"
    assert find("elsewhere.safetensors") == Path("elsewhere.safetensors")


def test_an_unknown_name_lists_those_that_there_are(
    models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=r"no taste 'nine': .* holds mine, yours; or name"):
        find("nine")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="holds none yet: proportrait taste train writes"):
        find("nine")


def test_tastes_have_names_of_their_own(models: Path) -> None:
    assert [entry.name for entry in load_tastes(["yours", "mine"])] == ["yours", "mine"]
    with pytest.raises(ConfigurationError, match="two tastes are named 'mine'"):
        load_tastes(["mine", models / "mine.safetensors"])
    with pytest.raises(AssetError, match="does not exist"):
        load_tastes(["gone.safetensors"])


@pytest.mark.parametrize("name", [*KEYS, "Lighting", "overall", "path"])
def test_no_taste_has_the_name_of_another_column_of_a_score(name: str, models: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be named .* choose another one"):
        file_of(name)
    (models / "mine.safetensors").rename(models / f"{name}.safetensors")
    with pytest.raises(ConfigurationError, match="cannot be named"):
        load_tastes([name])


@pytest.mark.parametrize("name", ["", "../mine", "a/b", "."])
def test_a_name_leads_to_no_other_folder(name: str) -> None:
    with pytest.raises(ConfigurationError, match="a name without a folder"):
        file_of(name)


def test_a_look_is_judged_as_predict_judges(models: Path) -> None:
    (mine,) = load_tastes(["mine"])
    values = row(0.3).astype(np.float16)
    look = Look(features=dict.fromkeys(mine.extractor.names, values))
    verdict = mine.judge(look)
    assert verdict is not None
    own = Taste.load(models / "mine.safetensors").ensemble
    expected = own.probabilities(values.astype(np.float32)[None])[0]
    assert verdict.probability == pytest.approx(expected, abs=1e-4)
    assert verdict.threshold == own.threshold
    assert mine.judge(Look(features={})) is None
    assert mine.judge(Look(error="gone")) is None


def test_one_look_serves_all_tastes() -> None:
    base = taste()
    two = [NamedTaste("a", base), NamedTaste("b", Taste(base.ensemble, ("verdicts", "geometry")))]
    extractor = joint_extractor(two)
    assert extractor is not None
    assert extractor.sets == ("geometry", "verdicts")
    assert joint_extractor([]) is None
