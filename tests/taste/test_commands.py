"""`proportrait taste`: train, predict, evaluate, from folders of made pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from proportrait import cli
from proportrait.taste import Evaluation, Taste, evaluate
from proportrait.taste import taste as taste_module
from proportrait.taste.features import Features
from proportrait.taste.verdict.library import FOLDER_VARIABLE

NAMES = ("tone:0", "tone:1")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Bright pictures, dark ones, and a mixture with a broken file."""
    rng = np.random.default_rng(0)
    for name, tones in (("bright", (150, 240)), ("dark", (10, 100)), ("test", (10, 240))):
        (tmp_path / name).mkdir()
        for number, tone in enumerate(np.linspace(*tones, 8)):
            picture = np.clip(rng.normal(tone, 3, (64, 80, 3)), 0, 255).astype(np.uint8)
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), picture)
    (tmp_path / "test" / "broken.jpg").write_bytes(b"no picture")
    return tmp_path / "bright", tmp_path / "dark", tmp_path / "test"


def row(path: Path) -> np.ndarray | str:
    picture = cv2.imread(str(path))
    if picture is None:
        return "it cannot be read"
    return np.array([picture.mean(), picture.std()], np.float32)


@pytest.fixture(autouse=True)
def _quick_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that take no network: the mean and the deviation of a picture's tones."""

    def stream(paths: Iterable[Path], sets: int = 4, workers: int | None = None) -> Iterable:
        return ((path, row(path)) for path in paths)

    def matrix(paths: list[Path], sets: int, workers: int | None, progress: Callable) -> Features:
        entries = list(progress(stream(paths), len(paths)))
        good = [(path, values) for path, values in entries if not isinstance(values, str)]
        failures = {path: values for path, values in entries if isinstance(values, str)}
        return Features(
            tuple(path for path, _ in good), np.stack([v for _, v in good]), NAMES, failures
        )

    monkeypatch.setattr(taste_module, "stream", stream)
    monkeypatch.setattr(taste_module, "matrix", matrix)
    monkeypatch.setattr(taste_module, "column_names", lambda sets: NAMES)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def train(bright: Path, dark: Path, models: Path) -> int:
    return cli.main([
        "taste", "train", "--positive_folder", str(bright), "--negative_folder", str(dark),
        "--models_folder", str(models), "--model_name", "bright", "--num_features_sets", "2",
    ])  # fmt: skip


def test_train_and_predict(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [contents(folder) for folder in folders]
    bright, dark, test = folders
    assert train(bright, dark, tmp_path / "models") == 0
    out = capsys.readouterr().out
    assert "8 positive, 8 negative" in out
    assert "of the pictures it calls positive 100% are (precision)" in out
    model = tmp_path / "models" / "bright.safetensors"
    table, copies = tmp_path / "out.csv", tmp_path / "sifted"
    words = ["taste", "predict", "--test_folder", str(test), "--model_path", str(model)]
    code = cli.main(
        [*words, "--positive_threshold", "0.65", "--csv", str(table), "--copy_to", str(copies)]
    )
    captured = capsys.readouterr()
    assert code == 1  # a file was no picture
    assert captured.out == ""
    assert "broken.jpg: it cannot be read" in captured.err
    with table.open(newline="") as file:
        rows = {Path(line["file"]).name: line for line in csv.DictReader(file)}
    assert rows["broken.jpg"] == {
        "file": str(test / "broken.jpg"), "probability": "", "positive": "",
        "error": "it cannot be read",
    }  # fmt: skip
    assert (rows["0.png"]["positive"], rows["7.png"]["positive"]) == ("0", "1")
    positive = {name for name, line in rows.items() if line["positive"] == "1"}
    assert contents(copies) == {name: (test / name).read_bytes() for name in positive}
    assert [contents(folder) for folder in folders] == before
    assert cli.main([*words, "--csv", str(table)]) == 2  # nothing is overwritten
    assert cli.main([*words, "--copy_to", str(test / "in")]) == 2
    capsys.readouterr()
    assert cli.main(words) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    assert lines[0].split()[1:] == ["negative", str(test / "0.png")]


def test_without_a_folder_a_name_is_enough_to_find_a_model(
    folders: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "tastes"))
    bright, dark, test = map(str, folders)
    words = ["taste", "train", "--positive_folder", bright, "--negative_folder", dark]
    assert cli.main([*words, "--model_name", "bright"]) == 0
    assert "or proportrait score DIR --taste bright" in capsys.readouterr().out
    assert [path.name for path in (tmp_path / "tastes").iterdir()] == ["bright.safetensors"]
    words = ["taste", "predict", "--folder", test, "--model_path"]
    assert cli.main([*words, "bright"]) == 1  # a file is no picture
    assert len(capsys.readouterr().out.splitlines()) == 8
    assert cli.main([*words, "dark"]) == 2
    assert "holds bright; or name a file" in capsys.readouterr().err


