"""Judge portraits with a trained model; the packaged one works right after the install."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import PIL.Image

from proportrait.advice import Reason, disagreements, reasons
from proportrait.arrays import Image
from proportrait.imaging import as_image, each_file
from proportrait.labels import KEYS, LabelVector
from proportrait.limits import PASS as PASS
from proportrait.limits import Limits
from proportrait.limits.marks import mark_of
from proportrait.looks.cache import LookCache
from proportrait.looks.look import Look, look
from proportrait.looks.rules import apply
from proportrait.looks.survey import survey
from proportrait.model.saved import Headshot, load, packaged

CLOSE = 10  # marks around it within which a verdict may as well be the other
SCHEMA = 1  # version of `Score.to_json`; a key that is taken away or changed makes it higher
PACKAGED = "packaged"  # the name of the model that comes with the package
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Score:
    """The verdicts on one picture.

    Attributes:
        path: of the file; "" for an array.
        probabilities: by attribute key, [0, 1], of professional; None where nobody could tell.
        verdicts: by attribute key, 1 professional, 0 not, None where nobody could tell.
        faces: their number; of several the largest is judged.
        box: x0, y0, x1, y1 of its forehead to chin and side to side in shares of the picture as the
            file shows it, may pass 0 and 1; None without a face.
        error: why there is no verdict, or None; verdicts and probabilities are empty then.
        remarks: what is wrong with the file and cost nothing.
        unknown: by attribute key, why it has no verdict.
        reasons: what speaks against the attributes that failed: of each the worst first.
        disagreements: what measures hold against attributes that passed.
        marks: by attribute key, [0, 100]: from `PASS` on the verdict is 1; None without a verdict.
        overall: [0, 100]: half the lowest mark, half their mean; None without all six verdicts.
        fix: what became of each form of a crop, JSON-ready; only by `proportrait score --fix`.
        one_person: whether exactly one person is the subject; None where that cannot be told.
        sure: by attribute key, whether a verdict belongs to those of which at least
            `calibration.SURE` are right on photographs from elsewhere.
    """

    path: str
    probabilities: dict[str, float | None]
    verdicts: dict[str, int | None]
    faces: int = 0
    box: tuple[float, float, float, float] | None = None
    error: str | None = None
    remarks: tuple[str, ...] = ()
    unknown: dict[str, str] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    disagreements: tuple[Reason, ...] = ()
    marks: dict[str, int | None] = field(default_factory=dict)
    fix: tuple[dict[str, Any], ...] = ()
    overall: int | None = None
    one_person: bool | None = None
    sure: dict[str, bool] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready, as `score.schema.json` describes it."""
        if self.error is not None:
            return {"schema": SCHEMA, "path": self.path, "error": self.error}
        return {
            "schema": SCHEMA,
            "path": self.path,
            "overall": self.overall,
            "verdicts": self.verdicts,
            "marks": self.marks,
            "probabilities": self.probabilities,
            "sure": self.sure,
            "unknown": self.unknown,
            "reasons": [reason.to_json() for reason in self.reasons],
            "disagreements": [reason.to_json() for reason in self.disagreements],
            "faces": self.faces,
            "box": None if self.box is None else list(self.box),
            "one_person": self.one_person,
            "remarks": list(self.remarks),
            **({"fix": list(self.fix)} if self.fix else {}),
        }

    @property
    def remark(self) -> str:
        """What to know beside the verdicts, in one line, or ""."""
        parts = []
        for reason in dict.fromkeys(self.unknown.values()):
            keys = [key for key in KEYS if self.unknown.get(key) == reason]
            parts.append(reason if len(keys) == len(KEYS) else f"{', '.join(keys)}: {reason}")
        return "; ".join([*self._others, *parts, *self.remarks])

    @property
    def notes(self) -> list[str]:
        """What to know of the picture whatever its verdicts are: other faces, and the remarks."""
        return [*self._others, *self.remarks]

    @property
    def _others(self) -> list[str]:
        return [f"{self.faces} faces: the largest is judged"] if self.faces > 1 else []

    def words(self, key: str) -> str:
        """The verdict on an attribute and how sure it is: "good", "likely good", "perhaps good".

        At least `calibration.SURE` of those without a word before them are right on photographs
        from elsewhere; "perhaps" may as well be the other. "cannot tell" without a verdict.
        """
        good, mark = self.verdicts[key], self.marks[key]
        if good is None or mark is None:
            return "cannot tell"
        word = "good" if good else "bad"
        if self.sure[key]:
            return word
        return f"perhaps {word}" if abs(mark - PASS) < CLOSE else f"likely {word}"

    @property
    def failures(self) -> list[Reason]:
        """The first reason of each attribute that failed, the lowest mark first."""
        first = {reason.attribute: reason for reason in reversed(self.reasons)}
        return sorted(
            (first[key] for key in KEYS if key in first),
            key=lambda reason: self.marks.get(reason.attribute) or 0,
        )

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
        limits: of one's own: `Limits`, a TOML file, or "linkedin", "cv", "badge"; default: those
            of the model.

    Raises:
        AssetError: there is no such model, or it is damaged.
        ConfigurationError: the limits cannot be read.
    """

    def __init__(
        self,
        model: Headshot | str | Path = PACKAGED,
        limits: Limits | str | Path | None = None,
    ) -> None:
        if not isinstance(limits, Limits):
            limits = Limits() if limits is None else Limits.read(limits)
        if not isinstance(model, Headshot):
            model = load(packaged() if model == PACKAGED else Path(model))
        self.model, self.limits = model, limits
        self._calibration = limits.calibration(model.calibration)

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
        files: Iterable[Path] = each_file(_paths(paths), _log.warning)
        files = list(files) if isinstance(paths, Sized | os.PathLike) else files
        with (
            LookCache() as cache,
            contextlib.closing(survey(files, self.model.wants, cache, workers)) as looks,
        ):
            for path, look in looks:  # one by one, so that no score depends on the others
                yield self.judge(look, path)

    def image(self, picture: Image | PIL.Image.Image | str | Path | bytes) -> Score:
        """The score of one picture; a file that is no picture has an `error`.

        Args:
            picture: a file, its bytes, a Pillow image, or an RGB array (H, W, 3) uint8.

        Raises:
            ValueError: something else, or too small.
        """
        if isinstance(picture, str | os.PathLike):
            path = Path(picture)
            return self.judge(look(path, self.model.wants), path)
        data = picture if isinstance(picture, bytes) else as_image(picture)
        return self.judge(look(data, self.model.wants))

    def judge(self, look: Look, file: Path | None = None) -> Score:
        """The score of what a look holds: `wants` of the model.

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
        decisive = {*rules, *(reason.attribute for reason in violated)}
        return Score(
            path, decided.probabilities, good, look.faces, _box(look), remarks=look.remarks,
            unknown={key: why for key, why in decided.reasons.items() if good[key] is None},
            reasons=reasons(look, good, rules, violated),
            disagreements=disagreements(look, good),
            marks=marks, overall=_overall(marks.values()),
            one_person=decided.one_person,
            sure={
                key: good[key] is not None and (key in decisive or bool(certain))
                for key, certain in zip(KEYS, calibration.sure(probabilities)[0], strict=True)
            },
        )  # fmt: skip


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


def _overall(marks: Iterable[int | None]) -> int | None:
    """Half the weakest mark, half the mean of all; None where one is not known."""
    known = [mark for mark in marks if mark is not None]
    return round((min(known) + sum(known) / len(known)) / 2) if len(known) == len(KEYS) else None


def _box(look: Look) -> tuple[float, float, float, float] | None:
    """The box of the largest face in the picture before it was turned by quarters."""
    if look.box is None:
        return None
    x0, y0, x1, y1 = (round(float(end), 5) for end in look.box)
    for _ in range(look.turns % 4):
        x0, y0, x1, y1 = round(1 - y1, 5), x0, round(1 - y0, 5), x1
    return x0, y0, x1, y1
