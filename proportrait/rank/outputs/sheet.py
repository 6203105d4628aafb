"""A ranking as one HTML page that loads nothing: the contact sheet."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proportrait.commandline import printable
from proportrait.rank.ranking import Ranked, Ranking
from proportrait.score import page

_MARK = "ProPortrait-Gen ranking"  # in every page, which tells it from other files


@dataclass(frozen=True)
class Question:
    """What a ranking answers.

    Attributes:
        references: photos of the person.
        photos: the folder of everything.
        purpose: such as "headshot".
        top: how many photos at most.
    """

    references: Sequence[Path]
    photos: Path
    purpose: str
    top: int


def is_sheet(path: Path) -> bool:
    """Whether a file is a contact sheet of ours, which a new one may replace."""
    return page.is_page(path, _MARK)


def write(ranking: Ranking, question: Question, path: Path) -> None:
    """Write the contact sheet of a ranking.

    Raises:
        StoreError: it cannot be written.
    """
    photos = ranking.photos[: question.top]
    side = page.side_of(sum(1 + len(photo.similar) for photo in photos))

    def row(photo: Ranked) -> dict[str, Any]:
        similar = (ranking.similar[place] for place in photo.similar)
        return entry(photo, side) | {"similar": [entry(other, page.SMALL) for other in similar]}

    def entry(photo: Ranked, side: int) -> dict[str, Any]:
        body = photo.to_json()
        del body["path"]
        place = {"box": photo.box, "folder": _folder(photo.path, question.photos)}
        return body | page.preview(photo.path, path.parent, side) | place

    facts = {
        "references": [
            page.preview(reference, path.parent, page.SMALL) for reference in question.references
        ],
        "folder": printable(question.photos),
        "purpose": printable(question.purpose),
        "photos": len(ranking.photos),
        "similar": len(ranking.similar),
    }
    text = page.rendered(
        _MARK, "proportrait.rank", ("sheet.html", "sheet.css", "sheet.js"), facts=json.dumps(facts)
    )
    deque(page.written(photos, path, text, row), maxlen=0)


def _folder(path: Path, photos: Path) -> str:
    """The subfolder that a photo lies in, or ""."""
    parent = path.parent.relative_to(photos) if path.is_relative_to(photos) else path.parent
    return "" if parent == Path() else printable(parent)
