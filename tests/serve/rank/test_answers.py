"""Stars, tastes, and a folder that is forgotten: what the page may change, and what it keeps."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from starlette.exceptions import HTTPException

from proportrait.rank.indexing import Contents
from proportrait.rank.outputs import sidecars, xmp
from proportrait.serve.rank.bodies import API
from proportrait.serve.rank.describers import Describers
from proportrait.serve.rank.tastes import AskedTaste, Tastes
from proportrait.serve.rank.view import View
from proportrait.taste.verdict.library import FOLDER_VARIABLE
from tests.rank.samples import face, filled, photo
from tests.serve.rank.conftest import Served
from tests.taste.verdict.samples import taste

TASTE = "eyes shut"


def valid(server: Served, name: str, answer: Any) -> None:
    """Hold an answer against a schema of the OpenAPI document."""
    document = server.client.get("/api/v1/openapi.json").json()
    schema = {**document, "$ref": f"#/components/schemas/{name}"}
    Draft202012Validator(schema).validate(answer)


def asked(server: Served, question: dict[str, Any]) -> Any:
    """The ranking when a taste was asked about all of its photos."""
    end = time.monotonic() + 60
    while (ranking := server.ranking(question))["taste"]["waiting"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    return ranking


def asked_photos(server: Served) -> set[int]:
    with sqlite3.connect(server.places.index) as index:
        return {photo for (photo,) in index.execute("SELECT photo FROM tastes")}


def test_a_taste_is_asked_about_the_person_alone_and_its_answers_stay(server: Served) -> None:
    assert server.get()["tastes"] == [TASTE]
    before = asked_photos(server)
    question = server.question() | {"taste": TASTE}
    plain = server.ranking(question | {"taste": None})
    assert plain["taste"] is None
    ranking = asked(server, question)
    valid(server, "rank_rows", ranking)
    assert {row["taste"] for row in ranking["rows"]} == {"asked"}
    liked = {row["name"]: row["parts"]["taste"] > 50 for row in ranking["rows"]}
    assert [name for name, is_liked in liked.items() if is_liked] == ["anna_shut.jpg"]
    assert "to your taste" in next(row for row in ranking["rows"] if liked[row["name"]])["reasons"]
    own = {entry["photo"] for row in ranking["rows"] for entry in (row, *row["similar"])}
    assert len(own) == 5
    assert asked_photos(server) == before | own  # nobody looks at other people for it
    answer = server.post("list", **question, format="json", top=1)
    assert "taste" in answer.json()[0]["parts"]


def test_a_photo_that_cannot_be_looked_at_has_no_answer(server: Served) -> None:
    ranking = asked(server, server.question("ben_1.jpg") | {"taste": TASTE})
    state = {row["name"]: row["taste"] for row in ranking["rows"]}
    assert state.pop("ben_2.jpg") == "failed"
    assert set(state.values()) == {"asked"}
    failed = next(row for row in ranking["rows"] if row["taste"] == "failed")
    assert failed["parts"]["taste"] == 50


class Deadly:
    """Processes that a photo named "b" ends."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        yield

    async def run(self, work: object, folder: Path, file: Path, stamp: object,
                  paths: list[Path]) -> list[float]:  # fmt: skip
        names = [path.name for path in paths]
        self.asked.append(names)
        if "b" in names:
            raise HTTPException(503, "the picture ended the process")
        return [0.9] * len(paths)


def test_of_photos_that_end_a_process_the_others_are_asked_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    taste().save(tmp_path / "mine.safetensors")
    processes = Deadly()
    index, numbers = filled(tmp_path / "i.sqlite", *(photo(name, face()) for name in "abcde"))
    names = dict(zip(numbers, "abcde", strict=True))
    view = View(index, tmp_path, Contents({n: [tmp_path / names[n]] for n in numbers}), 40.0)

    async def ask(work: Callable[..., object], *args: object) -> object:
        return work(index, *args)

    async def follow() -> AskedTaste:
        tastes = Tastes(cast("Describers", processes), ask, 1)
        mine = await tastes.taste("mine")
        mine.marks(index, view)
        first = tastes.want(mine, view, numbers)
        assert (first["waiting"], first["total"], first["done"]) == (5, 5, 0)
        while mine.busy:  # noqa: ASYNC110 - no event tells its end
            await asyncio.sleep(0)
        assert tastes.want(mine, view, numbers)["waiting"] == 0
        return mine

    with index:
        mine = asyncio.run(follow())
        assert processes.asked == [["a", "b", "c", "d"], ["a"], ["b"], ["c"], ["d"], ["e"]]
        assert mine.failures == {numbers[1]: "the picture ended the process"}
        assert set(index.tastes(mine.digest)) == set(numbers) - {numbers[1]}
    assert mine.pace.to_json()["done"] == 5


@pytest.mark.parametrize(
    ("change", "status"),
    [({"taste": "../eyes shut"}, 404), ({"taste": "/etc/passwd"}, 404), ({"taste": 7}, 422),
     ({"taste": TASTE, "weights": {"single": {"eyes": 1}, "group": {"eyes": 1}}}, 422)],
)  # fmt: skip
def test_other_tastes_are_refused(server: Served, change: dict[str, Any], status: int) -> None:
    answer = server.post("ranking", **server.question() | change, offset=0, count=1)
    assert answer.status_code == status


def test_stars_are_written_beside_the_photos(server: Served) -> None:
    question = server.question()
    before = sorted(server.photos.iterdir())
    for body in ({"naming": "all", "top": 1}, {"naming": "full", "top": 0}, {"top": 1}):
        assert server.post("stars", **question, **body).status_code == 422
    answer = server.post("stars", **question, naming="full", top=3).json()
    assert answer == {"sidecars": 3, "foreign": 0, "taken": 0, "problems": []}
    written = sorted(set(server.photos.iterdir()) - set(before))
    assert [path.name for path in written] == [
        "anna_best.jpg.xmp", "anna_dark.jpg.xmp", "anna_shut.jpg.xmp",
    ]  # fmt: skip
    fewer = server.post("stars", **question, naming="full", top=1).json()
    valid(server, "rank_stars", fewer)
    assert (fewer["sidecars"], fewer["taken"]) == (1, 2)
    assert sidecars.remove(server.photos, print) == 1


def test_with_a_folder_its_stars_are_forgotten(server: Served) -> None:
    star = server.places.photos[1] / "a.jpg.xmp"
    star.write_bytes(xmp.new(3))
    assert server.post("folders/1/forget", more=1).status_code == 422
    answer = server.post("folders/1/forget").json()
    valid(server, "rank_forgotten", answer)
    assert answer == {"files": 0, "taken": 1, "problems": []}
    assert not star.exists()
    state = server.get()["folders"][1]
    assert (state["is_forgotten"], state["people"]) == (True, None)
    for path in ("faces?offset=0&count=1", "people"):
        assert server.client.get(f"{API}/folders/1/{path}").status_code == 503
    server.post("folders/1/update")
    state = server.wait(lambda state: not state["is_indexing"], folder=1)
    assert (state["is_forgotten"], state["people"]["count"]) == (False, 0)
