"""Weights of what makes a photo good, in TOML: see `data/weights.toml`."""

from __future__ import annotations

import difflib
import itertools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS

Kind = Literal["single", "group"]
KINDS: tuple[Kind, ...] = ("single", "group")
PURPOSES = ("headshot", "social", "group")
FACTOR, STARS, TASTE = "factor", "stars", "taste"
STEPS = ("two", "three", "four", "five")  # of the table of stars
PARTS = (
    *KEYS, "eyes", "gaze", "face_sharpness", "pose", "size", "smile", "inside", "good_faces", TASTE,
)  # fmt: skip


@dataclass(frozen=True)
class Weights:
    """The weights of one kind of photos.

    Attributes:
        factor: of the score, [0, 1].
        parts: weights by name of `PARTS`, at least 0, one of them above.
    """

    factor: float
    parts: Mapping[str, float]


def read_weights(
    purpose: str, path: Path | None = None, with_taste: bool = False
) -> dict[Kind, Weights]:
    """The weights of a purpose.

    Args:
        purpose: of `PURPOSES`, or of the file.
        path: a TOML file whose purposes take the place of the packaged ones.
        with_taste: whether a taste is asked; else its weight is left out.

    Raises:
        ConfigurationError: the file cannot be read, the purpose is in neither, or it gives a taste
            that is asked no weight.
    """
    table, name = _tables(path)
    del table[STARS]
    if purpose not in table:
        raise ConfigurationError(
            f"no purpose {purpose!r}: the purposes are {', '.join(map(printable, table))}"
        )
    return to_weights(table[purpose], f"{name}: [{purpose}", with_taste)


def to_weights(kinds: Any, place: str, with_taste: bool = False) -> dict[Kind, Weights]:
    """The weights that tables of a TOML or JSON file hold.

    Args:
        kinds: the tables by kind.
        place: what a message begins with, up to the bracket that stands before a name.
        with_taste: as of `read_weights`.

    Raises:
        ConfigurationError: they are no weights, or give a taste that is asked no weight.
    """
    if not isinstance(kinds, dict) or set(kinds) != set(KINDS):
        raise ConfigurationError(f"{place}] needs the tables {' and '.join(KINDS)}")
    weights = {kind: _weights(kinds[kind], f"{place}.{kind}]", with_taste) for kind in KINDS}
    if with_taste and not any(TASTE in entry.parts for entry in weights.values()):
        raise ConfigurationError(f"{place}] gives a taste no weight: add taste = 2.0 to its tables")
    return weights


def read_stars(path: Path | None = None) -> tuple[float, ...]:
    """The scores (4,) from which on a photo has two, three, four, and five stars.

    Args:
        path: a TOML file whose table of stars, if it has one, takes the place of the packaged one.

    Raises:
        ConfigurationError: the file cannot be read, or its stars are not four rising scores.
    """
    table, name = _tables(path)
    stars = table[STARS]
    values = stars.values() if isinstance(stars, dict) and set(stars) == set(STEPS) else ()
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        values = ()
    limits = [float(stars[step]) for step in STEPS] if values else []
    if not limits or not all(low < high for low, high in itertools.pairwise([0, *limits, 101])):
        raise ConfigurationError(
            f"{name}: [{STARS}] needs {', '.join(STEPS)}: scores up to 100, each above the one "
            f"before"
        )
    return tuple(limits)


def _tables(path: Path | None) -> tuple[dict[str, Any], str]:
    """The packaged tables with those of a file in their place, and the name of where they are."""
    table = dict(_packaged())
    if path is None:
        return table, "the packaged weights"
    name = printable(path)
    try:
        return table | tomllib.loads(path.read_text(encoding="utf-8")), name
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} is no TOML: {error}") from None


@cache
def _packaged() -> Mapping[str, Any]:
    return tomllib.loads(
        files("proportrait.rank").joinpath("data", "weights.toml").read_text(encoding="utf-8")
    )


def _weights(table: Any, place: str, with_taste: bool) -> Weights:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place} is no table")
    for name, value in table.items():
        if name not in (*PARTS, FACTOR):
            near = difflib.get_close_matches(name, PARTS, 1) or [", ".join(PARTS)]
            raise ConfigurationError(f"{place} has no part {name!r}: did you mean {near[0]}?")
        most = 1 if name == FACTOR else math.inf
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            limit = "from 0 to 1" if name == FACTOR else "of at least 0"
            raise ConfigurationError(f"{place} {name} is a number {limit}, not {value!r}")
    left_out = {FACTOR} if with_taste else {FACTOR, TASTE}
    parts = {name: float(value) for name, value in table.items() if name not in left_out and value}
    if not parts or not all(map(math.isfinite, parts.values())):
        raise ConfigurationError(f"{place} needs a finite weight above 0")
    return Weights(float(table.get(FACTOR, 1)), parts)
