"""results/ and visuals/ of a model, and the spoilt copies of rated portraits."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import results
from benchmarks.labels import degraded
from proportrait.errors import ConfigurationError
from proportrait.faces import Face, FaceAnalyzer
from proportrait.labels import KEYS
from proportrait.measures import Subject, lighting
from proportrait.train.data import TABLE, Pictures
from proportrait.train.run import MODEL, run
from proportrait.train.settings import Settings
from tests import FACE
from tests.tiny_training import SIZE, TRANSFORMER, write_folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder, and the model that was trained on it."""
    root = tmp_path_factory.mktemp("trained")
    data = write_folder(root / "data", 40)
    settings = Settings(backbone=TRANSFORMER, pretrained=False, size=SIZE, epochs=1, batch_size=8)
    run([data], settings, root / "model", learn_from=[data])
    return data, root / "model" / MODEL


def test_results_are_those_of_the_test_people(trained: tuple[Path, Path], tmp_path: Path) -> None:
    data, model = trained
    rows = [
        {"step": name, "framing": 0.5, "overall": 0.6, "exact_match": 0.1} for name in ("a", "b")
    ]
    walked = {
        "rows": rows, "settings": {"backbone": "x", "epochs": 1, "size": 64}, "test_pictures": 5,
        "test_people": 3,
    }  # fmt: skip
    (tmp_path / "journey.json").write_text(json.dumps(walked))
    rated = write_folder(tmp_path / "rated", 12, seed=1)
    arguments = ["--model", str(model), "--images", str(data), "--rated", str(rated)]
    arguments += ["--learn_from", str(data)]  # but for the people of the test
    arguments += ["--journey", str(tmp_path / "journey.json")]
    where = ["--output", str(tmp_path / "results"), "--visuals", str(tmp_path / "visuals")]
    assert results.main([*arguments, *where]) == 0
    found = json.loads((tmp_path / "results" / "experiment_results.json").read_text())
    said = json.loads((model.parent / "metrics.json").read_text())
    sets = found["sets"]
    assert list(sets) == ["rated faces of other people", "rated, not made here"]
    assert {key: sets["rated faces of other people"][key] for key in said["figures"]} == (
        said["figures"]
    )
    assert sets["rated, not made here"]["pictures"] == 12
    assert found["journey"]["rows"] == rows
    assert f"{said['figures']['pictures']} rated faces" in found["conditions"]
    with (tmp_path / "results" / "experiment_results.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["attribute"] for line in lines[:6]] == list(KEYS)
    assert {line["set"] for line in lines} == set(sets)
    drawn = {path.stem for path in (tmp_path / "visuals").glob("*.png")}
    assert drawn >= {
        "summary_card", "per_attribute_accuracy", "improvement_journey", "dataset_composition",
        "label_distribution", "training_parameters", "good_and_bad_framing",
    } | {f"good_and_bad_{key}" for key in KEYS}  # fmt: skip
    for name in drawn:
        with Image.open(tmp_path / "visuals" / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 5, name  # something is drawn


def test_results_of_other_data_are_refused(trained: tuple[Path, Path], tmp_path: Path) -> None:
    data, model = trained
    lines = (data / TABLE).read_text().splitlines()
    code = lines[1].split(",")[1]
    other = lines[1].replace(code, "0" * 6 if code != "0" * 6 else "1" * 6)
    (data / TABLE).write_text("\n".join([lines[0], other, *lines[2:]]) + "\n")
    try:
        with pytest.raises(ConfigurationError, match="trained on other data"):
            results.collect(model, [data], [data], [], None, tmp_path)
    finally:
        (data / TABLE).write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("name", degraded.LIGHTS)
def test_spoilt_light_is_worse(
    name: str, analyzer: FaceAnalyzer, image: np.ndarray, face: Face, mask: np.ndarray
) -> None:
    spoilt = degraded.LIGHTS[name](image, face, mask)

    def score(picture: np.ndarray) -> float:
        found = lighting.assess(lighting.measure(Subject(picture, analyzer, face=face)))
        assert isinstance(found, float)
        return found

    assert spoilt.shape == image.shape
    assert score(spoilt) < score(image) - 10


def test_spoilt_copies_claim_what_was_spoilt_alone(tmp_path: Path) -> None:
    golden = tmp_path / "golden"
    (golden / "images").mkdir(parents=True)
    (golden / "images" / "a.jpg").write_bytes(FACE.read_bytes())
    (golden / TABLE).write_text("file,labels\na.jpg,11?101\n")
    assert degraded.main(["--shared", str(tmp_path), "-o", str(tmp_path / "x")]) == 1
    golden.rename(tmp_path / "golden_dev")
    assert degraded.main(["--shared", str(tmp_path), "-o", str(tmp_path / "out")]) == 0
    found = Pictures.from_folder(tmp_path / "out")
    assert len(found) == 3
    assert list(found.sources) == ["a"] * 3
    assert found.known.sum(0).tolist() == [2, 1, 0, 1, 1, 2]
    assert found.labels[:, 0].tolist() == [1, 0, 0]
    assert found.known[:, 0].tolist() == [True, True, False]
