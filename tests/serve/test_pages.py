"""The bar over the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from proportrait.serve.app import create_app
from proportrait.serve.pages import Pages
from proportrait.serve.rank.places import Places
from proportrait.serve.taste.places import TastePlaces
from tests.serve.conftest import URL


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Of a server with all pages, without its workers, which nothing here needs."""
    ranked = Places((Path("/photos"),), None, Path("/index"), "1")
    return TestClient(create_app(None, ranked, TastePlaces((Path("/photos"),), None, "anna")), URL)


@pytest.mark.parametrize("address", ["/", "/rank", "/taste", "/taste/light", "/taste/a%2Fb"])
def test_every_page_has_the_same_bar_and_a_help_with_its_keys(
    client: TestClient, address: str
) -> None:
    text = client.get(address).text
    links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>(\w+)</a>', text)
    assert [(link, name) for link, _, name in links] == [
        ("/", "Judge"), ("/rank", "Rank"), ("/taste", "Taste"),
    ]  # fmt: skip
    here = [link for link, is_current, _ in links if is_current]
    assert here == ["/" + address.split("/")[1]]
    assert text.count('id="help-open"') == 1
    assert text.count('<dl class="keys">') == 1
    assert "<dt><kbd>?</kbd></dt>" in text
    assert "<!-- bar -->" not in text


def test_a_server_with_one_page_has_no_links() -> None:
    bar = Pages(iter(["judge"])).bar("judge")
    assert "<a" not in bar
    assert "ProPortrait" in bar


def test_the_document_describes_what_the_server_has(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/score", "/api/v1/rank", "/api/v1/taste", "/api/v1/taste/answers"} <= set(paths)
    alone = TestClient(create_app(), URL).get("/api/v1/openapi.json").json()["paths"]
    assert not [path for path in alone if "taste" in path or "rank" in path]
