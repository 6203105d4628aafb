"""Features of many pictures as one matrix, for learning and for sifting a folder."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.errors import ConfigurationError
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, Wants
from proportrait.looks.survey import survey
from proportrait.taste.extract import SETS, TasteExtractor
from proportrait.taste.networks import NETWORKS, width

COUNTS = (1, 2, 4, 7)  # of feature sets
DEFAULT = 4
Sets = int | Sequence[str]
# (entries of `stream`, their number) -> the same entries: may show how far it is.
Progress = Callable[[Iterable[tuple[Path, Float | str]], int], Iterable[tuple[Path, Float | str]]]


@dataclass(frozen=True, eq=False)
class Features:
    """Features of N pictures.

    Attributes:
        paths: of the pictures that could be read.
        values: (N, D) float32, NaN where a measure could not be taken.
        names: of the D columns, "part:number"; a set has one part or several.
        failures: by path, why a picture could not be read.
    """

    paths: tuple[Path, ...]
    values: Float
    names: tuple[str, ...]
    failures: dict[Path, str]


def without_progress(
    entries: Iterable[tuple[Path, Float | str]], total: int
) -> Iterable[tuple[Path, Float | str]]:
    """Show nothing."""
    return entries


def set_names(sets: Sets) -> tuple[str, ...]:
    """The names of feature sets.

    Args:
        sets: the first 1, 2, 4, or 7 of `SETS`; or names, also of `NETWORKS`.

    Raises:
        ConfigurationError: another number, or an unknown name.
    """
    if isinstance(sets, int):
        if sets not in COUNTS:
            raise ConfigurationError(f"the number of feature sets is 1, 2, 4, or 7, not {sets}")
        return tuple(itertools.islice(SETS, sets))
    choices = (*SETS, *NETWORKS)
    if unknown := [name for name in sets if name not in choices]:
        raise ConfigurationError(
            f"there is no feature set {unknown[0]!r}: the sets are {', '.join(choices)}"
        )
    return tuple(dict.fromkeys(sets))


def column_names(sets: Sets) -> tuple[str, ...]:
    """The names of the D columns.

    Raises:
        ConfigurationError: the weights of a network are not on this machine.
    """
    return tuple(
        f"{part}:{number}"
        for name in set_names(sets)
        for part, size in (SETS.get(name) or {name: width(name)}).items()
        for number in range(size)
    )


def stream(
    paths: Iterable[Path],
    sets: Sets = DEFAULT,
    workers: int | None = None,
    total: int | None = None,
) -> Generator[tuple[Path, Float | str], None, None]:
    """Yield each picture with its features (D,) float32, or with why it cannot be read.

    Memory does not grow with the pictures. What was computed is kept: a later call goes on.

    Args:
        paths: files.
        sets: see `set_names`.
        workers: processes; default: as many as cores and memory allow.
        total: how many pictures there are, where `paths` has no length.
    """
    extractor = TasteExtractor(set_names(sets))
    if set(NETWORKS) & set(extractor.sets):
        workers = 1  # a large network uses all cores by itself
    with (
        LookCache() as cache,
        contextlib.closing(
            survey(paths, Wants(extractor.attributes, extractor=extractor), cache, workers, total)
        ) as looks,
    ):
        for path, look in looks:
            if look.error:
                yield path, look.error
            else:
                yield path, row_of(look, extractor)


def row_of(look: Look, extractor: TasteExtractor) -> Float:
    """The features (D,) float32 of a look that holds those of the extractor."""
    parts = [look.features[name] for name in extractor.names]
    return np.concatenate(parts).astype(np.float32)


def matrix(
    paths: Sequence[str | Path],
    sets: Sets = DEFAULT,
    workers: int | None = None,
    progress: Progress = without_progress,
) -> Features:
    """The features of pictures; those that cannot be read are in `failures`.

    Args:
        paths: files.
        sets: see `set_names`.
        workers: processes; default: as many as cores and memory allow.
        progress: see `Progress`.
    """
    names = column_names(sets)
    good: list[Path] = []
    rows, failures = np.zeros((len(paths), len(names)), np.float32), {}
    for path, row in progress(stream([Path(path) for path in paths], sets, workers), len(paths)):
        if isinstance(row, str):
            failures[path] = row
        else:
            rows[len(good)] = row
            good.append(path)
    return Features(tuple(good), rows[: len(good)], names, failures)
