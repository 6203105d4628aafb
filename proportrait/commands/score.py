"""Judge portraits.

Prints for each picture a mark from 0 to 100 and good or bad for the six attributes, what speaks
against it, and what to do. "likely" is less sure, "perhaps" may as well be the other, and where
nobody could tell the reason is said. Of more than five pictures a table is printed. Exit code 1: a
file was no picture. With --strict, exit code 3: a picture lacks a verdict, or does not show exactly
one person; with --fail_under, its overall mark is lower or not known."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from proportrait.commandline import count, mark, printable
from proportrait.distributed.options import add_engine, uses_ray
from proportrait.errors import ConfigurationError
from proportrait.imaging import each_file
from proportrait.limits import PRESETS
from proportrait.score import PACKAGED, Score, Scorer
from proportrait.score.copies import Copies
from proportrait.score.order import ORDERS, ordered
from proportrait.score.output import FEW, FORMATS, Output
from proportrait.score.resume import name_in
from proportrait.score.spool import Spool
from proportrait.score.summary import Outcome, Summary
from proportrait.sheets import listing

EXAMPLES = """
proportrait score me.jpg                          # one photo, or several
proportrait score photos --report page.html       # a folder, and a page to sort, filter, and print
"""
_NEEDS_PICTURES = ("picture", "report", "explain", "fix", "copy_good")  # on this machine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait score`."""
    # fmt: off
    add = parser.add_argument
    add("paths", nargs="+", type=_path, metavar="PATH",
        help="pictures, or folders of them; with --engine ray also s3://..., parquet files, and "
             "tar shards of WebDataset")
    add("--format", choices=FORMATS,
        help="default: that of the suffix of --output; else cards of up to "
             f"{FEW} pictures with reasons and advice, and a table of more")
    add("--output", type=Path, metavar="FILE",
        help="write the results to a new file; jsonl and csv grow by a line a picture, a name "
             "without suffix is a folder that grows by parquet files")
    add("--resume", action="store_true",
        help="go on with --output, jsonl, csv, or a folder: what is there is not judged again")
    add("--sort", metavar="KEY",
        help=f"{', '.join(ORDERS[:2])}, an attribute, or the name of a --taste: the best first; "
             "results come at the end")
    add("--reverse", action="store_true", help="with --sort: the worst first")
    add("--limits", metavar="FILE",
        help=f"limits of your own (TOML), or {', '.join(PRESETS)}; see proportrait limits")
    add("--taste", action="append", default=[], metavar="NAME",
        help="also judge by a taste that `proportrait taste train` learnt, a name or a file, and "
             "tell what speaks for and against it; may be repeated; the overall mark stays that of "
             "the six")
    add("--fail_under", type=mark, metavar="X",
        help="exit code 3 if a picture has an overall mark under X, or none")
    add("--copy_good", type=Path, metavar="DIR",
        help="copy the pictures that are good in everything to DIR")
    add("--recursive", action="store_true", default=True,
        help="go down into subfolders (the default)")
    add("--no_recursive", action="store_false", dest="recursive", help="leave subfolders out")
    add("--picture", type=Path, metavar="FILE",
        help="draw the pictures with their verdicts (PNG), 60 a page: FILE, FILE-2, ...")
    add("--report", type=Path, metavar="FILE",
        help="write one HTML page: thumbnails, verdicts, reasons, where the faults lie, advice; to "
             "sort, filter, print")
    add("--no_where", action="store_false", dest="where",
        help="leave out of --report where the faults lie: it takes a quarter less time")
    add("--explain", type=Path, metavar="DIR",
        help="draw for each photo what in it spoke against each attribute that failed, beside the "
             "measured value and its range: DIR/NAME.png")
    add("--fix", type=Path, metavar="DIR",
        help="write the best crops of each photo there, NAME_1x1.jpg and NAME_4x5.jpg: straight, "
             "gently levelled, scored again, never worse; photos and files stay as they are")
    add("--strict", action="store_true",
        help="exit code 3 if a picture lacks a verdict or does not show exactly one person")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on
    add_engine(parser)


