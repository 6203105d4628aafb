"""Photographs teach the last step of a model: `--learn_from`, `--start`, and `--epochs 0`."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from proportrait import cli
from proportrait.looks.look import Look, look
from proportrait.model.saved import Headshot, load
from proportrait.train.card import PHOTOS
from proportrait.train.data import TABLE, Pictures, new_sources
from proportrait.train.run import MODEL, _finite
from tests.tiny_training import CONVOLUTIONAL, SIZE, write_folder

COUNT = 48  # photographs


def write_photos(folder: Path, count: int, seed: int) -> Path:
    """A stand-in for photographs: two of each site."""
    write_folder(folder, count, seed)
    text = (folder / TABLE).read_text().replace("source_id", "site").replace("person", f"s{seed}")
    (folder / TABLE).write_text(text)
    return folder


def train(data: Path, output: Path, *options: object) -> Headshot:
    arguments = [
        "train", data, "-o", output, "--backbone", CONVOLUTIONAL, "--no-pretrained",
        "--size", SIZE, "--epochs", 1, "--batch_size", 8, "--precision", "fp32", *options,
    ]  # fmt: skip
    assert cli.main([str(argument) for argument in arguments]) == 0
    return load(output / MODEL)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def data(root: Path) -> Path:
    return write_folder(root / "set", 24)


@pytest.fixture(scope="module")
def photos(root: Path) -> Path:
    return write_photos(root / "photos", COUNT, seed=1)


@pytest.fixture(scope="module")
def alone(root: Path, data: Path) -> Headshot:
    """A model that has learnt from no photographs."""
    return train(data, root / "alone")


@pytest.fixture(scope="module")
def taught(root: Path, data: Path, photos: Path) -> Headshot:
    return train(data, root / "taught", "--learn_from", photos)


@pytest.fixture(scope="module")
def taught_later(root: Path, data: Path, photos: Path, alone: Headshot) -> Headshot:
    """The model without photographs, whose last step alone is learnt again."""
    start = root / "alone" / MODEL
    assert alone.about["data"]["photos"] == 0
    return train(
        data, root / "later", "--start", start, "--epochs", 0, "--learn_from", photos,
        "--size", 96, "--no-measures",
    )  # fmt: skip


def share_right(model: Headshot, pictures: Pictures, looks: list[Look]) -> float:
    """The share of the bits that are right by the model alone, whether a face shows or not."""
    verdicts = model.calibration.verdicts(model.calibration.probabilities(model.logits(looks)))
    return float((verdicts == (pictures.labels > 0.5)).mean())


@pytest.mark.slow
def test_what_photographs_teach_holds_for_others(
    root: Path, alone: Headshot, taught: Headshot, taught_later: Headshot
) -> None:
    fresh = Pictures.from_folder(write_photos(root / "fresh", 24, seed=2))
    models = (alone, taught, taught_later)
    assert alone.wants == taught.wants == taught_later.wants
    looks = [look(str(path), alone.wants) for path in fresh.paths]
    before, *after = (share_right(model, fresh, looks) for model in models)
    assert min(after) > before + 0.1
    assert min(after) > 0.7


@pytest.mark.slow
def test_a_model_tells_what_photographs_it_has_learnt_from(
    root: Path, photos: Path, taught: Headshot
) -> None:
    about = json.loads((root / "taught" / "metrics.json").read_text())
    assert about == taught.about
    assert about["data"]["photos"] == COUNT
    assert about["data"]["pictures"] == 24 + COUNT
    assert (about["data"]["train"], about["data"]["test"]) == (16, 4)
    sites = Pictures.from_folder(photos).sources
    assert not new_sources(sites, about["data"]["people"]).any()
    shares = about["sure"]
    assert all(0 <= row["share"] <= 1 and 0 <= row["right"] <= 1 for row in shares.values())
    text = (root / "taught" / PHOTOS).read_text()
    assert ".png" not in text
    rows = list(csv.DictReader(text.splitlines()))
    files = [photos / f"{number:02d}.png" for number in range(COUNT)]
    digests = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    assert [row["sha256"] for row in rows] == digests
    assert {row["site"] for row in rows} == set(sites)
    assert f"from {COUNT} photographs too" in (root / "taught" / "README.md").read_text()


@pytest.mark.slow
def test_the_backbone_of_a_start_stays_as_it_is_without_an_epoch(
    alone: Headshot, taught_later: Headshot
) -> None:
    assert taught_later.architecture == alone.architecture
    for name, value in alone.state.items():
        assert np.array_equal(taught_later.state[name], value)
    assert not np.array_equal(taught_later.fusion.mix, alone.fusion.mix)
    about = taught_later.about
    assert about["history"] == []
    # What was asked of another input does not apply.
    assert (about["settings"]["size"], about["settings"]["measures"]) == (SIZE, True)
    people = (alone.about["data"]["people"], about["data"]["people"])
    assert people[1].endswith(people[0])


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_pictures_without_a_known_label_end_a_command(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "set", 16)
    rows = (f"{number:02d}.png,??????" for number in range(16))
    (folder / TABLE).write_text("\n".join(["file,labels", *rows]))
    options = ["-o", str(tmp_path / "out")] if command == "train" else []
    assert cli.main([command, str(folder), *options]) == 2
    assert "no label of the 16 pictures" in capsys.readouterr().err


@pytest.mark.slow
def test_a_training_with_one_class_warns_and_writes_no_nan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "set", 16)
    rows = (f"{number:02d}.png,1{number % 2}?{number // 2 % 2}01" for number in range(16))
    (folder / TABLE).write_text("\n".join(["file,labels", *rows]))
    train(folder, tmp_path / "out")
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning:" in line]
    named = {line.split("warning: ")[1].split(":")[0] for line in warnings}
    assert named >= {"lighting", "attire", "framing", "sharpness"}

    def refused(word: str) -> None:
        raise AssertionError(word)

    json.loads((tmp_path / "out" / "metrics.json").read_text(), parse_constant=refused)


def test_the_rows_of_epochs_have_no_nan() -> None:
    assert _finite({"epoch": 1.0, "loss": float("nan")}) == {"epoch": 1.0, "loss": None}


def test_photographs_without_labels_are_an_error_before_the_training(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    out = tmp_path / "out"
    arguments = ["train", str(data), "-o", str(out), "--learn_from", str(tmp_path / "photos")]
    assert cli.main([*arguments, "--backbone", CONVOLUTIONAL, "--no-pretrained"]) == 2
    assert "nor a labels.csv" in capsys.readouterr().err
    assert not out.exists()
