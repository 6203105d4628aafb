"""Second opinions: of a model that learns from the set, and of the packaged model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from proportrait.errors import AssetError
from proportrait.labels import KEYS
from proportrait.score import Score
from proportrait.verification import suspects
from proportrait.verification.limits import limits


def planted(seed: int, people: int = 300, wrong: float = 0.2) -> tuple[suspects.Rows, np.ndarray]:
    """Two pictures a person; what is true of sharpness shows in features and in a score.

    Of one group of people in ten another feature follows the label: the model must not learn it.
    """
    rng = np.random.default_rng(seed)
    count = 2 * people
    truth = rng.random(count) < 0.6
    features = rng.standard_normal((count, 20)).astype(np.float32)
    features[:, 0] += 2.5 * truth
    scores = np.full((count, 6), np.nan, np.float32)
    scores[:, 5] = np.where(truth, 70, 30) + 12 * rng.standard_normal(count)
    flipped = rng.random(count) < wrong
    labels = np.ones((count, 6), np.int8)
    labels[:, 5] = truth ^ flipped
    known = np.zeros((count, 6), bool)
    known[:, 5] = True
    groups = np.array([f"p{i // 2}" for i in range(count)])
    return suspects.Rows(groups, labels, known, np.clip(scores, 0, 100), features), flipped


def test_flipped_labels_are_found_and_true_ones_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")  # a process with threads may not survive it
    rows, flipped = planted(1)
    likely, reasons = suspects.opinions(rows, ("sharpness",))
    assert reasons == {}
    own = np.where(rows.labels[:, 5] == 1, likely[:, 5], 1 - likely[:, 5])
    doubted = own < limits()["sharpness"].doubt
    assert doubted[flipped].mean() > 0.9
    assert doubted[~flipped].mean() < 0.03
    assert np.isnan(likely[:, :5]).all()
    again, _ = suspects.opinions(rows, ("sharpness",))
    assert np.array_equal(likely, again, equal_nan=True)


def test_opinions_are_told_by_picture_only_where_there_are_some() -> None:
    likely = np.array([[0.25, *[np.nan] * 5], [np.nan] * 6], np.float32)
    assert suspects.by_picture(["a.jpg", "b.jpg"], likely) == {
        "a.jpg": {"lighting": 0.25},
        "b.jpg": {},
    }


def test_bits_without_a_claim_get_an_opinion() -> None:
    rows, _ = planted(2, wrong=0.0)
    open_ = np.arange(len(rows.labels)) % 10 == 0
    truth = rows.labels[:, 5].astype(bool)
    rows.known[open_, 5] = False
    rows.labels[open_, 5] = 0
    likely, _ = suspects.opinions(rows, ("sharpness",))
    assert ((likely[open_, 5] > 0.5) == truth[open_]).mean() > 0.9


def test_labels_that_the_measure_refutes_teach_nothing() -> None:
    rows, _ = planted(3, wrong=0.0)
    bad = np.flatnonzero(rows.scores[:, 5] > 50)[:300]
    rows.labels[bad, 5] = 0  # asked for bad, made good
    likely, reasons = suspects.opinions(rows, ("sharpness",))
    assert np.isnan(likely).all()
    assert "the measure agrees with" in reasons["sharpness"]
    assert "of the bad labels only" in reasons["sharpness"]


def test_labels_that_follow_nothing_teach_nothing() -> None:
    rows, _ = planted(4)
    rows.scores[:] = np.nan
    rng = np.random.default_rng(0)
    rows.labels[:, 5] = rng.random(len(rows.labels)) < 0.5
    _, reasons = suspects.opinions(rows, ("sharpness",))
    assert "follow nothing that is seen" in reasons["sharpness"]


def test_too_few_people_teach_nothing() -> None:
    rows, _ = planted(6)
    four = np.array([f"p{i % 4}" for i in range(len(rows.labels))])
    _, reasons = suspects.opinions(replace(rows, groups=four), ("sharpness",))
    reason = "the good or the bad ones are of under 5 people: too few to learn from"
    assert reasons == {"sharpness": reason}
    # Many people, but of the bad ones there are four.
    bad = rows.labels[:, 5] == 0
    likely, reasons = suspects.opinions(
        replace(rows, groups=np.where(bad, four, rows.groups)), ("sharpness",)
    )
    assert reasons == {"sharpness": reason}
    assert np.isnan(likely).all()


def test_five_people_are_enough() -> None:
    rows, flipped = planted(6)
    five = np.array([f"p{i % 5}" for i in range(len(rows.labels))])
    likely, reasons = suspects.opinions(replace(rows, groups=five), ("sharpness",))
    assert reasons == {}
    contradicted = (likely[:, 5] >= 0.5) != rows.labels[:, 5]
    assert contradicted[flipped].mean() > 0.8
    assert contradicted[~flipped].mean() < 0.1


def test_too_few_labels_teach_nothing() -> None:
    rows, _ = planted(5, people=60)
    _, reasons = suspects.opinions(rows, ("sharpness", "attire"))
    assert reasons.keys() == {"sharpness", "attire"}
    assert "too few to learn from" in reasons["sharpness"]


class FakeScorer:
    """A packaged model that is sure of its first picture alone."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def files(self, paths: Iterable[str], workers: int | None = 1) -> Iterator[Score]:
        for number, path in enumerate(paths):
            self.asked.append(path)
            yield Score(path, {"attire": 0.04}, {"attire": 0}, sure={"attire": number == 0})


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> FakeScorer:
    scorer = FakeScorer()
    monkeypatch.setattr(suspects.Scorer, "packaged", lambda: scorer)
    return scorer


def test_the_packaged_model_judges_what_nothing_measures(scorer: FakeScorer) -> None:
    rows, _ = planted(5, people=1)
    rows = replace(rows, files=np.array(["a.jpg", "b.jpg"]))
    likely, reasons = suspects.opinions(rows, ("sharpness", "attire"))
    assert suspects.by_picture(["a", "b"], likely) == {
        "a": {"attire": pytest.approx(0.04)},
        "b": {},
    }
    assert reasons.keys() == {"sharpness"}
    assert scorer.asked == ["a.jpg", "b.jpg"]
    suspects.opinions(rows, ("sharpness",))
    assert len(scorer.asked) == 2


def test_the_packaged_model_is_not_asked_where_the_set_teaches_a_model(scorer: FakeScorer) -> None:
    rows, _ = planted(3)
    column = KEYS.index("attire")
    rows.labels[:, column], rows.known[:, column] = rows.labels[:, 5], True
    rows = replace(rows, files=np.array(["a.jpg"] * len(rows.labels)))
    likely, reasons = suspects.opinions(rows, ("attire",))
    assert reasons == {}
    assert not np.isnan(likely[:, column]).any()
    assert scorer.asked == []


def test_without_a_packaged_model_attire_has_no_opinion(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise AssetError("the model is missing")

    monkeypatch.setattr(suspects.Scorer, "packaged", missing)
    rows, _ = planted(5, people=1)
    likely, reasons = suspects.opinions(
        replace(rows, files=np.array(["a.jpg", "b.jpg"])), ("attire",)
    )
    assert reasons == {"attire": "the model is missing"}
    assert np.isnan(likely).all()
