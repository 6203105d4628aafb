"""A small deterministic data set for the tests of records, store, and export.

`python -m tests.store_samples FOLDER COUNT` commits it, and passes over what is there already.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from proportrait.imaging import encode_jpeg
from proportrait.labels import LabelVector, stream
from proportrait.store import RecordStore
from proportrait.store.records import Record, file_stem


def picture(*names: str, side: int = 128) -> bytes:
    """A JPEG of one colour, which the names decide."""
    colour = stream(0, *names).integers(0, 256, 3).astype(np.uint8)
    return encode_jpeg(np.broadcast_to(colour, (side, side, 3)).copy())


def source(number: int, code: str = "101111") -> tuple[str, str, list[tuple[Record, bytes]]]:
    """(source_id, stem, pictures) of a source: a good picture and its blurred twin."""
    source_id, stem = f"sample:{number}", f"ffhq_{number:05d}"
    labels = LabelVector.from_code(code)
    good = Record(
        output_filename=f"{file_stem(stem, labels)}.jpg",
        original_filename=f"{number}.png",
        source_id=source_id,
        requested=labels,
        labels=labels,
        known=LabelVector.of(("lighting", "background", "framing", "sharpness")),
        prompt_text="a calm look, ünïcode",
        generation_seed=number,
        timestamp="2026-01-02T03:04:05+00:00",
        generator="mock",
        model_version="1",
        cost_usd=0.04,
        edits={"light": {"side": -1.5}, "background": "books"},
    )
    blurred = labels.replace(sharpness=0)
    twin = replace(
        good,
        output_filename=f"{file_stem(stem, blurred, blur=True)}.jpg",
        labels=blurred,
        cost_usd=0.0,
        blur_type="motion",
        parent=good.output_filename,
    )
    return source_id, stem, [(r, picture(r.output_filename)) for r in (good, twin)]


def commit_all(folder: Path, count: int, threads: int = 4) -> None:
    """Commit `count` sources, passing over those that are finished."""

    def one(number: int) -> None:
        source_id, stem, pictures = source(number)
        if not store.is_finished(source_id):
            store.commit(source_id, stem, pictures)
            print(number, flush=True)

    with RecordStore(folder) as store, ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(count)))


if __name__ == "__main__":
    commit_all(Path(sys.argv[1]), int(sys.argv[2]))
