"""What each measure says by itself of an attribute: `python -m tools.fit_reasons` fits data/.

A measure has a curve, the log odds that a value takes from a verdict of good, and the range in
which eight of ten good pictures lie.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import inf, isnan

import numpy as np

FILE = "evidence.json"


@dataclass(frozen=True)
class Evidence:
    """One measure for one attribute.

    Attributes:
        values: ascending, in the measure's unit; of a measure with sides, the amount.
        costs: log odds of good that each costs, at least 0; linear between, level beyond.
        low, high: what 10 % of the good pictures lie below and above; infinite on a side on which
            no value is a fault.
    """

    values: tuple[float, ...]
    costs: tuple[float, ...]
    low: float
    high: float

    def cost(self, value: float) -> float:
        """The log odds that a value costs; 0 within the range, and of one that is not known."""
        if isnan(value) or self.side(value) == 0:
            return 0.0
        return float(np.interp(value, self.values, self.costs))

    def side(self, value: float) -> int:
        """-1 below the range, 1 above it, else 0."""
        return int(value > self.high) - int(value < self.low)


@cache
def table() -> dict[tuple[str, str], Evidence]:
    """By attribute key and measure ("attribute.Name")."""
    text = (files("proportrait.advice.data") / FILE).read_text(encoding="utf-8")
    return {
        (key, measure): Evidence(
            tuple(row["values"]), tuple(row["costs"]),
            -inf if row["low"] is None else row["low"], inf if row["high"] is None else row["high"],
        )
        for key, measures in json.loads(text).items()
        for measure, row in measures.items()
    }  # fmt: skip
