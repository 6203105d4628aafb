"""What documents itself: every command answers `--help`, every example of a docstring is right."""

from __future__ import annotations

import doctest
import importlib
import runpy
import sys
import tomllib

import pytest

from tests import ROOT

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for place in ("*.py", "proportrait/**/*.py", "benchmarks/**/*.py", "tools/**/*.py")
    for path in sorted(ROOT.glob(place))
}


def containing(text: str) -> list[str]:
    return [name for name, path in MODULES.items() if text in path.read_text(encoding="utf-8")]


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize("name", containing('if __name__ == "__main__":'))
def test_every_command_answers_help(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_module(name, run_name="__main__")
    usage, description, *_ = capsys.readouterr().out.split("\n\n")
    assert name.removesuffix(".__main__").removesuffix(".cli") in usage
    assert description


@pytest.mark.parametrize("name", containing(">>> "))
def test_every_example_is_right(name: str) -> None:
    module = importlib.import_module(name)
    assert any(test.examples for test in doctest.DocTestFinder().find(module))
    assert not doctest.testmod(module).failed


def test_mypy_and_the_help_cover_every_command() -> None:
    scripts = {"synthetic_dataset_generator", "verify_labels", "augment_framing"}
    assert scripts <= set(containing('if __name__ == "__main__":'))
    with (ROOT / "pyproject.toml").open("rb") as file:
        checked = set(tomllib.load(file)["tool"]["mypy"]["files"])
    assert checked >= {"proportrait", "tools", "benchmarks", *(f"{name}.py" for name in scripts)}