def execute(options: argparse.Namespace) -> int:
    """Print or write the verdicts; returns 0, 1 if a file is no picture, 3 by --strict or such."""
    from proportrait.distributed.engine import score as score_by_ray
    from proportrait.distributed.sources import find
    from proportrait.explanations.files import Explanations, explained_files
    from proportrait.fixes.files import fix_file
    from proportrait.fixes.write import prepare
    from proportrait.score import report
    from proportrait.score.sheet import check, draw

    is_ray = uses_ray(options)
    _settle(options)
    output = Output.of(options.format, options.output, options.resume)
    if options.resume and (options.sort or options.picture or options.report):
        raise ConfigurationError("--sort, --picture, and --report need every result: no --resume")
    if options.reverse and not options.sort:
        raise ConfigurationError("--reverse turns the order of --sort: add --sort overall")
    if options.picture:
        check(options.picture)
    if options.report:
        report.check(options.report)
    if options.fix:
        prepare(options.fix)
    explanations = None
    if options.explain:
        explanations = Explanations(options.explain, options.paths, options.recursive)
    note = partial(print, file=sys.stderr)
    source = None
    if is_ray:
        source = find(list(map(str, options.paths)), note, recursive=options.recursive)
        paths = source.files
    else:
        paths = list(map(str, each_file(options.paths, note, recursive=options.recursive)))
    scorer = Scorer(options.model, options.limits, options.taste)
    output = replace(output, tastes=tuple(taste.name for taste in scorer.tastes))
    if options.sort and options.sort not in (*ORDERS, *output.tastes):
        raise ConfigurationError(
            f"--sort by one of {', '.join((*ORDERS, *output.tastes))}, not {options.sort!r}"
        )
    six = Scorer(scorer.model, scorer.limits)  # crops ask no taste
    good = None
    if options.copy_good:
        good = Copies(options.copy_good, options.paths, options.recursive)
    summary = Summary(options.strict, options.fail_under)
    judged: Counter[str] = Counter()
    for outcome in output.earlier(scorer.judge):
        summary.add(outcome)
        judged[outcome.path] += 1
    rest = list(output.remaining(paths, judged))
    if options.resume and paths and not rest:
        note(f"{printable(options.output)} holds all {len(paths)} pictures already")
    kept = Spool()
    fixes: list[str] = []

    def results() -> Iterator[Score]:
        if source is not None:
            stream = score_by_ray(
                source.of_files(rest), scorer, options.workers, options.ray_address, judged,
                partial(name_in, output.format),
            )  # fmt: skip
        elif explanations or (options.report and options.where):
            parts = scorer, options.model, options.workers, explanations, tuple(options.taste)
            stream = explained_files(rest, *parts)
        else:
            stream = scorer.files(rest, options.workers)
        if not options.where:
            stream = (replace(score, heat={}) for score in stream)
        if options.report:
            stream = report.written(stream, options.report, len(rest))
        for score in _with_bar(stream, len(paths) or None, summary.pictures):
            score = replace(score, heat={})  # it is for the report alone
            summary.add(Outcome.of(score))
            if good:
                good.take(score)
            if options.picture:
                kept.append(score)
            if options.fix:
                saved = fix_file(score, options.fix, six)
                fixes.extend(saved.lines())
                score = replace(score, fix=tuple(saved.to_json()))
            yield score

    scores: Iterable[Score] = results()
    try:
        if options.sort:
            scores = ordered(scores, options.sort, options.reverse)
        output.write(scores, paths)
    except KeyboardInterrupt:
        if output.grows:
            note(f"{printable(options.output)} holds {summary.pictures} pictures: --resume goes on")
        raise
    text = output.path is None and output.format in (None, "cards", "table")
    for line in fixes:
        (print if text else note)(line)
    for line in summary.lines() if options.output or len(paths) > FEW else ():
        note(line)
    if good:
        note(f"good        {good.count} copied to {printable(good.folder)}")
    if explanations:
        note(f"explained   {explanations.count} in {printable(explanations.folder)}")
    if options.picture:
        with kept:
            note(f"picture     {listing(draw(kept, options.picture))}")
    if options.report:
        note(f"report      {printable(options.report)}")
    return summary.exit_code


def _path(text: str) -> Path | str:
    """A path, or a URI such as s3://bucket/photos, which is none."""
    return text if "://" in text else Path(text)


def _settle(options: argparse.Namespace) -> None:
    """Refuse what does not go with the engine.

    Raises:
        ConfigurationError: there is such an option.
    """
    if options.engine == "local":
        if uris := [path for path in options.paths if isinstance(path, str)]:
            raise ConfigurationError(f"{printable(uris[0])} lies in a store: add --engine ray")
        return
    if options.output is None:
        raise ConfigurationError("--engine ray writes no text: add --output scores, a folder")
    if names := [f"--{name}" for name in _NEEDS_PICTURES if getattr(options, name)]:
        raise ConfigurationError(
            f"{', '.join(names)} needs the pictures on this machine: leave out --engine ray"
        )


def _with_bar(scores: Iterable[Score], total: int | None, before: int) -> Iterator[Score]:
    """Scores with a bar of progress, rate, and remaining time; rarely renewed in a log file.

    Args:
        total: of all pictures; None where it is not known.
        before: pictures of an earlier run.
    """
    from tqdm import tqdm

    pause = 0.1 if sys.stderr.isatty() else 10.0
    yield from tqdm(scores, total=total, initial=before, unit="picture", desc="judging",
                    leave=False, disable=total is not None and total < 10,
                    mininterval=pause)  # fmt: skip
