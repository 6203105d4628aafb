"""A folder to work in, for the tests of the Batch API."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from proportrait.generate import report
from proportrait.generate.gemini.batch import submit
from proportrait.store import RecordStore
from tests.stage_one import KEY

_CONTEXT = ssl.create_default_context()  # reading the certificates takes longer than a run


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An output folder, with short waits and without what else takes long."""
    monkeypatch.setattr(ssl, "create_default_context", lambda **_: _CONTEXT)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    monkeypatch.setattr(submit, "LOOKS_S", (0.02, 0.04, 0.06, 0.08))
    monkeypatch.setattr(report, "publish", _stopped)
    return tmp_path / "out"


def _stopped(store: RecordStore, generator: str, tally: report.Tally) -> str:
    """The line of the summary that matters here, without the pictures."""
    assert generator == "gemini"
    return f"stopped: {tally.stopped}"
