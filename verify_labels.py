#!/usr/bin/env python3
"""Stage 2: record -> look at the picture -> verdict on every bit -> verified record.

Says of every label whether the picture confirms or contradicts it, or that nobody can tell:

    python verify_labels.py --input output                      tell, change nothing
    python verify_labels.py --input output --mode fix           write the bits that pictures show
    python verify_labels.py --input output --mode quarantine    set contradicted pictures aside
    python verify_labels.py --input output --undo last          put everything back

Two judges look. The measures know what a headshot is and speak where they are sure. Where a set has
enough labels, a model that learns from all the others gives a second opinion of each; it judges
clothes too, which nothing measures. Neither looks at how a picture was made. A run that is killed
goes on where it stopped. The report stands in INPUT/verification/RUN/, that of photos in
verification/RUN/ of the current folder.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tqdm import tqdm

from proportrait.commandline import exit_code, printable
from proportrait.disk import disk_errors
from proportrait.errors import ConfigurationError
from proportrait.generate import report
from proportrait.looks.cache import LookCache
from proportrait.looks.look import FEATURES, Wants
from proportrait.looks.survey import survey
from proportrait.store import RecordStore
from proportrait.store.records import Change, SetAside
from proportrait.verification import repair
from proportrait.verification.arguments import parse
from proportrait.verification.findings import Findings, Lines
from proportrait.verification.judge import judge
from proportrait.verification.pictures import Pictures
from proportrait.verification.publish import publish

MODES = {
    "report": "Nothing was changed.",
    "fix": "Labels were changed to what the pictures show.",
    "quarantine": "Contradicted pictures were set aside.",
}


@dataclass
class Run:
    """One verification: what is looked at, and where it is written down."""

    options: argparse.Namespace
    pictures: Pictures
    folder: Path
    cache: LookCache
    errors: dict[Path, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.name

    def look_at_all(self) -> None:
        """Every picture that was not looked at yet, spread over worker processes."""
        files = (self.pictures.images / record.output_filename for record in self.pictures)
        wants = Wants(features=tuple(FEATURES) if self.options.model else ())
        bar = partial(tqdm, unit="picture", smoothing=0.05, desc="looking")
        with (
            bar(total=len(self.pictures)) as progress,
            contextlib.closing(
                survey(files, wants, self.cache, self.options.workers, len(self.pictures))
            ) as looks,
        ):
            for file, look in looks:
                progress.update()
                if look.error:
                    self.errors[file] = look.error

    def second_opinions(self) -> tuple[dict[str, dict[str, float]], Mapping[str, str]]:
        """The model's probabilities by picture and attribute, and where it has none, why."""
        if not self.options.model:
            return {}, {}
        from proportrait.verification.suspects import by_picture, gather, opinions

        names, rows = gather(self.pictures, self.pictures.images, self.cache)
        likely, reasons = opinions(rows, self.options.attributes)
        return by_picture(names, likely), reasons

    def judge_all(
        self, opinions: dict[str, dict[str, float]]
    ) -> tuple[Findings, dict[str, Change]]:
        """The counts, and the changes of pictures that do not show what their records claim."""
        keys = self.options.attributes
        findings, fresh = Findings(keys), dict[str, Change]()
        path = self.folder / "verdicts.csv"
        with disk_errors(path), path.open("w", newline="", encoding="utf-8") as file:
            lines = Lines(file)
            for record in tqdm(self.pictures, total=len(self.pictures), desc="judging"):
                name = record.output_filename
                file = self.pictures.images / name
                look = self.cache.get(file)
                if look is None or look.error:
                    reason = self.errors.get(file, "it is gone")
                    findings.problem(f"{printable(name)}: {reason}")
                    continue
                verdicts = judge(record.labels, record.known, look, opinions.get(name, {}), keys)
                findings.add(record, verdicts, look.size)
                lines.add(name, verdicts)
                if self.options.mode == "quarantine":
                    if any(verdict.word == "contradicted" for verdict in verdicts):
                        fresh[name] = SetAside()
                elif (changed := repair.relabelled(record, verdicts, self.name)) != record:
                    fresh[name] = changed
        for line in self.pictures.problems:
            findings.problem(line)
        usual = findings.sizes.most_common(1)
        for size, count in findings.sizes.items():
            if size != usual[0][0] and self.pictures.store is not None:
                findings.problem(f"{count} pictures are {size} px, unlike most ({usual[0][0]})")
        return findings, fresh

    def repair(self, fresh: dict[str, Change]) -> repair.Outcome:
        """Do to the folder what the mode asks for."""
        if self.options.mode == "report" or self.options.dry_run or not fresh:
            return repair.Outcome()
        with RecordStore(self.pictures.path) as store, tqdm(unit="source", desc="writing") as bar:
            outcome = repair.apply(store, fresh, self.name, bar.update)
            if outcome.changed:
                report.refresh(store)
        return outcome


