"""The words of measuring: a measure, a failure to assess, and the subject that is measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from proportrait.arrays import Float, Image
from proportrait.errors import AssessmentError
from proportrait.faces import Face, FaceAnalyzer

Direction = Literal["higher", "lower", "middle"]

SMALLEST_FACE = 24.0  # px from forehead to chin: under it landmarks are guesses
OTHER_FACE = 0.5  # of the height of the largest face: from there on a second one is a subject too


@dataclass(frozen=True)
class Measure:
    """One measured quantity.

    Attributes:
        name: of ISO/IEC 29794-5 where it has one, in its spelling.
        value: in `unit`.
        unit: such as "ratio", "deg", "head heights", or "1" for a pure number.
        score: quality from 0 (worst) to 100 (best).
        direction: whether a higher or lower value is better, or one in the middle.
    """

    name: str
    value: float
    unit: str
    score: float
    direction: Direction


@dataclass(frozen=True)
class Unassessed:
    """A measure that could not be taken, and why."""

    name: str
    reason: str


def sigmoid(value: float, middle: float, width: float) -> float:
    """A score [0, 100]: 50 at `middle`, rising with `value`, or falling where `width` < 0.

    The quality mapping of ISO/IEC 29794-5.
    """
    return float(100 / (1 + np.exp(np.minimum(np.maximum(-(value - middle) / width, -60), 60))))


class Subject:
    """A portrait and what is known of the person in it, each found when it is first asked for.

    Args:
        image: RGB uint8 (H, W, 3).
        analyzer: finds faces, masks, and emotions.
        face, mask: where they are known already.
        turns: quarter turns, as `numpy.rot90` counts them, that set this picture upright before.
    """

    def __init__(
        self,
        image: Image,
        analyzer: FaceAnalyzer,
        *,
        face: Face | None = None,
        mask: Float | None = None,
        turns: int = 0,
    ) -> None:
        self.image = image
        self.turns = turns
        self.analyzer = analyzer
        if face is not None:
            self.faces = [face]
        if mask is not None:
            self.mask = mask

    @cached_property
    def faces(self) -> list[Face]:
        """Every face, the largest first."""
        return self.analyzer.detect(self.image)

    @cached_property
    def face(self) -> Face:
        """The largest face.

        Raises:
            AssessmentError: there is none, or it is too small.
        """
        if not self.faces:
            raise AssessmentError("no face found")
        face = self.faces[0]
        if face.height < SMALLEST_FACE:
            raise AssessmentError(f"the face is {face.height:.0f} px high: too small to measure")
        return face

    @cached_property
    def mask(self) -> Float:
        """The person: float32 (H, W), 0 background to 1 person."""
        return self.analyzer.mask(self.image, self.face)

    @cached_property
    def emotions(self) -> dict[str, float]:
        """Probabilities of seven emotions."""
        return self.analyzer.emotions(self.image, self.face)
