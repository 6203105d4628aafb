"""`proportrait train | evaluate | score`: the stages that follow the data."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proportrait.commandline import count, exit_code, index, positive, printable, seed, some_of
from proportrait.disk import disk_errors
from proportrait.errors import ConfigurationError
from proportrait.imaging import is_data_set, list_pictures
from proportrait.labels import KEYS

if TYPE_CHECKING:
    from proportrait.train.metrics import Report

PACKAGED = "packaged"  # the name of the model that comes with the package

_TRAIN = """Stage 4: train a backbone with six heads on labelled pictures.

    proportrait train output                                  the best backbone on this machine
    proportrait train output --download                       Swin-Tiny, from the Hugging Face Hub
    proportrait train output --backbone resnet50 --download
    proportrait train output --lora 8 --backbone swin_tiny    adapt 1 % of it
    proportrait train output --learn_from photos              teach it your own photos
    proportrait train output --learn_from photos --start packaged --epochs 0     only the last step
    accelerate launch -m proportrait train output             several GPUs

A folder is one that synthetic_dataset_generator.py wrote, or has a labels.csv. Pictures of one
source are never on both sides of a split. The same command resumes a training that was interrupted.
It writes to --output: model.safetensors, history.csv, metrics.json, photos.csv, the ONNX and
OpenVINO models, a model card."""
_EVALUATE = """Evaluate a model against labels.

    proportrait evaluate photos                              the packaged model, your own labels
    proportrait evaluate output --model runs/a/model.safetensors

DIR is a folder that synthetic_dataset_generator.py wrote, or has a labels.csv with the columns
file,labels (six characters 0, 1, or ? for unknown). Brackets hold 95 % intervals of a bootstrap
by source."""
_SCORE = """Judge portraits.

    proportrait score me.jpg
    proportrait score photos/ --format json > scores.json
    proportrait score a.jpg b.jpg --picture verdicts.png

Prints good or bad and the probability of good for the six attributes of each picture, or - and the
reason where nobody could tell. Exit code 1: a file was no picture. With --strict, exit code 3: a
picture lacks a verdict, or does not show exactly one person."""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns 0, 1 if something failed, 2 for wrong options, 3 by --strict, 130 after Ctrl-C."""
    options = parser().parse_args(argv)
    work: Callable[[argparse.Namespace], int] = options.work
    try:
        return exit_code(lambda: work(options))
    except BrokenPipeError:  # of `| head`; the rest of the output is dropped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def train(options: argparse.Namespace) -> int:
    """`proportrait train`."""
    from proportrait.model.devices import leads
    from proportrait.train.evaluate import judge
    from proportrait.train.export import export
    from proportrait.train.run import MODEL, run
    from proportrait.train.settings import Settings

    settings = Settings(
        backbone=options.backbone, pretrained=options.pretrained, download=options.download,
        size=options.size, views=options.views, measures=options.measures,
        batch_size=options.batch_size, epochs=options.epochs, lr=options.lr,
        max_lr=options.max_lr, patience=options.patience, lora=options.lora,
        precision=options.precision, split=options.split, seed=options.seed,
    )  # fmt: skip
    rival = _scorer(options.compare).model if options.compare else None
    with disk_errors(options.output):
        headshot, final = run(
            options.folders, settings, options.output, learn_from=options.learn_from,
            start=_scorer(options.start).model if options.start else None,
            workers=options.workers, tensorboard=options.tensorboard,
        )  # fmt: skip
    if not leads():
        return 0
    part = headshot.about["judged_on"]
    caveat = ", which chose the epoch and the thresholds" if part == "validation" else ""
    print(f"\non the {part} pictures{caveat}, of people that were not learnt from:")
    print(final.report(options.seed).table())
    errors = headshot.about["calibration_error"]
    before = headshot.about["calibration_error_before"]
    print("calibration " + ", ".join(
        f"{key} {before[key]:.3f} -> {errors[key]:.3f}" for key in KEYS
        if errors[key] is not None and before[key] is not None
    ))  # fmt: skip
    if rival:
        print(f"\nthe same pictures by {options.compare}:")
        print(judge(rival, final.pictures).report(options.seed).table())
    with disk_errors(options.output):
        for line in export(headshot, options.output, final.pictures):
            print(line)
    print(f"model       {options.output / MODEL}")
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """`proportrait evaluate`."""
    from proportrait.train.data import Pictures
    from proportrait.train.evaluate import breakdown, judge, strangers

    scorer = _scorer(options.model)
    pictures = Pictures.from_folders(options.folders)
    others = strangers(scorer.model, pictures)
    if left_out := len(pictures) - len(others):
        print(
            f"left out {left_out} of {len(pictures)} pictures: of people whom the model "
            f"has learnt from or was chosen by", file=sys.stderr,
        )  # fmt: skip
    predictions = judge(scorer.model, others, options.workers)
    report, groups = (
        predictions.report(options.seed),
        breakdown(predictions, options.seed, options.groups),
    )
    if options.format == "json":
        data = report.to_json() | {
            "calibration_error": predictions.calibration_errors(),
            "groups": {name: part.to_json() for name, part in groups.items()},
        }
        print(json.dumps(data, indent=2))
        return 0
    print(report.table())
    for name, part in groups.items():
        print(
            f"{name:34s} {part.pictures:6d} pictures  overall {part.overall!s:22s} "
            f"exact {part.exact_match}"
        )
    if groups:
        _print_kept(groups)
    return 0


