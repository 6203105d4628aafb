"""The endpoint: what it answers, to what, and what it survives."""

from __future__ import annotations

import asyncio
import json
import struct
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from proportrait.imaging import encode_jpeg, encode_png
from proportrait.labels import KEYS
from proportrait.serve import judges, uploads
from proportrait.serve.app import create_app
from proportrait.serve.settings import Settings
from tests import FACE
from tests.serve import hooks
from tests.serve.conftest import URL
from tests.tiny_training import banded

SCORE = "/api/v1/score"
JPEG = {"Content-Type": "image/jpeg"}
SMALL = encode_jpeg(banded("101010", 1))


def form(*contents: bytes, kind: str = "image/jpeg") -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("file", (f"{n}.jpg", data, kind)) for n, data in enumerate(contents)]


def test_a_raw_picture_is_judged(client: TestClient) -> None:
    answer = client.post(SCORE, content=FACE.read_bytes(), headers=JPEG)
    assert answer.status_code == 200
    (score,) = answer.json()["scores"]
    text = (files("proportrait.score") / "score.schema.json").read_text(encoding="utf-8")
    Draft202012Validator(json.loads(text)).validate(score)
    assert (score["path"], score["faces"]) == ("", 1)
    assert list(score["marks"]) == list(KEYS)
    assert None not in score["verdicts"].values()


def test_pictures_of_a_form_are_judged_in_their_order_and_named_without_folders(
    client: TestClient,
) -> None:
    parts = [
        ("file", ("C:\\Users\\anna\\a.jpg", SMALL, "image/jpeg")),
        ("file", ("../../etc/b\n.png", b"no picture", "image/png")),
        ("picture", ("c.heic", SMALL, "application/octet-stream")),
    ]
    answer = client.post(SCORE, files=parts, data={"note": "x"})
    assert answer.status_code == 200
    scores = answer.json()["scores"]
    assert [score["path"] for score in scores] == ["a.jpg", "b%0A.png", "c.heic"]
    assert ["error" in score for score in scores] == [False, True, False]


