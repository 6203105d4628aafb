"""What the page asks: faces, rankings, lists, copies; and what is refused."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from starlette.testclient import TestClient

from proportrait.rank.index import Index
from proportrait.rank.indexing import known
from proportrait.rank.match import SIMILARITY
from proportrait.rank.output import to_csv
from proportrait.rank.ranking import query
from proportrait.rank.weights import read_weights
from proportrait.serve.app import create_app
from proportrait.serve.bodies import BODY_BYTES
from proportrait.serve.rank.bodies import API
from proportrait.serve.settings import Settings
from tests.rank.samples import VERSION, axis
from tests.serve.rank import hooks
from tests.serve.rank.conftest import Served

ANNA = ["anna_best.jpg", "anna_dark.jpg", "anna_shut.jpg", "anna_and_ben.jpg"]
JPEG = {"Content-Type": "image/jpeg"}


def names(ranking: Any) -> list[str]:
    return [row["name"] for row in ranking["rows"]]


def test_the_folder_is_indexed_and_what_fails_is_named(server: Served) -> None:
    state = server.wait(lambda state: not state["is_indexing"])
    assert (state["photos"], state["ready"], state["faces"]) == (13, 11, 11)
    reasons = {entry["name"]: entry["reason"] for entry in state["failed"]}
    assert reasons.pop(hooks.DEADLY).startswith("the picture ended the process")
    assert reasons == {
        "broken.jpg": "it is damaged", "out.jpg": "a link to a file outside the folder",
    }  # fmt: skip
    empty = server.wait(lambda state: not state["is_indexing"], folder=1)
    assert "holds no photos" in empty["problem"]


def test_a_ranking_is_that_of_the_command(server: Served) -> None:
    """The same photos, scores, reasons, and near-duplicates as `query` gives."""
    weights = read_weights("headshot")
    with Index(server.places.index, VERSION, print) as index:
        paths = sorted(server.photos.iterdir())
        contents = known(index, server.photos, paths, 40.0)
        people = index.photo_of(server.face("anna_best.jpg"))[1].embedding[None]
        expected = query(index, contents, people, weights)
    ranking = server.ranking(server.question())
    assert names(ranking) == [photo.path.name for photo in expected.photos] == ANNA
    assert (ranking["total"], ranking["photos"]) == (4, 5)
    for row, photo in zip(ranking["rows"], expected.photos, strict=True):
        body = photo.to_json()
        assert [entry["name"] for entry in row["similar"]] == [path.name for path in photo.similar]
        for key in ("rank", "similarity", "kind", "reasons", "parts"):
            assert row[key] == body[key]
        assert row["score"] == pytest.approx(body["score"], abs=0.05)
    best, *_, group = ranking["rows"]
    assert [(entry["name"], entry["score"]) for entry in best["similar"]] == [
        ("anna_copy.jpg", pytest.approx(best["score"] - 3, abs=3))
    ]
    assert (group["kind"], group["box"]) == ("group", [0.6, 0.2, 0.9, 0.6])
    nearest = [path.name for path, _ in expected.nearest]
    assert [entry["name"] for entry in ranking["nearest"]] == nearest


def test_weights_and_the_limit_change_the_ranking(server: Served) -> None:
    question = server.question()
    weights = json.loads(json.dumps(question["weights"]))
    weights["single"]["eyes"] = 0
    weights["single"]["lighting"] = 3
    assert names(server.ranking(question, weights=weights))[1:3] == [
        "anna_shut.jpg", "anna_dark.jpg",
    ]  # fmt: skip
    weights["group"]["factor"] = 0
    assert server.ranking(question, weights=weights)["rows"][-1]["score"] == 0
    assert names(server.ranking(question, similarity=0.92)) == [ANNA[0], ANNA[2]]
    everybody = server.ranking(question, similarity=0)
    assert everybody["photos"] == 10
    second = server.ranking(question, offset=1, count=2)
    assert (names(second), second["nearest"]) == (ANNA[1:3], [])


def test_several_faces_are_one_person(server: Served) -> None:
    faces = [server.face("anna_best.jpg"), server.face("anna_shut.jpg")]
    row = server.ranking(server.question() | {"people": faces})["rows"][0]
    assert row["similarity"] == pytest.approx(1 - 0.05 / 2, abs=0.001)  # the mean of two distances


def test_faces_come_in_pages_the_largest_and_best_first(server: Served) -> None:
    pages = [server.get("/folders/0/faces", offset=offset, count=4) for offset in (0, 4, 8)]
    entries = [entry for page in pages for entry in page["faces"]]
    assert len({entry["face"] for entry in entries}) == pages[0]["total"] == 11
    assert [page["is_last"] for page in pages] == [False, False, True]
    assert entries[0]["name"].startswith(("anna", "ben"))  # large ones
    assert entries[-1]["name"] == "anna_shut.jpg"


def reference(server: Served, names: str) -> httpx2.Response:
    data = (server.photos / "ben_1.jpg").read_bytes() + b"|" + names.encode()
    return server.client.post(f"{API}/references", content=data, headers=JPEG)


def test_a_photo_of_the_person_is_a_reference(server: Served) -> None:
    (anna, ben) = reference(server, "anna ben").json()["faces"]
    assert anna["jpeg"] != "" != ben["reference"] != anna["reference"]
    question = server.question()
    assert names(server.ranking(question | {"people": [anna["reference"]]})) == ANNA
    row = server.ranking(question | {"people": [ben["reference"]]})["rows"][0]
    assert row["name"].startswith("ben")
    answer = reference(server, "")
    assert (answer.status_code, answer.json()["error"][:17]) == (422, "no face was found")
    lost = server.post("ranking", **question | {"people": ["x"]}, offset=0, count=1)
    assert lost.status_code == 404
    assert "drop it again" in lost.json()["error"]


def picture(server: Served, path: str) -> Image.Image:
    answer = server.client.get(f"{API}/folders/0/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    return Image.open(io.BytesIO(answer.content))


def test_pictures_stand_upright_and_have_no_metadata(server: Served) -> None:
    row = server.ranking(server.question("cleo_turned.jpg"), similarity=0.99)["rows"][0]
    turned = picture(server, f"photos/{row['photo']}?size=large")
    assert (turned.size, turned.getexif()) == ((240, 320), {})
    tile = picture(server, f"faces/{server.face('anna_best.jpg')}")
    assert tile.size == (176, 176)
    assert tile.getpixel((88, 88)) == pytest.approx((220, 220, 220), abs=6)


@pytest.mark.parametrize(
    "path",
    ["photos/0", "photos/9999999", "faces/9999999", "photos/-1", "photos/..%2fsecret.jpg",
     "photos/%2e%2e%2fsecret.jpg", "faces/a", "../../secret.jpg"],
)  # fmt: skip
def test_nothing_outside_the_folder_is_sent(server: Served, path: str) -> None:
    assert server.client.get(f"{API}/folders/0/{path}").status_code == 404


def test_a_list_is_what_the_command_writes(server: Served) -> None:
    question = server.question()
    texts = {
        kind: server.post("list", **question, format=kind, top=2).text
        for kind in ("txt", "csv", "json")
    }
    paths = [str(server.photos / name) for name in ANNA[:2]]
    assert texts["txt"].splitlines() == paths
    assert [row["path"] for row in csv.DictReader(texts["csv"].splitlines())] == paths
    bodies = json.loads(texts["json"])
    assert [(body["path"], body["rank"]) for body in bodies] == [(paths[0], 1), (paths[1], 2)]
    assert bodies[0]["similar"] == [str(server.photos / "anna_copy.jpg")]
    assert texts["csv"].startswith(to_csv([]))


def test_the_best_are_copied_as_rank_copies_them(server: Served) -> None:
    question = server.question()
    before = sorted(server.photos.iterdir())
    answer = server.post("copies", **question, name="best of Anna", top=3)
    assert answer.json() == {
        "folder": str(server.places.exports) + "/best of Anna", "photos": 3, "new": 3,
    }  # fmt: skip
    assert server.places.exports is not None
    copies = server.places.exports / "best of Anna"
    numbered = [f"{rank:03d}_{name}" for rank, name in enumerate(ANNA, 1)]
    assert sorted(path.name for path in copies.iterdir()) == numbered[:3]
    assert (copies / numbered[0]).read_bytes() == (server.photos / ANNA[0]).read_bytes()
    assert sorted(server.photos.iterdir()) == before
    again = server.post("copies", **question, name="best of Anna", top=4)
    assert again.json()["new"] == 1
    assert sorted(path.name for path in copies.iterdir()) == numbered


BAD: dict[str, tuple[str, dict[str, Any], int]] = {
    "another folder": ("ranking", {"folder": 9}, 404),
    "a folder by name": ("ranking", {"folder": "/etc"}, 422),
    "a folder that is true": ("ranking", {"folder": True}, 422),
    "nobody": ("ranking", {"people": []}, 422),
    "a path": ("ranking", {"people": [["../x"]]}, 422),
    "another face": ("ranking", {"people": [987654]}, 404),
    "too many": ("ranking", {"people": list(range(21))}, 422),
    "no weights": ("ranking", {"weights": None}, 422),
    "one kind": ("ranking", {"weights": {"single": {"eyes": 1}}}, 422),
    "another part": ("ranking", {"weights": {"single": {"x": 1}, "group": {"eyes": 1}}}, 422),
    "below 0": ("ranking", {"weights": {"single": {"eyes": -1}, "group": {"eyes": 1}}}, 422),
    "nothing weighed": ("ranking", {"weights": {"single": {"eyes": 0}, "group": {"eyes": 1}}}, 422),
    "a limit in words": ("ranking", {"similarity": "high"}, 422),
    "a limit above 1": ("ranking", {"similarity": 1.5}, 422),
    "no count": ("ranking", {"count": None}, 422),
    "too large a page": ("ranking", {"count": 1000}, 422),
    "an unknown key": ("ranking", {"path": "/etc/passwd"}, 422),
    "another format": ("list", {"format": "html"}, 422),
    "no number": ("list", {"top": "all"}, 422),
    "none": ("list", {"top": 0}, 422),
    "a way out": ("copies", {"name": "../photos"}, 422),
    "an absolute one": ("copies", {"name": "/tmp/x"}, 422),
    "a hidden folder": ("copies", {"name": ".x"}, 422),
    "no name": ("copies", {"name": ""}, 422),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_requests_are_refused_with_what_to_do(server: Served, name: str) -> None:
    path, body, status = BAD[name]
    more: dict[str, Any] = {
        "ranking": {"offset": 0, "count": 1}, "list": {"format": "txt", "top": 1},
        "copies": {"name": "x", "top": 1},
    }[path]  # fmt: skip
    answer = server.post(path, **server.question() | more | body)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_other_bodies_and_other_sites_are_refused(server: Served) -> None:
    def post(**options: Any) -> int:
        return server.client.post(f"{API}/ranking", **options).status_code

    assert post(data={"folder": "0"}) == 415
    assert post(content=b"{", headers={"Content-Type": "application/json"}) == 400
    assert post(content=b"[" * 9999, headers={"Content-Type": "application/json"}) == 400
    assert post(json=[]) == 422
    assert post(json={"people": "x" * BODY_BYTES}) == 413
    assert post(json={}, headers={"Sec-Fetch-Site": "cross-site"}) == 403
    assert post(json={}, headers={"Host": "evil.example"}) == 421
    for words in ("offset=-1&count=1", "offset=0", "offset=0&count=1&loose=yes", "count=1e3"):
        assert server.client.get(f"{API}/folders/0/faces?{words}").status_code == 422
    assert server.client.get(f"{API}/folders/0/photos/1?size=huge").status_code == 422
    empty = server.post("ranking", **server.question() | {"folder": 1}, offset=0, count=1)
    assert empty.status_code == 404  # its face is of the other folder


def test_answers_are_as_the_document_describes_them(server: Served) -> None:
    document = server.client.get("/api/v1/openapi.json").json()
    question = server.question()
    folder = f"{API}/folders/{{folder}}"
    answers = {
        ("get", API): server.get(),
        ("get", f"{folder}/people"): server.get("/folders/0/people"),
        ("get", f"{folder}/faces"): server.get("/folders/0/faces", offset=0, count=5),
        ("post", f"{API}/ranking"): server.ranking(question),
        ("post", f"{API}/references"): reference(server, "anna").json(),
    }
    for (method, path), answer in answers.items():
        content = document["paths"][path][method]["responses"]["200"]["content"]
        schema = {**document, **content["application/json"]["schema"]}
        Draft202012Validator(schema).validate(answer)
    body = document["paths"][f"{API}/ranking"]["post"]["requestBody"]["content"]
    strict = Draft202012Validator({**document, **body["application/json"]["schema"]})
    strict.validate(question | {"offset": 0, "count": 1})
    for name, (path, change, status) in BAD.items():
        if (
            path == "ranking"
            and status == 422
            and name not in ("nothing weighed", "an unknown key")
        ):
            assert not strict.is_valid(question | {"offset": 0, "count": 1} | change), name


def test_new_photos_are_found_when_the_folder_is_looked_at_again(server: Served) -> None:
    copy, own = server.photos / "again.jpg", server.photos / "anna_best.jpg"
    copy.write_bytes(own.read_bytes())
    try:
        answer = server.post("folders/0/update")
        assert (answer.status_code, answer.json()["is_indexing"]) == (202, True)
        server.wait(lambda state: not state["is_indexing"] and state["ready"] == 12)
        first = server.ranking(server.question("anna_shut.jpg"))["rows"][0]
        assert (first["name"], first["copies"]) == ("again.jpg", ["anna_best.jpg"])
    finally:
        copy.unlink()
        server.post("folders/0/update")
        server.wait(lambda state: not state["is_indexing"] and state["ready"] == 11)


def test_a_server_without_folders_says_how_to_name_them() -> None:
    client = TestClient(create_app(Settings("0.0.0.0", "s3cret")), "http://photos.example")
    assert client.get(API).status_code == 401
    headers = {"Authorization": "Bearer s3cret"}
    assert client.get(API, headers=headers).json()["folders"] == []
    faces = client.get(f"{API}/folders/0/faces?offset=0&count=1", headers=headers)
    assert (faces.status_code, "--photos DIR" in faces.json()["error"]) == (404, True)
    assert client.get("/rank").status_code == 200
    assert 'href="/rank"' not in client.get("/").text
    assert API not in str(client.get("/api/v1/openapi.json", headers=headers).json())


def test_an_index_that_changed_meanwhile_gives_no_wrong_answer(
    server: Served, tmp_path: Path
) -> None:
    question = server.question("ben_2.jpg")
    with sqlite3.connect(server.places.index) as write:
        rows = write.execute("SELECT id, embedding FROM faces").fetchall()
        blob = axis(99).astype("<f4").tobytes()
        write.execute("UPDATE faces SET embedding = ?", (blob,))
    answer = server.post("ranking", **question, offset=0, count=50, similarity=SIMILARITY)
    with sqlite3.connect(server.places.index) as write:
        write.executemany("UPDATE faces SET embedding = ? WHERE id = ?", [(b, i) for i, b in rows])
    assert (answer.status_code, "Look again" in answer.json()["error"]) == (409, True)
    assert server.ranking(question)["rows"]