def _print_kept(groups: Mapping[str, Report]) -> None:
    """The share of the good bits of each group that are called good: for whom a model is worse."""
    print(f"\n{'good ones called good':35s}" + "".join(f"{key:>11s}" for key in KEYS))
    for name, part in groups.items():
        kept = (part.attributes[key].recall_good.value for key in KEYS)
        print(f"{name:35s}" + "".join(f"{value:11.2f}" for value in kept))


def score(options: argparse.Namespace) -> int:
    """`proportrait score`."""
    from tqdm import tqdm

    from proportrait.score.sheet import check, draw
    from proportrait.sheets import listing

    paths = _pictures(options.paths)
    if options.picture:
        check(options.picture)
    scorer = _scorer(options.model)
    scores = list(
        tqdm(scorer.files(paths, options.workers), total=len(paths), unit="picture", desc="judging",
             leave=False, disable=len(paths) < 10)
    )  # fmt: skip
    if options.format == "json":
        print(json.dumps([entry.to_json() for entry in scores], indent=2))
    else:
        print(f"{'picture':40s} " + " ".join(f"{key:>10s}" for key in KEYS))
        for entry in scores:
            verdicts = printable(entry.error or "") or " ".join(
                _cell(entry.verdicts[key], entry.probabilities[key]) for key in KEYS
            )
            name = printable(entry.path)
            name = name if len(name) <= 40 else f"…{name[-39:]}"
            print(f"{name:40s} {verdicts}" + (f"  ({entry.remark})" if entry.remark else ""))
    if options.picture:
        print(f"picture     {listing(draw(scores, options.picture))}", file=sys.stderr)
    if any(entry.error for entry in scores):
        return 1
    return 3 if options.strict and not all(entry.certain for entry in scores) else 0


def _cell(verdict: int | None, likely: float | None) -> str:
    """A verdict in the table, as wide as its column."""
    if verdict is None or likely is None:
        return f"{'-':>10s}"
    return f"{'good' if verdict else 'bad':>5s} {likely:4.2f}"


def _scorer(model: str) -> Any:
    from proportrait.score import Scorer

    return Scorer.packaged() if model == PACKAGED else Scorer.from_file(model)


def _pictures(paths: Sequence[Path]) -> list[Path]:
    """Files as they are named, and the pictures of folders, by name; tells what is left out."""
    files: list[Path] = []
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 - of any name, and without the right to look
            files.append(path)
            continue
        listing = list_pictures(path / "images" if is_data_set(path) else path)
        if not listing.paths:
            raise ConfigurationError(
                f"{printable(path)} holds no pictures that can be read{listing.note}"
            )
        if listing.left_out:
            print(f"left out: {listing.left_out}", file=sys.stderr)
        files += listing.paths
    return files


