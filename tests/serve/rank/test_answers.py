"""Stars, tastes, and a folder that is forgotten: what the page may change, and what it keeps."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from proportrait.serve.rank.bodies import API
from tests.serve.rank.conftest import Served

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


def test_a_taste_is_asked_about_the_person_alone_and_its_answers_stay(server: Served) -> None:
    assert server.get()["tastes"] == [TASTE]
    question = server.question() | {"taste": TASTE}
    plain = server.ranking(question | {"taste": None})
    assert plain["taste"] is None
    ranking = asked(server, question)
    valid(server, "rank_rows", ranking)
    assert {row["taste"] for row in ranking["rows"]} == {"asked"}
    liked = {row["name"]: row["parts"]["taste"] > 50 for row in ranking["rows"]}
    assert [name for name, is_liked in liked.items() if is_liked] == ["anna_shut.jpg"]
    assert "to your taste" in next(row for row in ranking["rows"] if liked[row["name"]])["reasons"]
    with sqlite3.connect(server.places.index) as index:
        (count,) = index.execute("SELECT COUNT(*) FROM tastes").fetchone()
    assert count == 5  # nobody looks at other people for it
    answer = server.post("list", **question, format="json", top=1)
    assert "taste" in answer.json()[0]["parts"]


def test_a_photo_that_ends_its_process_has_no_answer(server: Served) -> None:
    ranking = asked(server, server.question("ben_1.jpg") | {"taste": TASTE})
    state = {row["name"]: row["taste"] for row in ranking["rows"]}
    assert state.pop("ben_2.jpg") == "failed"
    assert set(state.values()) == {"asked"}
    failed = next(row for row in ranking["rows"] if row["taste"] == "failed")
    assert failed["parts"]["taste"] == 50


@pytest.mark.parametrize(
    ("change", "status"),
    [({"taste": "../eyes shut"}, 404), ({"taste": "/etc/passwd"}, 404), ({"taste": 7}, 422),
     ({"taste": TASTE, "weights": {"single": {"eyes": 1}, "group": {"eyes": 1}}}, 422)],
)  # fmt: skip
def test_other_tastes_are_refused(server: Served, change: dict[str, Any], status: int) -> None:
    answer = server.post("ranking", **server.question() | change, offset=0, count=1)
    assert answer.status_code == status


def test_stars_are_written_beside_the_photos_and_go_when_the_folder_is_forgotten(
    server: Served,
) -> None:
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
    assert (fewer["sidecars"], fewer["taken"]) == (1, 2)
    server.post("folders/0/people/name", person=1, name="Zarathustra")
    assert b"Zarathustra" in data(server)
    assert server.post("folders/0/forget", more=1).status_code == 422
    answer = server.post("folders/0/forget").json()
    valid(server, "rank_forgotten", answer)
    assert (answer["files"], answer["taken"]) == (12, 1)
    assert sorted(server.photos.iterdir()) == before
    assert b"Zarathustra" not in data(server)
    state = server.get()["folders"][0]
    assert (state["is_forgotten"], state["faces"], state["people"]) == (True, 0, None)
    for path in ("faces?offset=0&count=1", "people"):
        assert server.client.get(f"{API}/folders/0/{path}").status_code == 503
    with sqlite3.connect(server.places.index) as index:
        assert index.execute("SELECT COUNT(*) FROM faces").fetchone() == (0,)
    server.post("folders/0/update")
    state = server.wait(lambda state: not state["is_indexing"])
    assert (state["is_forgotten"], state["faces"], state["people"]["count"]) == (False, 11, 3)


def data(server: Served) -> bytes:
    """All bytes of the index."""
    folder = server.places.index.parent
    return b"".join(path.read_bytes() for path in folder.glob("faces.sqlite*"))
