"""Stand-ins for all that takes long, so that a run is mostly what a kill can harm: writing.

The commands, the store, the caches, and the outputs are the real ones; pictures are tinted instead
of edited, and looks follow from the bytes of a picture.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.augment import balance
from proportrait.augment import make as making
from proportrait.augment.plan import Task
from proportrait.edit.shot import Shot
from proportrait.generate import GENERATORS
from proportrait.generate import finish as finishing
from proportrait.labels import KEYS
from proportrait.looks import survey
from proportrait.looks.look import Look, Wants
from proportrait.model.backbone import choose
from proportrait.model.saved import Headshot, save
from proportrait.score import Score, scorer
from proportrait.train import loop
from proportrait.train.data import Pictures
from proportrait.train.run import MODEL
from proportrait.train.settings import Settings
from tests.stage_one import CheapGenerator
from tests.tiny_training import CONVOLUTIONAL, SIZE, batches, write_folder


def use() -> None:
    """Put the stand-ins in place, for the rest of this process."""
    stand_in: dict[tuple[Any, str], Any] = {
        (finishing, "visible"): lambda known, *_: known,
        (finishing, "_badly_framed"): _badly_framed,
        (balance, "make"): make,
        (survey, "look_at_file"): look_at_file,
        (scorer.Scorer, "verdicts"): verdicts,
        (loop, "_EVERY_S"): -1.0,
    }
    for (place, name), function in stand_in.items():
        getattr(place, name)  # an AttributeError here is better than a stand-in for nothing
        setattr(place, name, function)
    GENERATORS["offline"] = CheapGenerator().with_options


def look_at_file(picture: Path, wants: Wants, lookup: object = None) -> Look:
    """Scores that are clearly good or clearly bad, by the bits of the digest."""
    del wants, lookup
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    bits = int(digest, 16)
    scores = {key: 95.0 if bits >> place & 1 else 2.0 for place, key in enumerate(KEYS)}
    return Look((512, 512), measures={key: {} for key in KEYS}, scores=scores, digest=digest)


def verdicts(judge: scorer.Scorer, look: Look, file: Path | None = None) -> Score:
    """Those of the scores of a look."""
    return Score(
        str(file),
        {key: score / 100 for key, score in look.scores.items()},
        {key: int(score > 50) for key, score in look.scores.items()},
        marks={key: round(score) for key, score in look.scores.items()},
        sure=dict.fromkeys(look.scores, True),
        judge=judge.judge,
    )


def make(task: Task, images: Path) -> making.Made:
    """A part of the picture as its twin, unmeasured."""
    image = imaging.read(images / task.parent.output_filename)
    part = imaging.resize(_part(image, task.kind), (512, 512))
    return making._record(task, part, task.parent.known, {"kind": task.kind})


def _badly_framed(image: Image, record: Any, seed: int, analyzer: object) -> Shot:
    del seed, analyzer
    edits = {**record.edits, "framing": {"kind": "close_up"}}
    return Shot(imaging.resize(_part(image, "close_up"), (512, 512)), edits=edits)


def train(folder: Path) -> int:
    """Teach a tiny network 12 pictures, with a checkpoint after every step."""
    data = folder.parent / "banded"
    if not data.exists():
        write_folder(data, 18)
    pictures = Pictures.from_folder(data)
    settings = Settings(
        backbone=CONVOLUTIONAL,
        pretrained=False,
        size=SIZE,
        batch_size=4,
        epochs=3,
        precision="fp32",
    )
    learnt, judged = pictures[np.arange(12)], pictures[np.arange(12, 18)]
    network = loop.build(settings, choose(settings.backbone, pretrained=False))
    trained = loop.fit(network, batches(learnt), batches(judged), settings, folder)
    save(Headshot.from_network(trained.network), folder / MODEL)
    return 0


def _part(image: Image, kind: str) -> Image:
    height, width = image.shape[:2]
    side = min(height, width) * 3 // 4
    left = hashlib.sha256(kind.encode()).digest()[0] % (width - side)
    return np.ascontiguousarray(image[-side:, left : left + side])
