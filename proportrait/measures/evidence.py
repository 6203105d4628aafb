"""From the measures of an attribute to its score: the worst of them, or faults that add up.

A fault costs a picture some log odds of being called professional.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np

from proportrait.measures.base import Measure, Unassessed

Faults = Mapping[str, Callable[[float], float]]  # by measure: its value to the log odds it costs

_SUREST = 30.0  # log odds: beyond it a score is 0 or 100


def fault_score(best: float, fault: float) -> float:
    """The score [0, 100] of a picture that one fault is found in.

    Args:
        best: log odds of a picture without any fault.
        fault: log odds that it costs, at least 0.
    """
    return float(100 / (1 + np.exp(np.clip(fault - best, -_SUREST, _SUREST))))


def tabled(costs: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]) -> Faults:
    """Faults of tables: values, and the log odds that each costs.

    Straight lines lie between the values; beyond them a fault costs no more.
    """
    return {name: partial(_between, values, odds) for name, (values, odds) in costs.items()}


def _between(values: tuple[float, ...], odds: tuple[float, ...], value: float) -> float:
    return float(np.interp(value, values, odds))


def combine(
    name: str, best: float, faults: Faults, measures: Mapping[str, Measure | Unassessed]
) -> float | Unassessed:
    """The score of a picture with all its faults: the model of a logistic regression.

    Args:
        name: of the attribute, for the failure to assess it.
        best: log odds of a picture without any fault.
        faults, measures: by the names of measures.
    """
    total = 0.0
    for key, fault in faults.items():
        found = measures[key]
        if isinstance(found, Unassessed):
            return Unassessed(name, found.reason)
        total += fault(found.value)
    return fault_score(best, total)


def worst(
    deciding: Iterable[str], measures: Mapping[str, Measure | Unassessed]
) -> float | Unassessed:
    """The lowest score of the named measures, or the first that could not be taken."""
    scores = []
    for name in deciding:
        found = measures[name]
        if isinstance(found, Unassessed):
            return found
        scores.append(found.score)
    return min(scores)
