"""Scores that are written down by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from proportrait.labels import KEYS
from proportrait.limits import PASS
from proportrait.score import Score, report
from proportrait.score.scorer import _overall

JUDGE = "0123456789ab"


def scored(path: str, marks: Sequence[int | None], sure: str = "111111", **more: Any) -> Score:
    """A score with these marks; the probability is a hundredth of the mark."""
    by_key = dict(zip(KEYS, marks, strict=True))
    return Score(
        path,
        {key: None if mark is None else mark / 100 for key, mark in by_key.items()},
        {key: None if mark is None else int(mark >= PASS) for key, mark in by_key.items()},
        marks=by_key,
        overall=_overall(marks),
        sure={key: bit == "1" for key, bit in zip(KEYS, sure, strict=True)},
        **{"faces": 1, "one_person": True, "judge": JUDGE, **more},
    )


def page_of(scores: Iterable[Score], folder: Path, total: int = 1) -> Path:
    """The HTML report of scores."""
    path = folder / "page.html"
    deque(report.written(scores, path, total), maxlen=0)
    return path
