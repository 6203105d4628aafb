"""A taste with its feature sets: from folders to a model, and from a model to verdicts."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proportrait.arrays import Float
from proportrait.commandline import printable
from proportrait.errors import AssetError, ConfigurationError
from proportrait.imaging import each_file
from proportrait.taste.ensemble import Ensemble
from proportrait.taste.extract import SETS, version
from proportrait.taste.features import (
    DEFAULT,
    Features,
    Progress,
    Sets,
    column_names,
    matrix,
    set_names,
    stream,
    without_progress,
)
from proportrait.taste.networks import NETWORKS

_BATCH = 512  # pictures that are judged at once


@dataclass(frozen=True)
class Judgement:
    """What a taste says of a picture.

    Attributes:
        path: of the file.
        probability: [0, 1], of positive; None where the picture cannot be read.
        error: why it cannot be read, or "".
    """

    path: Path
    probability: float | None
    error: str = ""


@dataclass(frozen=True)
class Taste:
    """One person's two-class judgement of pictures.

    >>> from proportrait.taste import Taste
    >>> taste = Taste.fit("keep", "drop")  # doctest: +SKIP
    >>> [judgement.probability for judgement in taste.predict("photos")]  # doctest: +SKIP
    [0.93, 0.12]
    >>> taste.save("taste.safetensors")  # doctest: +SKIP

    Attributes:
        ensemble: what was learnt.
        sets: names of its feature sets, or how many of them: see `features.set_names`.
    """

    ensemble: Ensemble
    sets: Sets = DEFAULT

    @classmethod
    def fit(
        cls,
        positive: str | Path,
        negative: str | Path,
        sets: Sets = DEFAULT,
        workers: int | None = None,
    ) -> Taste:
        """Learn a taste from a folder of positive pictures and one of negative ones.

        Raises:
            ConfigurationError: a folder has no picture that can be read, or both have the same one.
        """
        features, labels = labelled(positive, negative, sets, workers)
        return cls.learn(features, labels, sets)

    @classmethod
    def learn(cls, features: Features, labels: Iterable[bool], sets: Sets) -> Taste:
        """Learn a taste from features, and one label a picture."""
        about = {
            "sets": list(set_names(sets)),
            "features": version(),
            "failures": len(features.failures),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        }
        wanted = np.array(list(labels), bool)
        return cls(Ensemble.fit(features.values, wanted, names=features.names, about=about), sets)

    def predict(
        self,
        paths: str | Path | Iterable[str | Path],
        workers: int | None = None,
        progress: Progress = without_progress,
    ) -> Iterator[Judgement]:
        """Yield a judgement of each picture, in their order; memory does not grow with them.

        Args:
            paths: a picture, a folder of pictures, or several of them.
            workers: processes; default: as many as cores and memory allow.
            progress: see `Progress`.
        """
        places = [paths] if isinstance(paths, str | Path) else paths
        files = list(each_file(places, lambda note: None))
        waiting: list[tuple[Path, Float | str]] = []
        for entry in progress(stream(files, self.sets, workers), len(files)):
            waiting.append(entry)
            if len(waiting) == _BATCH:
                yield from self._judged(waiting)
                waiting = []
        yield from self._judged(waiting)

    def _judged(self, entries: list[tuple[Path, Float | str]]) -> Iterator[Judgement]:
        rows = [row for _, row in entries if not isinstance(row, str)]
        likely = iter(self.ensemble.probabilities(np.stack(rows)) if rows else ())
        for path, row in entries:
            if isinstance(row, str):
                yield Judgement(path, None, row)
            else:
                yield Judgement(path, round(float(next(likely)), 4))

    def save(self, path: str | Path) -> None:
        """Write the taste to a safetensors file, which holds numbers and text alone."""
        self.ensemble.save(path)

    @classmethod
    def load(cls, path: str | Path) -> Taste:
        """Read a taste that `save` wrote.

        Raises:
            AssetError: the file is no taste, was changed since, or belongs to other features.
        """
        ensemble = Ensemble.load(path)
        sets, features = ensemble.about.get("sets"), ensemble.about.get("features")
        if not (
            features == version()
            and isinstance(sets, list)
            and set(sets) <= {*SETS, *NETWORKS}
            and ensemble.names == column_names(sets)
        ):
            raise AssetError(
                f"{path} was trained on the features of another version: train it again"
            )
        return cls(ensemble, sets)


def labelled(
    positive: str | Path,
    negative: str | Path,
    sets: Sets = DEFAULT,
    workers: int | None = None,
    progress: Progress = without_progress,
) -> tuple[Features, list[bool]]:
    """The features of the pictures of two folders, and their labels.

    Raises:
        ConfigurationError: a folder has no picture that can be read, or both lie in each other.
    """
    folders = [Path(positive), Path(negative)]
    for folder in folders:  # before hours of work on the other one
        if not os.path.isdir(folder):  # noqa: PTH112 - never raises
            what = "is a file" if folder.exists() else "does not exist"
            raise ConfigurationError(f"{printable(folder)} {what}: name a folder of pictures")
    files = [list(each_file([folder], lambda note: None)) for folder in folders]
    real = [{file.resolve() for file in paths} for paths in files]
    if real[0] & real[1]:
        raise ConfigurationError(
            f"{sorted(real[0] & real[1])[0]} is both positive and negative: name two folders that "
            f"share no picture"
        )
    features = matrix([*files[0], *files[1]], sets, workers, progress)
    chosen = set(files[0])
    labels = [path in chosen for path in features.paths]
    for folder, label in zip(folders, (True, False), strict=True):
        if label not in labels:
            raise ConfigurationError(f"{folder} holds no picture that can be read")
    return features, labels
