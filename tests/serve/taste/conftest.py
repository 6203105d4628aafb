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


def write_folder(folder: Path) -> Path:
    """12 light pictures and 12 dark ones, and one that is broken."""
    hooks.write_photos(folder, 12)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of `write_folder` that a test may change."""
    return write_folder(tmp_path / "photos")


class Client:
    """What the page asks, as a rater of a task."""

    def __init__(self, client: TestClient, place: Place) -> None:
        self.client, self.photos = client, place.folder
        self.labels = place.labels or Path()
        self.who = {"task": place.task, "rater": place.rater}

    def of_task(self, name: str) -> Client:
        """The same server for another task, which is made."""
        place = Place(self.photos, name, self.who["rater"], self.labels, Path())
        other = Client(self.client, place)
        other.post("tasks", name=name)
        return other

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"/api/v1/taste/{path}", json=self.who | body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self, **who: str) -> Any:
        return self.client.get("/api/v1/taste", params=self.who | who).json()

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


@contextmanager
def serving(photos: Path, home: Path) -> Iterator[Client]:
    """A server in this process, with the quick features of `hooks`."""
    place = Place(
        photos, **WHO, labels=home / "labels.sqlite", exports=home / "exports", drawers=1
    )  # fmt: skip
    with (
        pytest.MonkeyPatch.context() as patch,
        Labels(place.labels) as labels,
    ):
        patch.setattr(work, "features", hooks.features)
        with TestClient(create_app(place, labels), URL) as client:
            own = Client(client, place)
            own.wait(lambda state: state["folder"]["is_listed"])
            yield own


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for all tests that leave the folder as it is."""
    home = tmp_path_factory.mktemp("desk")
    with serving(write_folder(home / "photos"), home) as client:
        yield client


@pytest.fixture
def client(shared: Client, request: pytest.FixtureRequest) -> Client:
    """A task without labels."""
    return shared.of_task(request.node.name)


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
