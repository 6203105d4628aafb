"""A server, which all tests of this room share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from proportrait.fixes import Fix, fix
from proportrait.imaging import encode_jpeg
from proportrait.serve import judges
from proportrait.serve.app import create_app
from proportrait.serve.settings import Settings
from tests import ROOT
from tests.fixes.photos import off_centre
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
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`proportrait serve` with one worker as a process of its own, and its address."""
    command = [sys.executable, "-m", "proportrait", "serve", "--port", "0", "--workers", "1",
               "--timeout", "120", *options]  # fmt: skip
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


@pytest.fixture(scope="session")
def off_centre_photo() -> bytes:
    """A JPEG with room for a better crop."""
    return encode_jpeg(off_centre())


@pytest.fixture(scope="session")
def crops(off_centre_photo: bytes) -> dict[str, Fix]:
    """What the package makes of it, by aspect."""
    return {crop.aspect: crop for crop in fix(off_centre_photo)}
