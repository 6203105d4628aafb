"""Scores as text for a terminal, as they come: a card for each picture, or a table of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

from proportrait.commandline import printable
from proportrait.labels import KEYS
from proportrait.score.verdicts import UNASKED, Score

if TYPE_CHECKING:
    from proportrait.taste.verdict import TasteVerdict

_WIDEST = 40  # characters of a name in the table
_CELL = len("perhaps good")
_PERCENT = len("negative 100 %")
_NAMES = max(map(len, KEYS))
_LINE = 100  # characters of a line


def cards(scores: Iterable[Score]) -> Iterator[str]:
    """Lines of all that is known of each picture: verdicts, reasons, advice."""
    for place, score in enumerate(scores):
        yield from [""] if place else []
        yield from _card(score)


def table(
    scores: Iterable[Score], width: int = _WIDEST, tastes: Sequence[str] = ()
) -> Iterator[str]:
    """A row for each picture; behind it stands what is worst.

    Args:
        width: of the names, from `name_width`.
        tastes: names of those that are asked.
    """
    names = [f"taste {name}" for name in tastes]
    wide = [max(_PERCENT, len(name)) for name in names]
    titles = [f"{key:{_CELL}s}" for key in KEYS]
    titles += [f"{name:{size}s}" for name, size in zip(names, wide, strict=True)]
    yield f"{'picture':{width}s}  mark  {'  '.join(titles)}".rstrip()
    for score in scores:
        name = printable(score.path)
        name = name if len(name) <= width else f"\u2026{name[1 - width :]}"
        notes = [f"{reason.attribute}: {reason.text}" for reason in score.failures[:1]]
        notes += [score.remark] if score.remark else []
        remark = f"  ({'; '.join(notes)})" if notes else ""
        yield f"{name:{width}s}  {_row(score, wide)}{remark}".rstrip()


def name_width(paths: Iterable[str | Path]) -> int:
    """Characters that the names of these pictures take in a table."""
    return min(_WIDEST, max(len("picture"), *(len(printable(path)) for path in paths)))


def _row(score: Score, wide: Sequence[int]) -> str:
    """The verdicts, or why there are none."""
    if score.error is not None:
        return printable(score.error)
    cells = [f"{_cell(score, key):{_CELL}s}" for key in KEYS]
    cells += [f"{percent(taste):{size}s}" for taste, size in zip(score.tastes, wide, strict=True)]
    return f"{'-' if score.overall is None else score.overall:>4}  " + "  ".join(cells)


def percent(taste: TasteVerdict) -> str:
    """The verdict of a taste with its probability: "positive 87 %"."""
    return f"{taste.word} {100 * taste.probability:.0f} %"


def _cell(score: Score, key: str) -> str:
    return "-" if score.verdicts[key] is None else score.words(key)


def _card(score: Score) -> Iterator[str]:
    if score.error is not None:
        yield f"{printable(score.path)}: {printable(score.error)}"
        return
    why = set(score.unknown.values())
    if len(score.unknown) == len(KEYS) and len(why) == 1:
        yield f"{printable(score.path)}: no verdict: {why.pop()}"
        yield from _tastes(score)
        return
    mark = "" if score.overall is None else f"   {score.overall} of 100"
    yield f"{printable(score.path)}{mark}"
    for key in KEYS:
        number = None if key in score.unasked else score.marks[key]
        shown = "  -" if number is None else f"{number:3d}"
        texts = [score.unknown[key]] if key in score.unknown else []
        texts += [UNASKED] if key in score.unasked else []
        texts += [reason.text for reason in score.reasons if reason.attribute == key]
        texts += [
            f"though {reason.text}; if you see it too: {reason.advice}"
            for reason in score.disagreements
            if reason.attribute == key
        ]
        head = f"  {key:{_NAMES}s}  {shown}  {score.words(key):{_CELL}s}"
        yield from _beside(head, "; ".join(texts))
    yield from _tastes(score)
    advice = dict.fromkeys(reason.advice for reason in score.failures)
    for place, sentence in enumerate(advice):
        yield from _beside(f"  {'advice:' if place == 0 else '':{_NAMES}s}", sentence)
    for note in score.notes:
        yield f"  note: {note}"


def _tastes(score: Score) -> Iterator[str]:
    """What each taste says, and what speaks for and against it."""
    for taste in score.tastes:
        yield f"  taste {taste.name}: {percent(taste)}"
        for word, reasons in (("for", taste.favour), ("against", taste.against)):
            if reasons:
                yield from _beside(f"    {word:7s}", "; ".join(reason.text for reason in reasons))


def _beside(head: str, text: str) -> Iterator[str]:
    """Text wrapped beside a head."""
    indent = len(head) + 2
    lines = wrap(text, max(20, _LINE - indent)) or [""]
    yield f"{head}  {lines[0]}".rstrip()
    yield from (" " * indent + line for line in lines[1:])
