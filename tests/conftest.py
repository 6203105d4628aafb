"""Settings that all tests share."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from proportrait.looks.cache import FOLDER_VARIABLE


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: more than ten seconds; leave out with -m 'not slow'")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Looks of tests are kept apart from those of the user who runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured text travels between processes as UTF-8: half a surrogate pair would end pytest."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections
    ]
    return report
