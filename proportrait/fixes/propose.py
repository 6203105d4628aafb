"""Propose crops of a portrait, levelled and scored, that are never worse than it was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from proportrait import imaging
from proportrait.arrays import Image
from proportrait.errors import AssessmentError, ImageError
from proportrait.faces import shared_analyzer
from proportrait.fixes.crop import ASPECTS, SMALLEST, Aspect, NoCropError, windows
from proportrait.fixes.exif import copied_exif
from proportrait.fixes.level import Levels, levels
from proportrait.fixes.tilt import tilt
from proportrait.fixes.window import Window
from proportrait.fixes.write import encode
from proportrait.labels import KEYS
from proportrait.looks.look import Wants, look
from proportrait.looks.mirror import oriented
from proportrait.measures import Subject
from proportrait.score import Score, Scorer

LIGHTER = 3  # marks of lighting: less is not worth a change of the light
_FINE = "the photo has this form already, and nothing would help it"


@dataclass(frozen=True, eq=False)
class Fix:
    """A crop of a photo in one form, or why there is none.

    Attributes:
        aspect: "1x1" or "4x5", width and height.
        before: the score of the photo.
        after: the score of the crop, as its file is read again; None without a crop.
        data: its JPEG file; b"" without a crop.
        actions: what was done, for people: "cropped to 812 x 812 px", "0.4 stops brighter".
        window: what was cut out, in px of the photo with its head up; None without a crop.
        turn: deg by which the photo was turned, clockwise.
        levels: how the light was changed, or None.
        reason: why there is no crop, or "".
    """

    aspect: str
    before: Score
    after: Score | None = None
    data: bytes = field(default=b"", repr=False)
    actions: tuple[str, ...] = ()
    window: Window | None = None
    turn: float = 0.0
    levels: Levels | None = None
    reason: str = ""

    @cached_property
    def image(self) -> Image | None:
        """The crop, RGB uint8 (H, W, 3), or None."""
        return imaging.decode(self.data, longest=None) if self.data else None

    def to_json(self) -> dict[str, Any]:
        """JSON-ready: what was done and the score after, or the reason."""
        if self.after is None or self.window is None:
            return {"aspect": self.aspect, "reason": self.reason}
        width, height = self.window.size
        return {
            "aspect": self.aspect, "width": width, "height": height,
            "turned": round(self.turn, 2),
            "stops": round(self.levels.stops, 2) if self.levels else 0.0,
            "actions": list(self.actions),
            "overall": self.after.overall, "verdicts": self.after.verdicts,
            "marks": self.after.marks,
        }  # fmt: skip


def fix(
    picture: Image | PIL.Image.Image | str | Path | bytes,
    scorer: Scorer | None = None,
    *,
    before: Score | None = None,
    smallest: int = SMALLEST,
) -> tuple[Fix, ...]:
    """The best crops of a photo, 1:1 and 4:5: head and shoulders, straight, gently levelled.

    A crop is proposed only if none of the six verdicts is lost and the overall mark does not fall.
    The photo is not changed.

    >>> from proportrait import fix
    >>> square, upright = fix("tests/data/face.jpg")
    >>> square.aspect, square.reason
    ('1x1', 'the head fills the photo: nothing is left to crop from')

    Args:
        picture: a file, its bytes, a Pillow image, or an RGB array (H, W, 3) uint8.
        scorer: judges photo and crops; default: with the packaged model.
        before: the score of the photo, where it is known.
        smallest: px of the shorter side of a crop.

    Returns:
        one for each form, in the order of `ASPECTS`.

    Raises:
        ValueError: a picture in memory that is none, or too small.
    """
    scorer = scorer or Scorer()
    before = before or scorer.image(picture)
    try:
        if before.error is not None:
            raise NoCropError(before.error)
        photo = _Photo.of(picture, before.faces)
        lean, light = tilt(photo.subject), levels(photo.subject)
    except (ImageError, AssessmentError, NoCropError, OSError) as error:
        return tuple(Fix(aspect.name, before, reason=str(error)) for aspect in ASPECTS)
    return tuple(_fixed(photo, aspect, lean, light, scorer, before, smallest) for aspect in ASPECTS)


@dataclass(frozen=True, eq=False)
class _Photo:
    """A photo with all its pixels.

    Attributes:
        image: upright, sRGB.
        subject: the same at the size that is measured.
        source: where its EXIF is; None of an array.
    """

    image: Image
    subject: Subject
    source: bytes | PIL.Image.Image | None

    @classmethod
    def of(cls, picture: Image | PIL.Image.Image | str | Path | bytes, faces: int) -> _Photo:
        """Raises: ImageError, OSError."""
        source: bytes | PIL.Image.Image | None = None
        if isinstance(picture, str | os.PathLike | bytes):
            source = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
            image = imaging.decode(source, longest=None)
        elif isinstance(picture, PIL.Image.Image):
            source, image = picture, imaging.from_pillow(picture, longest=None)
        else:
            image = picture
        scale = min(1.0, imaging.LONGEST / max(image.shape))
        height, width = (max(imaging.MIN_SIDE, round(scale * side)) for side in image.shape[:2])
        subject = _upright(imaging.resize(image, (width, height)) if scale < 1 else image)
        return cls(np.ascontiguousarray(np.rot90(image, subject.turns)), subject, source)

    @property
    def scale(self) -> float:
        """Px of the photo for one of the subject."""
        return float(self.image.shape[1] / self.subject.image.shape[1])


def _upright(image: Image) -> Subject:
    """The picture as `look` sees it, not mirrored: a lying head stands."""
    taken = look(image, Wants(attributes=()))
    if taken.subject is not None and not oriented(image)[1]:
        return taken.subject
    turned = np.ascontiguousarray(np.rot90(image, taken.turns))
    return Subject(turned, shared_analyzer(), turns=taken.turns)


@dataclass(frozen=True, eq=False)
class _Try:
    """A crop and its score."""

    window: Window
    levels: Levels | None
    data: bytes
    after: Score


def _fixed(
    photo: _Photo, aspect: Aspect, lean: float, light: Levels | None, scorer: Scorer,
    before: Score, smallest: int,
) -> Fix:  # fmt: skip
    try:
        choices = windows(photo.subject, aspect, lean, smallest, photo.scale)
    except (NoCropError, AssessmentError) as error:
        return Fix(aspect.name, before, reason=str(error))
    faults: list[str] = []
    for window in choices:
        left_out: tuple[str, ...] = ()
        exif = b""
        if photo.source is not None:
            exif, left_out = copied_exif(photo.source, window.size)
        plain = _tried(photo.image, window, None, exif, scorer)
        chosen = plain
        if light is not None and (plain.after.marks["lighting"] or 0) <= 100 - LIGHTER:
            levelled = _tried(photo.image, window, light, exif, scorer)
            if _is_lighter(plain.after, levelled.after):
                chosen = levelled
        if not (fault := _fault(before, chosen.after)):
            actions = tuple(_actions(photo, chosen, left_out))
            if not actions:
                return Fix(aspect.name, before, reason=_FINE)
            return Fix(
                aspect.name, before, chosen.after, chosen.data, actions, window,
                _turn(photo, window), chosen.levels,
            )  # fmt: skip
        faults.append(fault)
    return Fix(aspect.name, before, reason=faults[0])


def _tried(image: Image, window: Window, light: Levels | None, exif: bytes, scorer: Scorer) -> _Try:
    crop = window.cut(image)
    data = encode(light.apply(crop) if light else crop, exif)
    return _Try(window, light, data, scorer.image(imaging.decode(data)))


def _is_lighter(plain: Score, levelled: Score) -> bool:
    """Whether levelling makes the lighting plainly better, and nothing worse."""
    marks = plain.marks["lighting"], levelled.marks["lighting"]
    better = marks[0] is not None and marks[1] is not None and marks[1] >= marks[0] + LIGHTER
    return better and not worse(plain, levelled)


def _fault(before: Score, after: Score) -> str:
    """Why a crop is not proposed, or ""."""
    if loss := worse(before, after):
        return f"a crop would be worse: {loss}"
    if after.verdicts["framing"] == 1:
        return ""
    why = [reason.text for reason in after.reasons if reason.attribute == "framing"]
    return f"no crop makes the framing good: {(why or [after.unknown['framing']])[0]}"


def worse(before: Score, after: Score) -> str:
    """What a crop loses, in words: a verdict, the only person, or overall marks; "" if nothing."""
    lost = [key for key in KEYS if before.verdicts[key] == 1 and after.verdicts[key] != 1]
    if lost:
        return f"{', '.join(lost)} would no longer be good"
    if before.one_person and not after.one_person:
        return "the person would not be alone in it"
    if before.overall is not None and (after.overall is None or after.overall < before.overall):
        return f"the mark would fall from {before.overall} to {after.overall}"
    return ""


def _turn(photo: _Photo, window: Window) -> float:
    """How far the photo was turned, deg, clockwise; above -180 and up to 180."""
    return 180 - (180 + window.angle + 90 * photo.subject.turns) % 360


def _actions(photo: _Photo, made: _Try, left_out: tuple[str, ...]) -> Iterator[str]:
    """What was done to a photo."""
    width, height = made.window.size
    if photo.image.shape[:2] != (height, width):
        yield f"cropped to {width} x {height} px"
    if turn := _turn(photo, made.window):
        yield f"turned by {abs(turn):.1f} degrees {'counter-' if turn < 0 else ''}clockwise"
    yield from made.levels.words if made.levels else ()
    if left_out:
        yield f"left out of the file: {', '.join(left_out)}"
