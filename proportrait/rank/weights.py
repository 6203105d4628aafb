"""Weights of what makes a photo good, in TOML: see `data/weights.toml`."""

from __future__ import annotations

import difflib
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
FACTOR = "factor"
PARTS = (
    *KEYS, "eyes", "gaze", "face_sharpness", "pose", "size", "smile", "inside", "good_faces",
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


def read_weights(purpose: str, path: Path | None = None) -> dict[Kind, Weights]:
    """The weights of a purpose.

    Args:
        purpose: of `PURPOSES`, or of the file.
        path: a TOML file whose purposes take the place of the packaged ones.

    Raises:
        ConfigurationError: the file cannot be read, or the purpose is in neither.
    """
    table = dict(_packaged())
    name = "the packaged weights"
    if path is not None:
        name = printable(path)
        try:
            table |= tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(f"{name} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{name} is no TOML: {error}") from None
    if purpose not in table:
        raise ConfigurationError(
            f"no purpose {purpose!r}: the purposes are {', '.join(map(printable, table))}"
        )
    return to_weights(table[purpose], f"{name}: [{purpose}")


def to_weights(kinds: Any, place: str) -> dict[Kind, Weights]:
    """The weights that tables of a TOML or JSON file hold.

    Args:
        kinds: the tables by kind.
        place: what a message begins with, up to the bracket that stands before a name.

    Raises:
        ConfigurationError: they are no weights.
    """
    if not isinstance(kinds, dict) or set(kinds) != set(KINDS):
        raise ConfigurationError(f"{place}] needs the tables {' and '.join(KINDS)}")
    return {kind: _weights(kinds[kind], f"{place}.{kind}]") for kind in KINDS}


@cache
def _packaged() -> Mapping[str, Any]:
    return tomllib.loads(
        files("proportrait.rank").joinpath("data", "weights.toml").read_text(encoding="utf-8")
    )


def _weights(table: Any, place: str) -> Weights:
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
    parts = {name: float(value) for name, value in table.items() if name != FACTOR and value}
    if not parts or not all(map(math.isfinite, parts.values())):
        raise ConfigurationError(f"{place} needs a finite weight above 0")
    return Weights(float(table.get(FACTOR, 1)), parts)
