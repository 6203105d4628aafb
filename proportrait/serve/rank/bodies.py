"""What requests of the page hold; another type than the documented one is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from proportrait.errors import ConfigurationError
from proportrait.rank.match import SIMILARITY
from proportrait.rank.weights import Kind, Weights, to_weights
from proportrait.serve.bodies import is_number, whole
from proportrait.serve.rank.desk import Key

API = "/api/v1/rank"
MOST_PEOPLE, MOST_ROWS, MOST_COPIES = 20, 100, 10_000
FORMATS = ("txt", "csv", "json")
# What may stand in the body of a decision about people, by its command.
ACTS = {
    "name": {"person", "name"},
    "merge": {"people"},
    "split": {"person", "faces"},
    "undo": set[str](),
}
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
    if not is_number(similarity) or not 0 <= similarity <= 1:
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


def _is_person(entry: Any) -> bool:
    if isinstance(entry, bool):
        return False
    if isinstance(entry, int):
        return 0 <= entry < 1 << 63
    return isinstance(entry, str) and 0 < len(entry) <= 40
