"""Scores that wait on the disk."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from proportrait.errors import StoreError
from proportrait.score import Score, spool
from proportrait.score.spool import Spool
from tests.score.samples import scored

SCORES = [
    scored("a\udcfc.jpg", (90, None, 70, 100, 60, 55), unknown={"background": "hidden"}),
    Score("c.jpg", {}, {}, error="it is gone"),
    scored("b.jpg", (10, 20, 30, 40, 50, 60)),
]


@pytest.mark.parametrize("most", [1, 1_000_000])
def test_scores_come_back_as_they_were(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they went to a file or stayed in memory, and also between additions."""
    monkeypatch.setattr(spool, "_IN_MEMORY", most)
    with Spool() as scores:
        assert list(scores) == []
        for number, score in enumerate(scores.taking(SCORES), 1):
            assert (len(scores), scores[0], scores[-1]) == (number, SCORES[0], score)
        assert list(scores) == SCORES
        assert scores[1:5] == SCORES[1:]
        with pytest.raises(IndexError):
            scores[3]


def test_a_full_disk_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(spool.tempfile, "gettempdir", lambda: str(tmp_path))
    with Spool() as scores:
        monkeypatch.setattr(spool.pickle, "dump", full)
        with pytest.raises(StoreError, match=tmp_path.name):
            scores.append(SCORES[0])
