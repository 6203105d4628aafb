"""One look at a picture, for every use of it: faces, measures, scores, features, views.

Training and serving use the same look, bit for bit.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from proportrait import imaging
from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError, ImageError
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS
from proportrait.looks.features import clothes, shared_backbone
from proportrait.looks.mirror import (
    mirrored_boxes,
    mirrored_measures,
    oriented,
    value_without_side,
)
from proportrait.looks.presence import Presence, presence
from proportrait.measures import MODULES, NAMES, PLACES, Measure, Subject, Unassessed

Features = npt.NDArray[np.float16]
Measures = Mapping[str, Measure | Unassessed]
# Of each network of a model (V, size, size, 3) uint8.
Views = tuple[Image, ...]
# (picture (H, W, 3), box (4,) of the largest face or None) -> views
ViewMaker = Callable[[Image, Float | None], Views]

SCORE = "Score"
# What a model can hear of the measures, as "attribute.Name": each of them, and how they add up.
INPUTS: tuple[str, ...] = (
    *(name for name in NAMES if name not in PLACES),
    *(f"{key}.{SCORE}" for key in KEYS),
)

_LYING = 0.5  # cosine of the angle between a head and the vertical, 60 degrees: beyond it lies

WORKER_BYTES = 700_000_000  # resident memory of a worker process; see `python -m benchmarks`


class Extractor(Protocol):
    """Takes features that a room below this one defines; it pickles, for worker processes.

    Attributes:
        names: of the features, each with a version: another version has another name.
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    def __call__(self, look: Look) -> Mapping[str, Features]:
        """All features by name, 1-d float16.

        Args:
            look: with its measures and its `subject`; boxes are of the subject's picture.
        """


@dataclass(frozen=True)
class Wants:
    """What a look has to hold.

    Attributes:
        attributes: keys of those with measures and scores.
        features: names of `FEATURES`.
        views: makes the views of a model; they are never cached.
        extractor: takes further features; they are cached.
    """

    attributes: tuple[str, ...] = KEYS
    features: tuple[str, ...] = ()
    views: ViewMaker | None = None
    extractor: Extractor | None = None

    def __post_init__(self) -> None:
        for name, choices in ((self.attributes, MODULES), (self.features, FEATURES)):
            if unknown := set(name) - set(choices):
                raise ValueError(f"{sorted(unknown)}: the choices are {', '.join(choices)}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all features."""
        return self.features + (self.extractor.names if self.extractor else ())


@dataclass(frozen=True, eq=False)
class Look:
    """What one picture shows. A picture that cannot be read has an `error` and nothing else.

    Attributes:
        size: (height, width) px after decoding: the longer side is at most `imaging.LONGEST`.
        turns: quarter turns, as `numpy.rot90` counts them, by which the picture was turned since
            its head lay; all that follows is of the turned picture.
        boxes: (F, 4) float32, x0 y0 x1 y1 of the mesh of every face in shares of the sides, the
            largest first.
        presence: what it shows of a person.
        measures: by attribute, its measures by name.
        scores: by attribute, [0, 100]; only of attributes that could be assessed.
        reasons: by attribute, why it could not be assessed.
        features: by name, 1-d float16: see `FEATURES`, and `Extractor`.
        views: what the networks of a model see, or None without `Wants.views`.
        remarks: for the user, about the file.
        error: why it cannot be read, or "".
        digest: SHA-256 of the file in hex; "" for an array or a file that cannot be opened.
        picture: RGB uint8 (H, W, 3), as the file shows it; None in looks of the cache or of
            `survey`.
        subject: the picture, or its mirror image, turned, and its person; None likewise.
    """

    size: tuple[int, int] = (0, 0)
    turns: int = 0
    boxes: Float = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    presence: Presence = "nobody"
    measures: Mapping[str, Measures] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, Features] = field(default_factory=dict)
    views: Views | None = None
    remarks: tuple[str, ...] = ()
    error: str = ""
    digest: str = ""
    picture: Image | None = None
    subject: Subject | None = None

    @property
    def faces(self) -> int:
        """The number of faces."""
        return len(self.boxes)

    @property
    def box(self) -> Float | None:
        """The box (4,) of the largest face, or None without a face."""
        return self.boxes[0] if len(self.boxes) else None

    def score_array(self) -> Float:
        """The scores (6,) float32 in the order of `KEYS`; NaN where an attribute has none."""
        return np.array([self.scores.get(key, np.nan) for key in KEYS], np.float32)

    def measure_array(self, names: Iterable[str]) -> Float:
        """Native values (M,) float32 of measures without sides, NaN where one could not be taken.

        Args:
            names: of `INPUTS`.
        """
        return np.array([self._value(*name.split(".")) for name in names], np.float32)

    def _value(self, key: str, name: str) -> float:
        if name == SCORE:
            return self.scores.get(key, np.nan)
        return value_without_side(self.measures.get(key, {}), name)

    def holds(self, wants: Wants) -> bool:
        """Whether the look is complete for these wants; with views it never is."""
        return bool(self.error) or (
            self.size != (0, 0)
            and set(wants.attributes) <= set(self.measures)
            and set(wants.names) <= set(self.features)
            and wants.views is None
        )


