"""Limits in TOML, and what they make of a model's verdicts.

A table an attribute, each with at most one of `mark` and `probability`, from which on it passes,
and the values of measures that are allowed:

    [attire]
    mark = 35
    [framing]
    HeadSize = {min = 0.2, max = 0.45}
    [expression]
    HeadPoseYaw = {max = 20}

A measure may stand under any attribute: it speaks against that one. Of a measure with sides, such
as a yaw, the amount is limited.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from math import inf, isnan
from pathlib import Path
from typing import Any

import numpy as np

from proportrait.advice import Reason
from proportrait.advice.faults import FAULTS, UNNAMED
from proportrait.advice.numbers import apart, kept_apart
from proportrait.advice.reason import name_in_words, values_of
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.limits.marks import probability_of
from proportrait.looks.look import Look
from proportrait.looks.mirror import value_without_side
from proportrait.looks.rules import PLAINLY_BAD, Verdicts
from proportrait.measures import NAMES, PLACES, Measure
from proportrait.model.calibration import Calibration

PRESETS = ("linkedin", "cv", "badge")
_ROOMS = {name.split(".")[1]: name.split(".")[0] for name in NAMES if name not in PLACES}


@dataclass(frozen=True)
class Range:
    """The values of one measure that are allowed, in its unit: low <= value <= high.

    Attributes:
        measure: its name, without its attribute.
        low, high: infinite where all values on that side are allowed.
    """

    measure: str
    low: float = -inf
    high: float = inf


@dataclass(frozen=True)
class Limit:
    """What one attribute needs to pass.

    Attributes:
        mark: from which on it passes, on the model's own scale, [0, 100); or
        probability: from which on it passes, [0, 1). With neither the model's own threshold counts.
        ranges: of measures; a value outside makes the verdict 0.
    """

    mark: float | None = None
    probability: float | None = None
    ranges: tuple[Range, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return 0 in (self.mark, self.probability) and not self.ranges

    def threshold(self, usual: float) -> float:
        """The probability from which on it passes, by that of the model."""
        if self.probability is not None:
            return self.probability
        return usual if self.mark is None else probability_of(self.mark, usual)


@dataclass(frozen=True)
class Limits:
    """Limits of some attributes, by key; the others keep the verdicts of the model."""

    attributes: Mapping[str, Limit] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def unasked(self) -> tuple[str, ...]:
        """The keys of attributes that pass whatever the picture shows."""
        return tuple(key for key, limit in self.attributes.items() if limit.is_open)

    @property
    def digest(self) -> str:
        """SHA-256 in hex: equal limits, in whatever order, have the same one."""
        parts = sorted(
            (key, limit.mark, limit.probability, sorted(map(str, limit.ranges)))
            for key, limit in self.attributes.items()
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @classmethod
    def read(cls, source: str | Path) -> Limits:
        """Limits of a TOML file, or of `PRESETS` by name.

        Raises:
            ConfigurationError: there is no such file or preset, or it holds something else.
        """
        return cls.parse(text_of(source), printable(source))

    @classmethod
    def parse(cls, text: str, name: str = "the limits") -> Limits:
        """Limits of a TOML text; `name` begins the messages.

        Raises:
            ConfigurationError: it holds something else than limits.
        """
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"{name} is no TOML: {error}") from error
        for key, table in tables.items():
            if key not in KEYS or not isinstance(table, dict):
                raise ConfigurationError(
                    f"{name}: {key!r} is no table of an attribute: the tables are "
                    f"{', '.join(f'[{key}]' for key in KEYS)}"
                )
        return cls({key: _limit(table, f"{name}, [{key}]") for key, table in tables.items()})

    def calibration(self, model: Calibration) -> Calibration:
        """The calibration of a model with these thresholds.

        A verdict that is sure is one that the model calls so with the same verdict.
        """
        limits = [self.attributes.get(key, Limit()) for key in KEYS]
        thresholds = [
            limit.threshold(usual) for limit, usual in zip(limits, model.thresholds, strict=True)
        ]
        below = [float(np.nextafter(np.float32(t), np.float32(-inf))) for t in thresholds]
        return replace(
            model,
            thresholds=tuple(thresholds),
            sure_bad=tuple(map(min, model.sure_bad, below)),
            sure_good=tuple(map(max, model.sure_good, below)),
        )

    def apply(self, look: Look, verdicts: Verdicts) -> tuple[Verdicts, tuple[Reason, ...]]:
        """The verdicts after the ranges of measures, and a reason for each that is violated.

        Where a measure with a range cannot be taken nobody can tell that the attribute passes.

        Args:
            look: with the measures of all attributes.
        """
        likely, good = dict(verdicts.probabilities), dict(verdicts.verdicts)
        why, violated = dict(verdicts.reasons), list[Reason]()
        for key, limit in self.attributes.items():
            for span in limit.ranges:
                value = _value(look, span.measure)
                if verdicts.verdicts[key] is None or span.low <= value <= span.high:
                    continue
                if not isnan(value):
                    likely[key], good[key] = min(likely[key] or 0.0, PLAINLY_BAD), 0
                    violated.append(_violation(key, span, value, look))
                elif good[key] == 1:
                    likely[key] = good[key] = None
                    why[key] = f"{span.measure}, which is limited, cannot be measured"
        violated = [reason for reason in violated if good[reason.attribute] == 0]
        return replace(verdicts, probabilities=likely, verdicts=good, reasons=why), tuple(violated)


def text_of(source: str | Path) -> str:
    """The TOML of a preset or of a file.

    Raises:
        ConfigurationError: there is neither.
    """
    if source in PRESETS:
        return (files("proportrait.limits.data") / f"{source}.toml").read_text(encoding="utf-8")
    try:
        return Path(source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise ConfigurationError(
            f"no limits in {printable(source)}: {reason}: name a TOML file, or one of "
            f"{', '.join(PRESETS)}"
        ) from error


def _limit(table: Mapping[str, Any], place: str) -> Limit:
    if {"mark", "probability"} <= set(table):
        raise ConfigurationError(f"{place} has a mark and a probability: keep one of them")
    passes = {
        name: _number(table[name], below, f"{place}: {name}")
        for name, below in (("mark", 100), ("probability", 1))
        if name in table
    }
    ranges = [_range(name, table[name], place) for name in table if name not in passes]
    return Limit(**passes, ranges=tuple(ranges))


def _range(name: str, ends: Any, place: str) -> Range:
    if name not in _ROOMS:
        likely = difflib.get_close_matches(name, ["mark", "probability", *_ROOMS], 3)
        hint = f": do you mean {' or '.join(likely)}?" if likely else f": {', '.join(_ROOMS)}"
        raise ConfigurationError(f"{place} has {name!r}, which is no measure{hint}")
    wrong = ConfigurationError(f"{place}: {name} is written as {{min = 0.2, max = 0.45}}, or one")
    if not isinstance(ends, dict) or not ends or set(ends) - {"min", "max"}:
        raise wrong
    if any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends.values()):
        raise wrong
    span = Range(name, float(ends.get("min", -inf)), float(ends.get("max", inf)))
    if not span.low <= span.high:
        raise ConfigurationError(f"{place}: {name} allows nothing: its min is above its max")
    return span


def _number(value: Any, below: float, place: str) -> float:
    """A number from 0 to less than `below`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < below:
        raise ConfigurationError(f"{place} is a number from 0 to less than {below}, not {value!r}")
    return float(value)


