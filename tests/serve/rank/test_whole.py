"""`proportrait serve --photos` as a process of its own, with its networks."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx2
import pytest

from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.serve.rank.bodies import API
from tests import FACE
from tests.serve.conftest import running

WAIT_S = 120.0


@pytest.mark.slow
def test_a_photo_finds_itself_and_the_folder_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(FACE, photos / "me.jpg")
    (photos / "none.jpg").write_bytes(b"no picture")
    with (
        running("--photos", str(photos)) as (_, address),
        httpx2.Client(base_url=address, timeout=WAIT_S) as client,
    ):
        headers = {"Content-Type": "image/jpeg"}
        answer = client.post(f"{API}/references", content=FACE.read_bytes(), headers=headers)
        (face,) = answer.json()["faces"]
        end = time.monotonic() + WAIT_S
        while (state := client.get(API).json())["folders"][0]["is_indexing"]:
            assert time.monotonic() < end
            time.sleep(0.2)
        assert (state["folders"][0]["ready"], state["folders"][0]["failures"]) == (1, 1)
        ranking = client.post(
            f"{API}/ranking",
            json={
                "folder": 0, "people": [face["reference"]], "offset": 0, "count": 9,
                "weights": state["purposes"]["headshot"],
            },
        ).json()  # fmt: skip
        (row,) = ranking["rows"]
        assert (row["name"], row["similarity"] > 0.99) == ("me.jpg", True)
        picture = client.get(f"{API}/folders/0/photos/{row['photo']}?size=large")
        assert picture.headers["content-type"] == "image/jpeg"
    assert sorted(path.name for path in photos.iterdir()) == ["me.jpg", "none.jpg"]
    assert (tmp_path / "cache" / "faces.sqlite").is_file()
