"""A server that ranks made photos, which all tests of this room share."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from proportrait.serve.rank.bodies import API
from proportrait.serve.rank.places import Places
from proportrait.taste.verdict.library import FOLDER_VARIABLE
from tests import ROOT
from tests.serve.rank import hooks
from tests.serve.rank.server import places_in
from tests.taste.verdict.samples import taste

WAIT_S = 60.0


@dataclass(frozen=True)
class Served:
    """A server of a folder `photos` and its empty neighbour `more`."""

    address: str
    places: Places
    client: httpx2.Client

    @property
    def photos(self) -> Path:
        return self.places.photos[0]

    def get(self, path: str = "", **query: Any) -> Any:
        """The JSON of an answer that has to be good."""
        answer = self.client.get(f"{API}{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, /, **body: Any) -> httpx2.Response:
        return self.client.post(f"{API}/{path}", json=body)

    def wait(self, condition: Callable[[Any], Any], folder: int = 0) -> Any:
        """The first state of a folder that fulfils a condition."""
        end = time.monotonic() + WAIT_S
        while not condition(state := self.get()["folders"][folder]):
            assert time.monotonic() < end, state
            time.sleep(0.05)
        return state

    def face(self, name: str) -> int:
        """The id of the first face of a photo."""
        faces = self.get("/folders/0/faces", offset=0, count=100)["faces"]
        return next(int(entry["face"]) for entry in faces if entry["name"] == name)

    def question(self, name: str = "anna_best.jpg", purpose: str = "headshot") -> dict[str, Any]:
        """Of the person whose face is in a photo, with the weights of a preset."""
        weights = self.get()["purposes"][purpose]
        return {"folder": 0, "people": [self.face(name)], "weights": weights}

    def ranking(self, question: dict[str, Any], **more: Any) -> Any:
        answer = self.post("ranking", **{"offset": 0, "count": 50, **question, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("rank").resolve()
    hooks.write_photos(folder / "photos")
    (folder / "photos" / hooks.DEADLY).write_bytes(b"ends the worker")
    (folder / "secret.jpg").write_bytes((folder / "photos" / "ben_1.jpg").read_bytes())
    (folder / "photos" / "out.jpg").symlink_to(folder / "secret.jpg")
    (folder / "more").mkdir()
    (folder / "tastes").mkdir()
    taste().save(folder / "tastes" / "eyes shut.safetensors")
    command = [sys.executable, "-m", "tests.serve.rank.server", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT), FOLDER_VARIABLE: str(folder / "tastes")},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            with httpx2.Client(base_url=address, timeout=WAIT_S) as client:
                served = Served(address, places_in(folder), client)
                served.wait(lambda state: not state["is_indexing"])
                (folder / "photos" / hooks.DEADLY).unlink()  # else every update ends a process
                yield served
        finally:
            process.terminate()
