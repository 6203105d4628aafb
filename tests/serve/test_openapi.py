"""The OpenAPI document, and that the server keeps to it whatever it is sent."""

from __future__ import annotations

import base64
import io

import httpx2
import PIL.Image
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from proportrait.measures.framing import LIMITS
from proportrait.serve.openapi import document, for_page
from proportrait.serve.settings import Settings
from tests import FACE

schema = schemathesis.openapi.from_dict(document(Settings()))


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_server_keeps_to_its_document(case: schemathesis.Case, address: str) -> None:
    # No schema can say which bytes are a picture.
    case.call_and_validate(base_url=address, excluded_checks=[positive_data_acceptance])


def test_scores_are_as_described(address: str) -> None:
    described = httpx2.get(f"{address}api/v1/openapi.json").json()
    answers = described["paths"]["/api/v1/score"]["post"]["responses"]
    good, bad = (
        Draft202012Validator(
            {**described, **answers[status]["content"]["application/json"]["schema"]}
        )
        for status in ("200", "422")
    )
    files = [("file", ("a.jpg", FACE.read_bytes(), "image/jpeg")), ("file", ("b.jpg", b"no"))]
    both = httpx2.post(f"{address}api/v1/score", files=files, timeout=60)
    assert both.status_code == 200
    good.validate(both.json())
    assert not good.is_valid({"scores": [{**both.json()["scores"][0], "overall": "high"}]})
    none = httpx2.post(f"{address}api/v1/score", files=files[1:], timeout=60)
    assert none.status_code == 422
    bad.validate(none.json())


def test_an_explanation_is_sent_where_it_is_asked_for(address: str) -> None:
    def post(query: str) -> httpx2.Response:
        return httpx2.post(
            f"{address}api/v1/score{query}", content=FACE.read_bytes(), timeout=60,
            headers={"Content-Type": "image/jpeg"},
        )  # fmt: skip

    described = httpx2.get(f"{address}api/v1/openapi.json").json()
    schema = {**described, **described["components"]["schemas"]["score"]}
    (score,) = post("?explain=1").json()["scores"]
    Draft202012Validator(schema).validate(score)
    assert set(score["heat"]) == {key for key, good in score["verdicts"].items() if good == 0}
    for heat in score["heat"].values():
        with PIL.Image.open(io.BytesIO(base64.b64decode(heat["png"]))) as picture:
            assert picture.convert("RGBA").getcolors(33) is not None  # at most 32 strengths
            assert picture.size == (64, 64)
        assert len(heat["png"]) < 6_000
    (plain,) = post("").json()["scores"]
    assert plain == {key: value for key, value in score.items() if key != "heat"}
    assert post("?explain=yes").status_code == 422


def test_the_document_names_the_limits_and_the_token() -> None:
    paths = document(Settings(picture_bytes=5_000_000, pictures=7, timeout=9))["paths"]
    text = paths["/api/v1/score"]["post"]["description"]
    assert all(part in text for part in ("5 MB", "7 pictures", "9 s"))
    assert paths["/api/v1/score"]["post"]["security"] == []
    paths = document(Settings("0.0.0.0", "secret"))["paths"]
    assert paths["/api/v1/score"]["post"]["security"] == [{"token": []}]
    assert "secret" not in str(document(Settings("0.0.0.0", "secret")))


def test_the_page_knows_the_limits_of_framing() -> None:
    settings = for_page(Settings())
    low, high, _ = LIMITS["HorizontalOffset"]
    assert settings["guides"]["x"] == [0.5 + low, 0.5 + high]
    assert settings["is_local"]
    assert not for_page(Settings("0.0.0.0", "secret"))["is_local"]
    assert "secret" not in str(for_page(Settings("0.0.0.0", "secret")))