def _value(look: Look, name: str) -> float:
    """Native value, of a measure with sides its amount; NaN where it could not be taken."""
    return value_without_side(look.measures.get(_ROOMS[name], {}), name)


def _violation(key: str, span: Range, value: float, look: Look) -> Reason:
    """The reason against an attribute whose measure lies outside its range."""
    room, side = _ROOMS[span.measure], 1 if value > span.high else -1
    measure, name = look.measures[room][span.measure], f"{room}.{span.measure}"
    assert isinstance(measure, Measure)  # else there would be no value
    fault = next((f for f in FAULTS if (f.measure, f.side) == (name, side)), None)
    unit = "" if measure.unit == "1" else f" {measure.unit}"
    end = span.high if side > 0 else span.low
    number, limit = apart(value, end, digits=3, exact=True)
    text = f"{name_in_words(span.measure)} is {number}{unit}: the limit is at "
    text += f"{'most' if side > 0 else 'least'} {limit}"
    if fault:
        text = f"{fault.sentence(measure.value, values_of(look))} ({text})"
    low, high = (None if abs(end) == inf else end for end in (span.low, span.high))
    return Reason(
        key, text, fault.advice if fault else UNNAMED[key][1], name,
        kept_apart(measure.value, low, high), measure.unit, low, high, is_limit=True,
    )  # fmt: skip
