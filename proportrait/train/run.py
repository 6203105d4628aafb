"""One training from folders to a model file: split, fit, calibrate, judge, write down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from proportrait import __version__
from proportrait.disk import replace_file
from proportrait.generate.sources.built_in import SOURCE
from proportrait.model import backbone
from proportrait.model.calibration import Calibration
from proportrait.model.devices import make_accelerator
from proportrait.model.network import HeadshotModel
from proportrait.model.saved import Headshot, save
from proportrait.model.views import Preprocessing
from proportrait.train.batches import Batches, Looks, collect_looks
from proportrait.train.data import Pictures, Split, source_hashes, split
from proportrait.train.evaluate import Predictions
from proportrait.train.loop import build, fit, predict
from proportrait.train.settings import Settings

MODEL = "model.safetensors"


def run(
    folders: Sequence[Path],
    settings: Settings,
    output: Path,
    *,
    always_learn: Sequence[Path] = (),
    workers: int | None = None,
    tensorboard: bool = False,
) -> tuple[Headshot, Predictions]:
    """Train on folders, and write the model, its history, and its figures to `output`.

    Of several processes, those of `accelerate launch`, one prints and writes.

    Args:
        folders: that are split by source.
        always_learn: folders that are learnt from only: they are in no validation and no test.

    Returns:
        The model, and what it says of the test pictures (of the validation pictures where the
        split has no test).
    """
    accelerator = make_accelerator(settings.precision)
    choice = backbone.choose(settings.backbone, settings.pretrained, settings.download)
    accelerator.print(f"backbone    {choice.summary}")
    # The same training, wherever the weights came from.
    settings = replace(settings, backbone=choice.name, download=False)
    parts = split(Pictures.from_folders(folders), settings.split, settings.seed)
    parts = parts.with_more(always_learn)
    accelerator.print(f"pictures    {_counts(parts)}")
    precision = accelerator.mixed_precision.replace("no", "fp32")
    accelerator.print(f"device      {accelerator.device}, {precision}", flush=True)

    looks = _looks(parts.whole, accelerator, workers)
    model = build(settings, choice)
    learn, validation, test = _batches(parts, looks, model.architecture.preprocessing, settings)
    trained = fit(
        model, learn, validation, settings, output, workers=workers, tensorboard=tensorboard,
        accelerator=accelerator,
    )  # fmt: skip
    calibration, before, final = _calibrated(trained.network, validation, test)
    about = {
        "settings": asdict(settings),
        "backbone": choice.name,
        "weights": choice.weights,
        "version": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": _data(parts),
        "judged_on": "test" if len(parts.test) else "validation",
        "figures": final.report().to_json(),
        "calibration_error_before": before.calibration_errors(),
        "calibration_error": final.calibration_errors(),
        "history": trained.history,
    }
    headshot = Headshot.from_network(trained.network, calibration, about)
    if accelerator.is_main_process:
        save(headshot, output / MODEL)
        replace_file(output / "metrics.json", (json.dumps(about, indent=2) + "\n").encode())
    return headshot, final


def _counts(parts: Split) -> str:
    named = [("train", parts.train), ("validation", parts.validation), ("test", parts.test)]
    counts = ", ".join(
        f"{len(part)} {name} of {len(np.unique(part.sources))} people"
        for name, part in named
        if len(part)
    )
    more = len(parts.learn) - len(parts.train)
    return counts + (f"; {more} more to learn from" if more > 0 else "")


def _looks(pictures: Pictures, accelerator: Any, workers: int | None) -> Looks:
    """What is measured of every picture, by one process for all."""
    from accelerate.utils import broadcast_object_list

    measured = [collect_looks(pictures, workers or None) if accelerator.is_main_process else None]
    looks: Looks = broadcast_object_list(measured)[0]
    return looks


def _batches(
    parts: Split, looks: Looks, preprocessing: Preprocessing, settings: Settings
) -> list[Batches]:
    """Of what is learnt from, of the validation, and of the test; `looks` are of `parts.whole`."""
    batches, start = [], 0
    for part in (parts.learn, parts.validation, parts.test):
        end = start + len(part)
        batches.append(Batches(part, looks[start:end], preprocessing, settings.seed))
        start = end
    return batches


def _calibrated(
    network: HeadshotModel, validation: Batches, test: Batches
) -> tuple[Calibration, Predictions, Predictions]:
    """A calibration by the validation, and the verdicts without and with it.

    The verdicts are on the test pictures, or on those of the validation where there are none.
    """
    pictures, logits = validation.pictures, predict(network, validation)
    calibration = Calibration.fit(logits, pictures.labels, pictures.known)
    if len(test):
        pictures, logits = test.pictures, predict(network, test)
    before, after = (
        Predictions.from_logits(pictures, logits, each) for each in (Calibration(), calibration)
    )
    return calibration, before, after


def _data(parts: Split) -> dict[str, Any]:
    """What a model says of its data."""
    every = parts.whole
    return {
        "fingerprint": every.fingerprint(),
        "pictures": len(np.unique(every.paths)),
        "sources": len(np.unique(every.sources)),
        "built_in": bool(np.char.startswith(every.sources, SOURCE).any()),
        "train": len(parts.learn),
        "validation": len(parts.validation),
        "test": len(parts.test),
        # Whose pictures it was fitted to or chosen by: `evaluate` leaves them out.
        "people": source_hashes(np.concatenate([parts.learn.sources, parts.validation.sources])),
    }
