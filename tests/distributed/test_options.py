"""The options of a cluster, and what does not go with them; without Ray."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from proportrait import cli
from proportrait.distributed.cluster import cluster
from proportrait.errors import ConfigurationError
from tests import FACE, ROOT


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("score {face} --engine ray", "add --output scores, a folder"),
        ("score {face} --engine ray --output a --report b.html --fix c", "--report, --fix needs"),
        ("score {face} --ray_address auto", "add --engine ray"),
        ("score s3://bucket/photos", "s3://bucket/photos lies in a store: add --engine ray"),
        ("verify -i {folder} --ray_address auto", "add --engine ray"),
    ],
)
def test_options_that_exclude_each_other(
    words: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert cli.main(words.format(face=FACE, folder=FACE.parent).split()) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_without_ray_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ConfigurationError, match=r"pip install 'proportrait-gen\[ray\]'"),
        cluster(None, 1),
    ):
        pass


def test_ray_is_imported_only_where_it_is_named() -> None:
    code = (
        "import sys, pkgutil, importlib, proportrait.distributed as room\n"
        "for module in pkgutil.iter_modules(room.__path__, room.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
        "import proportrait.commands.score, proportrait.commands.verify\n"
        "sys.exit('ray' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
