"""A training from folders to files: the model in other forms, and the card that describes it."""

from __future__ import annotations

import errno
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard

from proportrait import cli
from proportrait.errors import ProPortraitError
from proportrait.labels import ATTRIBUTES, KEYS
from proportrait.measures import NAMES
from proportrait.model.backbone import OFFLINE
from proportrait.model.saved import Headshot, load
from proportrait.model.views import VIEWS
from proportrait.networks.inference import compile_network, read_network
from proportrait.train import export as exporting
from proportrait.train.card import PHOTOS, card
from proportrait.train.data import Pictures
from proportrait.train.export import CARD, ONNX, OPENVINO, export
from proportrait.train.metrics import report
from tests.tiny_training import CONVOLUTIONAL, SIZE, TRANSFORMER, headshot, write_folder

FILES = {ONNX, OPENVINO, "model.bin", CARD}


def about() -> dict[str, Any]:
    """What `run` writes of a training; no bit of attire is known."""
    rng = np.random.default_rng(0)
    truth, bits = rng.random((60, 6)) < 0.5, rng.random((60, 6)) < 0.5
    known = np.ones((60, 6), bool)
    known[:, 2] = False
    people = np.array([f"p{n // 2}" for n in range(60)], np.str_)
    figures = report(truth.astype(np.float32), known, bits, bits, people)
    return {
        "settings": {"backbone": TRANSFORMER, "lr": 5e-5},
        "backbone": TRANSFORMER,
        "weights": "none",
        "version": "0.1.0",
        "time": "2026-01-02T03:04:05+00:00",
        "data": {
            "fingerprint": "0123456789abcdef" * 4, "pictures": 400, "sources": 100, "train": 280,
            "validation": 60, "test": 60, "photos": 0, "built_in": True,
        },
        "judged_on": "test",
        "figures": figures.to_json(),
        "calibration_error": {key: None if key == "attire" else 0.0123 for key in KEYS},
    }  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures.from_folder(write_folder(tmp_path_factory.mktemp("pictures") / "set"))


@pytest.fixture(scope="module")
def model() -> Headshot:
    return headshot(about())


@pytest.fixture(scope="module")
def exported(
    model: Headshot, pictures: Pictures, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str]]:
    """The folder, and what was said of it; an export takes seconds."""
    folder = tmp_path_factory.mktemp("exported")
    return folder, export(model, folder, pictures)


