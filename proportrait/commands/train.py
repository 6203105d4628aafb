"""Train a backbone with six heads on labelled pictures.

A folder is one that `proportrait generate` wrote, or has a labels.csv, or parquet shards (`generate
--export parquet`), of which a few row groups at a time are in memory. Pictures of one source are
never on both sides of a split. --learn_from teaches it your own photos, with --start packaged
--epochs 0 in minutes: only the last step. With --download the backbone is Swin-Tiny of the Hugging
Face Hub, else what is on this machine. The same command resumes a training that was interrupted.
Several GPUs: `accelerate launch --num_processes 2 -m proportrait train ...`, or torchrun, see
docs/training.md. It writes to --output: model.safetensors,
history.csv, metrics.json, photos.csv, the ONNX and OpenVINO models, a model card."""

from __future__ import annotations

import argparse
from pathlib import Path

from proportrait.commandline import count, index, positive, seed, some_of
from proportrait.disk import disk_errors
from proportrait.labels import KEYS
from proportrait.score import Scorer

EXAMPLES = """
proportrait train output                                           # what is on this machine
proportrait train output --learn_from photos --start packaged --epochs 0   # the last step
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `proportrait train`."""
    from proportrait.model.views import TRAINED, VIEWS
    from proportrait.train.settings import SPLITS

    # fmt: off
    add = parser.add_argument
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
    add("--no_pretrained", dest="pretrained", action="store_false",
        help="start from random weights")
    add("--lora", type=index, default=0, metavar="RANK",
        help="train low-rank adapters of that rank beside the backbone, not the backbone itself")
    add("--size", type=count, default=224, metavar="PX", help="side of the input (default 224)")
    add("--views", type=some_of(VIEWS, "view"), default=TRAINED, metavar="NAMES",
        help=f"what the backbone is trained with: some of {', '.join(VIEWS)}, or all (default "
             f"{','.join(TRAINED)}); the last step sees all")
    add("--no_measures", dest="measures", action="store_false",
        help="predict from the backbone alone, without what proportrait.measures measures")
    add("--epochs", type=index, default=10, metavar="N", help="largest number (default 10)")
    add("--batch_size", type=count, default=32, metavar="N",
        help="pictures a device computes at once (default 32)")
    add("--accumulate", type=count, default=1, metavar="N",
        help="batches of each device that make one step: for larger steps than memory allows "
             "(default 1)")
    add("--lr", type=positive, default=5e-5, metavar="X",
        help="learning rate at the start (default 5e-5)")
    add("--max_lr", type=positive, default=1e-4, metavar="X",
        help="highest learning rate, of OneCycleLR (default 1e-4); heads have 10 times that")
    add("--patience", type=count, default=3, metavar="N",
        help="epochs without a better validation loss before it ends (default 3)")
    add("--precision", choices=("auto", "bf16", "fp32"), default="auto",
        help="bf16 where the device computes with it (auto, the default)")
    add("--compile", dest="compiled", action="store_true",
        help="let torch.compile compile the backbone: minutes at the start, faster steps on a GPU")
    add("--split", choices=tuple(SPLITS), default="three",
        help="three: 70/15/15 train, validation, test by source (the default). published: 80/20")
    add("--seed", type=seed, default=0, help="same seed, same weights on the CPU (default 0)")
    add("--workers", type=index, metavar="N",
        help="processes that read pictures (default: 8 beside a GPU, none on the CPU)")
    add("--compare", metavar="FILE",
        help="another model's figures on the same pictures; packaged names the one that comes "
             "with the package")
    add("--tensorboard", action="store_true", help="write a TensorBoard log too")
    # fmt: on


def execute(options: argparse.Namespace) -> int:
    """Train, evaluate, and export a model; returns the exit code."""
    from proportrait.model.devices import leads
    from proportrait.train.checkpoint import CHECKPOINT
    from proportrait.train.evaluate import judge
    from proportrait.train.export import export
    from proportrait.train.run import MODEL, run
    from proportrait.train.settings import Settings

    settings = Settings(
        backbone=options.backbone, pretrained=options.pretrained, download=options.download,
        size=options.size, views=options.views, measures=options.measures,
        batch_size=options.batch_size, epochs=options.epochs, lr=options.lr,
        max_lr=options.max_lr, patience=options.patience, lora=options.lora,
        precision=options.precision, compiled=options.compiled, accumulate=options.accumulate,
        split=options.split, seed=options.seed,
    )  # fmt: skip
    rival = Scorer(options.compare).model if options.compare else None
    with disk_errors(options.output):
        headshot, final = run(
            options.folders, settings, options.output, learn_from=options.learn_from,
            start=Scorer(options.start).model if options.start else None,
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
    if (checkpoint := options.output / CHECKPOINT).is_file():
        megabytes = checkpoint.stat().st_size / 1e6
        print(f"checkpoint  {checkpoint} ({megabytes:.0f} MB): the same command goes on by it; the "
              f"model does not need it, so it may be deleted")  # fmt: skip
    return 0
