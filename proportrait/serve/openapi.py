"""What clients read of the server: OpenAPI 3.1 of its endpoint, and settings for its page."""

from __future__ import annotations

import json
from collections.abc import Collection
from importlib.resources import files
from typing import Any

from proportrait import __version__
from proportrait.fixes import ASPECTS
from proportrait.labels import ATTRIBUTES
from proportrait.measures import framing
from proportrait.score.verdicts import CLOSE
from proportrait.serve.rank import openapi as ranking
from proportrait.serve.rank.bodies import API
from proportrait.serve.settings import Settings, is_local
from proportrait.serve.taste import openapi as tastes
from proportrait.serve.uploads import FORM, PICTURES, UNKNOWN

FIX_HEADER = "Proportrait-Fix"
_SCORES = {"type": "array", "items": {"$ref": "#/components/schemas/result"}}
_EXPLAIN = {
    "name": "explain", "in": "query",
    "description": "1: every score has its heat, what of the picture spoke against each attribute "
    "that failed",
    "schema": {"enum": ["0", "1"], "default": "0"},
}  # fmt: skip
_PROBLEMS = {
    400: "the form cannot be read",
    401: "the token is missing or wrong",
    403: "a page of another site sent the request",
    408: "the request arrived too slowly",
    413: "a picture or the request is too large, or there are too many pictures",
    415: "the content type is no picture and no form",
    421: "the request names another host",
    422: "no picture could be read",
    503: "the picture ended the process that read it, or no process was free",
    504: "the picture took too long",
}


def document(settings: Settings, pages: Collection[str] = ()) -> dict[str, Any]:
    """The OpenAPI document of a server, JSON-ready.

    Args:
        settings: of the server.
        pages: keys of `pages.PAGES` that it has: what "rank" and "taste" ask is a part of it then.
    """
    security: list[dict[str, Any]] = [{"token": []}] if settings.token else []
    problem = {"$ref": "#/components/schemas/problem"}
    responses = {
        str(status): {"description": text, "content": {"application/json": {"schema": problem}}}
        for status, text in _PROBLEMS.items()
    }
    answer = {
        "description": "the scores in the order of the pictures; of several pictures, some may "
        "have an error instead",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/answer"}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ProPortrait-Gen", "version": __version__,
            "description": "Judges headshots by six attributes. Pictures stay in the memory of "
            "this machine and are forgotten with the answer.",
        },
        "paths": {
            **(ranking.paths(API, _body(), security) if "rank" in pages else {}),
            **(tastes.paths(security) if "taste" in pages else {}),
            "/api/v1/score": {
                "post": {
                    "operationId": "score",
                    "summary": "Judge one picture, or several",
                    "description": _limits(settings),
                    "parameters": [_EXPLAIN],
                    "requestBody": _body(),
                    "responses": {"200": answer, **responses},
                    "security": security,
                }
            },
            "/api/v1/fix": {"post": _fix(settings, responses)},
            "/healthz": {
                "get": {
                    "operationId": "health",
                    "summary": "Whether pictures are judged",
                    "responses": {
                        "200": _health("a worker is ready"), "503": _health("workers are starting"),
                    },
                }
            },
        },
        "components": {
            "schemas": {
                **_schemas(),
                **(ranking.schemas() if "rank" in pages else {}),
                **(tastes.schemas() if "taste" in pages else {}),
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip


def _fix(settings: Settings, problems: dict[str, Any]) -> dict[str, Any]:
    names = [aspect.name for aspect in ASPECTS]
    aspect = {
        "name": "aspect", "in": "query", "description": "width and height",
        "schema": {"enum": names, "default": names[-1]},
    }  # fmt: skip
    header = {
        "description": "what was done, and the marks after, as JSON", "schema": {"type": "string"},
    }  # fmt: skip
    crop = {
        "description": "a crop that is no worse than the picture",
        "headers": {FIX_HEADER: header},
        "content": {"image/jpeg": {"schema": {}}},
    }
    return {
        "operationId": "fix",
        "summary": "Crop one picture to head and shoulders, straightened and gently levelled",
        "description": f"{_limits(settings)} 422 where no crop is better, with the reason.",
        "parameters": [aspect],
        "requestBody": _body(),
        "responses": {"200": crop, **problems},
        "security": [{"token": []}] if settings.token else [],
    }


def for_page(settings: Settings) -> dict[str, Any]:
    """What the page has to know, JSON-ready; nothing of it is a secret."""
    across, down = (framing.LIMITS[name] for name in ("HorizontalOffset", "VerticalOffset"))
    return {
        "is_local": is_local(settings.host),
        "picture_bytes": settings.picture_bytes,
        "types": [*PICTURES, UNKNOWN],
        "close": CLOSE,
        "attributes": [{"key": entry.key, "title": entry.title} for entry in ATTRIBUTES],
        # Between which shares of the sides the middle of a well-framed face lies.
        "guides": {"x": [0.5 + end for end in across[:2]], "y": [0.5 + end for end in down[:2]]},
    }


def _limits(settings: Settings) -> str:
    return (
        f"A picture may have {settings.picture_bytes / 1e6:g} MB and take {settings.timeout:g} s, "
        f"a request {settings.pictures} pictures and {settings.request_bytes / 1e6:g} MB."
    )


def _body() -> dict[str, Any]:
    binary: dict[str, Any] = {"schema": {}}
    form = {
        "schema": {
            "type": "object",
            "properties": {
                "file": {
                    "type": "array", "minItems": 1,
                    "items": {"type": "string", "format": "binary"},
                }
            },
            "required": ["file"],
        }
    }  # fmt: skip
    return {
        "required": True,
        "content": {FORM: form, **dict.fromkeys((*PICTURES, UNKNOWN), binary)},
    }


def _health(text: str) -> dict[str, Any]:
    properties = {
        "status": {"enum": ["ok", "starting"]}, "version": {"type": "string"},
        "workers": {"type": "integer", "minimum": 1},
    }  # fmt: skip
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _schemas() -> dict[str, Any]:
    """Those of score.schema.json, and what surrounds a score."""
    text = (files("proportrait.score") / "score.schema.json").read_text(encoding="utf-8")
    scores = json.loads(text.replace("#/$defs/", "#/components/schemas/"))
    return {
        **scores["$defs"],
        "result": {"oneOf": scores["oneOf"]},
        "answer": {
            "type": "object", "properties": {"scores": _SCORES}, "required": ["scores"],
        },
        "problem": {
            "type": "object",
            "properties": {
                "error": {"type": "string", "description": "what is wrong and what to do"},
                "scores": {**_SCORES, "description": "of each picture, what is wrong with it"},
            },
            "required": ["error"],
        },
    }  # fmt: skip
