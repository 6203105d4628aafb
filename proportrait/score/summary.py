"""What a run says at its end: how many pictures, which were unreadable, and its exit code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from proportrait.commandline import printable
from proportrait.score.verdicts import Score

_NAMED = 20  # unreadable pictures that are named


class Outcome(NamedTuple):
    """What counts of one picture, fresh or from a line of an earlier run."""

    path: str
    error: str | None
    overall: int | None
    certain: bool
    judge: str = ""

    @classmethod
    def of(cls, score: Score) -> Outcome:
        """The outcome of a score."""
        certain = score.error is None and score.certain
        return cls(score.path, score.error, score.overall, certain, score.judge)


@dataclass
class Summary:
    """Counts of the outcomes, as they come; its size does not grow with them.

    Attributes:
        strict: whether a picture without all verdicts, or not of one person, fails the run.
        least: overall mark under which a picture fails the run, or without which; None for no such.
    """

    strict: bool = False
    least: float | None = None
    pictures: int = 0
    errors: int = 0
    failures: int = 0
    unreadable: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count a picture."""
        self.pictures += 1
        if outcome.error is not None:
            self.errors += 1
            if len(self.unreadable) < _NAMED:
                self.unreadable.append(f"{printable(outcome.path)}: {printable(outcome.error)}")
            return
        low = self.least is not None and (outcome.overall is None or outcome.overall < self.least)
        self.failures += low or (self.strict and not outcome.certain)

    @property
    def exit_code(self) -> int:
        """1 if a file was no picture, 3 if one failed by --strict or --fail_under, else 0."""
        return 1 if self.errors else 3 if self.failures else 0

    def lines(self) -> Iterator[str]:
        """The pictures that could not be read, by name as far as they are few."""
        if not self.errors:
            return
        yield f"unreadable  {self.errors} of {self.pictures} pictures:"
        yield from (f"  {line}" for line in self.unreadable)
        if more := self.errors - len(self.unreadable):
            yield f"  ... and {more} more"
