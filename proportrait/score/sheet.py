"""Pictures with their verdicts, as a contact sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proportrait.labels import KEYS
from proportrait.score import places
from proportrait.score.text import percent
from proportrait.score.verdicts import Score
from proportrait.sheets import (
    BAD,
    GOOD,
    TEXT,
    UNKNOWN,
    Bar,
    Tile,
    is_sheet,
    save,
    thumbnail,
)

_NOTE = (
    "Marks from 0 to 100: from 50 on an attribute is good. What is called good or bad without "
    '"likely" or "perhaps" is right in 95 % of photographs.'
)

_TASTES = "Positive and negative are what a taste would call it, and how likely positive is."


def check(path: Path) -> None:
    """Look whether a sheet can be written there; see `places.check`."""
    places.check(path, "contact sheet", (".png",), is_sheet)


def draw(scores: Sequence[Score], path: Path) -> list[Path]:
    """Write the pages of a contact sheet, PNG; returns them.

    Raises:
        StoreError: a page cannot be written.
    """
    judged, tastes = 0, False
    for score in scores:
        judged += any(map(_is_known, score.verdicts.values()))
        tastes = tastes or bool(score.tastes)
    title = f"Headshots judged: {judged} of {len(scores)}"
    return save(path, title, scores, _tile, f"{_NOTE} {_TASTES}" if tastes else _NOTE)


def _tile(score: Score) -> Tile:
    picture, name = thumbnail(score.path), Path(score.path).name
    if score.error is not None:
        line = "no verdict" if isinstance(picture, str) else f"no verdict: {score.error}"
        return Tile(picture, lines=[(line, BAD)], name=name)
    if not any(map(_is_known, score.verdicts.values())):
        lines = [(f"no verdict: {score.remark}", BAD)]
        return Tile(picture, bars=_of_tastes(score), lines=lines, name=name)
    lines = [(reason.text, BAD) for reason in score.failures]
    lines += [(score.remark, TEXT)] if score.remark else []
    bars = [bar(score, key) for key in KEYS]
    return Tile(picture, bars=[*bars, *_of_tastes(score)], lines=lines, name=name)


def _of_tastes(score: Score) -> list[Bar]:
    return [
        Bar(taste.name, taste.probability, percent(taste), GOOD if taste.verdict else BAD)
        for taste in score.tastes
    ]


def bar(score: Score, key: str) -> Bar:
    """The row of an attribute: mark and verdict."""
    good, mark = score.verdicts[key], score.marks[key]
    if good is None or mark is None or key in score.unasked:
        return Bar(key, 0.0, score.words(key), UNKNOWN)
    return Bar(key, mark / 100, f"{mark}  {score.words(key)}", GOOD if good else BAD)


def _is_known(value: int | None) -> bool:
    return value is not None
