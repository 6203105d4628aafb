"""People on the page: listed, named, joined, split, by the decisions of `proportrait people`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from proportrait.people import decisions
from proportrait.rank.index import Index
from proportrait.serve.rank.crowd import Crowd
from tests.people.conftest import folder
from tests.people.samples import Folder, at
from tests.rank.samples import VERSION, face
from tests.serve.rank.conftest import Served

__all__ = ["folder"]


@pytest.fixture
def people(server: Served) -> Iterator[dict[str, int]]:
    """Ids by the photo that shows the person best; what a test decides is taken back."""
    yield listed(server)
    while server.get("/folders/0/people")["undo"]:
        decide(server, "undo")


def listed(server: Served) -> dict[str, int]:
    answer = server.get("/folders/0/people")
    names = {row["face"]: row["name"] for row in faces(server)}
    return {names[tile["face"]].partition(".")[0]: tile["id"] for tile in answer["people"]}


def faces(server: Served, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = server.get("/folders/0/faces", offset=0, count=100, **query)[
        "faces"
    ]
    return rows


def decide(server: Served, act: str, **body: Any) -> Any:
    answer = server.post(f"folders/0/people/{act}", **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ranked(server: Served, person: int) -> list[str]:
    question = server.question() | {"person": person, "people": []}
    rows = server.ranking(question)["rows"]
    return [name for row in rows for name in (row["name"], *(e["name"] for e in row["similar"]))]


def test_a_tile_a_person_the_most_photos_first(server: Served, people: dict[str, int]) -> None:
    assert list(people) == ["anna_best", "<b>cleo", "ben_1"]
    tiles = server.get("/folders/0/people")["people"]
    assert [tile["photos"] for tile in tiles] == [5, 3, 3]
    assert [tile["name"] for tile in tiles] == [None] * 3
    state = server.get()["folders"][0]["people"]
    assert (state["count"], state["loose"], state["undo"]) == (3, 0, None)


def test_a_person_is_ranked_as_rank_person_does(server: Served, people: dict[str, int]) -> None:
    anna = ranked(server, people["anna_best"])
    assert sorted(anna) == ["anna_and_ben.jpg", *sorted(f"anna_{n}.jpg" for n in
                            ("best", "copy", "dark", "shut"))]  # fmt: skip
    question = server.question() | {"person": people["ben_1"], "people": []}
    everybody = server.ranking(question, similarity=0)
    assert everybody["photos"] == 3  # faces of others never match


def test_names_merges_and_splits_are_those_of_the_command(
    server: Served, people: dict[str, int]
) -> None:
    anna, cleo, ben = people.values()
    answer = decide(server, "name", person=anna, name=" Anna ")
    assert answer["decided"] == f"{anna} is Anna"
    assert (answer["people"][0]["name"], answer["undo"]) == ("Anna", "name")
    answer = decide(server, "merge", people=[ben, cleo])
    assert [(tile["id"], tile["photos"]) for tile in answer["people"]] == [(ben, 6), (anna, 5)]
    assert len(ranked(server, ben)) == 6
    with Index(server.places.index, VERSION, print) as index:
        assert decisions.state(index).names == {anna: "Anna"}
        assert decisions.undo(index) == f"the last merge, of {ben}, is undone"
    end = time.monotonic() + 20
    while len(server.get("/folders/0/people")["people"]) != 3:  # the server sees it
        assert time.monotonic() < end
        time.sleep(0.1)
    face = next(row["face"] for row in faces(server) if row["name"] == "anna_dark.jpg")
    answer = decide(server, "split", person=anna, faces=[face])
    assert sorted(tile["photos"] for tile in answer["people"]) == [1, 3, 3, 4]
    assert "anna_dark.jpg" not in ranked(server, anna)
    answer = decide(server, "undo")
    assert (answer["undo"], len(answer["people"])) == ("name", 3)


def test_a_face_that_nobody_knows_is_listed_and_can_be_refused(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(1, 0.1))
    folder.add("c", face(at(1, 0.52), sharpness=0.1))  # nobody's, at a similarity of 0.53
    crowd = Crowd.of(folder.index, folder.contents.photos, 40.0).grouped(folder.index)
    (loose,) = crowd.loose
    assert (list(crowd.people), crowd.people[1].photos) == ([1], 2)
    assert crowd.listed(folder.index) is crowd
    decisions.split(folder.index, 1, crowd.keys([loose]))
    after = crowd.grouped(folder.index)
    assert after.version == crowd.version + 1
    assert loose in after.references(1)[1].others
    decisions.undo(folder.index)
    assert loose not in after.listed(folder.index).references(1)[1].others
    assert list(after.listed(folder.index).people) == [1]


BAD: dict[str, tuple[str, dict[str, Any], int]] = {
    "nobody": ("name", {"person": 10**6, "name": "X"}, 404),
    "a number as a name": ("name", {"person": "anna", "name": "7"}, 422),
    "no name": ("name", {"person": "anna", "name": None}, 422),
    "too long a name": ("name", {"person": "anna", "name": "x" * 101}, 422),
    "another key": ("name", {"person": "anna", "name": "X", "path": "/etc"}, 422),
    "a person in words": ("name", {"person": "Anna", "name": "X"}, 422),
    "one alone": ("merge", {"people": ["anna"]}, 422),
    "somebody elsewhere": ("merge", {"people": ["anna", 10**6]}, 404),
    "no faces": ("split", {"person": "anna", "faces": []}, 422),
    "a face elsewhere": ("split", {"person": "anna", "faces": [10**8]}, 404),
    "nothing to undo": ("undo", {}, 422),
    "another decision": ("drop", {}, 404),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_decisions_are_refused(server: Served, people: dict[str, int], name: str) -> None:
    act, body, status = BAD[name]
    known = {"anna": people["anna_best"]}
    if isinstance(body.get("person"), str):
        body = body | {"person": known.get(body["person"], body["person"])}
    if "people" in body:
        body = body | {"people": [known.get(word, word) for word in body["people"]]}
    answer = server.post(f"folders/0/people/{act}", **body)
    assert (answer.status_code, bool(answer.json()["error"])) == (status, True)
    if act == "name" and status == 404:
        gone = server.post("ranking", **server.question() | {"person": 10**6, "people": []},
                           offset=0, count=1)  # fmt: skip
        assert gone.status_code == 404
