"""`proportrait taste label`: the door to the page of one task."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from proportrait import cli
from proportrait.serve import listen
from proportrait.serve.taste.bodies import API
from proportrait.taste.labels import Labels
from tests.serve.taste import hooks


def test_it_serves_the_page_of_its_task_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, store = tmp_path / "photos", tmp_path / "labels.sqlite"
    hooks.write_photos(photos, 1)
    apps: list[Starlette] = []

    def serve(app: Starlette, host: str, port: int, announce: Callable[[int], None]) -> None:
        assert (host, port) == ("127.0.0.1", 8001)
        announce(port)
        apps.append(app)

    monkeypatch.setattr(listen, "listen", serve)
    words = ["--folder", str(photos), "--task", "a/b", "--labels", str(store), "--rater", "anna"]
    assert cli.main(["taste", "label", *words, "--no_browser"]) == 0
    link = re.fullmatch(
        r"http://127\.0\.0\.1:8001(/taste/a%2Fb)#token=([\w-]{20,})\n", capsys.readouterr().out
    )
    assert link is not None
    path, token = link.groups()
    client = TestClient(apps[0], "http://127.0.0.1:8001")
    assert 'id="stage"' in client.get(path).text
    assert "<a href" not in client.get("/").text.split("</nav>")[0]  # there is no other page
    assert client.get(API).status_code == 401
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post("/api/v1/score", headers=headers).status_code == 404
    overview = client.get(API, headers=headers).json()
    assert (overview["rater"], overview["folders"]) == ("anna", ["photos"])
    assert [(row["task"], row["folder"]) for row in overview["tasks"]] == [("a/b", 0)]
    with Labels(store) as labels:
        assert labels.folders() == {"a/b": photos.resolve()}


def test_copies_stay_out_of_the_photos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["taste", "label", "--task", "light", "--folder", str(tmp_path)]
    for more, text in (
        (["--exports", str(tmp_path / "x")], "copies would lie among the photos"),
        (["--folder", str(tmp_path / "nothing")], "is no folder"),
    ):
        assert cli.main([*words, *more]) == 2
        assert text in capsys.readouterr().err
