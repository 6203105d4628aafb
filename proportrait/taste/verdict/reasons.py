"""What speaks for and against a picture by a taste: each aspect is tried as it usually is.

What speaks against it is what would raise the log odds of positive, were it as in the mean of the
labelled positives; what speaks for it is what would lower them, were it as in the negatives. The
ensemble itself computes both, so that the weights are exact; they do not add up, since a taste is
no sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from proportrait.arrays import Float
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.verdict.aspects import Aspect, Phrase, aspects

MOST = 3  # reasons for a picture, and against it
NOTABLE = 0.3  # log odds: what changes less is no reason
_ALIKE = 0.1  # standard deviations, within which a value is that of the others


@dataclass(frozen=True)
class TasteReason:
    """One aspect that speaks for or against a picture.

    Attributes:
        text: a sentence that begins small and has no full stop.
        about: the aspect, in two or three words.
        weight: log odds of positive that it adds or costs, above 0.
        otherwise: probability of positive, were it as in the mean of the other side's pictures.
        measure: of `value` and `typical`; "" where nothing was measured.
        value, typical: of the picture, and the mean of the labelled positives or negatives; native.
    """

    text: str
    about: str
    weight: float
    otherwise: float
    measure: str = ""
    value: float | None = None
    typical: float | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; what only a measure has is there only with a measure."""
        data: dict[str, Any] = {
            "text": self.text, "about": self.about, "weight": self.weight,
            "otherwise": self.otherwise,
        }  # fmt: skip
        if self.measure:
            data |= {"measure": self.measure, "value": self.value, "typical": self.typical}
        return data


@dataclass(frozen=True)
class TasteVerdict:
    """What a taste says of a picture.

    Attributes:
        name: of the taste.
        probability: [0, 1], of positive.
        threshold: from which on it is positive.
        favour: what speaks for it, the weightiest first.
        against: what speaks against it, likewise.
    """

    name: str
    probability: float
    threshold: float
    favour: tuple[TasteReason, ...] = ()
    against: tuple[TasteReason, ...] = ()

    @property
    def verdict(self) -> int:
        """1 positive, 0 negative."""
        return int(self.probability >= self.threshold)

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return "positive" if self.verdict else "negative"

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "verdict": self.verdict,
            "word": self.word,
            "probability": self.probability,
            "threshold": round(self.threshold, 4),
            "for": [reason.to_json() for reason in self.favour],
            "against": [reason.to_json() for reason in self.against],
        }


def favour_and_against(
    ensemble: Ensemble, row: Float
) -> tuple[tuple[TasteReason, ...], tuple[TasteReason, ...]]:
    """What speaks for a picture with features (D,), and what against it.

    At most `MOST` of each, the weightiest first.
    """
    every = aspects(ensemble.names)
    favour, against = (
        _reasons(ensemble, row, every, kind) for kind in (False, True)
    )  # as in the negatives, as in the positives
    return favour, against


def _reasons(
    ensemble: Ensemble,
    row: Float,
    every: tuple[tuple[Aspect, dict[int, str]], ...],
    kind: bool,
) -> tuple[TasteReason, ...]:
    """Aspects by what changes, were each as in the pictures of one kind."""
    typical = ensemble.typical[int(kind)]
    rows = np.tile(np.asarray(row, np.float32), (len(every) + 1, 1))  # the last one as it is
    for place, (_, columns) in enumerate(every):
        known = [column for column in columns if isfinite(typical[column])]
        rows[place, known] = typical[known]
    odds = ensemble.log_odds(rows).astype(np.float64)
    change = odds[:-1] - odds[-1]
    weights = change if kind else -change
    order = np.argsort(-weights, kind="stable")[:MOST]
    others = "positives" if kind else "negatives"
    result = []
    for place in order:
        if weights[place] >= NOTABLE:
            text, measured = _words(ensemble, row, every[place], typical, others)
            otherwise = round(1 / (1 + float(np.exp(-odds[place]))), 4)
            weight = round(float(weights[place]), 2)
            result.append(TasteReason(text, every[place][0].name, weight, otherwise, *measured))
    return tuple(result)


def _words(
    ensemble: Ensemble,
    row: Float,
    part: tuple[Aspect, dict[int, str]],
    typical: Float,
    others: str,
) -> tuple[str, tuple[str, float, float] | tuple[()]]:
    """The text of a reason, and its measure, value, and typical value, if there is one.

    Of several columns the one is told that differs most.
    """
    aspect, columns = part
    titled = ((column, aspect.phrases[title]) for column, title in columns.items())
    phrases = {column: phrase for column, phrase in titled if phrase}
    known = [column for column in phrases if isfinite(row[column]) and isfinite(typical[column])]
    if not known:
        why = "cannot be measured here" if phrases else f"is unlike your {others} to a network"
        return f"{aspect.name} {why}", ()

    def distance(column: int) -> float:
        return abs(float(row[column] - typical[column])) / float(ensemble.space.scale[column])

    column = max(known, key=distance)
    value, usual, phrase = float(row[column]), float(typical[column]), phrases[column]
    text = f"{phrase.more if value > usual else phrase.less} than in your {others}"
    if distance(column) < _ALIKE:
        text = f"{aspect.name} is unlike your {others}"
    numbers = _numbers(phrase, value, usual)
    text = f"{text}: {numbers}" if numbers else text
    return text, (columns[column], round(value, 4), round(usual, 4))


def _numbers(phrase: Phrase, value: float, usual: float) -> str:
    """Both numbers with their unit, "" where they tell nothing or are the same in print."""
    if phrase.unit is None:
        return ""
    sign = " %" if phrase.unit.startswith("%") else ""
    of = phrase.unit.removeprefix("%")
    here, there = (f"{_printed(phrase.scale(v), bool(sign))}{sign}" for v in (value, usual))
    return "" if here == there else f"{f'{here} {of.strip()}'.rstrip()}, there {there}"


def _printed(value: float, whole: bool) -> str:
    """Two digits, or whole."""
    digits = 0 if whole or abs(value) >= 9.95 else 1
    text = f"{round(value, digits) + 0.0:.{digits}f}"  # no negative zero
    return text.removesuffix(".0").replace("-", "\u2212")
