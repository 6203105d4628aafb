"""Portraits a second where several label vectors share a source."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.speed.ratio import Ratio
from proportrait.edit.editor import PortraitEditor
from proportrait.errors import EditError
from proportrait.generate.sample import sample_labels
from proportrait.generate.sources.built_in import StyleganSource

BAR = 1.0  # portraits a second
WORKERS = 2

_editor: PortraitEditor | None = None


def measure(folder: Path, *, sources: int = 16, vectors: int = 4) -> list[Ratio]:
    """Edit each face with several label vectors in two processes, that the faces are shared among.

    Start-up (compiling the networks) is taken off: every process makes a portrait before.
    """
    del folder
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        list(pool.map(_edit, [_latents(1, 1)[0]] * WORKERS, [1] * WORKERS))
        began = time.perf_counter()
        failed = sum(pool.map(_edit, _latents(0, sources), [vectors] * sources))
        seconds = time.perf_counter() - began
    rate = sources * vectors / seconds
    figures = {"sources": sources, "vectors_a_source": vectors, "of_them_failed": failed}
    over = f"portraits a second with {WORKERS} workers / 1"
    return [Ratio("shared: rate", over, rate, BAR, figures=figures)]


def _latents(seed: int, count: int) -> list[int]:
    faces: Iterator[Any] = iter(StyleganSource(seed))
    return [face.latent_seed for face in itertools.islice(faces, count)]


def _edit(latent_seed: int, vectors: int) -> int:
    """Make the portraits of one face; returns how many could not be made."""
    global _editor
    if _editor is None:
        _editor = PortraitEditor(threads=1)
    failed = 0
    for number in range(vectors):
        try:
            _editor.edit_face(latent_seed, sample_labels(number, str(latent_seed)), latent_seed)
        except EditError:  # it took its time all the same
            failed += 1
    return failed