def png(width: int, height: int) -> bytes:
    """A PNG whose header names a size, and which has no pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, b"IDAT" + zlib.compress(b""), b"IEND")
    )


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "nothing": ({"content": b"", "headers": JPEG}, 422, "empty"),
    "text": ({"content": b"hello", "headers": JPEG}, 422, "no picture of a known format"),
    "half a picture": ({"content": SMALL[:300], "headers": JPEG}, 422, "damaged"),
    "a tiny picture": (
        {"content": encode_png(np.zeros((20, 20, 3), np.uint8)), "headers": JPEG}, 422, "128 px",
    ),
    "a bomb of pixels": (
        {"content": png(60_000, 60_000), "headers": {"Content-Type": "image/png"}},
        422, "megapixels",
    ),
    "a long body": ({"content": b"x" * 300_001, "headers": JPEG}, 413, "0.3 MB"),
    "a long stream": (
        {"content": (b"x" * 100_000 for _ in range(4)), "headers": JPEG}, 413, "0.3 MB",
    ),
    "a long file": ({"files": form(b"x" * 300_001)}, 413, "a picture may have 0.3 MB"),
    "a long form": ({"files": form(*[b"x" * 290_000] * 4)}, 413, "a request may have 1 MB"),
    "many files": ({"files": form(*[SMALL] * 5)}, 413, "at most 4 pictures"),
    "no type": ({"content": SMALL}, 415, "without a content type"),
    "SVG": ({"content": b"<svg/>", "headers": {"Content-Type": "image/svg+xml"}}, 415, "svg"),
    "JSON": ({"json": {"url": "http://x"}}, 415, "application/json"),
    "what curl sends": (
        {"content": SMALL, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        415, "multipart/form-data",
    ),
    "HTML in a form": ({"files": form(SMALL, kind="text/html")}, 415, "text/html"),
    "a form without files": ({"files": {"file": (None, "text")}}, 422, "holds no file"),
    "a form without boundary": (
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "boundary",
    ),
    "a damaged form": (
        {"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        400, "form cannot be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_upload_is_refused_with_what_to_do(name: str, client: TestClient) -> None:
    request, status, part = BAD[name]
    answer = client.post(SCORE, **request)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert part in answer.json()["error"]
    assert client.post(SCORE, content=SMALL, headers=JPEG).status_code == 200


def test_uploads_are_never_on_the_disk(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No file is made, neither by name nor without."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "_mkstemp_inner"):
        monkeypatch.setattr(tempfile, name, fail)
    noise = np.random.default_rng(0).integers(0, 256, (290, 290, 3), np.uint8)
    large = encode_png(noise)  # no one keeps 250 KB in a buffer by accident
    assert client.post(SCORE, files=form(large, large, large)).status_code == 200


@pytest.mark.parametrize(
    ("data", "status", "part"),
    [(hooks.DEADLY, 503, "ended the process"), (hooks.ENDLESS, 504, "longer than 4 s")],
)
def test_a_picture_that_takes_its_worker_down_takes_no_other(
    client: TestClient, data: bytes, status: int, part: str
) -> None:
    before = restarts(client)
    answer = client.post(SCORE, files=form(SMALL, data, SMALL, data))
    assert answer.status_code == 200
    first, bad, third, worse = answer.json()["scores"]
    assert part in bad["error"]
    assert part in worse["error"]
    assert first["verdicts"].keys() == third["verdicts"].keys()
    answer = client.post(SCORE, content=data, headers=JPEG)
    assert answer.status_code == status
    assert part in answer.json()["error"]
    assert client.post(SCORE, content=SMALL, headers=JPEG).status_code == 200
    assert restarts(client) == before + 3


def restarts(client: TestClient) -> int:
    return int(counter(client, "proportrait_worker_restarts"))


def counter(client: TestClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)


def test_of_many_requests_at_once_none_is_lost(client: TestClient) -> None:
    """Each gets the answer to its own picture, forms and raw bodies in turn."""
    counted = 'proportrait_pictures_total{status="200"}'
    before = counter(client, counted)

    def faces(number: int) -> int:
        data = hooks.ECHO + str(number).encode()
        body: dict[str, Any] = {"content": data, "headers": JPEG}
        answer = client.post(SCORE, **({"files": form(data)} if number % 2 else body))
        assert answer.status_code == 200
        return int(answer.json()["scores"][0]["faces"])

    with ThreadPoolExecutor(200) as pool:
        assert list(pool.map(faces, range(200))) == list(range(200))
    assert counter(client, counted) == before + 200


def test_health_and_counters(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"], answer.json()["workers"]) == (200, "ok", 2)
    client.post(SCORE, content=b"x", headers=JPEG)
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'proportrait_responses_total{status="422"}', 'proportrait_pictures_total{status="422"}',
        'proportrait_picture_seconds_bucket{le="0.5"}', "proportrait_requests_open 0.0",
    ):  # fmt: skip
        assert line in answer.text


def test_a_server_that_starts_says_so() -> None:
    """Pictures that come meanwhile wait."""
    with TestClient(create_app(), URL) as client:
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["status"]) == (503, "starting")
        assert client.post(SCORE, content=SMALL, headers=JPEG).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_workers_that_never_start_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "_WAIT_S", 3.0)
    settings = Settings(model=tmp_path / "missing.safetensors")
    with TestClient(create_app(settings), URL) as client:
        answer = client.post(SCORE, content=SMALL, headers=JPEG)
        assert answer.status_code == 503
        assert "no worker is free" in answer.json()["error"]
        assert client.get("/healthz").status_code == 503


async def test_a_client_that_sends_too_slowly_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async def receive() -> Message:
        await asyncio.sleep(10)
        raise AssertionError("nobody waited")

    monkeypatch.setattr(uploads, "_BODY_S", 0.01)
    request = Request({"type": "http", "headers": [(b"content-type", b"image/png")]}, receive)
    with pytest.raises(HTTPException, match=r"longer than 0\.01 s") as error:
        await uploads.read_uploads(request, Settings())
    assert error.value.status_code == 408


@pytest.mark.parametrize(
    "path",
    [
        "/proportrait", "/page/", "/../app.py", "/..%2fapp.py", "/%2e%2e/app.py", "/....//app.py",
        "//etc/passwd", "/..%5capp.py", "/api", "/api/v1/", "/api/v2/score", "/%00",
    ],
)  # fmt: skip
def test_nothing_else_is_there(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", SCORE), ("PUT", SCORE), ("DELETE", "/"), ("POST", "/"), ("POST", "/healthz")],
)
def test_other_methods_are_refused(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert set(answer.json()) == {"error"}
