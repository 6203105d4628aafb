"""The flat public face of the package."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import proportrait
from proportrait import RecordStore, Scorer, measure, verify
from proportrait.errors import ConfigurationError, ImageError, StoreError
from proportrait.imaging import read
from proportrait.labels import KEYS
from tests import FACE, ROOT
from tests.test_usage import containing


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer()


def in_a_fresh_process(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_every_public_name_is_there_whatever_was_imported_before() -> None:
    for name in proportrait.__all__:
        line = f"import proportrait.verification.run; from proportrait import {name}"
        code = f"{line}; print({name}.__name__ if callable({name}) else '')"
        assert in_a_fresh_process(code).strip() in (name, "")
    assert set(proportrait.__all__) <= set(dir(proportrait))
    with pytest.raises(AttributeError, match="has no attribute 'Scores'"):
        proportrait.Scores  # type: ignore[attr-defined] # noqa: B018


def test_importing_the_package_imports_none_of_its_parts() -> None:
    code = "import sys, proportrait; print({'cv2', 'PIL', 'torch'} & set(sys.modules))"
    assert in_a_fresh_process(code).strip() == "set()"


@pytest.mark.parametrize(
    "module", ["proportrait.score.scorer", "proportrait.edit.editor", "proportrait.store",
               "proportrait.api"],
)  # fmt: skip
def test_what_is_public_has_an_example_that_a_test_runs(module: str) -> None:
    assert module in containing(">>> ")


def test_types_are_published() -> None:
    assert files("proportrait").joinpath("py.typed").is_file()
    with (ROOT / "pyproject.toml").open("rb") as file:
        data = tomllib.load(file)["tool"]["setuptools"]["package-data"]
    assert "py.typed" in data["proportrait"]


# --- Scorer


def test_a_scorer_takes_what_people_have_in_hand(scorer: Scorer, tmp_path: Path) -> None:
    expected = scorer.image(FACE).probabilities
    array = read(FACE)
    for picture in (str(FACE), array, PIL.Image.fromarray(array), PIL.Image.open(FACE)):
        assert scorer.image(picture).probabilities == expected
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "me.jpg").write_bytes(FACE.read_bytes())
    paths: list[object] = [str(FACE), FACE, tmp_path, str(tmp_path), [FACE], (str(FACE),)]
    for files_ in paths:
        (score,) = scorer.files(files_)  # type: ignore[arg-type]
        assert score.probabilities == expected
    names = [Path(score.path).name for score in scorer.files([FACE, tmp_path / "album"])]
    assert names == ["face.jpg", "me.jpg"]


def test_a_path_is_no_list_of_letters(scorer: Scorer) -> None:
    (score,) = scorer.files("me.jpg")
    assert (score.path, score.error) == ("me.jpg", "it cannot be read: No such file or directory")
    with pytest.raises(FileNotFoundError, match=r"me\.jpg is not there: check its name") as error:
        scorer.image("me.jpg")
    assert isinstance(error.value, ImageError)


def test_one_picture_is_no_folder_and_may_be_damaged(scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is a folder: Scorer\.files judges its pictures"):
        scorer.image(tmp_path)
    (tmp_path / "me.jpg").write_bytes(FACE.read_bytes()[:999])
    assert "damaged" in str(scorer.image(tmp_path / "me.jpg").error)


@pytest.mark.parametrize("wrong", [read(FACE), 7, [read(FACE)], None])
def test_what_is_no_path_is_refused(scorer: Scorer, wrong: object) -> None:
    with pytest.raises(ValueError, match=r"a path .* is expected, not a \w+: Scorer.image takes"):
        list(scorer.files(wrong))  # type: ignore[arg-type]


def test_an_empty_folder_is_an_error(scorer: Scorer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no pictures"):
        list(scorer.files(tmp_path))


def test_an_array_of_another_kind_is_refused(scorer: Scorer) -> None:
    with pytest.raises(ValueError, match=r"not float64 \(512, 512, 3\)"):
        scorer.image(np.zeros((512, 512, 3)))  # type: ignore[arg-type]


# --- measure, verify, RecordStore


def test_measuring_asks_for_a_picture_and_known_attributes(tmp_path: Path) -> None:
    assert set(measure(read(FACE), ["framing"]).measures) == {"framing"}
    assert set(measure(FACE).scores) == set(KEYS) - {"attire"}
    with pytest.raises(ImageError, match=r"gone\.jpg: it cannot be read"):
        measure(tmp_path / "gone.jpg")
    with pytest.raises(ValueError, match="the choices are lighting"):
        measure(FACE, ["light"])
    with pytest.raises(ValueError, match="not float32"):
        measure(np.zeros((200, 200, 3), np.float32))  # type: ignore[arg-type]


def test_verifying_writes_nothing_into_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "me.jpg").write_bytes(FACE.read_bytes())
    findings = verify(tmp_path)
    assert findings.pictures == 1
    assert findings.after["framing"] == {"1": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["me.jpg"]
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ConfigurationError, match="holds neither"):
        verify(tmp_path / "gone")
    with pytest.raises(ValueError, match="the choices are lighting"):
        verify(tmp_path, ["light"])


def test_a_store_that_is_not_there_is_not_an_empty_one(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "nope")
    for read_ in (store.records, store.counts, store.history):
        with pytest.raises(StoreError, match=r"there is no folder .*nope: name one that"):
            read_()
    with store:  # a writer makes it
        assert list(store.records()) == []
    assert store.counts()["done"] == 0


def test_the_python_of_the_readme_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    exec(code, {})
    first, *reasons, last = capsys.readouterr().out.splitlines()
    assert reasons[0].startswith("the clothes look casual to the model -> Wear ")
    assert last.strip() == f"{FACE.relative_to(ROOT)} {first.split()[0]}"
