"""An output folder of the generator, as the benchmarks of its labels read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double
from proportrait.errors import StoreError
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record

COMMAND = "proportrait generate -o DIR --mock --limit 700"


def finished(folder: Path) -> list[Record]:
    """Every record whose picture is in place, by name.

    Raises:
        StoreError: the folder cannot be read, or holds no records.
    """
    records = list(RecordStore(folder).records())
    if not records:
        raise StoreError(f"{folder} holds no pictures; make some with: {COMMAND}")
    return records


def describe(folder: Path, records: Sequence[Record]) -> str:
    """What the folder holds and which command makes one like it."""
    counts = RecordStore(folder).counts()
    versions = ", ".join(sorted({record.model_version or record.generator for record in records}))
    return (
        f"{folder}: {len(records)} pictures of {counts['done']} people by {versions}; "
        f"{counts['failed']} failed, {counts['rejected']} rejected\n"
        f"made with: {COMMAND} (or another number of portraits)"
    )


def balance(requested: Sequence[LabelVector]) -> Double:
    """Weights (n,) under which the six labels are independent, as if all 64 were equally likely.

    The generator draws perfect and almost perfect portraits more often than chance would, so that
    every label tells something about every other. What a cue tells of a label beyond that is seen
    only with these weights.
    """
    bad = np.minimum([6 - sum(labels) for labels in requested], 2)
    shares = np.array([1, 6, 57]) / 64
    found = np.bincount(bad, minlength=3) / max(len(bad), 1)
    return np.asarray((shares / np.maximum(found, 1e-9))[bad], np.float64)


def rows(records: Sequence[Record], key: str) -> npt.NDArray[np.intp]:
    """Indices of the records that an attribute is judged on, as far as its bit is known.

    Of a source there is a good picture and perhaps a twin that is badly framed, blurred, or both.
    Framing is judged among the sharp pictures, sharpness among the well framed ones, and everything
    else on the good pictures: one for a source, and no bad bit stands in for another.
    """
    wanted = [other for other in ("framing", "sharpness") if other != key]
    return np.array(
        [
            i
            for i, record in enumerate(records)
            if record.known[key] and all(record.labels[other] for other in wanted)
        ],
        np.intp,
    )
