"""Learn your taste from pictures that you sorted into two folders, and sift others by it.

label asks you on a web page, learns meanwhile, and sifts the folder. train learns from a folder of
positive and one of negative pictures: twenty of each are a start. predict gives every picture of a
folder the probability that you would call it positive, and copies those that you would. evaluate
tells how well this works for your folders, and how many labels it takes. Pictures are never moved,
changed, or deleted; features are computed once and kept in the cache of the package.
`proportrait taste train --help` explains an action."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proportrait.advice.numbers import kept_apart
from proportrait.commandline import count, printable, some_of
from proportrait.commands.taste import label
from proportrait.disk import disk_errors, replacing
from proportrait.errors import ConfigurationError
from proportrait.taste.networks import NETWORKS

if TYPE_CHECKING:
    from proportrait.taste import Evaluation, Judgement, Taste

EXAMPLES = """
proportrait taste label --folder photos --task composition                 # label on a page
proportrait taste evaluate --positive_folder keep --negative_folder drop   # how well it is learnt
"""
_SETS = "how many of the feature sets of docs/taste.md; more take longer (default 4)"
_SHOWN = 20  # failures that are listed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait taste`."""
    # fmt: off
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION",
                                    help="label, train, predict, or evaluate")
    label.add_arguments(
        _action(actions, "label", "label pictures on a web page", label.DESCRIPTION)
    )
    train = _action(actions, "train", "learn from two folders and write a model",
                    "The model is DIR/NAME.safetensors; one of that name is replaced.")
    _add_folders(train)
    train.add_argument("--models_folder", type=Path, metavar="DIR",
                       help="where the model goes; made where it is not there (default: tastes/ in "
                            "your data directory, where its name is enough to find it)")
    train.add_argument("--model_name", required=True, metavar="NAME",
                       help="of the model; not that of one of the six attributes")

    predict = _action(actions, "predict", "judge the pictures of a folder",
                      "Prints of every picture the probability that you would call it positive,\n"
                      "or writes --csv. Exit code 1: a file could not be read as a picture.")
    add = predict.add_argument
    add("--test_folder", "--folder", type=Path, required=True, metavar="DIR", help="of pictures")
    add("--model_path", required=True, metavar="FILE", help="that train wrote, or its name")
    add("--positive_threshold", "--threshold", type=_probability, metavar="P",
        help="probability from which on a picture is positive (default: learnt from your labels)")
    add("--csv", type=Path, metavar="FILE", help="write the results to a new file")
    add("--copy_to", type=Path, metavar="DIR", help="copy positive pictures there")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")

    evaluate = _action(actions, "evaluate", "tell how well a taste is learnt, by cross-validation",
                       "Accuracy and AUC are of pictures that were not learnt from. The curve:\n"
                       "accuracy by number of labels, chosen actively or by chance.")
    _add_folders(evaluate)
    evaluate.add_argument("--format", choices=("table", "json"), default="table")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Do an action; returns the exit code."""
    work = {
        "label": label.execute, "train": _train, "predict": _predict, "evaluate": _evaluate,
    }  # fmt: skip
    return work[options.action](options)


def _action(actions: Any, name: str, summary: str, more: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.\n\n{more}"
    )
    return parser


def _add_folders(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--positive_folder", type=Path, required=True, metavar="DIR", help="pictures you like")
    add("--negative_folder", type=Path, required=True, metavar="DIR", help="pictures you do not")
    add("--num_features_sets", "--num_feature_sets", dest="sets", type=int, choices=(1, 2, 4, 7),
        default=4, help=_SETS)  # fmt: skip
    add("--networks", type=some_of(tuple(NETWORKS), "network"), default=(), metavar="NAME,...",
        help=f"further feature sets, of large networks whose weights are in the local cache of the "
             f"Hugging Face Hub: {', '.join(NETWORKS)}")  # fmt: skip
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if 0 <= value <= 1:
        return value
    raise argparse.ArgumentTypeError(f"a probability from 0 to 1 is expected, not {text!r}")


def _train(options: argparse.Namespace) -> int:
    from proportrait.taste import Taste
    from proportrait.taste.features import set_names
    from proportrait.taste.taste import labelled
    from proportrait.taste.verdict.library import SUFFIX, checked_name, models_folder

    name = checked_name(options.model_name.removesuffix(SUFFIX))
    path = (options.models_folder or models_folder()) / f"{name}{SUFFIX}"
    sets = (*set_names(options.sets), *options.networks)
    features, labels = labelled(
        options.positive_folder, options.negative_folder, sets, options.workers, _with_bar
    )
    taste = Taste.learn(features, labels, sets)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        taste.save(path)
    _list_failures(features.failures)
    print(f"labels      {sum(labels)} positive, {len(labels) - sum(labels)} negative")
    for line in _operating_point(taste):
        print(line)
    word = printable(path if options.models_folder else name)
    print(f"model       {printable(path)}: proportrait taste predict --test_folder DIR "
          f"--model_path {word}, or proportrait score DIR --taste {word}")  # fmt: skip
    return 0


def _operating_point(taste: Taste) -> Iterator[str]:
    ensemble = taste.ensemble
    if ensemble.precision != ensemble.precision:  # NaN
        yield "threshold   0.50, not validated: that takes two different pictures in each folder"
        return
    yield (
        f"threshold   {ensemble.threshold:.2f}: of the pictures it calls positive "
        f"{ensemble.precision:.0%} are (precision), and of the positive ones it finds "
        f"{ensemble.recall:.0%} (recall); cross-validated"
    )
    if len(ensemble.labels) < _SHOWN:
        yield "            few labels: these figures may be far off"


def _predict(options: argparse.Namespace) -> int:
    from proportrait.score.copies import Copies
    from proportrait.taste import Taste
    from proportrait.taste.verdict.library import find

    taste = Taste.load(find(options.model_path))
    threshold = options.positive_threshold
    threshold = taste.ensemble.threshold if threshold is None else threshold
    if options.csv and os.path.lexists(options.csv):
        raise ConfigurationError(f"{printable(options.csv)} is there already: name another file")
    copies = Copies(options.copy_to, [options.test_folder]) if options.copy_to else None
    failures: dict[Path, str] = {}
    positive = total = 0

    def results() -> Iterator[Judgement]:
        nonlocal positive, total
        for entry in taste.predict(options.test_folder, options.workers, _with_bar):
            total += 1
            if entry.probability is None:
                failures[entry.path] = entry.error
            elif entry.probability >= threshold:
                positive += 1
                if copies:
                    copies.copy(entry.path)
            yield entry

    if options.csv:
        _write(results(), options.csv, threshold)
    else:
        for entry in results():
            if entry.probability is not None:
                verdict = "positive" if entry.probability >= threshold else "negative"
                likely = kept_apart(
                    entry.probability, threshold, float(f"{threshold:.4g}"), decimals=3
                )
                number = max(f"{likely:.3f}", f"{likely:.15g}", key=len)
                print(f"{number}  {verdict}  {printable(entry.path)}")
    _list_failures(failures)
    print(f"positive    {positive} of {total}: a probability of {threshold:.4g} or more",
          file=sys.stderr)  # fmt: skip
    if copies:
        print(f"copied      {copies.count} to {printable(copies.folder)}", file=sys.stderr)
    return 1 if failures else 0


def _write(entries: Iterable[Judgement], path: Path, threshold: float) -> None:
    """A CSV in one step, line by line: file,probability,positive,error."""
    with disk_errors(path), replacing(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        table = csv.writer(text)
        table.writerow(("file", "probability", "positive", "error"))
        for entry in entries:
            likely = entry.probability
            cells = ("", "") if likely is None else (likely, int(likely >= threshold))
            table.writerow((printable(entry.path), *cells, entry.error))
        text.detach()


def _evaluate(options: argparse.Namespace) -> int:
    from proportrait.taste import evaluate
    from proportrait.taste.features import set_names
    from proportrait.taste.taste import labelled

    sets = (*set_names(options.sets), *options.networks)
    features, labels = labelled(
        options.positive_folder, options.negative_folder, sets, options.workers, _with_bar
    )
    _list_failures(features.failures)
    print("fitting     to parts of the pictures, and judging the others", file=sys.stderr)
    figures = evaluate(features.values, labels, names=features.names)
    if options.format == "json":
        print(json.dumps(figures.to_json()))
        return 0
    for line in _table(figures):
        print(line)
    return 0


def _table(figures: Evaluation) -> Iterator[str]:
    yield f"accuracy    {figures.accuracy:.3f}  of pictures that were not learnt from"
    yield f"AUC         {figures.auc:.3f}"
    yield f"threshold   {figures.threshold:.2f}  probability from which on a picture is positive"
    if figures.curve:
        yield "\naccuracy by number of labels, of pictures chosen as the page does, and by chance"
        yield f"{'labels':>8s}{'as the page':>14s}{'by chance':>12s}"
    for row in figures.curve:
        yield f"{row['labels']:8.0f}{row['active']:14.3f}{row['random']:12.3f}"


def _list_failures(failures: dict[Path, str]) -> None:
    for path in list(failures)[:_SHOWN]:
        print(f"skipped     {printable(path)}: {failures[path]}", file=sys.stderr)
    if len(failures) > _SHOWN:
        print(f"skipped     {len(failures) - _SHOWN} more", file=sys.stderr)


def _with_bar(entries: Iterable[Any], total: int) -> Iterator[Any]:
    """Entries with a bar of progress, rate, and remaining time; rarely renewed in a log file."""
    from tqdm import tqdm

    pause = 0.1 if sys.stderr.isatty() else 10.0
    yield from tqdm(entries, total=total, unit="picture", desc="looking", leave=False,
                    disable=total < 10, mininterval=pause)  # fmt: skip
