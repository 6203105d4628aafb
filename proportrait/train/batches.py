"""From labelled files to batches: boxes and scores of every picture, its views, and their order.

An item is a pure function of the seed, the epoch, and its number, whatever the worker processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Float
from proportrait.errors import ConfigurationError
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Wants
from proportrait.looks.survey import survey
from proportrait.model.views import Preprocessing, cut, shrink, window
from proportrait.train.data import Pictures
from proportrait.train.variation import Variation


@dataclass(frozen=True, eq=False)
class Looks:
    """Looks at N pictures, as arrays.

    Attributes:
        boxes: (N, 4) float32 of the largest face as `Look.box` gives it, NaN without a face.
        scores: (N, 6) float32, [0, 100], NaN where an attribute could not be assessed.
        turns: (N,) int64, as `Look.turns`.
    """

    boxes: Float
    scores: Float
    turns: npt.NDArray[np.int64]

    def __getitem__(self, index: Any) -> Looks:
        return Looks(self.boxes[index], self.scores[index], self.turns[index])


def collect_looks(pictures: Pictures, workers: int | None = None) -> Looks:
    """The looks at all pictures, from the cache or taken now.

    Raises:
        ConfigurationError: files are no pictures; it names up to five of them.
    """
    files = [Path(str(path)) for path in np.unique(pictures.paths)]
    bar = tqdm(total=len(files), unit="picture", desc="looking", smoothing=0.05, leave=False)
    rows: dict[str, tuple[Float, Float, int]] = {}
    damaged = []
    with (
        bar,
        LookCache() as cache,
        contextlib.closing(survey(files, Wants(), cache, workers)) as looks,
    ):
        for file, look in looks:
            bar.update()
            if look.error:
                damaged.append(f"{file}: {look.error}")
            box = np.full(4, np.nan, np.float32) if look.box is None else look.box
            rows[str(file)] = box, look.score_array(), look.turns
    if damaged:
        raise ConfigurationError(
            f"{len(damaged)} files are no pictures; take them out first: " + "; ".join(damaged[:5])
        )
    boxes, scores, turns = zip(*(rows[str(path)] for path in pictures.paths), strict=True)
    return Looks(np.stack(boxes), np.stack(scores), np.array(turns, np.int64))


class Batches(Dataset[tuple[Tensor, Tensor, Tensor, Tensor]]):
    """Items (views, scores, labels, known): (V, 3, s, s), (6,), (6,), (6,) float32 tensors.

    An index is (epoch, number of the picture); in epoch -1 there is no variation.
    """

    def __init__(
        self, pictures: Pictures, looks: Looks, preprocessing: Preprocessing, seed: int = 0
    ) -> None:
        self.pictures, self.looks = pictures, looks
        self.preprocessing, self.seed = preprocessing, seed

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        epoch, number = index
        image = imaging.read(str(self.pictures.paths[number]))
        image = shrink(np.ascontiguousarray(np.rot90(image, self.looks.turns[number])))
        box = self.looks.boxes[number]
        box = None if np.isnan(box).any() else box
        size = self.preprocessing.size
        if epoch < 0:
            views = self.preprocessing(image, box)
        else:
            rng = np.random.default_rng((self.seed, epoch, number))
            vary = Variation.draw(rng)
            views = [
                vary(cut(image, vary.jitter(window(image, box, view), view), size), place)
                for place, view in enumerate(self.preprocessing.views)
            ]
        return (
            torch.from_numpy(self.preprocessing.normalise(np.stack(views))),
            torch.from_numpy(self.looks.scores[number]),
            torch.from_numpy(self.pictures.labels[number]),
            torch.from_numpy(self.pictures.known[number].astype(np.float32)),
        )


class Shuffled(Sampler[tuple[int, int]]):
    """The random order of each epoch, a pure function of seed and epoch, from item `start` on."""

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
    """All items once, in their order, without variation."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((-1, number) for number in range(self.count))
