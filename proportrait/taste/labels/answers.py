"""What an answer is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

Value = bool | None  # positive, negative, or skipped


class Kind(StrEnum):
    """Why a picture was answered."""

    LABEL = "label"
    REPEAT = "repeat"  # asked a second time, to see whether the answer stays the same
    REVIEW = "review"  # shown again, because the model expects another answer
    IMPORT = "import"  # of a file or a folder, which is one step as a key press is


@dataclass(frozen=True)
class Place:
    """Where a picture was last, with its size in bytes and its time of change."""

    path: Path
    size: int
    changed_ns: int


@dataclass(frozen=True)
class Undone:
    """An answer that was taken back, and what holds for its picture now.

    Attributes:
        digest: of the picture.
        value: the answer.
        before: what held before, None where nothing or a skip did.
        kind: why it was answered.
    """

    digest: str
    value: Value
    before: Value
    kind: Kind = Kind.LABEL
