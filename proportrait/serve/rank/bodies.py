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
from proportrait.serve.bodies import (
    BODY_BYTES,
    NAME,
    choice,
    folder_name,
    is_number,
    read_object,
    whole,
)
from proportrait.serve.rank.desk import Key

__all__ = [
    "API",
    "BODY_BYTES",
    "FORMATS",
    "MOST_COPIES",
    "MOST_PEOPLE",
    "MOST_ROWS",
    "NAME",
    "QUESTION",
    "Question",
    "choice",
    "folder_name",
    "question",
    "range_of",
    "range_of_query",
    "read_object",
    "whole",
]

API = "/api/v1/rank"
MOST_PEOPLE, MOST_ROWS, MOST_COPIES = 20, 100, 10_000
FORMATS = ("txt", "csv", "json")
_FAR = 10**9  # no folder has as many photos


@dataclass(frozen=True)
class Question:
    """Which photos are asked for, and how they are ranked.

    Attributes:
        folder: its number.
        people: ids of faces, and names of faces of uploads, of one person.
        weights: by kind.
        similarity: [0, 1], from which on it is the same person.
    """

    folder: int
    people: Key
    weights: Mapping[Kind, Weights]
    similarity: float


QUESTION = {"folder", "people", "weights", "similarity"}


def question(body: dict[str, Any]) -> Question:
    """The question that a body holds.

    Raises:
        HTTPException: 422, it holds none.
    """
    people = body.get("people")
    if not isinstance(people, list) or not 0 < len(people) <= MOST_PEOPLE:
        raise HTTPException(422, f"people is a list of 1 to {MOST_PEOPLE}")
    if not all(_is_person(entry) for entry in people):
        raise HTTPException(422, "people are whole numbers of faces, and names of references")
    similarity = body.get("similarity", SIMILARITY)
    if not is_number(similarity) or not 0 <= similarity <= 1:
        raise HTTPException(422, "similarity is a number from 0 to 1")
    try:
        weights = to_weights(body.get("weights"), "weights: [weights")
    except ConfigurationError as error:
        raise HTTPException(422, str(error)[:400]) from None
    return Question(
        whole(body, "folder", 0, _FAR), tuple(dict.fromkeys(people)), weights, float(similarity)
    )


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
