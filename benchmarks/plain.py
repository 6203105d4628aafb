"""What judging costs that is written plainly, and what its networks cost alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import PIL.Image
from PIL import ImageOps

from proportrait import imaging
from proportrait.arrays import Float, Image
from proportrait.faces import Face
from proportrait.faces.identity import IdentityNetwork
from proportrait.looks.look import look
from proportrait.model.saved import Headshot
from proportrait.networks.inference import Network


def plain_judge(headshot: Headshot) -> Callable[[Path], np.ndarray]:
    """One photo after the other, as one writes it first: file -> logits (6,).

    Pillow decodes the whole photo; faces, mask, and measures are ours, at the size at which they
    are always taken; the model is one PyTorch module, which may use every core.
    """
    import torch

    from proportrait.model.served import inputs, served

    module = served(headshot)

    def judge(path: Path) -> np.ndarray:
        with PIL.Image.open(path) as file:
            photo = ImageOps.exif_transpose(file).convert("RGB")
        photo.thumbnail((imaging.LONGEST, imaging.LONGEST), PIL.Image.Resampling.LANCZOS)
        shown = look(np.asarray(photo), headshot.wants)
        given = map(torch.from_numpy, inputs(headshot, [shown]).values())
        with torch.inference_mode():
            return np.asarray(module(*given)[0])

    return judge


def time_plain(judge: Callable[[Path], np.ndarray], paths: Sequence[Path]) -> float:
    """Seconds of judging photos one after the other."""
    began = time.perf_counter()
    for path in paths:
        judge(path)
    return time.perf_counter() - began


def time_networks(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds of a piece of work, and of the calls of its networks alone.

    The calls are noted with their inputs while the work runs, and repeated one after the other,
    with nothing between them, before and after another run of it that is timed.
    """
    calls: list[Callable[[], object]] = []
    run, embed = Network.__call__, IdentityNetwork.__call__

    def note(network: Network, inputs: Any) -> Any:
        calls.append(partial(run, network, _copied(inputs)))
        return run(network, inputs)

    def note_face(network: IdentityNetwork, image: Image, face: Face) -> Float:
        calls.append(partial(embed, network, image.copy(), face))
        return embed(network, image, face)

    with (
        patch.object(Network, "__call__", note),
        patch.object(IdentityNetwork, "__call__", note_face),
    ):
        work()
    first = _replay(calls)
    began = time.process_time()
    work()
    seconds = time.process_time() - began
    return seconds, (first + _replay(calls)) / 2


def _replay(calls: Sequence[Callable[[], object]]) -> float:
    began = time.process_time()
    for call in calls:
        call()
    return time.process_time() - began


def _copied(inputs: Any) -> Any:
    """Arrays by name, or in order, which their owner may write to later."""
    if isinstance(inputs, dict):
        return {name: np.array(value) for name, value in inputs.items()}
    return [np.array(value) for value in inputs]
