"""One look at a picture, for every use of it: faces, measures, scores, features, views.

What training learns from and what serving judges by are the same look, bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait import imaging
from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError, ImageError
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS
from proportrait.looks.features import Backbone, clothes
from proportrait.measures import MODULES, Measure, Subject, Unassessed

Features = npt.NDArray[np.float16]
Measures = Mapping[str, Measure | Unassessed]
# (picture (H, W, 3), box (4,) of the largest face or None) -> views, each (size, size, 3)
ViewMaker = Callable[[Image, Float | None], list[Image]]

WORKER_BYTES = 700_000_000  # resident memory of a worker that looks; see `python -m benchmarks`


@dataclass(frozen=True)
class Wants:
    """What a look shall hold.

    Attributes:
        attributes: keys whose measures and scores are taken.
        features: names of `FEATURES`.
        views: makes the views that a model sees; they are in no cache.
    """

    attributes: tuple[str, ...] = KEYS
    features: tuple[str, ...] = ()
    views: ViewMaker | None = None

    def __post_init__(self) -> None:
        for name, choices in ((self.attributes, MODULES), (self.features, FEATURES)):
            if unknown := set(name) - set(choices):
                raise ValueError(f"{sorted(unknown)}: the choices are {', '.join(choices)}")


@dataclass(frozen=True, eq=False)
class Look:
    """What one picture shows. A picture that cannot be read has an `error` and nothing else.

    Attributes:
        size: (height, width) px, as it was looked at: the longer side is at most
            `imaging.LONGEST`.
        boxes: (F, 4) float32, x0 y0 x1 y1 of the mesh of every face in shares of the sides, the
            largest first.
        measures: by attribute, its measures by name.
        scores: by attribute, [0, 100]; only those that could be assessed.
        reasons: by attribute, why the others could not.
        features: by name, (1280,) float16: see `FEATURES`.
        views: (V, size, size, 3) uint8, or None where no model asked for them.
        remarks: what to know of the file beside the verdicts.
        error: why it cannot be read, or "".
        digest: SHA-256 of the file in hex; "" of an array, or where it cannot be opened.
        subject: the picture and the person in it, where the look was taken in this process.
    """

    size: tuple[int, int] = (0, 0)
    boxes: Float = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    measures: Mapping[str, Measures] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, Features] = field(default_factory=dict)
    views: Image | None = None
    remarks: tuple[str, ...] = ()
    error: str = ""
    digest: str = ""
    subject: Subject | None = None

    @property
    def faces(self) -> int:
        """How many there are."""
        return len(self.boxes)

    @property
    def box(self) -> Float | None:
        """(4,) of the largest face, or None without one."""
        return self.boxes[0] if len(self.boxes) else None

    def score_array(self) -> Float:
        """The scores (6,) float32 in the order of the attributes; NaN where there is none."""
        return np.array([self.scores.get(key, np.nan) for key in KEYS], np.float32)

    def holds(self, wants: Wants) -> bool:
        """Whether nothing has to be added for what is wanted; views are always made anew."""
        return bool(self.error) or (
            self.size != (0, 0)
            and set(wants.attributes) <= set(self.measures)
            and set(wants.features) <= set(self.features)
            and wants.views is None
        )


def look(picture: str | Path | Image, wants: Wants | None = None) -> Look:
    """Look at a picture; what is wrong with a file is told by the look, not raised.

    Args:
        picture: a file, or RGB uint8 (H, W, 3).
        wants: what to look for; default: the scores of all attributes.

    Raises:
        ValueError: an array of another kind or shape.
    """
    wants = wants or Wants()
    if isinstance(picture, np.ndarray):
        return _complete(Look(), imaging.checked(picture), wants)
    return look_at_file(Path(picture), wants)


def look_at_file(
    picture: Path, wants: Wants, known: Callable[[str], Look | None] = lambda digest: None
) -> Look:
    """As `look`; `known` gives what is known already of the content of that digest."""
    try:
        data = picture.read_bytes()
    except OSError as error:
        return Look(error=f"it cannot be read: {error.strerror}")
    digest = hashlib.sha256(data).hexdigest()
    before = known(digest) or Look(digest=digest)
    if before.holds(wants):
        return before
    try:
        decoded = imaging.decode_picture(data)
    except ImageError as error:
        return Look(error=str(error), digest=digest)
    return _complete(replace(before, remarks=decoded.remarks), decoded.image, wants)


def _complete(before: Look, image: Image, wants: Wants) -> Look:
    """The look with what is wanted and was not there yet."""
    height, width = image.shape[:2]
    subject = Subject(image, shared_analyzer())
    boxes = before.boxes
    if before.size == (0, 0):
        boxes = np.array([face.box(width, height) for face in subject.faces], np.float32)
        boxes = boxes.reshape(-1, 4)
    measures = dict(before.measures)
    scores, reasons = dict(before.scores), dict(before.reasons)
    for key in wants.attributes:
        if key in measures:
            continue
        measures[key] = MODULES[key].measure(subject)
        score = MODULES[key].assess(measures[key])
        if isinstance(score, Unassessed):
            reasons[key] = score.reason
        else:
            scores[key] = score
    features = dict(before.features)
    for name in wants.features:
        if name not in features:
            features[name] = FEATURES[name](subject)
    now = replace(
        before, size=(height, width), boxes=boxes, measures=measures, scores=scores,
        reasons=reasons, features=features, subject=subject,
    )  # fmt: skip
    if wants.views is None:
        return now
    return replace(now, views=np.stack(wants.views(image, now.box)))


def _whole(subject: Subject) -> Features:
    return _backbone()(subject.image).astype(np.float16)


def _clothes(subject: Subject) -> Features:
    """Of the clothes; of the whole picture where no single face tells where they are."""
    try:
        part = clothes(subject.image, subject.face)
    except AssessmentError:
        part = subject.image
    return _backbone()(part).astype(np.float16)


# What EfficientNet-lite0 on ImageNet sees in a part of the picture, by the name of the part.
FEATURES: dict[str, Callable[[Subject], Features]] = {"whole": _whole, "clothes": _clothes}


@cache
def _backbone() -> Backbone:
    return Backbone(threads=1)
