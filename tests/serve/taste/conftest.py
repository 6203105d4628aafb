"""A folder of pictures, and servers of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest
from httpx2 import Response
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from proportrait.serve.app import create_app
from proportrait.serve.judges import Judges
from proportrait.serve.openapi import document
from proportrait.serve.settings import Settings
from proportrait.serve.taste import desk, work
from proportrait.serve.taste.bodies import API
from proportrait.serve.taste.places import TastePlaces
from proportrait.taste.verdict.library import FOLDER_VARIABLE
from tests import ROOT
from tests.serve.conftest import URL
from tests.serve.taste import hooks

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
    """What the page asks, as a rater of a task; every answer is as the OpenAPI document says."""

    def __init__(self, client: TestClient, places: TastePlaces, task: str) -> None:
        self.client, self.places = client, places
        self.photos = places.photos[0]
        self.who = {"task": task, "rater": places.rater}

    def of_task(self, name: str) -> Client:
        """The same server for another task of the first folder, which is made."""
        answer = self.client.post(f"{API}/tasks", json={"task": name, "folder": 0})
        assert answer.status_code == 200, answer.text
        return Client(self.client, self.places, name)

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"{API}/{path}", json=self.who | body)
        assert answer.status_code == 200, answer.text
        described(f"{API}/{path}", "post").validate(answer.json())
        return answer.json()

    def picture(self, number: object, **query: str) -> Response:
        """The answer to a request for a picture."""
        query = {"task": self.who["task"]} | query
        return self.client.get(f"{API}/pictures/{number}", params=query)

    def overview(self, **query: str) -> Any:
        answer = self.client.get(API, params=query).json()
        described(API, "get").validate(answer)
        return answer

    def state(self, **who: str) -> Any:
        answer = self.client.get(f"{API}/session", params=self.who | who).json()
        described(f"{API}/session", "get").validate(answer)
        return answer

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


@cache
def described(path: str, method: str) -> Draft202012Validator:
    """Of the answers to a request, as the OpenAPI document describes them."""
    api = document(Settings(), ["taste"])
    answer = api["paths"][path][method]["responses"]["200"]["content"]["application/json"]
    return Draft202012Validator({**api, **answer["schema"]})


class Threads(Judges):
    """Workers that are threads of this process, and so begin at once."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.to_thread(work, *args)


@contextmanager
def serving(home: Path, *photos: Path, workers: type[Judges] = Threads) -> Iterator[Client]:
    """A server of folders in this process, with the quick features of `hooks`, and one task."""
    places = TastePlaces(
        tuple(folder.resolve() for folder in photos), home / "exports", "anna",
        home / "labels.sqlite", drawers=1,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(work, "features", hooks.features)
        patch.setattr(desk, "Judges", workers)
        patch.setenv(FOLDER_VARIABLE, str(home / "tastes"))
        with TestClient(create_app(tastes=places, is_judging=False), URL) as client:
            own = Client(client, places, "").of_task("light")
            own.wait(lambda state: state["folder"]["is_listed"])
            yield own


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for all tests that leave its folder, and an empty one, as they are."""
    home = tmp_path_factory.mktemp("desk")
    (home / "empty").mkdir()
    with serving(home, write_folder(home / "photos"), home / "empty") as client:
        yield client


@pytest.fixture
def client(shared: Client, request: pytest.FixtureRequest) -> Client:
    """A task without labels."""
    return shared.of_task(request.node.name)


@contextmanager
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server of `server` as a process of its own, and its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.serve.taste.server", str(home)], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()
