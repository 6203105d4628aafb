"""results/ and visuals/ of a model, and the spoilt copies of rated portraits."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import results
from benchmarks.labels import degraded
from proportrait.errors import ConfigurationError
from proportrait.faces import Face, FaceAnalyzer
from proportrait.imaging import encode_png
from proportrait.labels import KEYS
from proportrait.measures import Subject, lighting
from proportrait.model.saved import load
from proportrait.train.card import PHOTOS
from proportrait.train.data import TABLE, Pictures, new_sources
from proportrait.train.run import MODEL, run
from proportrait.train.settings import Settings
from tests import FACE, ROOT
from tests.tiny_training import SIZE, TRANSFORMER, banded, write_folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder, and the model that was trained on it."""
    root = tmp_path_factory.mktemp("trained")
    data = write_folder(root / "data", 40)
    settings = Settings(backbone=TRANSFORMER, pretrained=False, size=SIZE, epochs=1, batch_size=8)
    run([data], settings, root / "model", learn_from=[data])
    return data, root / "model" / MODEL


def write_photos(folder: Path, count: int, seed: int) -> Path:
    """Labelled pictures, two of a site, whose grain no other picture has."""
    table = write_folder(folder, count, seed) / TABLE
    table.write_text(table.read_text().replace("source_id", "site").replace("person", "place"))
    for number, path in enumerate(Pictures.from_folder(folder).paths):
        Path(path).write_bytes(encode_png(banded("110101", 1000 * seed + number)))
    return folder


def check_table(folder: Path) -> None:
    """Every column holds what its name says, and sums add up."""
    data = json.loads((folder / "experiment_results.json").read_text())
    with (folder / "experiment_results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["set"] for row in rows} == {*data["sets"], "published system, its own portraits"}
    assert len({(row["set"], row["attribute"], row["figure"]) for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == set(results.COLUMNS)
        figures = data["sets"].get(row["set"])
        if figures is None:
            assert float(row["value"]) <= 1
            assert not row["low"] + row["pictures"]
            continue
        bits = sum(int(row[kind]) for kind in ("good", "bad", "unknown"))
        assert bits == figures["pictures"] * (len(KEYS) if row["attribute"] == "all" else 1)
        part = figures if row["attribute"] == "all" else figures["attributes"][row["attribute"]]
        for end in ("value", "low", "high"):
            assert row[end] == ("" if part[row["figure"]][end] is None
                                else str(part[row["figure"]][end]))  # fmt: skip
        if row["figure"] == "accuracy":
            (tn, fp), (fn, tp) = part["confusion"]
            assert (fn + tp, tn + fp) == (int(row["good"]), int(row["bad"]))
            assert float(row["value"]) == pytest.approx((tn + tp) / (tn + fp + fn + tp), abs=1e-4)


def test_the_table_of_the_repository_adds_up() -> None:
    check_table(ROOT / "results")


def test_results_show_test_people_and_photographs_side_by_side(
    trained: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, model = trained
    rows = [
        {"step": name, "pictures": 7, "framing": 0.5, "overall": 0.6, "exact_match": 0.1}
        for name in ("a", "b")
    ]
    walked = {
        "rows": rows, "settings": {"backbone": "x", "epochs": 1, "size": 64}, "test_pictures": 5,
        "test_people": 3,
    }  # fmt: skip
    (tmp_path / "journey.json").write_text(json.dumps(walked))
    photos, rated = write_photos(tmp_path / "a", 12, 1), write_photos(tmp_path / "rated", 10, 2)
    arguments = ["--model", str(model), "--made", str(data), "--rated", str(rated)]
    arguments += ["--real", str(photos), str(write_photos(tmp_path / "b", 6, 3))]
    arguments += ["--output", str(tmp_path / "results"), "--visuals", str(tmp_path / "visuals")]
    assert results.main([*arguments, "--journey", str(tmp_path / "journey.json")]) == 0
    figures = json.loads((model.parent / "metrics.json").read_text())["figures"]
    assert f"{results.MADE}: left out {40 - figures['pictures']} of 40" in capsys.readouterr().err
    data_written = json.loads((tmp_path / "results" / "experiment_results.json").read_text())
    sets = data_written["sets"]
    assert list(sets) == [results.MADE, results.REAL, "rated, not made here"]
    assert {key: sets[results.MADE][key] for key in figures} == figures
    assert (sets[results.REAL]["pictures"], sets[results.REAL]["sources"]) == (18, 6)
    assert sets["rated, not made here"]["pictures"] == 10
    assert "people" not in data_written["model"]["data"]
    assert data_written["published"] == results.PUBLISHED
    assert f"18 {results.REAL} of 6 sources" in data_written["conditions"]
    check_table(tmp_path / "results")
    visuals = {path.stem for path in (tmp_path / "visuals").iterdir()}
    assert visuals == {
        "summary_card", "per_attribute_accuracy", "improvement_journey", "confusion", "reliability",
    }  # fmt: skip
    for name in visuals:
        with Image.open(tmp_path / "visuals" / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 5, name  # something is drawn
    # Without --journey, what stands there already is kept.
    assert results._journey(None, tmp_path / "results") == walked
    assert results._journey(None, tmp_path / "elsewhere") is None


def test_charts_without_photographs_or_a_journey(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    data, file = trained
    _, sets = results.predict(file, [data])
    results.draw(sets, None, tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {
        "summary_card", "per_attribute_accuracy", "confusion", "reliability"
    }  # fmt: skip


def test_every_picture_is_shown_and_every_reference_exists() -> None:
    """Each file of visuals/ stands in README or docs, with words for those who cannot see it."""
    references = []
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text()):
            assert len(words.split()) > 3, f"{page.name}: {target}"
            references.append((page.parent / target).resolve())
    assert sorted(references) == sorted((ROOT / "visuals").iterdir())


def test_photographs_that_taught_the_model_are_refused(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    data, model = trained
    photos = write_photos(tmp_path / "photos", 4, 1)
    results.refuse_learnt(load(model), model.with_name(PHOTOS), [photos])
    # A photograph is known by its bytes, whatever it and its site are called.
    (photos / "00.png").write_bytes((data / "07.png").read_bytes())
    for option in ("real", "rated"):
        with pytest.raises(ConfigurationError, match="learnt from 1 of these 4"):
            results.predict(model, [data], **{option: [photos]})
    arguments = ["--model", str(model), "--made", str(data), "--real", str(photos)]
    assert results.main([*arguments, "--output", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
    alone = tmp_path / "alone" / MODEL
    alone.parent.mkdir()
    alone.write_bytes(model.read_bytes())
    with pytest.raises(ConfigurationError, match=f"there is no .*{PHOTOS}"):
        results.predict(alone, [data], [photos])


def test_people_that_the_model_has_learnt_from_are_no_test(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    data, model = trained
    people = load(model).about["data"]["people"]
    lines = (data / TABLE).read_text().splitlines()
    learnt = [line for line in lines[1:]
              if not new_sources(np.array([line.split(",")[2]]), people)[0]]  # fmt: skip
    part = tmp_path / "part"
    part.mkdir()
    for line in learnt:
        name = line.split(",")[0]
        (part / name).write_bytes((data / name).read_bytes())
    (part / TABLE).write_text("\n".join([lines[0], *learnt]) + "\n")
    with pytest.raises(ConfigurationError, match="has learnt from, or was chosen by, all"):
        results.predict(model, [part])


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
