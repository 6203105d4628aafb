"""From which component on a measure's word counts, and from which probability on the model's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Limits:
    """When verification speaks of one attribute.

    Attributes:
        bad_under: a component under it shows a 0, or None where nothing is measured.
        good_from: a component from it on shows a 1.
        doubt: the model contradicts a bit that it finds less likely than this, and confirms one
            that it finds more likely than 1 - doubt.
    """

    bad_under: float | None
    good_from: float | None
    doubt: float

    def measured(self, component: float | None) -> int | None:
        """The bit that a component shows; None where it is not sure."""
        if component is None or self.bad_under is None or self.good_from is None:
            return None
        if component < self.bad_under:
            return 0
        return 1 if component >= self.good_from else None


@cache
def limits() -> dict[str, Limits]:
    """By attribute, from `data/limits.json`, which also says how they were set."""
    text = files("proportrait.verify").joinpath("data/limits.json").read_text("utf-8")
    return {key: Limits(**values) for key, values in json.loads(text)["limits"].items()}
