"""One training from folders to a model file: split, fit, calibrate, judge, write down."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from proportrait import __version__
from proportrait.arrays import Float
from proportrait.disk import replace_file
from proportrait.generate.sources.built_in import SOURCE
from proportrait.model import backbone
from proportrait.model.calibration import Calibration
from proportrait.model.devices import by_main, make_accelerator
from proportrait.model.network import HeadshotModel
from proportrait.model.saved import Headshot, save
from proportrait.model.views import Preprocessing
from proportrait.train.batches import Batches, collect, collect_boxes
from proportrait.train.card import PHOTOS, list_photos
from proportrait.train.data import Pictures, Split, source_hashes
from proportrait.train.evaluate import Predictions, judge
from proportrait.train.fuse import fuse
from proportrait.train.loop import build, fit
from proportrait.train.settings import Settings
from proportrait.train.shards.index import read_split
from proportrait.train.shards.pictures import by_shard, row_groups, unpacked

MODEL = "model.safetensors"
UNPACKED = "unpacked"  # folder of the pictures of shards that are looked at as a whole
BOXES = "boxes-{}.npy"  # of the pictures of shards
# Weight of all made pictures / that of the photographs: chosen among about 0.2, 0.5, and 1 by
# photographs of other sites and by made pictures of other people; with 1 the former lose, with 0.2
# the latter.
MADE = 0.5


def run(
    folders: Sequence[Path],
    settings: Settings,
    output: Path,
    *,
    learn_from: Sequence[Path] = (),
    start: Headshot | None = None,
    workers: int | None = None,
    tensorboard: bool = False,
) -> tuple[Headshot, Predictions]:
    """Train on folders, and write the model, its history, and its figures to `output`.

    The backbone learns from the training pictures. The last step, from features and measures to
    verdicts, is fitted to pictures that the backbone has not learnt from: those of the validation,
    and photographs.

    Of several processes, those of `accelerate launch` or torchrun, one prints, writes, and does all
    that is not the training of the backbone; the others wait for it.

    Args:
        folders: that are split by source.
        learn_from: photographs with a labels.csv, which teach the last step.
        start: the model whose backbone is trained on; with no epoch it stays as it is.

    Returns:
        The model, and what it says of the test pictures (of the validation pictures where the
        split has no test).
    """
    accelerator = make_accelerator(settings.precision, settings.compiled)
    choice = _choice(settings, start)
    accelerator.print(f"backbone    {choice.summary}")
    # The same training, wherever the weights came from.
    settings = replace(settings, backbone=choice.name, download=False)
    if start:
        settings = replace(settings, **_input(start))
    parts = read_split(folders, settings.split, settings.seed)
    photos = parts.others(learn_from)
    photo_list = list_photos(learn_from)
    accelerator.print(f"pictures    {_counts(parts, photos)}")
    for line in parts.warnings():
        accelerator.print(f"warning: {line}", file=sys.stderr)
    precision = accelerator.mixed_precision.replace("no", "fp32")
    accelerator.print(f"device      {accelerator.device}, {precision}", flush=True)

    model = start.network if start else build(settings, choice)
    history: list[dict[str, float]] = []
    if settings.epochs:
        train, validation = (
            Batches(
                part,
                by_main(accelerator, partial(_boxes, part, output, workers)),
                trained_views(model),
                settings.seed,
            )
            for part in (parts.train, parts.validation)
        )
        trained = fit(
            model, train, validation, settings, output, workers=workers, tensorboard=tensorboard,
            accelerator=accelerator,
        )  # fmt: skip
        model, history = trained.network, trained.history

    def finish() -> tuple[Headshot, Predictions, Predictions]:
        taught = Headshot.from_network(model)
        own = parts.validation if settings.epochs else parts.train + parts.validation
        own, test = (unpacked(part, output / UNPACKED) for part in (own, parts.test))
        headshot, known = _last_step(taught, own, photos, settings, workers)
        return headshot, known, judge(headshot, test, workers) if len(test) else known

    headshot, known, final = by_main(accelerator, finish)
    before = Predictions.from_logits(final.pictures, final.logits, Calibration())
    about = {
        "settings": asdict(settings),
        "backbone": choice.name,
        "weights": choice.weights,
        "version": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": _data(parts, photos, start),
        "judged_on": "test" if len(parts.test) else "validation",
        "figures": final.report().to_json(),
        "sure": known.sure_shares(headshot.calibration),
        "calibration_error_before": before.calibration_errors(),
        "calibration_error": final.calibration_errors(),
        "history": [_finite(row) for row in history],
    }
    headshot = replace(headshot, about=about)
    if accelerator.is_main_process:
        output.mkdir(parents=True, exist_ok=True)
        save(headshot, output / MODEL)
        figures = json.dumps(about, indent=2, allow_nan=False) + "\n"
        replace_file(output / "metrics.json", figures.encode())
        if learn_from:
            replace_file(output / PHOTOS, photo_list.encode())
    return headshot, final


def _finite(row: Mapping[str, float]) -> dict[str, float | None]:
    """The row of an epoch for JSON, which has no NaN."""
    return {name: value if math.isfinite(value) else None for name, value in row.items()}


def _choice(settings: Settings, start: Headshot | None) -> backbone.Choice:
    """The backbone and the origin of its weights."""
    if start is None:
        return backbone.choose(settings.backbone, settings.pretrained, settings.download)
    name = start.architecture.backbone
    weights = str(start.about.get("weights", "none"))
    return backbone.Choice(name, weights, f"{name} of an earlier training")


def _input(start: Headshot) -> dict[str, Any]:
    """The settings of its input, which a training that goes on keeps."""
    architecture = start.architecture
    return {
        "size": architecture.preprocessing.size,
        "views": architecture.trained,
        "measures": bool(architecture.measures),
    }


def _last_step(
    model: Headshot, own: Pictures, photos: Pictures, settings: Settings, workers: int | None
) -> tuple[Headshot, Predictions]:
    """Fit fusion and calibration; returns the model, and predictions out of fold.

    The limits are those of the photographs where there are some: a person brings a photograph.

    Args:
        own: pictures of the data set that the backbone has not learnt from.
    """
    pictures = own + photos
    made = np.arange(len(pictures)) < len(own)
    weights = np.where(made, MADE * len(photos) / made.sum() if len(photos) else 1.0, 1.0)
    evidence, directions = collect(model, pictures, weights, workers)
    names, views = model.architecture.measures, model.feature_views
    fusion, logits = fuse(evidence, names, directions, settings.seed, views)
    judged = ~made if len(photos) else made
    calibration = Calibration.fit(logits[judged], pictures.labels[judged], pictures.known[judged])
    model = replace(model, fusion=fusion, calibration=calibration)
    return model, Predictions.from_logits(pictures[judged], logits[judged], calibration)


def _counts(parts: Split, photos: Pictures) -> str:
    named = [("train", parts.train), ("validation", parts.validation), ("test", parts.test)]
    counts = ", ".join(
        f"{len(part)} {name} of {len(np.unique(part.sources))} people"
        for name, part in named
        if len(part)
    )
    return counts + (f"; {len(photos)} photographs for the last step" if len(photos) else "")


def trained_views(model: HeadshotModel) -> Preprocessing:
    """The preprocessing of the views that the backbone is trained with."""
    architecture = model.architecture
    return replace(architecture.preprocessing, views=architecture.trained, general=())


def _boxes(pictures: Pictures, output: Path, workers: int | None) -> Float:
    """As `collect_boxes`, a shard at a time; those of shards are kept, since the looks are not."""
    if row_groups(pictures) is None:
        return collect_boxes(pictures, workers or None)
    kept = output / BOXES.format(pictures.fingerprint()[:16])
    if kept.is_file():
        return np.asarray(np.load(kept), np.float32)
    boxes = np.empty((len(pictures), 4), np.float32)
    for shard in by_shard(pictures):
        with TemporaryDirectory() as folder:
            part = unpacked(pictures[shard], Path(folder))
            boxes[shard] = collect_boxes(part, workers or None)
    file = io.BytesIO()
    np.save(file, boxes)
    output.mkdir(parents=True, exist_ok=True)
    replace_file(kept, file.getvalue())
    return boxes


def _data(parts: Split, photos: Pictures, start: Headshot | None) -> dict[str, Any]:
    """What a model says of its data."""
    every = parts.whole + photos
    learnt = parts.train.sources, parts.validation.sources, photos.sources
    earlier = start.about.get("data", {}).get("people", "") if start else ""
    return {
        "fingerprint": every.fingerprint(),
        "pictures": len(np.unique(every.paths)),
        "sources": len(np.unique(every.sources)),
        "built_in": bool(np.char.startswith(every.sources, SOURCE).any()),
        "train": len(parts.train),
        "validation": len(parts.validation),
        "test": len(parts.test),
        "photos": len(photos),
        # Whose pictures it was fitted to or chosen by: `evaluate` leaves them out.
        "people": source_hashes(np.concatenate(learnt)) + earlier,
    }
