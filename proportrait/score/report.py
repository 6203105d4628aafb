"""Pictures with their verdicts, reasons, and advice, as one HTML page that loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from proportrait.labels import KEYS
from proportrait.limits import PASS
from proportrait.model.calibration import SURE
from proportrait.score import page, places
from proportrait.score.verdicts import UNASKED, Score

_MARK = "ProPortrait-Gen report"  # in every page, which tells it from other files


def check(path: Path) -> None:
    """Look whether a report can be written there; see `places.check`."""
    places.check(path, "page", page.SUFFIXES, lambda place: page.is_page(place, _MARK))


def written(scores: Iterable[Score], path: Path, total: int) -> Iterator[Score]:
    """Pass scores on as they come, and write the report; see `page.written`.

    Args:
        scores: of files.
        total: how many there will be, more or less: of many pictures the thumbnails are small.

    Raises:
        StoreError: it cannot be written.
    """
    side = page.side_of(total)
    text = page.rendered(
        _MARK, "proportrait.score", ("report.html", "report.css", "picture.js", "report.js"),
        keys=KEYS, pass_mark=PASS, sure=f"{SURE:.0%}", unasked=UNASKED,
    )  # fmt: skip
    yield from page.written(scores, path, text, lambda score: _row(score, path.parent, side))


def _row(score: Score, folder: Path, side: int) -> dict[str, Any]:
    """What the page has to know of a picture: the score's JSON, and how to show it."""
    row = score.to_json() | {"notes": score.notes}
    del row["path"]
    return row | page.preview(Path(score.path), folder, side)