def test_a_model_has_no_name_of_an_attribute(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    bright, dark, _ = map(str, folders)
    words = ["taste", "train", "--positive_folder", bright, "--negative_folder", dark]
    for name in ("framing", "Framing.safetensors"):
        assert cli.main([*words, "--model_name", name]) == 2
        assert "such as my-" in capsys.readouterr().err


def test_evaluate_prints_one_object(
    folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    once: list[Evaluation] = []  # the table is of the same figures

    def evaluated(*args: Any, **names: Any) -> Evaluation:
        once.append(once[0] if once else evaluate(*args, **names, seeds=1))
        return once[0]

    monkeypatch.setattr("proportrait.taste.evaluate", evaluated)
    words = ["taste", "evaluate", "--positive_folder", str(folders[0]),
             "--negative_folder", str(folders[1])]  # fmt: skip
    assert cli.main([*words, "--format", "json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures.keys() == {"accuracy", "auc", "threshold", "curve"}
    assert (figures["accuracy"], figures["auc"]) == (1.0, 1.0)
    assert figures["curve"][0].keys() == {"labels", "active", "random"}
    assert cli.main(words) == 0
    assert "accuracy    1.000" in capsys.readouterr().out


def test_what_cannot_be_learnt_is_said(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bright, _, test = folders
    assert train(bright, bright, tmp_path) == 2
    assert "both positive and negative" in capsys.readouterr().err
    only = tmp_path / "only"
    only.mkdir()
    (only / "a.jpg").write_bytes(b"no picture")
    assert train(bright, only, tmp_path) == 2
    assert "holds no picture that can be read" in capsys.readouterr().err
    assert train(bright, test, tmp_path / "models") == 0
    path = tmp_path / "models" / "bright.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    words = ["taste", "predict", "--folder", str(test), "--model_path", str(path)]
    assert cli.main(words) == 1
    assert "no model of `proportrait taste train`" in capsys.readouterr().err


def test_a_model_of_other_features_is_refused(
    folders: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    train(*folders[:2], tmp_path)
    monkeypatch.setattr(taste_module, "version", lambda: "another")
    words = ["--test_folder", str(folders[2]), "--model_path", str(tmp_path / "bright.safetensors")]
    assert cli.main(["taste", "predict", *words]) == 1
    assert "features of another version" in capsys.readouterr().err


def test_from_python(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    taste = Taste.fit(folders[0], folders[1])
    taste.save(tmp_path / "bright.safetensors")
    again = Taste.load(tmp_path / "bright.safetensors")
    judgements = list(again.predict(folders[2]))
    assert judgements == list(taste.predict(folders[2]))
    assert [entry.probability is None for entry in judgements] == [False] * 8 + [True]
    likely = [entry.probability for entry in judgements[:8]]
    assert likely == sorted(likely)


@pytest.mark.parametrize("action", ["train", "predict", "evaluate"])
def test_every_action_explains_itself(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["taste", action, "--help"])
    assert f"usage: proportrait taste {action}" in capsys.readouterr().out


def test_a_folder_or_a_model_that_does_not_exist_is_named(
    folders: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bright, _, test = folders
    words = ["taste", "evaluate", "--positive_folder", str(bright)]
    assert cli.main([*words, "--negative_folder", str(tmp_path / "drrk")]) == 2
    assert "drrk does not exist: name a folder of pictures" in capsys.readouterr().err
    words = ["taste", "predict", "--test_folder", str(test)]
    assert cli.main([*words, "--model_path", str(tmp_path / "nine.safetensors")]) == 1
    assert "nine.safetensors does not exist" in capsys.readouterr().err