def execute(options: argparse.Namespace) -> int:
    """Verify a folder, or undo what a run changed; returns the exit code."""
    pictures = Pictures(options.input)
    if pictures.store is None and (options.mode != "report" or options.undo):
        raise ConfigurationError(
            f"{options.input} is a folder of photos without records: nothing is said of them that "
            f"could be changed; leave --mode and --undo out to see what they show"
        )
    if options.undo:
        return undo(options)
    folder = _new_run(_report_place(options, pictures))
    with LookCache() as cache:
        run = Run(options, pictures, folder, cache)
        run.look_at_all()
        opinions, no_model = run.second_opinions()
        findings, fresh = run.judge_all(opinions)
        outcome = run.repair(fresh)
    names = dict(outcome.renamed)
    shown_in = pictures.images
    if options.mode == "quarantine" and outcome.changed:
        shown_in = options.input / repair.FOLDER / folder.name / "images"
    said = MODES["report" if options.dry_run else options.mode]
    told = {
        "run": folder.name,
        "input": printable(options.input),
        "mode": options.mode,
        "dry_run": options.dry_run,
        "mode_said": said,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "changed": outcome.changed,
        "refused": outcome.refused,
        "no_model": no_model,
    }
    made = publish(folder, findings, lambda name: shown_in / names.get(name, name), told)
    print(findings.table())
    if pictures.left_out:
        print(f"left out    {pictures.left_out}")
    for reason in dict.fromkeys(no_model.values()):
        named = ", ".join(key for key, why in no_model.items() if why == reason)
        print(f"no second opinion ({reason}): {named}")
    _tell(findings, outcome, options, len(fresh), folder, made)
    return 1 if findings.problems or outcome.refused else 0


def undo(options: argparse.Namespace) -> int:
    """Put back what a run changed."""
    store = RecordStore(options.input)
    name = repair.last_run(store) if options.undo == "last" else options.undo
    repair.changes_of(store, name)  # an error is raised before anything is written
    with store, tqdm(unit="source", desc="undoing") as bar:
        outcome = repair.undo(store, name, bar.update)
        if outcome.changed:
            report.refresh(store)
    print(f"{outcome.changed} pictures are as they were before the run {name}")
    for line in outcome.refused:
        print(f"left as it is: {line}")
    return 1 if outcome.refused else 0


def _tell(
    findings: Findings,
    outcome: repair.Outcome,
    options: argparse.Namespace,
    found: int,
    folder: Path,
    made: list[Path],
) -> None:
    if options.mode != "report":
        word = "set aside" if options.mode == "quarantine" else "relabelled"
        if options.dry_run:
            print(f"\n{found} pictures would be {word}")
        else:
            print(f"\n{outcome.changed} pictures {word}; --undo {folder.name} puts them back")
    for line in [*findings.problems[:10], *outcome.refused[:10]]:
        print(f"problem     {line}")
    if findings.unreadable > 10:
        print(f"            and {findings.unreadable - 10} more, in report.json")
    print("report      " + ", ".join(printable(path) for path in [*made, folder / "verdicts.csv"]))


def _report_place(options: argparse.Namespace, pictures: Pictures) -> Path:
    """Where reports lie: in the data set, but never in a folder of photos unless that is named.

    Raises:
        ConfigurationError: the current folder is that of the photos.
    """
    if options.output is not None:
        return Path(options.output)
    if pictures.store is not None:
        return Path(options.input / repair.FOLDER)
    if Path.cwd().is_relative_to(Path(options.input).resolve()):
        raise ConfigurationError(
            "the report would lie among your photos: name another folder with --output"
        )
    return Path(repair.FOLDER)


def _new_run(folder: Path) -> Path:
    """A new folder, named by the time."""
    stem = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        path = folder / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be made ({error.strerror}): name another folder with --output"
            ) from error
        else:
            return path


def main(argv: list[str] | None = None) -> int:
    """Returns 0, or 1 if something was wrong with a file, 2 for wrong options, 130 after Ctrl-C."""
    return exit_code(lambda: execute(parse(argv, __doc__)))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
