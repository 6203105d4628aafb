"""Judge portraits with a trained model; the packaged one works right after the install."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from proportrait import imaging
from proportrait.arrays import Float, Image, Mask
from proportrait.errors import ImageError
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS, LabelVector
from proportrait.measures import Subject, Unassessed, assess
from proportrait.model.saved import Headshot, load, packaged
from proportrait.model.views import Preprocessing
from proportrait.workers import spread

_BATCH = 16


@dataclass(frozen=True)
class Score:
    """What is said of one picture.

    Attributes:
        path: of the file, "" for an array.
        probabilities: by attribute key, [0, 1], that it is professional.
        verdicts: by attribute key, 1 professional, 0 not.
        faces: how many faces were found; without one the verdicts are guesses, of several the
            largest is judged.
        error: why there is no verdict, or None; the two others are empty then.
    """

    path: str
    probabilities: dict[str, float]
    verdicts: dict[str, int]
    faces: int = 0
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `error` stands there only where there is one."""
        said: dict[str, Any] = {"path": self.path}
        if self.error is not None:
            return said | {"error": self.error}
        return said | {
            "verdicts": self.verdicts, "probabilities": self.probabilities, "faces": self.faces,
        }  # fmt: skip

    @property
    def remark(self) -> str:
        """What to know beside the verdicts, or ""."""
        if self.error is not None or self.faces == 1:
            return ""
        return f"{self.faces} faces: the largest is judged" if self.faces else "no face is found"

    @property
    def labels(self) -> LabelVector:
        """The verdicts as a label vector."""
        return LabelVector(tuple(self.verdicts[key] for key in KEYS))


@dataclass(frozen=True, eq=False)
class Prepared:
    """The input of a model: views (V, size, size, 3) uint8 and components (6,) float32; and how
    many faces there are."""

    views: Image
    components: Float
    faces: int


class Scorer:
    """Scores pictures.

    >>> scorer = Scorer.packaged()                                  # doctest: +SKIP
    >>> for score in scorer.files(["me.jpg"]): print(score.verdicts)  # doctest: +SKIP
    """

    def __init__(self, model: Headshot) -> None:
        self.model = model

    @classmethod
    def packaged(cls) -> Scorer:
        """With the model that comes with the package.

        Raises:
            AssetError: it is missing or damaged.
        """
        return cls.from_file(packaged())

    @classmethod
    def from_file(cls, path: str | Path) -> Scorer:
        """With a model that `proportrait train` wrote.

        Raises:
            AssetError: it is none.
        """
        return cls(load(Path(path)))

    def files(self, paths: Iterable[str | Path], workers: int = 1) -> Iterator[Score]:
        """A score of each file, in their order; a file that is no picture gets its error.

        Args:
            paths: of pictures.
            workers: processes that read and measure.
        """
        prepare = partial(prepared_file, preprocessing=self.model.preprocessing)
        waiting: dict[int, Prepared | str] = {}
        names: list[str] = []

        def numbered() -> Iterator[tuple[int, str]]:
            for number, path in enumerate(paths):
                names.append(str(path))
                yield number, str(path)

        following = 0
        with contextlib.closing(spread(prepare, numbered(), workers)) as results:
            for (number, _), found in results:
                waiting[number] = found
                ready = following
                while ready in waiting:
                    ready += 1
                if ready - following >= _BATCH:
                    yield from self._next(names, waiting, following, ready)
                    following = ready
        yield from self._next(names, waiting, following, following + len(waiting))

    def _next(
        self, names: list[str], waiting: dict[int, Prepared | str], start: int, end: int
    ) -> list[Score]:
        found = [waiting.pop(number) for number in range(start, end)]
        return self._scores(names[start:end], found)

    def image(self, image: Image) -> Score:
        """The score of an RGB picture (H, W, 3) uint8."""
        return self._scores([""], [prepared(image, self.model.preprocessing)])[0]

    def _scores(self, paths: list[str], found: list[Prepared | str]) -> list[Score]:
        good = [item for item in found if isinstance(item, Prepared)]
        probabilities: Iterator[Float] = iter(())
        verdicts: Iterator[Mask] = iter(())
        if good:
            logits = self.model.logits(
                np.stack([item.views for item in good]),
                np.stack([item.components for item in good]),
            )
            rows = self.model.calibration.probabilities(logits)
            probabilities, verdicts = iter(rows), iter(self.model.calibration.verdicts(rows))
        return [
            Score(path, {}, {}, error=item)
            if isinstance(item, str)
            else Score(
                path,
                {k: round(float(v), 4) for k, v in zip(KEYS, next(probabilities), strict=True)},
                {k: int(v) for k, v in zip(KEYS, next(verdicts), strict=True)},
                item.faces,
            )
            for path, item in zip(paths, found, strict=True)
        ]


def prepared_file(item: tuple[int, str], preprocessing: Preprocessing) -> Prepared | str:
    """Read and prepare a numbered file; what is wrong with it is said, not raised."""
    try:
        return prepared(imaging.read(item[1]), preprocessing)
    except (ImageError, OSError) as error:
        return str(error)


def prepared(image: Image, preprocessing: Preprocessing) -> Prepared:
    """Find the face and measure a picture (H, W, 3)."""
    subject = Subject(image, shared_analyzer())
    height, width = image.shape[:2]
    found_at = subject.faces[0].box(width, height) if subject.faces else None
    box = None if found_at is None else np.array(found_at, np.float32)
    found = assess(subject)
    values = [found[key] for key in KEYS]
    return Prepared(
        np.stack(preprocessing(image, box)),
        np.array([np.nan if isinstance(v, Unassessed) else v for v in values], np.float32),
        len(subject.faces),
    )
