"""One picture looked at: the component of every attribute, and what a network sees in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from proportrait import imaging
from proportrait.errors import AssessmentError, ImageError
from proportrait.faces import shared_analyzer
from proportrait.labels import KEYS
from proportrait.looks.features import SIZE, Backbone, clothes
from proportrait.measures import Subject, Unassessed, assess

VERSION = 2  # of the measures: a look of another version is taken again
FEATURES = 2 * SIZE  # numbers: the whole picture, then the clothes
WORKER_BYTES = 700_000_000  # resident memory of a worker


@dataclass(frozen=True, eq=False)
class Look:
    """What one picture shows.

    Attributes:
        components: by attribute, [0, 100]; only those that could be assessed.
        reasons: by attribute, why the others could not.
        features: (FEATURES,) float16, or None where they were not asked for.
        size: (height, width) px; (0, 0) where the file cannot be read.
        error: why it cannot be read, or "".
        box: of the largest face's mesh, x0 y0 x1 y1 in shares of the sides, or None without one.
    """

    components: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    features: npt.NDArray[np.float16] | None = None
    size: tuple[int, int] = (0, 0)
    error: str = ""
    box: tuple[float, ...] | None = None


def look(path: Path, keys: Sequence[str] = KEYS, features: bool = True) -> Look:
    """Look at the picture in a file; what is wrong with it is said, not raised.

    Args:
        path: of the file.
        keys: attributes to assess.
        features: whether the network looks at it too.
    """
    try:
        image = imaging.read(path)
    except (ImageError, OSError) as error:
        return Look(error=str(error))
    subject = Subject(image, shared_analyzer())
    components, reasons = {}, {}
    for key, found in assess(subject, keys).items():
        if isinstance(found, Unassessed):
            reasons[key] = found.reason
        else:
            components[key] = round(found, 3)
    seen = _features(subject) if features else None
    height, width = image.shape[:2]
    box = subject.faces[0].box(width, height) if subject.faces else None
    return Look(components, reasons, seen, (height, width), box=box)


def _features(subject: Subject) -> npt.NDArray[np.float16]:
    whole = _backbone()(subject.image)
    try:
        worn = _backbone()(clothes(subject.image, subject.face))
    except AssessmentError:
        worn = whole
    return np.concatenate([whole, worn]).astype(np.float16)


@cache
def _backbone() -> Backbone:
    return Backbone(threads=1)
