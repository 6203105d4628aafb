"""From labelled files to batches: the box of every picture, its views, and their order.

An item is a pure function of the seed, the epoch, and its number, whatever the worker processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from tqdm import tqdm

from proportrait import imaging
from proportrait.arrays import Float
from proportrait.errors import ConfigurationError
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, Wants
from proportrait.looks.mirror import mirrored_boxes, oriented
from proportrait.looks.survey import survey
from proportrait.model.views import Preprocessing, cut
from proportrait.train.data import Pictures
from proportrait.train.variation import Variation


def collect_boxes(pictures: Pictures, workers: int | None = None) -> Float:
    """The box of the largest face of every picture, (N, 4) float32 as `Look.box` gives it.

    NaN without a face, and where a picture lies: it is learnt from as it is. From the cache or
    looked for now.

    Raises:
        ConfigurationError: files are no pictures; it names up to five of them.
    """
    files = [Path(str(path)) for path in np.unique(pictures.paths)]
    boxes = {
        str(file): np.full(4, np.nan, np.float32) if look.box is None or look.turns else look.box
        for file, look in readable(files, Wants(), workers)
    }
    return np.stack([boxes[str(path)] for path in pictures.paths])


def readable(
    files: Sequence[Path], wants: Wants, workers: int | None = None
) -> Iterator[tuple[Path, Look]]:
    """Yield every file with its look, and tell how far it has come.

    Raises:
        ConfigurationError: at the end, if files are no pictures; it names up to five of them.
    """
    damaged = []
    with (
        tqdm(total=len(files), unit="picture", desc="looking", smoothing=0.05, leave=False) as bar,
        LookCache() as cache,
        contextlib.closing(survey(files, wants, cache, workers)) as looks,
    ):
        for file, look in looks:
            bar.update()
            if look.error:
                damaged.append(f"{file}: {look.error}")
            else:
                yield file, look
    if damaged:
        raise ConfigurationError(
            f"{len(damaged)} files are no pictures; take them out first: " + "; ".join(damaged[:5])
        )


class Batches(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Items (views, labels, known): (V, 3, s, s), (6,), (6,) float32 tensors.

    An index is (epoch, number of the picture); in epoch -1 there is no variation.
    """

    def __init__(
        self, pictures: Pictures, boxes: Float, preprocessing: Preprocessing, seed: int = 0
    ) -> None:
        self.pictures, self.boxes = pictures, boxes
        self.preprocessing, self.seed = preprocessing, seed

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        epoch, number = index
        image, is_mirrored = oriented(imaging.read(str(self.pictures.paths[number])))
        boxes = self.boxes[number : number + 1]
        box = (mirrored_boxes(boxes) if is_mirrored else boxes)[0]
        box = None if np.isnan(box).any() else box
        if epoch < 0:
            views = self.preprocessing(image, box)
        else:
            rng = np.random.default_rng((self.seed, epoch, number))
            vary = Variation.draw(rng)
            windows = zip(
                self.preprocessing.views, self.preprocessing.windows(image, box), strict=True
            )
            views = [
                vary(cut(picture, vary.jitter(part, view), self.preprocessing.size), place)
                for place, (view, (picture, part)) in enumerate(windows)
            ]
        return (
            torch.from_numpy(self.preprocessing.normalise(np.stack(views))),
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
