"""Tastes with their names, which judge looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from proportrait.commandline import printable
from proportrait.errors import ConfigurationError
from proportrait.looks.look import Look
from proportrait.taste.extract import TasteExtractor
from proportrait.taste.features import row_of, set_names
from proportrait.taste.taste import Taste
from proportrait.taste.verdict.library import checked_name, find
from proportrait.taste.verdict.reasons import TasteVerdict, favour_and_against


@dataclass(frozen=True)
class NamedTaste:
    """A taste as it is called where it is named.

    Attributes:
        name: of its file without the suffix, in one printable line.
        taste: what was learnt.
    """

    name: str
    taste: Taste

    @cached_property
    def extractor(self) -> TasteExtractor:
        """What a look has to hold, so that the taste can judge it."""
        return TasteExtractor(set_names(self.taste.sets))

    def judge(self, look: Look) -> TasteVerdict | None:
        """What the taste says of a look, and why; None where the look lacks its features."""
        if look.error or not set(self.extractor.names) <= set(look.features):
            return None
        row, ensemble = row_of(look, self.extractor), self.taste.ensemble
        likely = round(float(ensemble.probabilities(row[None])[0]), 4)
        favour, against = favour_and_against(ensemble, row)
        return TasteVerdict(self.name, likely, ensemble.threshold, favour, against)


def load_tastes(words: Iterable[str | Path]) -> tuple[NamedTaste, ...]:
    """Tastes by their names in the models folder, or their files; see `library.find`.

    Raises:
        AssetError: a file is no taste of this version.
        ConfigurationError: there is no such taste, two have the same name, or one has that of an
            attribute.
    """
    tastes: dict[str, NamedTaste] = {}
    for path in map(find, words):
        name = checked_name(printable(path.stem))
        if name in tastes:
            raise ConfigurationError(f"two tastes are named {name!r}: rename one of the files")
        tastes[name] = NamedTaste(name, Taste.load(path))
    return tuple(tastes.values())


def joint_extractor(tastes: Sequence[NamedTaste]) -> TasteExtractor | None:
    """What a look has to hold for all of them; None without any."""
    sets = [name for taste in tastes for name in taste.extractor.sets]
    return TasteExtractor(tuple(dict.fromkeys(sets))) if sets else None
