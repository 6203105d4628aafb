"""The last step of a model: three opinions of a picture become one logit of each attribute.

The opinions are those of the heads that the backbone was trained with, of heads that were taught
again on frozen features of more views ("Last Layer Re-Training is Sufficient for Robustness to
Spurious Correlations", Kirichenko, Izmailov, Wilson, ICLR 2023), and of the single measures: a
generalised additive model, a curve a measure, so that what each measure costs can be told. A
logistic regression weighs them. `proportrait.train.fuse` learns all of it from photographs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Real
from proportrait.labels import KEYS

OPINIONS = 3  # of the backbone's own heads, of the heads taught again, of the measures
_PREFIX = "fusion."  # of the names in a model's file


@dataclass(frozen=True, eq=False)
class Fusion:
    """Everything that turns features and measures into logits; all arrays are float32.

    Attributes:
        centre, weight, bias: of the heads taught again: (D,), (6, D), (6,).
        knots: (M, K), ascending values of each measure at which its curves bend.
        curves: (6, M, K), log odds at the knots; a measure that could not be taken adds nothing.
        base: (6,), log odds without any measure.
        mix: (6, 3), weight of each opinion; 0 where it is not heard.
        offset: (6,).
    """

    centre: Float
    weight: Float
    bias: Float
    knots: Float
    curves: Float
    base: Float
    mix: Float
    offset: Float

    @classmethod
    def neutral(cls, features: int, measures: int) -> Fusion:
        """One that hears the backbone's own heads alone.

        Args:
            features, measures: their numbers.
        """
        size, zeros = len(KEYS), np.zeros
        mix = zeros((size, OPINIONS), np.float32)
        mix[:, 0] = 1
        return cls(
            zeros(features, np.float32), zeros((size, features), np.float32),
            zeros(size, np.float32), np.tile(np.arange(2, dtype=np.float32), (measures, 1)),
            zeros((size, measures, 2), np.float32), zeros(size, np.float32), mix,
            zeros(size, np.float32),
        )  # fmt: skip

    def logits(self, own: Real, features: Real, measures: Real) -> Float:
        """Logits (N, 6) float32 of N pictures.

        Args:
            own: (N, 6), logits of the backbone's own heads.
            features: (N, D).
            measures: (N, M), native values, NaN where one could not be taken.
        """
        opinions = np.stack([own, self.head_logits(features), self.measure_logits(measures)], -1)
        return np.asarray((opinions * self.mix).sum(-1) + self.offset, np.float32)

    def head_logits(self, features: Real) -> Float:
        """Logits (N, 6) of the heads taught again."""
        return np.asarray((features - self.centre) @ self.weight.T + self.bias, np.float32)

    def measure_logits(self, measures: Real) -> Float:
        """Logits (N, 6) of the measures alone."""
        return np.asarray(self.costs(measures).sum(-1) + self.base, np.float32)

    def costs(self, measures: Real) -> Float:
        """What each measure adds to the log odds of each attribute: (N, 6, M)."""
        return additive(measures, self.knots, self.curves)

    def to_state(self) -> dict[str, Float]:
        """Its arrays by name, for a file."""
        return {f"{_PREFIX}{entry.name}": getattr(self, entry.name) for entry in fields(self)}

    @classmethod
    def from_state(cls, state: Mapping[str, npt.NDArray[Any]]) -> Fusion:
        """The fusion among the arrays of a file.

        Raises:
            KeyError: an array is missing.
        """
        return cls(*(np.asarray(state[_PREFIX + e.name], np.float32) for e in fields(cls)))

    @staticmethod
    def owns(name: str) -> bool:
        """Whether an array of a file belongs to a fusion."""
        return name.startswith(_PREFIX)


def additive(values: Real, knots: Float, curves: Float) -> Float:
    """The curves of each measure at its values, (N, A, M) float32.

    They are linear between the knots, constant beyond them, and 0 where there is no value.

    Args:
        values: (N, M), NaN where there is none.
        knots: (M, K), ascending.
        curves: (A, M, K).
    """
    width = np.maximum(np.diff(knots, axis=1), 1e-12)
    known = ~np.isnan(values)
    filled = np.where(known, values, knots[:, 0])
    part = np.clip((filled[..., None] - knots[:, :-1]) / width, 0, 1)  # (N, M, K - 1)
    rise = np.einsum("nmk,amk->nam", part, np.diff(curves, axis=2), optimize=True)
    return np.asarray(np.where(known[:, None], curves[..., 0] + rise, 0), np.float32)
