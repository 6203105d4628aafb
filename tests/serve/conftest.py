"""A server, which all tests of this room share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from proportrait.serve import judges
from proportrait.serve.app import create_app
from proportrait.serve.settings import Settings
from tests import ROOT
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


@contextmanager
def running() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`proportrait serve` with one worker as a process of its own, and its address."""
    command = [sys.executable, "-m", "proportrait", "serve", "--port", "0", "--workers", "1"]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Of a server that runs as a process of its own."""
    with running() as (_, address):
        yield address
