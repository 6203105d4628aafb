"""A server that ranks made photos, which all tests of this room share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from proportrait.serve import judges
from proportrait.serve.app import create_app
from proportrait.serve.rank import work
from proportrait.serve.rank.bodies import API
from proportrait.serve.rank.places import Places
from proportrait.serve.settings import Settings
from tests.rank.samples import VERSION
from tests.serve.rank import hooks

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


@contextmanager
def serving(places: Places | None, settings: Settings | None = None) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    config = uvicorn.Config(
        create_app(settings, places), "127.0.0.1", 0, ws="none", log_level="error"
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WAIT_S)


def make_places(folder: Path, *photos: Path) -> Places:
    return Places(photos, folder / "exports", folder / "faces.sqlite", VERSION, drawers=1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("rank").resolve()
    hooks.write_photos(folder / "photos")
    (folder / "photos" / hooks.DEADLY).write_bytes(b"ends the worker")
    (folder / "secret.jpg").write_bytes((folder / "photos" / "ben_1.jpg").read_bytes())
    (folder / "photos" / "out.jpg").symlink_to(folder / "secret.jpg")
    (folder / "more").mkdir()
    places = make_places(folder, folder / "photos", folder / "more")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judges, "prepare", hooks.prepare)
        for name in ("describe", "references"):
            patch.setattr(work, name, getattr(hooks, name))
        patch.setattr(work, "prepare_behind", hooks.prepare)
        with serving(places) as address, httpx2.Client(base_url=address, timeout=WAIT_S) as client:
            served = Served(address, places, client)
            served.wait(lambda state: not state["is_indexing"])
            yield served
