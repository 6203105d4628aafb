"""Settings that all tests share."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: more than ten seconds; leave out with -m 'not slow'")
