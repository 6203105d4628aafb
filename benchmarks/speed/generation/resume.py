"""How soon the script finds out that a finished run leaves nothing to do."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.speed.generation.script import NO_KEY, run_script
from benchmarks.speed.ratio import Ratio
from proportrait import imaging
from proportrait.commandline import parse
from proportrait.commands import generate
from proportrait.generate.base import SourceItem
from proportrait.generate.sources.registry import open_source
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record, file_stem
from tests import FACE

BAR_S = 2.0
_THREADS = 16  # commits of several threads share their waits for the disk


def measure(folder: Path, *, portraits: int = 5000) -> list[Ratio]:
    """Start the script on two finished folders of `portraits` records each.

    One has its portraits from a folder of pictures, whose fingerprints are taken again; the other
    from the built-in source, whose styles are drawn again to know which faces it shows. The time
    runs from the start of a fresh process, imports included, until it knows that nothing is left.
    """
    pictures = folder / "portraits"
    pictures.mkdir()
    for number in range(portraits):
        shutil.copyfile(FACE, pictures / f"{number:05d}.jpg")
    return [
        _resume(folder / "1", "folder", ["--source_dir", str(pictures), *NO_KEY], portraits),
        _resume(folder / "2", "built-in faces", ["--mock"], portraits),
    ]


def _resume(output: Path, name: str, arguments: Sequence[str], portraits: int) -> Ratio:
    _finish(output, arguments, portraits)
    began = time.perf_counter()
    names = [path.name for part in ("images", "metadata") for path in (output / part).iterdir()]
    listed = time.perf_counter() - began
    began = time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        command = ["-o", str(output), "--limit", str(portraits), *arguments]
        seen = process.submit(run_script, command).result()
    if len(names) != 2 * portraits or seen.finished:
        raise RuntimeError(f"{len(seen.finished)} portraits of the finished run were made again")
    seconds = seen.ended - began
    figures = {
        "records": portraits,
        "seconds": round(seconds, 3),
        "of_them_start_of_python_and_imports_s": round(seen.called - began, 3),
        "of_them_until_the_first_portrait_s": round(seen.began - seen.called, 3),
        "plain_listing_of_both_folders_s": round(listed, 4),
        "seconds_over_listing": round(seconds / listed),
    }
    over = f"start of a finished run of {portraits} / {BAR_S:.0f} s"
    return Ratio(f"resume: {name}", over, seconds / BAR_S, 1.0, "under", figures)


def _finish(output: Path, arguments: Sequence[str], portraits: int) -> None:
    """Commit one small record for every portrait that a run with these arguments would make."""
    options = parse(generate, arguments)
    generate.settle(options)
    source = open_source(options.source, source_dir=options.source_dir, seed=options.seed)
    labels = LabelVector.ones()
    jpeg = imaging.encode_jpeg(np.full((64, 64, 3), 128, np.uint8))

    def commit(item: SourceItem) -> None:
        record = Record(
            output_filename=f"{file_stem(item.stem, labels)}.jpg",
            original_filename=item.filename,
            source_id=item.source_id,
            requested=labels,
            labels=labels,
            known=labels,
        )
        store.commit(item.source_id, item.stem, [(record, jpeg)])

    with RecordStore(output) as store, ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(commit, itertools.islice(source, portraits)))
