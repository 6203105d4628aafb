"""What requests of the page hold; another type than the documented one is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from proportrait.errors import ConfigurationError
from proportrait.rank.match import SIMILARITY
from proportrait.rank.weights import Kind, Weights, to_weights
from proportrait.serve.rank.desk import Key

API = "/api/v1/rank"
BODY_BYTES = 64_000  # of a request in JSON
MOST_PEOPLE, MOST_ROWS, MOST_COPIES = 20, 100, 10_000
FORMATS = ("txt", "csv", "json")
# What may stand in the body of a decision about people, by its command.
ACTS = {
    "name": {"person", "name"},
    "merge": {"people"},
    "split": {"person", "faces"},
    "undo": set[str](),
}
NAME = r"[\w][\w .-]{0,79}"  # of a folder that copies go to
_FAR = 10**9  # no folder has as many photos


@dataclass(frozen=True)
class Question:
    """Which photos are asked for, and how they are ranked.

    Attributes:
        folder: its number.
        person: as `proportrait people` numbers them, or None.
        people: ids of faces, and names of faces of uploads, of one person; () only with a person.
        weights: by kind.
        similarity: [0, 1], from which on it is the same person.
        taste: name of one that counts too, or None.
    """

    folder: int
    person: int | None
    people: Key
    weights: Mapping[Kind, Weights]
    similarity: float
    taste: str | None


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


QUESTION = {"folder", "person", "people", "weights", "similarity", "taste"}


def question(body: dict[str, Any]) -> Question:
    """The question that a body holds.

    Raises:
        HTTPException: 422, it holds none.
    """
    person, people, taste = body.get("person"), body.get("people"), body.get("taste")
    least = 1 if person is None else 0
    if not isinstance(people, list) or not least <= len(people) <= MOST_PEOPLE:
        raise HTTPException(422, f"people is a list of {least} to {MOST_PEOPLE}")
    if not all(_is_person(entry) for entry in people):
        raise HTTPException(422, "people are whole numbers of faces, and names of references")
    if taste is not None and not isinstance(taste, str):
        raise HTTPException(422, "taste is the name of one")
    similarity = body.get("similarity", SIMILARITY)
    if not _is_number(similarity) or not 0 <= similarity <= 1:
        raise HTTPException(422, "similarity is a number from 0 to 1")
    try:
        weights = to_weights(body.get("weights"), "weights: [weights", taste is not None)
    except ConfigurationError as error:
        raise HTTPException(422, str(error)[:400]) from None
    return Question(
        whole(body, "folder", 0, _FAR),
        None if person is None else person_of(body),
        tuple(dict.fromkeys(people)), weights, float(similarity), taste,
    )  # fmt: skip


def faces_of(body: Mapping[str, Any]) -> list[int]:
    """Ids of faces.

    Raises:
        HTTPException: 422, they are none.
    """
    faces = body.get("faces")
    if not isinstance(faces, list) or not 0 < len(faces) <= MOST_ROWS:
        raise HTTPException(422, f"faces is a list of 1 to {MOST_ROWS}")
    return [whole({"face": face}, "face", 0, _FAR) for face in faces]


def person_of(body: Mapping[str, Any]) -> int:
    """The number of a person.

    Raises:
        HTTPException: 422, it is none.
    """
    return whole(body, "person", 1, _FAR)


def persons_of(body: Mapping[str, Any]) -> list[int]:
    """The numbers of two people or more, the one who takes the others in first.

    Raises:
        HTTPException: 422, they are none.
    """
    people = body.get("people")
    if not isinstance(people, list) or not 1 < len(people) <= MOST_ROWS:
        raise HTTPException(422, f"people is a list of 2 to {MOST_ROWS}")
    return [person_of({"person": person}) for person in people]


def whole(body: Mapping[str, Any], key: str, least: int, most: int) -> int:
    """A whole number of a body.

    Raises:
        HTTPException: 422, it is none, or out of range.
    """
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise HTTPException(422, f"{key} is a whole number from {least} to {most}")
    return value


def range_of(body: Mapping[str, Any]) -> tuple[int, int]:
    """`offset` and `count` of rows.

    Raises:
        HTTPException: 422, they are no numbers, or out of range.
    """
    return whole(body, "offset", 0, _FAR), whole(body, "count", 1, MOST_ROWS)


def range_of_query(request: Request) -> tuple[int, int]:
    """Likewise, of the address of a request."""
    texts = {key: request.query_params.get(key, "") for key in ("offset", "count")}
    return range_of(
        {key: int(text) for key, text in texts.items() if re.fullmatch(r"\d{1,9}", text, re.ASCII)}
    )


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


def _is_person(entry: Any) -> bool:
    if isinstance(entry, bool):
        return False
    if isinstance(entry, int):
        return 0 <= entry < 1 << 63
    return isinstance(entry, str) and 0 < len(entry) <= 40


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
