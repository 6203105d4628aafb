"""What speaks for and against a picture, by numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from proportrait.taste.ensemble import Ensemble
from proportrait.taste.verdict.aspects import Phrase
from proportrait.taste.verdict.reasons import (
    MOST,
    NOTABLE,
    TasteVerdict,
    _numbers,
    favour_and_against,
)
from tests.taste.samples import NAMES as MADE
from tests.taste.samples import features
from tests.taste.verdict.samples import HEIGHT, SIZE, row, taste


def test_the_means_are_those_of_the_labelled_pictures() -> None:
    typical = taste().ensemble.typical
    assert typical[:, HEIGHT] == pytest.approx([0.2, 0.4])
    assert typical[:, SIZE] == pytest.approx([0.15, 0.3])


def test_what_is_against_a_picture_is_told_against_the_positives() -> None:
    favour, against = favour_and_against(taste().ensemble, row(0.2))
    assert favour == ()
    first = against[0]
    assert first.text == (
        "the head is smaller than in your positives: 20 % of the picture's height, there 40 %"
    )
    assert (first.about, first.measure) == ("size of the head", "face.Height")
    assert (first.value, first.typical) == pytest.approx((0.2, 0.4))


def test_what_is_for_a_picture_is_told_against_the_negatives() -> None:
    favour, against = favour_and_against(taste().ensemble, row(0.4))
    assert against == ()
    assert favour[0].text == (
        "the head is larger than in your negatives: 40 % of the picture's height, there 20 %"
    )


def test_the_weight_is_what_the_ensemble_itself_gives_to_the_other_picture() -> None:
    """Both columns of the size are as in the positives' mean; all others stay."""
    ensemble = taste().ensemble
    picture = row(0.22)
    other = picture.copy()
    other[[HEIGHT, SIZE]] = ensemble.typical[1, [HEIGHT, SIZE]]
    here, there = ensemble.probabilities(np.stack([picture, other])).astype(float)
    first = favour_and_against(ensemble, picture)[1][0]
    assert first.otherwise == pytest.approx(there, abs=1e-4)
    expected = np.log(there / (1 - there)) - np.log(here / (1 - here))
    assert first.weight == pytest.approx(expected, abs=0.01)
    assert expected > NOTABLE


def test_what_cannot_be_measured_is_said() -> None:
    picture = row(0.2)
    picture[[HEIGHT, SIZE]] = np.nan
    _, against = favour_and_against(taste().ensemble, picture)
    texts = [reason.text for reason in against]
    assert "size of the head cannot be measured here" in texts
    assert against[0].to_json().keys() == {"text", "about", "weight", "otherwise"}


def test_what_a_network_sees_has_no_numbers() -> None:
    values, labels = features(200)
    ensemble = Ensemble.fit(values, labels, names=MADE)
    worst = values[ensemble.probabilities(values).argmin()]
    favour, against = favour_and_against(ensemble, worst)
    assert favour == ()
    (first,) = against
    assert first.text == "what the network telling sees is unlike your positives to a network"
    assert len(against) <= MOST


def test_a_verdict_is_positive_from_its_threshold_on() -> None:
    assert TasteVerdict("mine", 0.6, 0.6).word == "positive"
    assert TasteVerdict("mine", 0.59, 0.6).word == "negative"
    assert TasteVerdict("mine", 0.59, 0.6).to_json() == {
        "verdict": 0, "word": "negative", "probability": 0.59, "threshold": 0.6, "for": [],
        "against": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("phrase", "value", "usual", "text"),
    [
        (Phrase("", ""), 1.0, 2.0, ""),
        (Phrase("", "", "degrees"), 0.04, -2.04, "0 degrees, there \u22122"),
        (Phrase("", "", "degrees"), -0.04, 12.6, "0 degrees, there 13"),
        (
            Phrase("", "", "% of it", lambda value: 100 * value),
            0.004,
            0.996,
            "0 % of it, there 100 %",
        ),
        (Phrase("", "", "degrees"), 2.01, 2.04, ""),  # the same in print
        (Phrase("", "", ""), 2.0, 1.1, "2, there 1.1"),
    ],
)
def test_numbers_are_short(phrase: Phrase, value: float, usual: float, text: str) -> None:
    assert _numbers(phrase, value, usual) == text
