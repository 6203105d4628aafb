"""What a second worker process brings the offline editor, and what its faces cost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.speed.generation.script import Seen, count_pictures, run_script
from benchmarks.speed.ratio import Ratio
from proportrait.edit import scene
from proportrait.edit.editor import PortraitEditor
from proportrait.edit.retouch.backgrounds import render
from proportrait.edit.retouch.lighting import relight
from proportrait.edit.synthesis.network import FaceSynthesizer
from proportrait.errors import EditError
from proportrait.faces import FaceAnalyzer
from proportrait.generate.base import GenerationRequest, ImageGenerator
from proportrait.generate.sample import sample_labels
from proportrait.generate.sources.built_in import StyleganSource

BAR = 1.7
WORKERS = 2


def measure(
    folder: Path, *, portraits: int = 24, warm_ups: int = 12, alone: int = 6
) -> list[Ratio]:
    """Run the script with --mock with one worker process and with two, on the same portraits.

    Start-up is taken off: before the clock runs, every worker makes the same `warm_ups` other
    portraits, for which it compiles its networks and draws its garments. Then it runs until the
    last but one is on the disk: for the last one a second worker has nothing to do.
    """
    seen, start_up = {}, {}
    for workers in (1, WORKERS):
        output = folder / str(workers)
        command = ["-o", output, "--mock", "--limit", portraits, "--concurrency", workers]
        seen[workers] = run_script(command, partial(_warm_up, workers, warm_ups))
        start_up[workers] = seen[workers].began - seen[workers].called
    rates = {workers: _rate(run, portraits) for workers, run in seen.items()}
    figures = {
        "portraits": portraits,
        "of_them_failed": seen[1].failed,
        "pictures": count_pictures(folder / "1"),
        **{f"portraits_a_second_with_{n}": round(rate, 3) for n, rate in rates.items()},
        **{f"start_up_taken_off_with_{n}_s": round(s, 1) for n, s in start_up.items()},
    }
    over = f"portraits a second with {WORKERS} workers / with one"
    by_time = "the same by processor time, whatever else the cores had to do"
    alone_s, together_s = (_processor_s(seen[workers]) for workers in (1, WORKERS))
    return [
        Ratio("offline: 2 workers", over, rates[WORKERS] / rates[1], BAR, figures=figures),
        Ratio("offline: by work", by_time, WORKERS * alone_s / together_s),
        _share_of_faces(alone),
    ]


def _rate(seen: Seen, portraits: int) -> float:
    """Portraits a second until the last but one; one that fails takes its time as well."""
    if len(seen.finished) != portraits:
        raise RuntimeError(f"{len(seen.finished)} of {portraits} portraits were worked on")
    return (portraits - 1) / (seen.finished[-2] - seen.began)


def _processor_s(seen: Seen) -> float:
    """Seconds of processor time of a portrait."""
    return (seen.worked[-1] - seen.worked[0]) / (len(seen.worked) - 1)


async def _warm_up(workers: int, portraits: int, generator: ImageGenerator) -> None:
    """Let every worker make the same portraits.

    Equal ones start together and take seconds, so that each worker gets one.
    """
    for request in _warm_up_requests(portraits):
        equal = (generator.generate(request) for _ in range(workers))
        for result in await asyncio.gather(*equal, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, EditError):
                raise result


def _warm_up_requests(count: int) -> Iterator[GenerationRequest]:
    """Of other people than those of the run."""
    for number, item in enumerate(itertools.islice(StyleganSource(seed=1), count)):
        yield GenerationRequest(item, sample_labels(1, item.source_id), "", number)


# What is timed: whose method or function, its name, and what to call it.
_STEPS: tuple[tuple[Any, str, str], ...] = (
    (FaceSynthesizer, "style", "mapping_network"),
    (FaceSynthesizer, "portrait", "synthesis_of_plain_faces"),
    (FaceSynthesizer, "draw", "synthesis_of_the_wide_portrait"),
    (FaceAnalyzer, "identity", "identity"),
    (FaceAnalyzer, "mask", "person_masks"),
    (render, "render", "backgrounds"),
    (scene, "composite", "compositing"),
    (relight, "relight", "relighting"),
)
_FACES = 3  # the first steps are the face source


def _share_of_faces(portraits: int) -> Ratio:
    """The face source's share of one worker's time (its mapping and synthesis networks).

    The first portrait warms up and is not timed.
    """
    spent = dict.fromkeys((label for *_, label in _STEPS), 0.0)

    def timed(work: Callable[..., Any], label: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*args, **options)
            finally:
                spent[label] += time.perf_counter() - began

        return call

    editor, seconds = PortraitEditor(threads=1), 0.0
    items: Iterator[Any] = iter(StyleganSource())
    with contextlib.ExitStack() as stack:
        for owner, name, label in _STEPS:
            stack.enter_context(patch.object(owner, name, timed(getattr(owner, name), label)))
        for number, item in enumerate(itertools.islice(items, portraits + 1)):
            began = time.perf_counter()
            with contextlib.suppress(EditError):  # it took its time all the same
                editor.edit_face(item.latent_seed, sample_labels(0, item.source_id), number)
            if number:
                seconds += time.perf_counter() - began
            else:
                spent.update(dict.fromkeys(spent, 0.0))
    rest = seconds - sum(spent.values())
    figures = {"portraits": portraits, "seconds_a_portrait": round(seconds / portraits, 2)}
    figures |= {f"{label}_s": round(s / portraits, 3) for label, s in spent.items()}
    figures["all_else_s"] = round(rest / portraits, 3)
    faces = sum(list(spent.values())[:_FACES]) / seconds
    over = "time in the face source (mapping + synthesis) / editing time"
    return Ratio("offline: faces", over, faces, figures=figures)
