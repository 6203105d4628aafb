"""What looking at a folder for `rank` and for a taste costs beside its networks alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.plain import time_networks
from benchmarks.speed.ratio import Ratio
from benchmarks.speed.score import make_photos
from proportrait import imaging
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.looks.look import Wants, look
from proportrait.rank.describe import describe, version
from proportrait.rank.index import Index
from proportrait.rank.indexing import update
from proportrait.taste.extract import TasteExtractor
from proportrait.taste.features import DEFAULT, set_names, stream

BAR = 0.9
WORKERS = 2


def measure(folder: Path, *, photos: int = 20) -> list[Ratio]:
    """Index photos of mixed sizes, and take the default features of a taste of them.

    All is processor time: of every process, so that other programs and waiting do not count, and
    start-up is taken off (it is the time of `photos` more). Decoding is taken off too, as a bound
    of networks alone has none, and stated. The bare networks are called with their own inputs.
    """
    paths = make_photos(folder / "photos", 2 * photos)
    taste = Wants(extractor=TasteExtractor(set_names(DEFAULT)))
    decoding = np.mean([_time(partial(imaging.read, path)) for path in paths])

    def indexed(count: int) -> None:
        with Index(folder / f"{count}.sqlite", version(), print) as index:
            update(index, folder, paths[:count], workers=WORKERS)

    def featured(count: int) -> None:
        with patch.dict(os.environ, {FOLDER_VARIABLE: str(folder / f"cache-{count}")}):
            for _ in stream(paths[:count], DEFAULT, WORKERS):
                pass

    return [
        _ratio("indexing: rank", describe, indexed, paths, float(decoding)),
        _ratio("indexing: taste", partial(look, wants=taste), featured, paths, float(decoding)),
    ]


def _ratio(
    name: str,
    work: Callable[[bytes], object],
    run: Callable[[int], None],
    paths: list[Path],
    decoding: float,
) -> Ratio:
    """The share of the networks in the time of a whole run.

    Args:
        work: on one photo.
        run: looks at so many photos with `WORKERS` processes.
        decoding: seconds of a photo.
    """
    import cv2

    count, own = len(paths) // 2, cv2.getNumThreads()
    few, many = (_time_of_all(partial(run, number)) for number in (count, len(paths)))
    cv2.setNumThreads(1)
    work(paths[0].read_bytes())  # networks are compiled
    # Two at a time: a model keeps the features of the last photo, and would not compute them again.
    pairs = [
        [path.read_bytes() for path in pair] for pair in zip(paths[::2], paths[1::2], strict=True)
    ]
    rows = [time_networks(partial(_each, work, pair)) for pair in pairs]
    cv2.setNumThreads(own)
    alone, bare = map(float, np.mean(rows, axis=0) / 2)
    each = (many - few) / count
    figures = {
        "photos": count, "networks_ms_each": 1000 * bare, "decode_ms_each": 1000 * decoding,
        "one_process_ms_each": 1000 * alone, f"{WORKERS}_workers_ms_each": 1000 * each,
        "share_with_decoding": bare / each, "share_in_one_process": bare / (alone - decoding),
    }  # fmt: skip
    over = "bare networks / processor time without decoding"
    return Ratio(name, over, bare / (each - decoding), BAR, figures=figures)


def _each(work: Callable[[bytes], object], photos: list[bytes]) -> None:
    for photo in photos:
        work(photo)


def _time(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _time_of_all(work: Callable[[], object]) -> float:
    """Processor seconds of this process and of those that it starts and sees end."""
    before = sum(os.times()[:4])
    work()
    return sum(os.times()[:4]) - before
