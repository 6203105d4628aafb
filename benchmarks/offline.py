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

from benchmarks.ratio import Ratio
from benchmarks.script import Seen, count_pictures, run_script
from proportrait.edit.editor import PortraitEditor
from proportrait.edit.stylegan import FaceSynthesizer
from proportrait.errors import EditError
from proportrait.generate.base import GenerationRequest, ImageGenerator
from proportrait.generate.sample import sample_labels
from proportrait.generate.stylegan_source import StyleganSource

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


def _share_of_faces(portraits: int) -> Ratio:
    """The face source's share of one worker's time: its mapping and synthesis networks.

    The first portrait warms up and is not timed.
    """
    spent = dict.fromkeys(("style", "portrait", "draw"), 0.0)

    def timed(name: str) -> Callable[..., Any]:
        method = getattr(FaceSynthesizer, name)

        def call(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*args, **options)
            finally:
                spent[name] += time.perf_counter() - began

        return call

    editor, seconds = PortraitEditor(threads=1), 0.0
    items: Iterator[Any] = iter(StyleganSource())
    with contextlib.ExitStack() as stack:
        for name in spent:
            stack.enter_context(patch.object(FaceSynthesizer, name, timed(name)))
        for number, item in enumerate(itertools.islice(items, portraits + 1)):
            began = time.perf_counter()
            with contextlib.suppress(EditError):  # it took its time all the same
                editor.edit_face(item.latent_seed, sample_labels(0, item.source_id), number)
            if number:
                seconds += time.perf_counter() - began
            else:
                spent.update(dict.fromkeys(spent, 0.0))
    figures = {
        "portraits": portraits,
        "seconds_a_portrait": round(seconds / portraits, 2),
        "mapping_network_s": round(spent["style"] / portraits, 4),
        "synthesis_of_plain_faces_s": round(spent["portrait"] / portraits, 3),
        "synthesis_of_the_wide_portrait_s": round(spent["draw"] / portraits, 3),
    }
    over = "time in the face source (mapping + synthesis) / editing time"
    return Ratio("offline: faces", over, sum(spent.values()) / seconds, figures=figures)
