"""From measures and verdicts to reasons: what speaks against each attribute that failed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from proportrait.advice.evidence import table
from proportrait.advice.faults import FAULTS, UNNAMED, Fault, rule_advice
from proportrait.advice.numbers import apart, kept_apart
from proportrait.labels import KEYS
from proportrait.looks.look import Look
from proportrait.looks.mirror import has_sign, value_without_side
from proportrait.measures import Measure

MOST = 3  # reasons of an attribute
NOTABLE = 0.5  # log odds: a measure that costs less is no reason
_STRONG = 2.5  # log odds: a measure that costs as much contradicts a verdict of good
# Units that a stranger reads as words; all others are left out.
_IN_WORDS = re.compile(r"[a-z-]+ [a-z]+( [a-z]+)?|degrees|stops|px")


@dataclass(frozen=True)
class Reason:
    """One thing that speaks against an attribute.

    Attributes:
        attribute: its key.
        text: a sentence that begins small and has no full stop.
        advice: what to do about it, a whole sentence; "" where nothing helps.
        measure: "attribute.Name" of what was measured; "" where no measure names the fault.
        value: its native value, with its side; None without a measure.
        unit: of the value.
        low, high: the range in which eight of ten good pictures lie; None where it is open.
        weight: log odds of good that the value costs by itself.
        is_limit: whether low and high are limits of one's own, outside of which nothing passes.
    """

    attribute: str
    text: str
    advice: str
    measure: str = ""
    value: float | None = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    weight: float = 0.0
    is_limit: bool = False

    @property
    def measured(self) -> str:
        """ "head size 0.5 picture heights; good photos 0.16 to 0.38"; "" without a range.

        Value and range have as many digits as it takes to see in what they differ.
        """
        ends = [end for end in (self.low, self.high) if end is not None]
        if self.value is None or not ends:
            return ""
        name = name_in_words(self.measure.rpartition(".")[2])
        unit = self.unit.replace("deg", "degrees")
        number, *bounds = apart(self.value, *ends, exact=self.is_limit)
        span = " to ".join(bounds)
        if len(bounds) == 1:
            span = f"{'from' if self.high is None else 'up to'} {span}"
        number += f" {unit}" if _IN_WORDS.fullmatch(unit) else ""
        return f"{name} {number}; {'allowed' if self.is_limit else 'good photos'} {span}"

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; what only a measure has is there only with a measure."""
        data: dict[str, Any] = {
            "attribute": self.attribute, "text": self.text, "advice": self.advice,
        }  # fmt: skip
        if self.measure:
            data |= {"measure": self.measure, "value": self.value, "unit": self.unit,
                     "allowed" if self.is_limit else "usual": [self.low, self.high],
                     "measured": self.measured}  # fmt: skip
            data |= {} if self.is_limit else {"weight": self.weight}
        return data


def reasons(
    look: Look,
    verdicts: Mapping[str, int | None],
    rules: Mapping[str, str],
    violated: Sequence[Reason] = (),
) -> tuple[Reason, ...]:
    """Why each attribute failed, the worst fault first; at most `MOST` an attribute.

    An attribute that failed has at least one: where no measure names the fault, that is said.

    Args:
        look: with the measures of all attributes.
        verdicts: by attribute key; reasons are given of those that are 0.
        rules: by attribute key, why one is bad whatever a model says.
        violated: of limits of one's own, which come first.
    """
    result: list[Reason] = []
    values = values_of(look)
    for key in (key for key in KEYS if verdicts.get(key) == 0):
        named = [reason for reason in violated if reason.attribute == key]
        limited = {reason.measure for reason in named}
        if key in rules:
            named.append(Reason(key, rules[key], rule_advice(key, rules[key])))
        named += [entry for entry in _faults(key, look, values) if entry.measure not in limited]
        result += named[:MOST] or [_unnamed(key)]
    return tuple(result)


def disagreements(look: Look, verdicts: Mapping[str, int | None]) -> tuple[Reason, ...]:
    """What measures hold against attributes that passed: at most one fault an attribute."""
    values = values_of(look)
    strong = (
        next((reason for reason in _faults(key, look, values) if reason.weight >= _STRONG), None)
        for key in KEYS
        if verdicts.get(key) == 1
    )
    return tuple(reason for reason in strong if reason)


def _faults(key: str, look: Look, values: Mapping[str, float]) -> list[Reason]:
    """The reason of every family of which a fault is notable, the worst first.

    A family costs what its worst fault costs, and is told by the first of its notable faults in
    the order of `FAULTS`.
    """
    families: dict[str, list[tuple[Fault, float]]] = {}
    for fault in FAULTS:
        if (
            fault.attribute == key
            and fault.applies(values)
            and (cost := _cost(fault, look)) >= NOTABLE
        ):
            families.setdefault(fault.family, []).append((fault, cost))

    def rank(faults: list[tuple[Fault, float]]) -> tuple[bool, float]:
        return not faults[0][0].leads, -max(cost for _, cost in faults)

    return [_reason(*faults[0], look, values) for faults in sorted(families.values(), key=rank)]


def _cost(fault: Fault, look: Look) -> float:
    """The log odds that a measure costs, 0 unless it is off on the side of the fault."""
    evidence = table().get((fault.attribute, fault.measure))
    room, name = fault.measure.split(".")
    value = value_without_side(look.measures.get(room, {}), name)
    return evidence.cost(value) if evidence and evidence.side(value) == fault.side else 0.0


def _reason(fault: Fault, cost: float, look: Look, values: Mapping[str, float]) -> Reason:
    room, name = fault.measure.split(".")
    measure, evidence = look.measures[room][name], table()[fault.attribute, fault.measure]
    assert isinstance(measure, Measure)  # else it would cost nothing
    lowest = -evidence.high if has_sign(name) else evidence.low  # one amount for both sides
    low, high = (end if isfinite(end) else None for end in (lowest, evidence.high))
    return Reason(
        fault.attribute, fault.sentence(measure.value, values), fault.advice, fault.measure,
        kept_apart(measure.value, low, high), measure.unit, low, high, round(cost, 2),
    )  # fmt: skip


def _unnamed(key: str) -> Reason:
    """A reason without a measure."""
    text, advice = UNNAMED[key]
    note = "" if key == "attire" else ", though no measure names the fault"
    return Reason(key, f"{text} to the model{note}", advice)


def name_in_words(name: str) -> str:
    """The name of a measure without its attribute: HeadSize -> head size."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def values_of(look: Look) -> dict[str, float]:
    """Native values with their sides, by "attribute.Name"."""
    return {
        f"{key}.{name}": entry.value
        for key, measures in look.measures.items()
        for name, entry in measures.items()
        if isinstance(entry, Measure)
    }
