"""From labelled files to what is learnt from: batches for a backbone, evidence for the last step.

An item is a pure function of the seed, the epoch, and its number, whatever the worker processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler
from tqdm import tqdm

from proportrait.arrays import Double, Float, Mask, Text
from proportrait.errors import ConfigurationError
from proportrait.looks.cache import LookCache
from proportrait.looks.look import SCORE, Look, Wants
from proportrait.looks.mirror import mirrored_boxes, oriented
from proportrait.looks.survey import survey
from proportrait.measures import Measure
from proportrait.model.saved import Headshot
from proportrait.model.views import Preprocessing, cut
from proportrait.train.data import Pictures
from proportrait.train.shards.pictures import read
from proportrait.train.variation import Variation, write_copies

BUFFER = 1000  # pictures
_SIGNS = {"higher": 1, "lower": -1, "middle": 0}


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


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of N pictures.

    Attributes:
        own: (N, 6), logits of the backbone's own heads.
        features: (N, D).
        measures: (N, M), native values, NaN where one could not be taken.
        labels, known: (N, 6).
        groups: (N,), no group is on both sides of a fold.
        weights: (N,), how much each picture counts.
        copies, copy_measures: (N, D), (N, M), of a copy of each picture that nobody tells apart.
    """

    own: Float
    features: Float
    measures: Float
    labels: Float
    known: Mask
    groups: Text
    weights: Double
    copies: Float | None = None
    copy_measures: Float | None = None


def collect(
    model: Headshot, pictures: Pictures, weights: Double, workers: int | None = None
) -> tuple[Evidence, list[int]]:
    """Look at labelled pictures, and compute what the last step is fitted to.

    Args:
        weights: (N,), how much each picture counts.

    Returns:
        The evidence, and the direction of each measure of the model: 1 where a higher value is
        better, -1 where a lower one is, 0 where the best lies in the middle.
    """
    names = model.architecture.measures
    files = [Path(str(path)) for path in np.unique(pictures.paths)]
    directions = {name: int(name.endswith(f".{SCORE}")) for name in names}
    rows = _look(model, files, directions, workers)
    with TemporaryDirectory() as folder:
        copies = _look(model, write_copies(files, Path(folder)), {}, workers)
    place = np.searchsorted([str(file) for file in files], pictures.paths)
    own, features, measures = (column[place] for column in rows)
    evidence = Evidence(
        own, features, measures, pictures.labels, pictures.known, pictures.sources, weights,
        copies[1][place], copies[2][place],
    )  # fmt: skip
    return evidence, list(directions.values())


def _look(
    model: Headshot, files: Sequence[Path], directions: dict[str, int], workers: int | None
) -> tuple[Float, Float, Float]:
    """Own logits (N, 6), features (N, D), and measures (N, M) of files; fills in `directions`."""
    rows = []
    for _, look in readable(files, model.wants, workers):
        assert look.views is not None
        own, features = model.features([look.views])
        rows.append((own[0], features[0], look.measure_array(model.architecture.measures)))
        for key, entries in look.measures.items():
            for name, entry in entries.items():
                if isinstance(entry, Measure) and f"{key}.{name}" in directions:
                    directions[f"{key}.{name}"] = _SIGNS[entry.direction]
    own_rows, feature_rows, measure_rows = zip(*rows, strict=True)
    return np.stack(own_rows), np.stack(feature_rows), np.stack(measure_rows)


class Batches(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Items (views, labels, known): (V, 3, s, s), (6,), (6,) float32 tensors.

    An index is (epoch, number of the picture); in epoch -1 there is no variation. A number below 0
    fills up a step: ~number is a picture of which no bit counts as known.
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
        counts = number >= 0
        number = number if counts else ~number
        image, is_mirrored = oriented(read(str(self.pictures.paths[number])))
        boxes = self.boxes[number : number + 1]
        box = (mirrored_boxes(boxes) if is_mirrored else boxes)[0]
        box = None if np.isnan(box).any() else box
        if epoch < 0:
            views = list(self.preprocessing(image, box)[0])
        else:
            rng = np.random.default_rng((self.seed, epoch, number))
            vary = Variation.draw(rng)
            windows = self.preprocessing.windows(image, box)
            views = [
                vary(cut(picture, vary.jitter(part, view), self.preprocessing.size, view), place)
                for place, (view, picture, part) in enumerate(windows)
            ]
        return (
            torch.from_numpy(self.preprocessing.normalise(np.stack(views))),
            torch.from_numpy(self.pictures.labels[number]),
            torch.from_numpy((self.pictures.known[number] & counts).astype(np.float32)),
        )


class Shuffled(Sampler[tuple[int, int]]):
    """The random order of each epoch, a pure function of seed and epoch, from item `start` on.

    Args:
        count: of the pictures.
        multiple: the length is one of it: an epoch is filled up with pictures that do not count,
            so that several processes have equally many batches and none learns a picture twice.
        groups: (count,), the row group of each picture in shards: groups are shuffled, and the
            pictures of `BUFFER` after `BUFFER`, so that few groups are read at a time.
    """

    def __init__(
        self, count: int, seed: int, multiple: int = 1,
        groups: npt.NDArray[np.intp] | None = None,
    ) -> None:  # fmt: skip
        self.count, self.seed, self.multiple, self.groups = count, seed, multiple, groups
        self.epoch, self.start = 0, 0

    def __len__(self) -> int:
        return self.count + -self.count % self.multiple - self.start

    def __iter__(self) -> Iterator[tuple[int, int]]:
        order = self._order(np.random.default_rng((self.seed, self.epoch)))
        whole = np.concatenate([order, ~np.resize(order, -self.count % self.multiple)])
        for number in whole[self.start :]:
            yield self.epoch, int(number)

    def _order(self, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        if self.groups is None:
            return rng.permutation(self.count)
        place = rng.permutation(self.groups.max() + 1)
        order = np.argsort(place[self.groups], kind="stable")
        for start in range(0, self.count, BUFFER):
            rng.shuffle(order[start : start + BUFFER])
        return order


class InOrder(Sampler[tuple[int, int]]):
    """All items once, in their order, without variation."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((-1, number) for number in range(self.count))
