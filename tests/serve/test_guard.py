"""Whom the server answers, and with which headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from proportrait.serve.app import create_app
from proportrait.serve.settings import Settings, is_local

SCORE, TOKEN = "/api/v1/score", "s3cret"
TEXT = {"Content-Type": "text/plain"}  # refused with 415 by what stands behind the guard


@pytest.fixture(scope="module")
def app() -> TestClient:
    """Without its workers, which nothing here needs."""
    return TestClient(create_app(), "http://localhost:8000")


@pytest.fixture(scope="module")
def public() -> Iterator[TestClient]:
    settings = Settings("0.0.0.0", TOKEN)
    return TestClient(create_app(settings), "http://photos.example:8000")


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/nothing", "/healthz", "/metrics"])
def test_every_answer_has_the_headers_of_security(app: TestClient, path: str) -> None:
    headers = app.get(path).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["permissions-policy"].startswith("camera=(self), microphone=()")
    assert "server" not in headers


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]:8000", "[::1]"]
)
def test_a_local_server_answers_to_its_own_name(app: TestClient, host: str) -> None:
    assert app.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8000", "127.0.0.1.nip.io", "", "evil:1:8000"]
)
def test_a_local_server_answers_to_no_other_name(app: TestClient, host: str) -> None:
    for path in ("/", SCORE, "/metrics"):
        answer = app.get(path, headers={"Host": host})
        assert (answer.status_code, set(answer.json())) == (421, {"error"})


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 415), ("none", 415)],
)
def test_pages_of_other_sites_are_refused(app: TestClient, site: str, status: int) -> None:
    answer = app.post(SCORE, content=b"x", headers={**TEXT, "Sec-Fetch-Site": site})
    assert answer.status_code == status
    assert app.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link to the page


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401), ("", 401), ("Bearer", 401), ("Bearer wrong", 401), (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401), (f"Bearer {TOKEN}", 415), (f"bearer  {TOKEN}", 415),
        ("Bearer \u00fc".encode(), 401),
    ],
)  # fmt: skip
def test_a_server_for_others_asks_for_its_token(
    public: TestClient, header: str | bytes | None, status: int
) -> None:
    headers = TEXT if header is None else {**TEXT, "Authorization": header}
    answer = public.post(SCORE, content=b"x", headers=headers)
    assert answer.status_code == status
    assert (answer.headers.get("www-authenticate") == "Bearer") == (status == 401)


def test_only_what_tells_of_photos_needs_the_token(public: TestClient) -> None:
    codes = {
        path: public.get(path).status_code
        for path in ("/", "/page/page.js", "/healthz", "/metrics", "/api/v1/openapi.json")
    }
    assert codes == {
        "/": 200, "/page/page.js": 200, "/healthz": 503, "/metrics": 401,
        "/api/v1/openapi.json": 401,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.4", False), ("", False),
        ("photos.example", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_what_others_can_reach_needs_a_token(host: str, local: bool) -> None:
    assert is_local(host) == local
    if local:
        assert Settings(host).token == ""
    else:
        with pytest.raises(ValueError, match="a token is needed"):
            Settings(host)
