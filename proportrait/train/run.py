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
from proportrait.model.saved import Headshot, save
from proportrait.train.batches import Batches, collect_looks
from proportrait.train.data import Pictures, Split, source_hashes, split
from proportrait.train.devices import make_accelerator
from proportrait.train.evaluate import Predictions
from proportrait.train.loop import Settings, build, fit, predict

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
    from accelerate.utils import broadcast_object_list

    accelerator = make_accelerator(settings.precision)
    choice = backbone.choose(settings.backbone, settings.pretrained, settings.download)
    accelerator.print(f"backbone    {choice.summary}")
    # The same training, wherever the weights came from.
    settings = replace(settings, backbone=choice.name, download=False)
    parts = split(Pictures.from_folders(folders), settings.split, settings.seed)
    parts = parts.with_more(always_learn)
    accelerator.print(f"pictures    {_said(parts)}")
    precision = accelerator.mixed_precision.replace("no", "fp32")
    accelerator.print(f"device      {accelerator.device}, {precision}", flush=True)

    every = parts.whole
    measured = [collect_looks(every, workers or None) if accelerator.is_main_process else None]
    (looks,) = broadcast_object_list(measured)
    ends = np.cumsum([len(parts.learn), len(parts.validation), len(parts.test)])
    model = build(settings, choice)
    prepare = model.architecture.preprocessing

    def batches(pictures: Pictures, start: int, end: int) -> Batches:
        return Batches(pictures, looks[start:end],
                       prepare, settings.seed)  # fmt: skip

    training = batches(parts.learn, 0, ends[0])
    validation = batches(parts.validation, ends[0], ends[1])
    trained = fit(
        model, training, validation, settings, output, workers=workers, tensorboard=tensorboard,
        accelerator=accelerator,
    )  # fmt: skip
    logits = predict(trained.network, validation)
    calibration = Calibration.fit(logits, parts.validation.labels, parts.validation.known)
    before = Predictions.from_logits(parts.validation, logits, Calibration())
    final = Predictions.from_logits(parts.validation, logits, calibration)
    if len(parts.test):
        test = batches(parts.test, ends[1], ends[2])
        final = Predictions.from_logits(parts.test, predict(trained.network, test), calibration)
        before = Predictions.from_logits(parts.test, final.logits, Calibration())
    found = final.report()
    about: dict[str, Any] = {
        "settings": asdict(settings),
        "backbone": choice.name,
        "weights": choice.weights,
        "version": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "fingerprint": every.fingerprint(),
            "pictures": len(np.unique(every.paths)),
            "sources": len(np.unique(every.sources)),
            "built_in": bool(np.char.startswith(every.sources, SOURCE).any()),
            "train": len(parts.learn),
            "validation": len(parts.validation),
            "test": len(parts.test),
            # Whose pictures it was fitted to or chosen by: `evaluate` leaves them out.
            "people": source_hashes(
                np.concatenate([parts.learn.sources, parts.validation.sources])
            ),
        },
        "judged_on": "test" if len(parts.test) else "validation",
        "figures": found.to_json(),
        "calibration_error_before": before.calibration_errors(),
        "calibration_error": final.calibration_errors(),
        "history": trained.history,
    }
    headshot = Headshot(trained.network, calibration, about)
    if accelerator.is_main_process:
        save(headshot, output / MODEL)
        replace_file(output / "metrics.json", (json.dumps(about, indent=2) + "\n").encode())
    return headshot, final


def _said(parts: Split) -> str:
    named = [("train", parts.train), ("validation", parts.validation), ("test", parts.test)]
    said = ", ".join(
        f"{len(part)} {name} of {len(np.unique(part.sources))} people"
        for name, part in named
        if len(part)
    )
    more = len(parts.learn) - len(parts.train)
    return said + (f"; {more} more to learn from" if more > 0 else "")
