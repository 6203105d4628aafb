"""Say of every label whether its picture confirms or contradicts it, or that nobody can tell.

Two judges look. The measures know what a headshot is and speak where they are sure. Where a set has
enough labels, a model that learns from all the others gives a second opinion of each; it judges
clothes too, which nothing measures. Neither looks at how a picture was made. --mode fix writes the
bits that pictures show, --mode quarantine sets contradicted pictures aside, --undo last puts
everything back. A run that is killed goes on where it stopped. The report stands in
INPUT/verification/RUN/, that of photos in verification/RUN/ of the current folder."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tqdm import tqdm

from proportrait.commandline import count, printable, some_of
from proportrait.disk import disk_errors, is_same_folder
from proportrait.distributed.options import add_engine, uses_ray
from proportrait.errors import ConfigurationError
from proportrait.generate import report
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.store import RecordStore
from proportrait.store.records import Change, SetAside
from proportrait.verification import repair
from proportrait.verification.findings import Findings, Lines, by_reason
from proportrait.verification.pictures import Pictures
from proportrait.verification.publish import publish
from proportrait.verification.run import Opinions, Run

EXAMPLES = """
proportrait verify --input output                 # tell, change nothing
proportrait verify --input output --mode fix      # write the bits that the pictures show
"""
MODES = {
    "report": "Nothing was changed.",
    "fix": "Labels were changed to what the pictures show.",
    "quarantine": "Contradicted pictures were set aside.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait verify`."""
    # fmt: off
    add = parser.add_argument
    add("-i", "--input", type=Path, default=Path("output"), metavar="DIR",
        help="folder with images/ and metadata/, or with photos and subfolders (default ./output)")
    add("-o", "--output", type=Path, metavar="DIR",
        help="folder of the reports (default: INPUT/verification; of photos, which nothing is "
             "written beside, ./verification)")
    add("--attributes", type=some_of(KEYS, "attribute"), default=KEYS, metavar="NAMES",
        help=f"all (the default), or some of {','.join(KEYS)}")
    add("--mode", choices=("report", "fix", "quarantine"), default="report",
        help="report: change nothing (the default). fix: write the bits that pictures show into "
             "file names, records, and ledger. quarantine: move contradicted pictures with their "
             "records to verification/RUN/")
    add("--dry_run", action="store_true", help="say what the mode would change, and change nothing")
    add("--workers", type=count, metavar="N",
        help="processes (default: one a core, as far as the memory reaches)")
    add_engine(parser)
    add("--no_model", dest="model", action="store_false",
        help="measures alone, without a model that learns from the labels")
    add("--undo", metavar="RUN",
        help="put back exactly what a run of fix or quarantine changed: its name, or last")
    # fmt: on


def settle(options: argparse.Namespace) -> None:
    """Refuse options that exclude each other.

    Raises:
        ConfigurationError: there are such.
    """
    if options.undo and (options.mode != "report" or options.dry_run):
        raise ConfigurationError("--undo goes with --input alone")


