"""A run of stage two: record -> look at the picture -> verdict on every bit -> changed record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from proportrait.commandline import printable
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import FEATURES, Look, Wants
from proportrait.looks.survey import survey
from proportrait.store.records import Record
from proportrait.verification.findings import Findings
from proportrait.verification.judge import Verdict, judge
from proportrait.verification.pictures import Pictures

Opinions = Mapping[str, Mapping[str, float]]  # picture -> attribute -> probability of a 1


@dataclass
class Run:
    """One verification.

    Attributes:
        pictures: what is looked at.
        cache: of the looks.
        keys: attributes that are judged.
        model: whether a model that learns from the other labels gives a second opinion.
        workers: processes that look; None for as many as cores and memory allow.
        quiet: whether no progress is shown.
        survey: takes the looks, as `looks.survey.survey` does.
        errors: why a picture could not be looked at.
        findings: the counts so far.
    """

    pictures: Pictures
    cache: LookCache
    keys: tuple[str, ...] = KEYS
    model: bool = True
    workers: int | None = None
    quiet: bool = False
    survey: Callable[..., Generator[tuple[Path, Look], None, None]] = survey
    errors: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.findings = Findings(self.keys)

    def look_at_all(self) -> None:
        """Look at every picture that has no look yet, spread over worker processes."""
        files = (self.pictures.images / record.output_filename for record in self.pictures)
        wants = Wants(features=tuple(FEATURES) if self.model else ())
        with (
            tqdm(unit="picture", smoothing=0.05, desc="looking", **self._bar()) as progress,
            contextlib.closing(
                self.survey(files, wants, self.cache, self.workers, len(self.pictures))
            ) as looks,
        ):
            for file, look in looks:
                progress.update()
                if look.error:
                    self.errors[file] = look.error

    def _bar(self) -> dict[str, int | bool]:
        return {"total": len(self.pictures), "disable": self.quiet}

    def second_opinions(self) -> tuple[Opinions, Mapping[str, str]]:
        """The model's probabilities by picture and attribute, and where it has none, why."""
        if not self.model:
            return {}, {}
        from proportrait.verification.suspects import by_picture, gather, opinions

        names, rows = gather(self.pictures, self.pictures.images, self.cache)
        likely, reasons = opinions(rows, self.keys, workers=self.workers, quiet=self.quiet)
        return by_picture(names, likely), reasons

    def verdicts(self, opinions: Opinions) -> Iterator[tuple[Record, list[Verdict]]]:
        """Yield every record with its verdicts, one an attribute, and count them."""
        findings = self.findings
        for record in tqdm(self.pictures, desc="judging", **self._bar()):
            name = record.output_filename
            file = self.pictures.images / name
            look = self.cache.get(file)
            if look is None or look.error:
                findings.problem(f"{printable(name)}: {self.errors.get(file, 'it is gone')}")
                continue
            verdicts = judge(record.labels, record.known, look, opinions.get(name, {}), self.keys)
            findings.add(record, verdicts, look.size)
            yield record, verdicts
        for line in self.pictures.problems:
            findings.problem(line)
        usual = findings.sizes.most_common(1)
        for size, count in findings.sizes.items():
            if size != usual[0][0] and self.pictures.store is not None:
                findings.problem(f"{count} pictures are {size} px, unlike most ({usual[0][0]})")
