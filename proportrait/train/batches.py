"""From labelled files to batches: what was seen of every picture, its views, and their order.

An item is a pure function of the seed, the epoch, and its number, whatever the worker processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Float
from proportrait.errors import ConfigurationError
from proportrait.labels import KEYS
from proportrait.looks.cache import LookCache
from proportrait.looks.look import WORKER_BYTES, Look, look
from proportrait.model.views import Preprocessing, cut, reduced, window
from proportrait.train.data import Pictures
from proportrait.train.variation import Variation
from proportrait.workers import fitting_workers, spread


@dataclass(frozen=True, eq=False)
class Seen:
    """What was measured of N pictures: the boxes of faces (N, 4), NaN without one, and the
    components (N, 6), [0, 100], NaN where a measure could not be taken."""

    boxes: Float
    components: Float

    def __getitem__(self, index: Any) -> Seen:
        return Seen(self.boxes[index], self.components[index])


def look_at(pictures: Pictures, workers: int | None = None) -> Seen:
    """Measure every picture; in a folder that the generator wrote, what `verify_labels.py` has
    looked at already is taken from there, and new looks are kept there.

    Raises:
        ConfigurationError: a file is no picture; it names all of them.
    """
    found: dict[str, Look] = {}
    folders: dict[Path, list[Path]] = {}
    for name in dict.fromkeys(map(str, pictures.paths)):
        path = Path(name)
        folders.setdefault(path.parent, []).append(path)
    bar = partial(tqdm, unit="picture", desc="measuring", smoothing=0.05, leave=False)
    with bar(total=len(set(pictures.paths))) as progress, contextlib.ExitStack() as stack:
        count = fitting_workers(workers, WORKER_BYTES)
        for place, files in folders.items():
            cache = None
            if (place.parent / "metadata").is_dir():
                kept = place.parent / "verification" / "looks.sqlite"
                cache = stack.enter_context(LookCache(kept))
            waiting = []
            for file in files:
                if cache is not None and cache.has(file, features=False):
                    known = cache.get(file.name)
                    if known is not None:
                        found[str(file)] = replace(known, features=None)
                        progress.update()
                        continue
                waiting.append(file)
            task = partial(look, keys=KEYS, features=False)
            few = 1 if len(waiting) < 50 else count  # starting processes takes seconds
            with contextlib.closing(spread(task, waiting, few)) as looks:
                for file, seen in looks:
                    found[str(file)] = seen
                    if cache is not None:
                        cache.put(file, seen)
                    progress.update()
    damaged = [seen.error for seen in found.values() if seen.error]
    if damaged:
        raise ConfigurationError(
            f"{len(damaged)} files are no pictures; take them out first: " + "; ".join(damaged[:5])
        )
    ordered = [found[str(path)] for path in pictures.paths]
    nothing = (float("nan"),) * 4
    return Seen(
        np.array([seen.box or nothing for seen in ordered], np.float32).reshape(-1, 4),
        np.array(
            [[seen.components.get(key, float("nan")) for key in KEYS] for seen in ordered],
            np.float32,
        ).reshape(-1, len(KEYS)),
    )


class Batches(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Items (views, components, labels, known): (V, 3, s, s), (6,), (6,), (6,) float32 tensors.

    An index is (epoch, number): in epoch -1 nothing is varied.
    """

    def __init__(
        self, pictures: Pictures, seen: Seen, preprocessing: Preprocessing, seed: int = 0
    ) -> None:
        self.pictures, self.seen = pictures, seen
        self.preprocessing, self.seed = preprocessing, seed

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        epoch, number = index
        image = reduced(imaging.read(str(self.pictures.paths[number])))
        box = self.seen.boxes[number]
        box = None if np.isnan(box).any() else box
        size = self.preprocessing.size
        if epoch < 0:
            views = self.preprocessing(image, box)
        else:
            rng = np.random.default_rng((self.seed, epoch, number))
            vary = Variation.draw(rng)
            views = [
                vary(cut(image, vary.moved(window(image, box, view), view), size), place)
                for place, view in enumerate(self.preprocessing.views)
            ]
        return (
            torch.from_numpy(self.preprocessing.normalised(np.stack(views))),
            torch.from_numpy(self.seen.components[number]),
            torch.from_numpy(self.pictures.labels[number]),
            torch.from_numpy(self.pictures.known[number].astype(np.float32)),
        )


class Shuffled(Sampler[tuple[int, int]]):
    """Each epoch's order, a pure function of the seed and the epoch; it can start in the middle."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        return self.count - self.start

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.count)
        for number in order[self.start :]:
            yield self.epoch, int(number)


class InOrder(Sampler[tuple[int, int]]):
    """All items once, as they are."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((-1, number) for number in range(self.count))
