"""A server, which all tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from proportrait.serve import judges
from proportrait.serve.app import create_app
from proportrait.serve.settings import Settings
from tests.serve import hooks

URL = "http://localhost:8000"
TIMEOUT_S = 4.0


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """Of a server with two workers, in which a picture can end its worker: see `hooks`."""
    settings = Settings(
        workers=2, timeout=TIMEOUT_S, picture_bytes=300_000, request_bytes=1_000_000,
        pictures=4,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judges, "score", hooks.score)
        with TestClient(create_app(settings), URL) as client:
            yield client
