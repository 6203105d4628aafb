"""Judge portraits with a trained model; the packaged one works right after the install."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import PIL.Image

from proportrait.arrays import Float, Image, Mask
from proportrait.imaging import as_image, each_file
from proportrait.labels import KEYS, LabelVector
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, look
from proportrait.looks.rules import apply
from proportrait.looks.survey import survey
from proportrait.model.saved import Headshot, load, packaged

PACKAGED = "packaged"  # the name of the model that comes with the package
_BATCH = 16
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Score:
    """The verdicts on one picture.

    Attributes:
        path: of the file; "" for an array.
        probabilities: by attribute key, [0, 1], of professional; None where nobody could tell.
        verdicts: by attribute key, 1 professional, 0 not, None where nobody could tell.
        faces: their number; of several the largest is judged.
        error: why there is no verdict, or None; verdicts and probabilities are empty then.
        remarks: what is wrong with the file and cost nothing.
        reasons: by attribute key, why it has no verdict, or why it is bad whatever a model says.
        one_person: whether exactly one person is the subject; None where that cannot be told.
        sure: by attribute key, whether a verdict belongs to those of which at least
            `calibration.SURE` are right on photographs from elsewhere.
    """

    path: str
    probabilities: dict[str, float | None]
    verdicts: dict[str, int | None]
    faces: int = 0
    error: str | None = None
    remarks: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    one_person: bool | None = None
    sure: dict[str, bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `error`, `reasons`, and `remarks` stand there only where there are some."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        data: dict[str, Any] = {
            "path": self.path,
            "verdicts": self.verdicts,
            "probabilities": self.probabilities,
            "sure": self.sure,
            "faces": self.faces,
            "one_person": self.one_person,
        }
        data |= {"reasons": self.reasons} if self.reasons else {}
        return data | ({"remarks": list(self.remarks)} if self.remarks else {})

    @property
    def remark(self) -> str:
        """What to know beside the verdicts, in one line, or ""."""
        parts = [f"{self.faces} faces: the largest is judged"] if self.faces > 1 else []
        for reason in dict.fromkeys(self.reasons.values()):
            keys = [key for key in KEYS if self.reasons.get(key) == reason]
            parts.append(reason if len(keys) == len(KEYS) else f"{', '.join(keys)}: {reason}")
        return "; ".join([*parts, *self.remarks])

    @property
    def certain(self) -> bool:
        """Whether it has all six verdicts and shows exactly one person."""
        return self.one_person is True and None not in self.verdicts.values()

    @property
    def labels(self) -> LabelVector:
        """The verdicts as a label vector.

        Raises:
            ValueError: there is no verdict on some attribute.
        """
        values = tuple(value for value in self.verdicts.values() if value is not None)
        if len(values) < len(KEYS):
            why = self.error or self.remark
            raise ValueError(f"{self.path or 'the picture'} lacks verdicts: {why}")
        return LabelVector(values)


class Scorer:
    """Scores pictures with one model.

    >>> from proportrait import Scorer
    >>> scorer = Scorer()
    >>> score = scorer.image("tests/data/face.jpg")
    >>> score.verdicts["sharpness"], score.faces
    (1, 1)
    >>> [score.verdicts["sharpness"] for score in scorer.files("tests/data")]
    [1]

    Args:
        model: a model, or the file of one that `proportrait train` wrote; default: the packaged
            one.

    Raises:
        AssetError: there is no such model, or it is damaged.
    """

    def __init__(self, model: Headshot | str | Path = PACKAGED) -> None:
        if not isinstance(model, Headshot):
            model = load(packaged() if model == PACKAGED else Path(model))
        self.model = model

    @classmethod
    def packaged(cls) -> Scorer:
        """A scorer with the model that comes with the package.

        Raises:
            AssetError: it is missing or damaged.
        """
        return cls()

    @classmethod
    def from_file(cls, path: str | Path) -> Scorer:
        """A scorer with a model that `proportrait train` wrote.

        Raises:
            AssetError: the file is no such model.
        """
        return cls(path)

    def files(
        self, paths: str | Path | Iterable[str | Path], workers: int | None = 1
    ) -> Iterator[Score]:
        """Yield a score for each file, in their order; a file that is no picture has an `error`.

        Args:
            paths: a picture, a folder of pictures, or several of them; read in batches.
            workers: processes that take looks; None for as many as cores and memory allow.

        Raises:
            ConfigurationError: a folder holds no pictures.
            ValueError: something else than a path.
        """
        files: Iterable[Path] = each_file(_paths(paths), _log.warning)
        files = list(files) if isinstance(paths, Sized | os.PathLike) else files
        with (
            LookCache() as cache,
            contextlib.closing(survey(files, self.model.wants, cache, workers)) as looks,
        ):
            while batch := list(itertools.islice(looks, _BATCH)):
                yield from self._scores(batch)

    def image(self, picture: Image | PIL.Image.Image | str | Path) -> Score:
        """The score of one picture.

        Args:
            picture: a file, a Pillow image, or an RGB array (H, W, 3) uint8.

        Raises:
            ValueError: something else, or too small.
        """
        if isinstance(picture, str | os.PathLike):
            path = Path(picture)
            return self._scores([(path, look(path, self.model.wants))])[0]
        return self._scores([(None, look(as_image(picture), self.model.wants))])[0]

    def _scores(self, batch: Sequence[tuple[Path | None, Look]]) -> list[Score]:
        """The scores of a batch of looks, in one forward pass."""
        readable = [look for _, look in batch if not look.error]
        calibration = self.model.calibration
        probabilities = calibration.probabilities(self.model.logits(readable))
        rows = zip(
            probabilities, calibration.verdicts(probabilities), calibration.sure(probabilities),
            strict=True,
        )  # fmt: skip
        return [_score("" if file is None else str(file), look, rows) for file, look in batch]


def _paths(paths: object) -> Iterator[str | Path]:
    """The paths one by one; a single one is one, not its letters."""
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    for path in paths if isinstance(paths, Iterable) else [paths]:
        if not isinstance(path, str | os.PathLike):
            raise ValueError(
                f"a path of a picture or a folder is expected, not a {type(path).__name__}: "
                f"Scorer.image takes pictures in memory"
            )
        yield Path(path)


def _score(path: str, look: Look, rows: Iterator[tuple[Float, Mask, Mask]]) -> Score:
    """The score of one look; if it has no error, the next row is its own."""
    if look.error:
        return Score(path, {}, {}, error=look.error)
    probabilities, verdicts, sure = next(rows)
    decided = apply(
        look,
        {key: round(float(value), 4) for key, value in zip(KEYS, probabilities, strict=True)},
        {key: int(value) for key, value in zip(KEYS, verdicts, strict=True)},
    )
    return Score(
        path, decided.probabilities, decided.verdicts, look.faces, remarks=look.remarks,
        reasons=decided.reasons, one_person=decided.one_person,
        sure={
            key: decided.verdicts[key] is not None and (key in decided.reasons or bool(certain))
            for key, certain in zip(KEYS, sure, strict=True)
        },
    )  # fmt: skip