@pytest.fixture
def quick_onnx(exported: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The right model is copied instead of written anew."""

    def copied(_: Headshot, path: Path, given: object) -> Path:
        return Path(shutil.copy(exported[0] / ONNX, path))

    monkeypatch.setattr(exporting, "to_onnx", copied)


# --- ONNX and OpenVINO


def test_all_formats_give_the_same_logits(
    model: Headshot, exported: tuple[Path, list[str]]
) -> None:
    folder, lines = exported
    assert {path.name for path in folder.iterdir()} == FILES
    for line, name in zip(lines, ("ONNX", "OpenVINO"), strict=True):
        match = re.fullmatch(
            rf"{name} +agrees with model.safetensors within (\S+) of a probability", line
        )
        assert match is not None
        assert float(match[1]) < 1e-4
    assert (folder / CARD).read_text() == card(model)
    assert "<net" in (folder / OPENVINO).read_text()[:200]


def test_exports_accept_any_number_of_pictures_and_missing_measures(
    model: Headshot, exported: tuple[Path, list[str]]
) -> None:
    onnx = exported[0] / ONNX
    rng = np.random.default_rng(0)
    count_views, count_measures = len(VIEWS), len(model.architecture.measures)
    for path in (onnx, exported[0] / OPENVINO):
        network = compile_network(path, 1)
        for count in (1, 5):
            shape = count, count_views, SIZE, SIZE, 3
            pictures = rng.integers(0, 256, shape, dtype=np.uint8)
            none = np.zeros((0, SIZE, SIZE, 3), np.uint8)  # for the network for ImageNet
            measures = rng.normal(0, 1, (count, count_measures)).astype(np.float32)
            measures[0], measures[-1, 1:3] = np.nan, (-99, 99)
            flat = model.preprocessing.normalise(pictures.reshape(-1, SIZE, SIZE, 3))
            views = flat.reshape(count, count_views, 3, SIZE, SIZE)
            (logits,) = network({"views": views, "measures": measures})
            expected = model.fusion.logits(
                *model.features([(picture, none) for picture in pictures]), measures
            )
            assert logits == pytest.approx(expected, abs=1e-4)
            assert np.isfinite(logits).all()
    names = {name for port in read_network(onnx).inputs for name in port.names}
    assert names == {"views", "measures"}


@pytest.mark.usefixtures("quick_onnx")
def test_a_format_with_other_probabilities_is_an_error(
    model: Headshot, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exporting._run
    monkeypatch.setattr(exporting, "_run", lambda *arguments: run(*arguments) + 0.1)
    with pytest.raises(ProPortraitError, match=r"the ONNX model differs .* use the latter"):
        export(model, tmp_path, pictures)
    assert (tmp_path / CARD).exists()  # it describes model.safetensors


def test_a_model_that_cannot_be_exported_has_a_card(
    model: Headshot, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: Any) -> Path:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(exporting, "to_onnx", fails)
    with pytest.raises(ProPortraitError, match=r"as ONNX \(no such operator\): use model\.safe"):
        export(model, tmp_path, pictures)
    assert (tmp_path / CARD).exists()


@pytest.mark.usefixtures("quick_onnx")
def test_nan_never_agrees(
    model: Headshot, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exporting._run
    monkeypatch.setattr(exporting, "_run", lambda *arguments: run(*arguments) * np.nan)
    with pytest.raises(ProPortraitError, match=r"differs from model\.safetensors by nan"):
        export(model, tmp_path, pictures)


def test_a_later_model_replaces_the_files(
    model: Headshot, pictures: Pictures, exported: tuple[Path, list[str]], tmp_path: Path
) -> None:
    shutil.copytree(exported[0], tmp_path, dirs_exist_ok=True)
    for name in (ONNX, OPENVINO):
        compile_network(tmp_path / name, 1)  # is kept for this path
    other = replace(headshot(seed=1), calibration=model.calibration, about=model.about)
    assert len(export(other, tmp_path, pictures[np.arange(2)])) == 2


# --- the card


def test_the_card_holds_the_figures(model: Headshot) -> None:
    text = card(model)
    figures = model.about["figures"]
    for number, attribute in enumerate(ATTRIBUTES):
        (row,) = (line for line in text.splitlines() if line.startswith(f"| {attribute.key} |")
                  and line.count("|") == 9)  # fmt: skip
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        figure = figures["attributes"][attribute.key]["balanced_accuracy"]
        if attribute.key == "attire":
            assert cells[1:6] == ["-"] * 5
        else:
            assert cells[2] == f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
            assert cells[5] == "0.012"
        calibration = model.calibration
        assert cells[6] == f"{calibration.temperatures[number]:.2f}"
        assert cells[7] == f"{calibration.thresholds[number]:.2f}"
        assert f"| {attribute.key} | {attribute.good} | {attribute.bad} |" in text
    exact = figures["exact_match"]
    assert f"exact match {exact['value']:.3f} [{exact['low']:.3f}" in text
    assert "60 test pictures of 30 people" in text
    assert "400 pictures of 100 source portraits (280 learnt from, 60 validation, 60 test)" in text
    assert "`0123456789abcdef`" in text
    assert "lr = 5e-05" in text
    front_matter = ModelCard(text).data
    assert (front_matter.license, front_matter.library_name) == ("mit", "timm")
    assert front_matter.tags == ["portrait", "headshot", "image-quality"]
    assert "on 2026-01-02." in text


def test_the_card_names_the_input(model: Headshot) -> None:
    assert "Input: whole, face, bust, close, eyes, mouth of a picture at 64 px" in card(model)
    assert f"and {len(NAMES)} measures of `proportrait.measures`." in card(model)
    assert "faces learnt from FFHQ" in card(model)
    settings = about() | {"weights": "package", "judged_on": "validation"}
    alone = headshot(settings | {"data": settings["data"] | {"built_in": False}})
    assert "FFHQ" not in card(alone)
    assert ModelCard(card(alone)).data.base_model == f"timm/{TRANSFORMER}"
    assert ModelCard(card(model)).data.base_model is None  # its weights were random
    assert "They chose the epoch" in card(alone)
    assert "They chose the epoch" not in card(model)
    blind = replace(alone, architecture=replace(alone.architecture, measures=()))
    assert "proportrait.measures" not in card(blind)
    assert PHOTOS not in card(model)
    taught = headshot(settings | {"data": settings["data"] | {"photos": 123}})
    assert f"learnt from 123 photographs too: {PHOTOS} lists" in card(taught)


# --- the command


def test_train_writes_a_model_that_can_be_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = write_folder(tmp_path / "set", 24), tmp_path / "out"
    arguments = [
        "train", str(folder), "-o", str(out),
        "--backbone", CONVOLUTIONAL, "--no-pretrained", "--size", "64", "--epochs", "2",
        "--batch_size", "8", "--precision", "bf16", "--seed", "3",
    ]  # fmt: skip
    assert cli.main(arguments) == 0
    output = capsys.readouterr().out
    assert "pictures    16 train of 8 people, 4 validation of 2 people, 4 test of 2" in output
    assert "photographs" not in output
    assert "agrees with model.safetensors" in output
    files = {path.name for path in out.iterdir()}
    assert files >= {"model.safetensors", "metrics.json", "history.csv"} | FILES
    assert PHOTOS not in files
    model = load(out / "model.safetensors")
    about = json.loads((out / "metrics.json").read_text())
    assert model.about == about
    assert about["judged_on"] == "test"
    assert (about["data"]["train"], about["data"]["photos"]) == (16, 0)
    assert about["settings"]["max_lr"] == 1e-4
    assert len(about["history"]) == 2
    assert about["figures"]["pictures"] == 4
    assert model.preprocessing.size == SIZE
    assert output.splitlines()[-1] == (
        f"checkpoint  {out / 'checkpoint.pt'} ({(out / 'checkpoint.pt').stat().st_size / 1e6:.0f} "
        f"MB): the same command goes on by it; the model does not need it, so it may be deleted"
    )
    before = (out / "model.safetensors").read_bytes()
    assert cli.main([*arguments, "--epochs", "3"]) == 2
    assert "other settings" in capsys.readouterr().err
    assert (out / "model.safetensors").read_bytes() == before


def test_the_published_split_is_judged_by_its_validation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "set", 20)
    assert cli.main([
        "train", str(folder), "-o", str(tmp_path / "out"), "--backbone", CONVOLUTIONAL,
        "--size", "64", "--no-pretrained", "--epochs", "1", "--split", "published",
        "--precision", "fp32", "--views", "whole", "--no-measures",
    ]) == 0  # fmt: skip
    assert "on the validation pictures" in capsys.readouterr().out
    model = load(tmp_path / "out" / "model.safetensors")
    assert model.about["figures"]["pictures"] == model.about["data"]["validation"] == 4
    assert model.about["data"]["test"] == 0
    assert model.architecture.trained == ("whole",)
    assert model.preprocessing.views[0] == "whole"
    assert not model.architecture.measures
    text = (tmp_path / "out" / CARD).read_text()
    assert "whole, face, bust, close, eyes, mouth of a picture" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone"], "holds neither images/ with metadata/ nor a labels.csv"),
        (["set", "--backbone", "no_such", "--no-pretrained"], "timm has no model 'no_such'"),
        (["few", "--backbone", OFFLINE], "at least 8 source portraits"),
    ],
)
def test_wrong_data_or_options_end_a_training(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write_folder(tmp_path / "set", 20)
    write_folder(tmp_path / "few", 8)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "output").exists()


def test_a_full_disk_is_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "no space left", str(path))

    monkeypatch.setattr("proportrait.train.checkpoint.replace_file", full)
    assert cli.main([
        "train", str(write_folder(tmp_path / "set", 20)), "-o", str(tmp_path / "out"),
        "--backbone", TRANSFORMER, "--size", "64", "--no-pretrained", "--epochs", "1",
    ]) == 1  # fmt: skip
    message = capsys.readouterr().err
    assert "the disk is full at" in message
    assert "checkpoint.pt" in message
