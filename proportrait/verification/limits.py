"""When verification is sure: limits of a measure's score, and of the model's probability."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from proportrait.verification.bits import Reading


@dataclass(frozen=True)
class Limits:
    """When a bit of one attribute is sure.

    Attributes:
        bad_under: a score under it shows a 0; None where nothing measures the attribute.
        good_from: a score from it on shows a 1; None as above.
        doubt: a probability of a 1 under it shows a 0, one above 1 - doubt a 1; under 0.5.
    """

    bad_under: float | None
    good_from: float | None
    doubt: float

    def read_score(self, score: float | None) -> Reading:
        """What a measure's score shows, [0, 100]; None where it could not be taken."""
        if score is None or self.bad_under is None or self.good_from is None:
            return Reading.UNCLEAR
        if score < self.bad_under:
            return Reading.BAD
        return Reading.GOOD if score >= self.good_from else Reading.UNCLEAR

    def read_probability(self, probability: float) -> Reading:
        """What the model's probability of a 1 shows, [0, 1]."""
        if probability < self.doubt:
            return Reading.BAD
        return Reading.GOOD if probability > 1 - self.doubt else Reading.UNCLEAR


@cache
def limits() -> dict[str, Limits]:
    """By attribute, from `data/limits.json`, which also says how they were set."""
    text = files("proportrait.verification").joinpath("data/limits.json").read_text("utf-8")
    return {key: Limits(**values) for key, values in json.loads(text)["limits"].items()}