def parser() -> argparse.ArgumentParser:
    """The command line, with a subparser for each command."""
    from proportrait.model.views import TRAINED, VIEWS
    from proportrait.train.settings import SPLITS

    shape: Any = argparse.RawDescriptionHelpFormatter
    whole = argparse.ArgumentParser(prog="proportrait", description=__doc__)
    verbs = whole.add_subparsers(required=True, metavar="COMMAND")
    # fmt: off
    verb = verbs.add_parser("train", help="train a model on labelled pictures",
                            description=_TRAIN, formatter_class=shape)
    verb.set_defaults(work=train)
    add = verb.add_argument
    add("folders", nargs="+", type=Path, metavar="DIR", help="labelled pictures")
    add("-o", "--output", type=Path, default=Path("output/model"), metavar="DIR",
        help="of the model and its checkpoint (default ./output/model)")
    add("--learn_from", action="append", type=Path, default=[], metavar="DIR",
        help="photographs with a labels.csv, which teach the last step: from what the backbone "
             "sees and what is measured to verdicts; may be repeated")
    add("--start", metavar="FILE",
        help="train the backbone of this model on, with --epochs 0 only the last step; packaged "
             "names the model that comes with the package")
    add("--backbone", default="auto", metavar="NAME",
        help="a name of timm: swin_tiny, swin_base, vit_b_16, resnet50, efficientnet_lite0, ... "
             "(default auto: Swin-Tiny where its weights are here or --download is given, else "
             "efficientnet_lite0, whose weights a pip package carries)")
    add("--download", action="store_true",
        help="fetch ImageNet weights that are not here from the Hugging Face Hub")
    add("--no-pretrained", dest="pretrained", action="store_false",
        help="start from random weights")
    add("--lora", type=index, default=0, metavar="RANK",
        help="train low-rank adapters of that rank beside the backbone, not the backbone itself")
    add("--size", type=count, default=224, metavar="PX", help="side of the input (default 224)")
    add("--views", type=some_of(VIEWS, "view"), default=TRAINED, metavar="NAMES",
        help=f"what the backbone is trained with: some of {', '.join(VIEWS)}, or all (default "
             f"{','.join(TRAINED)}); the last step sees all")
    add("--no-measures", dest="measures", action="store_false",
        help="predict from the backbone alone, without what proportrait.measures measures")
    add("--epochs", type=index, default=10, metavar="N", help="largest number (default 10)")
    add("--batch_size", type=count, default=32, metavar="N",
        help="pictures a step and device (default 32)")
    add("--lr", type=positive, default=5e-5, metavar="X",
        help="learning rate at the start (default 5e-5)")
    add("--max_lr", type=positive, default=1e-4, metavar="X",
        help="highest learning rate, of OneCycleLR (default 1e-4); heads have 10 times that")
    add("--patience", type=count, default=3, metavar="N",
        help="epochs without a better validation loss before it ends (default 3)")
    add("--precision", choices=("auto", "bf16", "fp32"), default="auto",
        help="bf16 where the device computes with it (auto, the default)")
    add("--split", choices=tuple(SPLITS), default="three",
        help="three: 70/15/15 train, validation, test by source (the default). published: 80/20")
    add("--seed", type=seed, default=0, help="same seed, same weights on the CPU (default 0)")
    add("--workers", type=index, metavar="N",
        help="processes that read pictures (default: 8 beside a GPU, none on the CPU)")
    add("--compare", metavar="FILE",
        help="another model's figures on the same pictures; packaged names the one that comes "
             "with the package")
    add("--tensorboard", action="store_true", help="write a TensorBoard log too")

    verb = verbs.add_parser("evaluate", help="evaluate a model against labels",
                            description=_EVALUATE, formatter_class=shape)
    verb.set_defaults(work=evaluate)
    add = verb.add_argument
    add("folders", nargs="+", type=Path, metavar="DIR", help="labelled pictures")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--format", choices=("table", "json"), default="table")
    add("--groups", type=Path, metavar="FILE",
        help="a CSV with the columns file and, say, complexion: figures of each of its groups "
             "instead of estimated ones")
    add("--seed", type=seed, default=0, help="of the bootstrap (default 0)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")

    verb = verbs.add_parser("score", help="judge portraits", description=_SCORE,
                            formatter_class=shape)
    verb.set_defaults(work=score)
    add = verb.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="pictures, or folders of them")
    add("--format", choices=("table", "json"), default="table")
    add("--picture", type=Path, metavar="FILE",
        help="draw the pictures with their verdicts (PNG), 60 a page: FILE, FILE-2, ...")
    add("--strict", action="store_true",
        help="exit code 3 if a picture lacks a verdict or does not show exactly one person")
    add("--model", default=PACKAGED, metavar="FILE",
        help="a model.safetensors (default: the packaged one)")
    add("--workers", type=count, metavar="N", help="processes (default: one a core)")
    # fmt: on
    return whole


if __name__ == "__main__":
    sys.exit(main())
