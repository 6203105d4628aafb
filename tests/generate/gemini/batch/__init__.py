"""What the tests of the Batch API share."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import synthetic_dataset_generator as stage
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS
from proportrait.store import RecordStore
from tests.fake_batches import FakeBatches
from tests.stage_one import make_faces

HALF = MODELS[DEFAULT_MODEL].usd["1K"] / 2
PERFECT = ("--perfect_prob", "1", "--near_perfect_prob", "0")  # no twins, so no face is looked for


@cache
def _faces() -> list[Path]:
    return sorted(make_faces(Path(tempfile.mkdtemp()), 5).iterdir())


def run(out: Path, server: FakeBatches, *more: object, faces: int = 4, batch: bool = True) -> int:
    """The command on some faces; returns its exit code."""
    folder = out.parent / "faces"
    folder.mkdir(exist_ok=True)
    for path in _faces()[:faces]:
        if not (folder / path.name).exists():
            shutil.copy(path, folder)
    return stage.main(
        ["-o", str(out), "--source_dir", str(folder), "--base_url", server.url, *PERFECT]
        + ["--batch", "--batch_poll", "0.01"] * batch
        + [str(word) for word in more]
    )


def spent(out: Path) -> float:
    """Pictures that the folder has paid for, at half the price."""
    return RecordStore(out).spent_usd / HALF


def keys(server: FakeBatches) -> list[list[str]]:
    """The keys of each job's lines."""
    return [[line["key"] for line in batch.requests] for batch in server.batches]
