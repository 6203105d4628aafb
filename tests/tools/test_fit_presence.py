"""The fit of what tells a person, on signs whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.faces import FaceAnalyzer
from proportrait.looks import presence
from tools import fit_presence
from tools.fit_presence import (
    HEAD,
    PERSON,
    SIZE,
    fit_head,
    fit_person,
    head_odds,
    people,
    person_odds,
    places,
)
from tools.labelled import Table

SIGNS = [
    (0.13, 0.0, 0.0), (0.05, 0.25, 0.0), (0.05, 0.1, 0.0), (0.03, 0.9, 0.5), (0.5, 0.5, 0.12),
    (0.0, 0.0, 0.0), (0.12, 0.09, 0.0),
]  # fmt: skip


@pytest.mark.parametrize("signs", SIGNS)
def test_the_odds_say_what_the_rule_says(
    signs: tuple[float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "signs", lambda *_: presence.Signs(*signs))
    verdict = presence.presence(np.zeros((8, 8, 3), np.uint8), FaceAnalyzer())
    values = np.array([signs])
    assert (person_odds(values, PERSON)[0] >= 0) == (verdict != "nobody")
    if verdict != "nobody":
        assert (head_odds(values, HEAD)[0] >= 0) == (verdict == "head")


def rows(values: np.ndarray, good: np.ndarray) -> Table:
    groups = (np.arange(len(good)) // 10).astype(np.str_)
    return Table(values, good, groups, np.ones(len(good), bool))


def test_limits_in_the_code_stay_where_none_are_better() -> None:
    good = np.arange(100) < 50
    values = np.where(good[:, None], [0.5, 0.5, 0.1], [0.001, 0.01, 0.6])
    assert fit_person(rows(values, good)) == PERSON
    assert fit_head(rows(values, good)) == HEAD


def test_limits_move_to_what_is_better() -> None:
    """Persons wear something at 0.05 without a silhouette; nobody at 0.03 or less."""
    rng = np.random.default_rng(0)
    good = np.arange(200) < 100
    worn = np.where(good, rng.uniform(0.05, 0.5, 200), rng.uniform(0, 0.03, 200))
    values = np.stack([worn, np.full(200, 0.01), np.full(200, 0.1)], 1)
    assert fit_person(rows(values, good))[0] in (0.03, 0.04)


def test_a_photo_shows_a_head_and_a_body(image: np.ndarray, analyzer: FaceAnalyzer) -> None:
    kinds = dict(people(image, analyzer))
    assert next(iter(kinds)) == "head"
    assert kinds["head"] is image
    large = np.pad(image, ((0, 300), (0, 0), (0, 0)), mode="edge")
    body = dict(people(large, analyzer))["body"]
    assert body.shape[1:] == large.shape[1:]
    assert 0.25 * len(large) <= len(body) < len(large) / 2
    assert not list(people(np.zeros((64, 64, 3), np.uint8), analyzer))


def test_every_place_has_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_presence, "VIEWS", 1)
    views = dict(places())
    assert len(views) >= 16
    assert {view.shape for view in views.values()} == {(*SIZE, 3)}
