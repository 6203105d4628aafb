"""What the pages of tastes refuse, and that the OpenAPI document says so."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from proportrait.serve.app import create_app
from proportrait.serve.openapi import document
from proportrait.serve.settings import Settings
from proportrait.serve.taste.bodies import API
from tests.serve.conftest import URL
from tests.serve.taste.conftest import Client

BAD: dict[str, tuple[str, dict[str, Any], int]] = {
    "no such task": ("questions", {"task": "x", "count": 1}, 404),
    "no rater": ("undo", {"rater": ""}, 422),
    "no count": ("questions", {}, 422),
    "too many": ("questions", {"count": 1000}, 422),
    "another way": ("questions", {"count": 1, "way": "luck"}, 422),
    "ends in turn": ("questions", {"count": 1, "between": [0.9, 0.1]}, 422),
    "no ends": ("questions", {"count": 1, "between": [True, 1]}, 422),
    "held no numbers": ("questions", {"count": 1, "held": ["0"]}, 422),
    "an unknown key": ("questions", {"count": 1, "folder": "/etc"}, 422),
    "no answers": ("answers", {"answers": []}, 422),
    "another value": ("answers", {"answers": [{"number": 0, "value": "good"}]}, 422),
    "a path for a number": ("answers", {"answers": [{"number": "/etc", "value": "skip"}]}, 422),
    "no picture": ("answers", {"answers": [{"number": 99, "value": "skip"}]}, 409),
    "no labels": ("train", {}, 422),
    "a path": ("copies", {"what": "folders", "threshold": 0, "name": "../photos"}, 422),
    "a hidden folder": ("copies", {"what": "folders", "threshold": 0, "name": ".x"}, 422),
    "no copies": ("copies", {"what": "everything", "threshold": 0, "name": "x"}, 422),
    "no threshold": ("copies", {"what": "sifted", "name": "x"}, 422),
    "no model to save": ("model", {"name": "x"}, 409),
    "no model": ("copies", {"what": "sifted", "name": "x", "threshold": 0.5}, 409),
}
# Of a task: what is no name, or leads to another folder than those that were named at the start.
BAD_TASKS: tuple[tuple[dict[str, Any], int], ...] = (
    ({"task": "a\nb", "folder": 0}, 422),
    ({"task": "..", "folder": 0}, 422),
    ({"task": "new", "folder": "/etc"}, 422),
    ({"task": "new", "folder": "0"}, 422),
    ({"task": "new", "folder": -1}, 422),
    ({"task": "new", "folder": 2}, 404),
    ({"task": "new"}, 422),
    ({"task": "light", "folder": 1}, 409),
    ({"task": "light", "folder": 1, "goes_on": True}, 409),
)


def test_a_task_is_about_a_folder_that_was_named_at_the_start(client: Client) -> None:
    for body, status in BAD_TASKS:
        answer = client.client.post(f"{API}/tasks", json=body)
        assert (body, answer.status_code) == (body, status)
    assert client.overview()["folders"] == ["photos", "empty"]
    assert "new" not in {row["task"] for row in client.overview()["tasks"]}


def test_wrong_requests_are_refused_with_what_to_do(client: Client) -> None:
    for name, (path, body, status) in BAD.items():
        answer = client.client.post(f"{API}/{path}", json=client.who | body)
        assert (name, answer.status_code) == (name, status)
        assert answer.json()["error"]
    form = client.client.post(f"{API}/undo", data=client.who)
    assert form.status_code == 415
    other = client.client.post(
        f"{API}/undo", json=client.who, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert other.status_code == 403


def test_without_folders_the_page_says_how_to_name_one() -> None:
    with TestClient(create_app(is_judging=False), URL) as client:
        assert client.get("/").url.path == "/taste"
        assert client.get(API).json() == {"folders": [], "rater": "", "tasks": []}
        answer = client.post(f"{API}/tasks", json={"task": "new", "folder": 0})
    assert answer.status_code == 404
    assert "proportrait serve --photos DIR" in answer.json()["error"]


def test_requests_are_as_strict_as_their_description() -> None:
    api = document(Settings(), ["taste"])
    for name, (path, body, status) in BAD.items():
        content = api["paths"][f"{API}/{path}"]["post"]["requestBody"]["content"]
        schema = Draft202012Validator({**api, **content["application/json"]["schema"]})
        is_known = name in ("ends in turn", "no labels")  # no schema can say it
        assert (name, schema.is_valid({"task": "t", "rater": "r"} | body)) == (
            name, status != 422 or is_known,
        )  # fmt: skip
