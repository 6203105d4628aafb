"""What requests of the pages of tastes hold; another type than the documented one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException

from proportrait.serve.bodies import is_number, whole
from proportrait.serve.taste.questions import WAYS
from proportrait.taste.labels import Value

API = "/api/v1/taste"
MOST = 60  # questions or answers of one request
FAR = 10**9  # no folder has as many pictures
LONGEST = 80  # characters of a name
WHO = {"task", "rater"}
VALUES: dict[str, Value] = {"positive": True, "negative": False, "skip": None}
WORDS = {value: word for word, value in VALUES.items()}
# How a question was chosen, which its answer tells; "" of a page of many, and of a change.
REASONS = ("", *WAYS, "typical", "repeat", "review", "undo")


def text(body: Mapping[str, Any], key: str) -> str:
    """A text of a body, not an empty one.

    Raises:
        HTTPException: 422, it is none, or too long.
    """
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise HTTPException(422, f"{key} is a text of 1 to {LONGEST} characters")
    return value


def flag(body: Mapping[str, Any], key: str) -> bool:
    """A boolean of a body, false where it is left out.

    Raises:
        HTTPException: 422, it is none.
    """
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise HTTPException(422, f"{key} is true or false")
    return value


def numbers(body: Mapping[str, Any], key: str) -> set[int]:
    """Numbers of pictures, none where they are left out.

    Raises:
        HTTPException: 422, they are no list of whole numbers.
    """
    values = body.get(key, [])
    if not isinstance(values, list):
        raise HTTPException(422, f"{key} is a list")
    return {whole({key: value}, key, 0, FAR) for value in values}


def probability(body: Mapping[str, Any], key: str) -> float:
    """A probability of a body.

    Raises:
        HTTPException: 422, it is none.
    """
    value = body.get(key)
    if not is_number(value) or not 0 <= value <= 1:
        raise HTTPException(422, f"{key} is a probability from 0 to 1")
    return float(value)


def between(body: Mapping[str, Any]) -> tuple[float, float]:
    """The lowest and the highest probability that are asked for, 0 and 1 where they are left out.

    Raises:
        HTTPException: 422, they are none.
    """
    ends = body.get("between", [0, 1])
    if not isinstance(ends, list) or len(ends) != 2:
        raise HTTPException(422, "between is a list of two probabilities")
    low, high = (probability({"between": end}, "between") for end in ends)
    if low > high:
        raise HTTPException(422, "between is a list of two probabilities, the lower one first")
    return low, high


def answers(body: Mapping[str, Any]) -> list[tuple[int, Value]]:
    """Numbers of pictures with their answers.

    Raises:
        HTTPException: 422, they are none.
    """
    rows = body.get("answers")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST:
        raise HTTPException(422, f"answers is a list of 1 to {MOST}")
    for row in rows:
        value = row.get("value") if isinstance(row, dict) else None
        if not isinstance(value, str) or value not in VALUES or set(row) != {"number", "value"}:
            raise HTTPException(
                422, f"an answer has a number, and a value: one of {', '.join(VALUES)}"
            )
    return [(whole(row, "number", 0, FAR), VALUES[row["value"]]) for row in rows]