def execute(options: argparse.Namespace) -> int:
    """Verify a folder, or undo what a run changed.

    Returns:
        0, or 1 if something is wrong with a file.
    """
    from proportrait.distributed.engine import survey as survey_by_ray

    settle(options)
    is_ray = uses_ray(options)
    pictures = Pictures(options.input)
    if pictures.store is None and (options.mode != "report" or options.undo):
        raise ConfigurationError(
            f"{options.input} is a folder of photos without records: nothing is said of them that "
            f"could be changed; leave --mode and --undo out to see what they show"
        )
    if options.undo:
        return undo(options)
    if options.mode != "report" and not options.dry_run:
        with RecordStore(pictures.path):  # ends what a killed run has begun, before it is looked at
            pictures = Pictures(options.input)
    folder = _new_run(_report_place(options, pictures))
    with LookCache() as cache:
        run = Run(pictures, cache, options.attributes, options.model, options.workers)
        if is_ray:
            run.survey = partial(survey_by_ray, address=options.ray_address)
        run.look_at_all()
        opinions, no_model = run.second_opinions()
        changes = judge_all(run, opinions, options.mode, folder)
    findings = run.findings
    print(findings.table())  # before anything is changed: it may tell why not to
    outcome = change(options, pictures, changes, folder.name)
    names = dict(outcome.renamed)
    images = pictures.images
    if options.mode == "quarantine" and outcome.changed:
        images = options.input / repair.FOLDER / folder.name / "images"
    facts = {
        "run": folder.name,
        "input": printable(options.input),
        "mode": options.mode,
        "dry_run": options.dry_run,
        "mode_said": MODES["report" if options.dry_run else options.mode],
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "changed": outcome.changed,
        "refused": outcome.refused,
        "no_model": no_model,
    }
    reports = publish(folder, findings, lambda name: images / names.get(name, name), facts)
    if pictures.left_out:
        print(f"left out    {pictures.left_out}")
    for reason, keys in by_reason(no_model).items():
        print(f"no second opinion ({reason}): {', '.join(keys)}")
    _print_end(findings, outcome, options, len(changes), folder, reports)
    return 1 if findings.problems or outcome.refused else 0


def judge_all(run: Run, opinions: Opinions, mode: str, folder: Path) -> dict[str, Change]:
    """Write verdicts.csv; returns the changes of pictures that contradict their records."""
    path, changes = folder / "verdicts.csv", dict[str, Change]()
    with disk_errors(path), path.open("w", newline="", encoding="utf-8") as file:
        lines = Lines(file)
        for record, verdicts in run.verdicts(opinions):
            name = record.output_filename
            lines.add(name, verdicts)
            if mode == "quarantine":
                if any(verdict.word == "contradicted" for verdict in verdicts):
                    changes[name] = SetAside()
            elif (changed := repair.relabelled(record, verdicts, folder.name)) != record:
                changes[name] = changed
    return changes


def change(
    options: argparse.Namespace, pictures: Pictures, changes: dict[str, Change], run: str
) -> repair.Outcome:
    """Do to the folder what the mode asks for."""
    if options.mode == "report" or options.dry_run or not changes:
        return repair.Outcome()
    with RecordStore(pictures.path) as store, tqdm(unit="source", desc="writing") as bar:
        outcome = repair.apply(store, changes, run, bar.update)
        if outcome.changed:
            report.refresh(store)
    return outcome


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


def _print_end(
    findings: Findings,
    outcome: repair.Outcome,
    options: argparse.Namespace,
    changes: int,
    folder: Path,
    reports: list[Path],
) -> None:
    if options.mode != "report":
        word = "set aside"
        if options.mode == "fix":
            corrected = sum(words["contradicted"] for words in findings.words.values())
            word = (
                f"relabelled: {corrected} bits corrected, "
                f"{findings.newly_known.total()} that nobody claimed filled in"
            )
        if options.dry_run:
            print(f"\n{changes} pictures would be {word}")
        else:
            print(f"\n{outcome.changed} pictures {word}; --undo {folder.name} puts them back")
    for line in [*findings.problems[:10], *outcome.refused[:10]]:
        print(f"problem     {line}")
    if findings.unreadable > 10:
        print(f"            and {findings.unreadable - 10} more, in report.json")
    files = [*reports, folder / "verdicts.csv"]
    print("report      " + ", ".join(printable(path) for path in files))


def _report_place(options: argparse.Namespace, pictures: Pictures) -> Path:
    """Where reports lie: in the data set, but never in a folder of photos unless that is named.

    Raises:
        ConfigurationError: the current folder is that of the photos.
    """
    if options.output is not None:
        return Path(options.output)
    if pictures.store is not None:
        return Path(options.input / repair.FOLDER)
    here = Path.cwd()
    if any(is_same_folder(place, options.input) for place in (here, *here.parents)):
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
