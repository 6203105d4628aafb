"""A folder of pictures, and servers of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from proportrait.serve.taste import work
from proportrait.serve.taste.app import create_app
from proportrait.serve.taste.desk import Place
from proportrait.taste.labels import Labels
from tests import ROOT
from tests.serve.conftest import URL
from tests.serve.taste import hooks

WHO = {"task": "light", "rater": "anna"}
WAIT_S = 60.0


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """12 light pictures and 12 dark ones, and one that is broken."""
    folder = tmp_path / "photos"
    hooks.write_photos(folder, 12)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


class Client:
    """What the page asks, as a rater of a task."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"/api/v1/taste/{path}", json=WHO | body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, **who: str) -> Any:
        return self.client.get("/api/v1/taste", params=WHO | who).json()

    def wait(self, condition: Callable[[Any], Any], **who: str) -> Any:
        """The first state that fulfils a condition."""
        end = time.monotonic() + WAIT_S
        while not condition(state := self.state(**who)):
            assert time.monotonic() < end, state
            time.sleep(0.1)
        return state

    def ask(self, count: int = 1, **body: Any) -> list[dict[str, Any]]:
        """Questions, about pictures that can be answered now."""
        result: list[dict[str, Any]] = self.post("questions", count=count, **body)["questions"]
        return result

    def answer(self, question: dict[str, Any], value: str, **who: str) -> None:
        """Answer a question as the page does."""
        answers = [{"number": question["number"], "value": value}]
        self.post("answers", answers=answers, way=question["way"], **who)

    def label(self, count: int) -> list[dict[str, Any]]:
        """Answer questions one by one: light is positive."""
        questions = []
        for _ in range(count):
            (question,) = self.ask()
            value = "positive" if question["name"].startswith("light") else "negative"
            self.answer(question, value)
            questions.append(question)
        return questions


@pytest.fixture
def client(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(work, "features", hooks.features)
    place = Place(photos, "light", "anna", tmp_path / "labels.sqlite", tmp_path / "exports")
    with (
        Labels(place.labels) as labels,
        TestClient(create_app(place, labels), URL) as client,
    ):
        own = Client(client)
        own.wait(lambda state: state["folder"]["is_listed"])
        yield own


@contextmanager
def running(photos: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server as a process of its own, and the address of its page."""
    command = [sys.executable, "-m", "tests.serve.taste.server", "--folder", str(photos),
               "--port", "0", "--no_browser", "--task", "light", "--rater", "anna",
               "--workers", "1", *options]  # fmt: skip
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()
