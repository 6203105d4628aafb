"""Settings and expensive things that all tests share; whoever changes a shared one copies it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from proportrait.looks.cache import FOLDER_VARIABLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from proportrait.arrays import Float, Image
    from proportrait.edit.editor import PortraitEditor
    from proportrait.edit.synthesis.network import FaceSynthesizer
    from proportrait.faces import Face, FaceAnalyzer

WORKER_BYTES = 5_000_000_000

if "PYTEST_XDIST_WORKER" in os.environ:  # one worker a core: more threads only wait for each other
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: more than ten seconds; leave out with -m 'not slow'")
    if "PYTEST_XDIST_WORKER" in os.environ:
        import cv2

        cv2.setNumThreads(1)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Looks of tests are kept apart from those of the user who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_more_processes() -> Iterator[None]:
    """Where tests run in several processes, those that name no number of workers start none."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    from proportrait import workers
    from proportrait.looks import survey
    from proportrait.rank import indexing

    def fitting(wanted: int | None, bytes_each: int) -> int:
        return workers.fitting_workers(wanted or 1, bytes_each)

    with pytest.MonkeyPatch.context() as patch:
        for module in (survey, indexing):
            patch.setattr(module, "fitting_workers", fitting)
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: one a core, as far as the memory reaches for the networks of each."""
    from proportrait.workers import fitting_workers

    return fitting_workers(None, WORKER_BYTES)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured text travels between processes as UTF-8: half a surrogate pair would end pytest."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; not for the whole session, whose tests have event loops of their own."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    if not chromium:
        pytest.skip("Chromium is not installed: apt-get install chromium, or name it in CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _no_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a power cut could tell the difference; a closed file is an error all the same."""
    monkeypatch.setattr(os, "fsync", os.fstat)


@pytest.fixture(scope="session")
def analyzer() -> FaceAnalyzer:
    from proportrait.faces import shared_analyzer

    return shared_analyzer()


@pytest.fixture(scope="session")
def image() -> Image:
    """Of a person who does not exist, (512, 512, 3), not writable."""
    from proportrait import imaging
    from tests import FACE

    picture = imaging.read(FACE)
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="session")
def face(analyzer: FaceAnalyzer, image: Image) -> Face:
    return analyzer.face(image)


@pytest.fixture(scope="session")
def mask(analyzer: FaceAnalyzer, image: Image, face: Face) -> Float:
    """The person on `image`, not writable."""
    person = analyzer.mask(image, face)
    person.setflags(write=False)
    return person


@pytest.fixture(scope="session")
def editor() -> PortraitEditor:
    from proportrait.edit.editor import PortraitEditor

    return PortraitEditor()


@pytest.fixture(scope="session")
def synthesizer() -> FaceSynthesizer:
    """Of the network's own 16 cells."""
    from proportrait.edit.synthesis.network import shared_synthesizer

    return shared_synthesizer(16)
