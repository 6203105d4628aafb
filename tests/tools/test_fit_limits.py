"""The fit of when verification is sure, on scores whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.labels import KEYS
from proportrait.verification.limits import limits
from tests.verification.test_suspects import planted
from tools.fit_limits import FALSE_ALARMS, doubt_of, fit_scores, flip, report_doubt, report_scores
from tools.labelled import Table


def rows(scores: np.ndarray, good: np.ndarray, photos: np.ndarray | None = None) -> Table:
    photos = np.ones(len(scores), bool) if photos is None else photos
    return Table(scores[:, None], good, np.arange(len(scores)).astype(np.str_), photos)


def test_beyond_a_limit_nearly_all_are_right() -> None:
    """Bad ones at 0 to 59, good ones at 40 to 99: up to 40 one of 42 is good, to 41 two of 44."""
    scores = np.concatenate([np.arange(60.0), np.arange(40.0, 100.0)])
    good = np.arange(120) >= 60
    low, high = fit_scores(rows(scores, good))
    assert (low, high) == (40.5, 58.5)


def test_every_set_has_to_be_right() -> None:
    scores = np.concatenate([np.arange(60.0), np.arange(40.0, 100.0)])
    good = np.arange(120) >= 60
    clean = np.where(good, 90.0, 10.0)
    both = rows(np.concatenate([scores, clean]), np.tile(good, 2), np.arange(240) < 120)
    assert fit_scores(both) == fit_scores(rows(scores, good))


def test_where_all_is_clear_the_limits_meet() -> None:
    good = np.arange(40) >= 20
    low, high = fit_scores(rows(np.where(good, 90.0, 10.0), good))
    assert low == high == 50


def test_scores_that_tell_nothing_are_never_sure() -> None:
    """Good and bad take turns, so that no part of them is right nearly always."""
    low, high = fit_scores(rows(np.repeat(np.arange(50.0), 2), np.arange(100) % 2 == 0))
    assert (low, high) == (0, 100)


def test_the_report_of_scores_names_shares(capsys: pytest.CaptureFixture[str]) -> None:
    good = np.arange(40) >= 20
    assert report_scores("framing", rows(np.where(good, 90.0, 10.0), good)) == (50, 50)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[2:] == ["now", *["100%", "read,", "100%", "right"] * 2]
    assert "groups left out" in lines[1]


def test_doubt_leaves_the_right_claims_alone() -> None:
    likely = np.concatenate([np.linspace(0.2, 1, 101), np.full(20, 0.1)])
    wrong = np.arange(121) >= 101
    assert doubt_of(likely, wrong) == pytest.approx(0.2 + 0.8 * FALSE_ALARMS)
    assert doubt_of(np.full(121, 0.9), wrong) == 0.45


def test_flips_are_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    true, _ = planted(7, wrong=0.0)
    claims = flip(true, "sharpness", 0)
    assert claims is not None
    assert claims.wrong.mean() == pytest.approx(0.2)
    assert np.median(claims.likely[claims.wrong]) < 0.1 < 0.9 < np.median(claims.likely)
    assert report_doubt("sharpness", [true]) == pytest.approx(0.45, abs=0.4)
    assert "of flips" in capsys.readouterr().out


def test_without_enough_labels_the_doubt_stays(capsys: pytest.CaptureFixture[str]) -> None:
    few, _ = planted(7, people=20, wrong=0.0)
    assert flip(few, "sharpness", 0) is None
    for key in KEYS:
        assert report_doubt(key, [few]) == limits()[key].doubt
    assert "too few labels" in capsys.readouterr().out