def look(picture: str | Path | bytes | Image, wants: Wants | None = None) -> Look:
    """Look at a picture; a file that cannot be read gives a look with an `error`.

    Args:
        picture: a file, its bytes, or RGB uint8 (H, W, 3).
        wants: default: the measures and scores of all attributes.

    Raises:
        ValueError: an array of another dtype or shape.
    """
    wants = wants or Wants()
    if isinstance(picture, np.ndarray):
        return _complete(Look(), imaging.checked(picture), wants)
    if isinstance(picture, bytes):
        return _look_at_bytes(picture, wants)
    return look_at_file(Path(picture), wants)


def look_at_file(
    picture: Path, wants: Wants, lookup: Callable[[str], Look | None] = lambda digest: None
) -> Look:
    """Look at a file as `look` does; `lookup` gives an earlier look by the content's digest."""
    try:
        # Nobody may ever write to a pipe that lies in a folder; one of the shell has no name there.
        if stat.S_ISFIFO(picture.stat().st_mode) and not str(picture).startswith("/dev/"):
            return Look(error="it cannot be read: it is a pipe, not a file")
        data = picture.read_bytes()
    except OSError as error:
        return Look(error=f"it cannot be read: {error.strerror}")
    return _look_at_bytes(data, wants, lookup)


def _look_at_bytes(
    data: bytes, wants: Wants, lookup: Callable[[str], Look | None] = lambda digest: None
) -> Look:
    digest = hashlib.sha256(data).hexdigest()
    before = lookup(digest) or Look(digest=digest)
    if before.holds(wants):
        return before
    try:
        with ThreadPoolExecutor(1) as pool:
            if before.size == (0, 0):
                pool.submit(_prepare)  # beside the decoding, which takes about as long
            decoded = imaging.decode_picture(data)
    except ImageError as error:
        lasting = not isinstance(error.__cause__, MemoryError)  # only that may go well next time
        return Look(error=str(error), digest=digest if lasting else "")
    return _complete(replace(before, remarks=decoded.remarks), decoded.image, wants)


def _complete(before: Look, image: Image, wants: Wants) -> Look:
    """Add to a look what the wants ask for and it lacks."""
    size, boxes, shown = before.size, before.boxes, before.presence
    picture, (image, is_mirrored) = image, oriented(image)
    if size == (0, 0):
        subject = _upright(image)
        height, width = size = subject.image.shape[:2]
        boxes = np.array([face.box(width, height) for face in subject.faces], np.float32)
        boxes = boxes.reshape(-1, 4)
        shown = "face" if subject.faces else presence(subject.image, subject.analyzer)
    else:
        subject = _turned(image, -before.turns % 4 if is_mirrored else before.turns)
        boxes = mirrored_boxes(boxes) if is_mirrored else boxes
    measures = dict(before.measures)
    scores, reasons = dict(before.scores), dict(before.reasons)
    for key in wants.attributes:
        if key in measures:
            continue
        measured = MODULES[key].measure(subject)
        score = MODULES[key].assess(measured)
        measures[key] = mirrored_measures(measured) if is_mirrored else measured
        if isinstance(score, Unassessed):
            reasons[key] = score.reason
        else:
            scores[key] = score
    features = dict(before.features)
    for name in wants.features:
        if name not in features:
            features[name] = FEATURES[name](subject)
    views = before.views
    if wants.views is not None:
        views = wants.views(subject.image, boxes[0] if len(boxes) else None)
    if wants.extractor is not None and not set(wants.extractor.names) <= set(features):
        measured_look = Look(size, boxes=boxes, measures=measures, scores=scores, subject=subject)
        features.update(wants.extractor(measured_look))
    turns = subject.turns
    if is_mirrored:
        turns, boxes = -turns % 4, mirrored_boxes(boxes)
    return replace(
        before, size=size, turns=turns, boxes=boxes, presence=shown, measures=measures,
        scores=scores, reasons=reasons, features=features, views=views, picture=picture,
        subject=subject,
    )  # fmt: skip


def _upright(image: Image) -> Subject:
    """The picture as it is, or turned by quarters until a lying head stands."""
    subject = _turned(image, 0)
    if not subject.faces or subject.faces[0].down[1] > _LYING:
        return subject
    turned = _turned(image, subject.faces[0].quarter_turns)
    return turned if turned.faces else subject


def _turned(image: Image, turns: int) -> Subject:
    turned = np.ascontiguousarray(np.rot90(image, turns)) if turns else image
    return Subject(turned, shared_analyzer(), turns=turns)


@cache
def _prepare() -> None:
    """Load the networks, once a process."""
    shared_analyzer().prepare()


def _whole(subject: Subject) -> Features:
    return shared_backbone()(subject.image).astype(np.float16)


def _clothes(subject: Subject) -> Features:
    """Features of the clothes; of the whole picture where it has no measurable face."""
    try:
        part = clothes(subject.image, subject.face)
    except AssessmentError:
        part = subject.image
    return shared_backbone()(part).astype(np.float16)


# Features of EfficientNet-lite0 by the name of the part of the picture that they describe.
FEATURES: dict[str, Callable[[Subject], Features]] = {"whole": _whole, "clothes": _clothes}
