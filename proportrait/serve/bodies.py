"""What requests in JSON hold; another type than the documented one is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from starlette.exceptions import HTTPException
from starlette.requests import Request

BODY_BYTES = 64_000  # of a request in JSON
NAME = r"[\w][\w .-]{0,79}"  # of a folder that copies go to


async def read_object(request: Request, keys: set[str]) -> dict[str, Any]:
    """The JSON object of a request: forms of other sites cannot send that type.

    Raises:
        HTTPException: 400 for what is no JSON, 413 for too much, 415 for another type, 422 for
            another form or an unknown key.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send application/json")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_BYTES:
            raise HTTPException(413, f"a request may have {BODY_BYTES:,} bytes at most")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(422, "the body is a JSON object")
    if unknown := sorted(set(body) - keys):
        raise HTTPException(422, f"{unknown[0][:80]!r} is not known: {', '.join(sorted(keys))}")
    return body


def whole(body: Mapping[str, Any], key: str, least: int, most: int) -> int:
    """A whole number of a body.

    Raises:
        HTTPException: 422, it is none, or out of range.
    """
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise HTTPException(422, f"{key} is a whole number from {least} to {most}")
    return value


def choice(value: Any, name: str, choices: tuple[str, ...]) -> str:
    """One of some words.

    Raises:
        HTTPException: 422, it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise HTTPException(422, f"{name} is one of {', '.join(choices)}")
    return value


def folder_name(body: Mapping[str, Any]) -> str:
    """The name of a new folder.

    Raises:
        HTTPException: 422, it could lead elsewhere, or cannot be seen.
    """
    name = body.get("name")
    if not isinstance(name, str) or not re.fullmatch(NAME, name) or name != name.strip(" ."):
        raise HTTPException(422, "the name of a folder has letters, digits, spaces, - and _")
    return name


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value is a finite number."""
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
