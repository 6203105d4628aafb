"""What judging a folder of photos costs beside the sum of its parts, and the first verdict."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.plain import plain_judge, time_networks, time_plain
from benchmarks.speed.ratio import Ratio
from proportrait import imaging
from proportrait.arrays import Image
from proportrait.edit.synthesis.network import FaceSynthesizer
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.looks.look import look
from proportrait.score import Scorer
from proportrait.workers import fitting_workers
from tests import ROOT

BAR = 0.85
PLAIN = 3.0  # times as fast as one plain loop
NETWORKS = 0.9  # of the time is that of networks, where decoding is hidden
FIRST_S = 2.5  # from the start of a process to its verdict on one photo
_FACES = 10  # different people
# (width, height) px and how many of ten photos have it: of the web, of a phone, of a camera.
_SIZES = (((640, 640), 2), ((1024, 1024), 3), ((1600, 2000), 3), ((3024, 4032), 2))


def measure(folder: Path, *, photos: int = 100) -> list[Ratio]:
    """Judge photos of mixed sizes by the packaged model, and their parts one after the other.

    The parts are decoding, looking, and the network, each in one thread; the bound is their sum
    over the cores. Start-up is taken off: it is the time of `photos` more. No look is kept from one
    run to the next. A plain loop (see `plain`) judges half of the photos before, half after the
    runs that it is held against.
    """
    paths = make_photos(folder / "photos", 2 * photos)
    scorer = Scorer.packaged()
    parts = time_parts(scorer, paths[photos:])
    judge, half = plain_judge(scorer.model), paths[photos : photos + (photos + 1) // 2]
    judge(half[0])  # networks are compiled
    plain = time_plain(judge, half)
    few, many = (time_scores(scorer, paths[:count], folder) for count in (photos, 2 * photos))
    plain = (plain + time_plain(judge, half)) / (2 * len(half))
    cores = fitting_workers(None, 1)
    whole, bare = time_bare(scorer, paths[photos : photos + len(half) // 2 * 2 + 2])
    hidden = (many - few) * cores - parts["decode"]  # a photo's decoding is off every core
    bound = sum(parts.values()) / cores
    figures = {
        "photos": photos,
        "cores": cores,
        **{f"{name}_ms_each": 1000 * seconds / photos for name, seconds in parts.items()},
        "photos_a_second": photos / (many - few),
        "start_up_s": 2 * few - many,
    }
    networks = {"networks_ms_each": 1000 * bare, "look_and_network_ms_each": 1000 * whole,
                "share_in_one_thread": bare / whole}  # fmt: skip
    return [
        Ratio("score: parts", "sum of the parts over the cores / time", bound / (many - few), BAR,
              figures=figures),
        Ratio("score: plain loop", "its time / time", plain * photos / (many - few), PLAIN,
              figures={"plain_ms_each": 1000 * plain}),
        Ratio("score: networks", "their bare sum over the cores / time without decoding",
              bare * photos / hidden, NETWORKS, figures=networks),
        Ratio("score: with start-up", "the same, start-up included", bound / few),
        Ratio("score: first verdict", f"seconds of one photo in a new process / {FIRST_S:g} s",
              time_process(paths, folder) / FIRST_S, 1.0, "under"),
    ]  # fmt: skip


def time_parts(scorer: Scorer, paths: list[Path]) -> dict[str, float]:
    """Seconds of each part of judging photos, one after the other in one thread."""
    import cv2
    from threadpoolctl import threadpool_limits

    wants = scorer.model.wants
    seconds = dict.fromkeys(("decode", "look", "network"), 0.0)
    own = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        look(imaging.read(paths[0]), wants)  # networks are compiled
        taken = []
        for path in paths:
            data = path.read_bytes()
            began = time.perf_counter()
            image = imaging.decode(data)
            between = time.perf_counter()
            taken.append(look(image, wants))
            seconds["decode"] += between - began
            seconds["look"] += time.perf_counter() - between
        began = time.perf_counter()
        for start in range(0, len(taken), 16):
            batch = taken[start : start + 16]
            scorer.model.logits(batch)
        seconds["network"] = time.perf_counter() - began
    cv2.setNumThreads(own)
    return seconds


def time_bare(scorer: Scorer, paths: list[Path]) -> tuple[float, float]:
    """Seconds of judging one decoded photo in one thread, and of its networks' bare calls.

    Two at a time: a model keeps the features of the last photo, and would not compute them again.
    """
    import cv2

    own = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rows = []
    for pair in zip(paths[::2], paths[1::2], strict=False):
        images = [imaging.read(path) for path in pair]
        rows.append(time_networks(partial(_judge_all, scorer, images)))
    cv2.setNumThreads(own)
    whole, bare = np.mean(rows, axis=0) / 2
    return float(whole), float(bare)


def _judge_all(scorer: Scorer, images: list[Image]) -> None:
    for image in images:
        scorer.image(image)


def time_scores(scorer: Scorer, paths: list[Path], folder: Path) -> float:
    """Seconds from the call to the last score, with an empty cache."""
    with patch.dict(os.environ, {FOLDER_VARIABLE: str(folder / f"cache-{len(paths)}")}):
        began = time.perf_counter()
        failed = [score for score in scorer.files(paths, workers=None) if score.error]
        seconds = time.perf_counter() - began
    if failed:
        raise RuntimeError(f"{len(failed)} photos were not judged: {failed[0].error}")
    return seconds


def time_process(paths: list[Path], folder: Path) -> float:
    """Seconds of `proportrait score` of the largest photo, with an empty cache."""
    photo = max(paths, key=lambda path: path.stat().st_size)
    command = [sys.executable, "-m", "proportrait", "score", str(photo)]
    environment = os.environ | {FOLDER_VARIABLE: str(folder / "cache-first")}
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def make_photos(folder: Path, count: int) -> list[Path]:
    """Write JPEGs of mixed sizes of people of the built-in source, each a little moved."""
    folder.mkdir(parents=True)
    synthesizer = FaceSynthesizer()
    faces = [synthesizer.portrait(synthesizer.style(seed)) for seed in range(min(count, _FACES))]
    paths = []
    for number, size in zip(range(count), _sizes(), strict=False):
        rng = np.random.default_rng(number)
        photo = imaging.resize(_moved(faces[number % len(faces)], rng), size)
        paths.append(folder / f"{number:05d}.jpg")
        paths[-1].write_bytes(imaging.encode_jpeg(photo, quality=90))
    return paths


def _sizes() -> Iterator[tuple[int, int]]:
    while True:
        for size, times in _SIZES:
            yield from [size] * times


def _moved(face: Image, rng: np.random.Generator) -> Image:
    moved = np.roll(face, rng.integers(-20, 21, 2), axis=(0, 1))
    return np.ascontiguousarray(moved[:, :: rng.choice((-1, 1))])
