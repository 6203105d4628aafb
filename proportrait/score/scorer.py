"""Judge portraits with a trained model; the packaged one works right after the install."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import PIL.Image

from proportrait.advice import disagreements, reasons
from proportrait.arrays import Image
from proportrait.commandline import printable
from proportrait.errors import PictureNotFoundError
from proportrait.imaging import as_image, each_file
from proportrait.labels import KEYS
from proportrait.limits import PASS, Limits
from proportrait.limits.marks import mark_of
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, look
from proportrait.looks.rules import apply
from proportrait.looks.survey import survey
from proportrait.looks.version import version
from proportrait.model.saved import Headshot, load, packaged_model
from proportrait.score.verdicts import Score

if TYPE_CHECKING:
    from proportrait.taste.verdict import NamedTaste

PACKAGED = "packaged"  # the name of the model that comes with the package
_log = logging.getLogger(__name__)


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
        limits: of one's own: `Limits`, a TOML file, or "linkedin", "cv", "badge"; default: those
            of the model.
        tastes: that judge too, beside the six: names, or files of `proportrait taste train`.

    Raises:
        AssetError: there is no such model, or it is damaged.
        ConfigurationError: the limits cannot be read, or there is no such taste.
    """

    def __init__(
        self,
        model: Headshot | str | Path = PACKAGED,
        limits: Limits | str | Path | None = None,
        tastes: Iterable[str | Path] = (),
    ) -> None:
        if not isinstance(limits, Limits):
            limits = Limits() if limits is None else Limits.read(limits)
        if not isinstance(model, Headshot):
            model = packaged_model() if model == PACKAGED else load(Path(model))
        self.model, self.limits = model, limits
        self._calibration = limits.calibration(model.calibration)
        self.tastes: tuple[NamedTaste, ...] = ()
        self.wants = model.wants
        if names := list(tastes):
            from proportrait.taste.verdict import joint_extractor, load_tastes

            self.tastes = load_tastes(names)
            self.wants = replace(model.wants, extractor=joint_extractor(self.tastes))

    def __getstate__(self) -> dict[str, object]:
        """For a worker process, which compiles networks by itself, and tells its own `judge`."""
        state = {name: value for name, value in vars(self).items() if name != "judge"}
        return state | {"model": replace(self.model)}

    @cached_property
    def judge(self) -> str:
        """Of model, limits, tastes, and the measures' code: scorers that share it judge alike."""
        tastes = (f"{taste.name} {taste.taste.ensemble.digest}" for taste in self.tastes)
        parts = self.model.digest, self.limits.digest, version(), *tastes
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]

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
            paths: a picture, a folder of pictures, or several of them.
            workers: processes that take looks; None for as many as cores and memory allow.

        Raises:
            ConfigurationError: a folder holds no pictures.
            ValueError: something else than a path.
        """
        files: Iterable[str | Path] = each_file(_paths(paths), _log.warning)
        if isinstance(paths, Sized | os.PathLike):
            files = list(map(str, files))  # a quarter of the memory of paths
        with (
            LookCache() as cache,
            contextlib.closing(survey(files, self.wants, cache, workers)) as looks,
        ):
            for path, look in looks:  # one by one, so that no score depends on the others
                yield self.verdicts(look, path)

    def image(self, picture: Image | PIL.Image.Image | str | Path | bytes) -> Score:
        """The score of one picture; a file that is no picture has an `error`.

        Args:
            picture: a file, its bytes, a Pillow image, or an RGB array (H, W, 3) uint8.

        Raises:
            PictureNotFoundError: there is no such file; `files` would give its score an `error`.
            ValueError: a folder, something else, or too small.
        """
        if isinstance(picture, str | os.PathLike):
            path = Path(picture)
            _check_there(path)
            return self.verdicts(look(path, self.wants), path)
        data = picture if isinstance(picture, bytes) else as_image(picture)
        return self.verdicts(look(data, self.wants))

    def verdicts(self, look: Look, file: Path | None = None) -> Score:
        """The score of what a look holds: `wants` of the model; without those of tastes, none.

        Args:
            file: that it is a look at, if any.
        """
        path = "" if file is None else str(file)
        if look.error:
            return Score(path, {}, {}, error=look.error)
        calibration = self._calibration
        probabilities = calibration.probabilities(self.model.logits([look]))
        decided = apply(
            look,
            {key: round(float(p), 4) for key, p in zip(KEYS, probabilities[0], strict=True)},
            dict(zip(KEYS, map(int, calibration.verdicts(probabilities)[0]), strict=True)),
        )
        decided, violated = self.limits.apply(look, decided)
        good, marks = decided.verdicts, _marks(decided.probabilities, calibration.thresholds)
        for key, mark in marks.items():  # where a limit is so low that what is bad exceeds it
            marks[key] = min(mark, PASS - 1) if mark is not None and good[key] == 0 else mark
        rules = {key: why for key, why in decided.reasons.items() if good[key] is not None}
        unasked = tuple(key for key in self.limits.unasked if good[key] == 1)
        asked = {key: verdict for key, verdict in good.items() if key not in unasked}
        decisive = {*rules, *(reason.attribute for reason in violated)}
        return Score(
            path, decided.probabilities, good, look.faces, _box(look), remarks=look.remarks,
            unknown={key: why for key, why in decided.reasons.items() if good[key] is None},
            reasons=reasons(look, good, rules, violated),
            disagreements=disagreements(look, asked),
            marks=marks, overall=_overall([marks[key] for key in asked]),
            one_person=decided.one_person,
            sure={
                key: good[key] is not None and (key in decisive or bool(certain))
                for key, certain in zip(KEYS, calibration.sure(probabilities)[0], strict=True)
            },
            unasked=unasked,
            judge=self.judge,
            tastes=tuple(verdict for taste in self.tastes if (verdict := taste.judge(look))),
        )  # fmt: skip


@lru_cache(maxsize=1)
def shared_scorer(
    model: str | Path = PACKAGED,
    limits: Limits | None = None,
    tastes: tuple[str | Path, ...] = (),
) -> Scorer:
    """The scorer of a worker process, which is kept; a model file is read once."""
    return Scorer(model, limits, tastes)


def _check_there(path: Path) -> None:
    if not os.path.lexists(path):
        raise PictureNotFoundError(
            f"{printable(path)} is not there: check its name; it is looked for from "
            f"{printable(Path.cwd())}"
        )
    if os.path.isdir(path):  # noqa: PTH112 - never raises
        raise ValueError(f"{printable(path)} is a folder: Scorer.files judges its pictures")


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


def _marks(
    probabilities: Mapping[str, float | None], thresholds: Sequence[float]
) -> dict[str, int | None]:
    """Marks [0, 100]: 0 at a probability of 0, 50 at the threshold, 100 at 1, linear between.

    Rounded down below 50, so that a mark tells the verdict.
    """
    return {
        key: None if likely is None else _rounded(mark_of(likely, threshold))
        for (key, likely), threshold in zip(probabilities.items(), thresholds, strict=True)
    }


def _rounded(mark: float) -> int:
    return round(mark) if mark >= PASS else int(mark)


def _overall(marks: Collection[int | None]) -> int | None:
    """Half the weakest mark, half the mean of all; None where one is not known, or none is."""
    known = [mark for mark in marks if mark is not None]
    if not known or len(known) < len(marks):
        return None
    return round((min(known) + sum(known) / len(known)) / 2)


def _box(look: Look) -> tuple[float, float, float, float] | None:
    """The box of the largest face in the picture before it was turned by quarters."""
    if look.box is None:
        return None
    x0, y0, x1, y1 = (round(float(end), 5) for end in look.box)
    for _ in range(look.turns % 4):
        x0, y0, x1, y1 = round(1 - y1, 5), x0, round(1 - y0, 5), x1
    return x0, y0, x1, y1
