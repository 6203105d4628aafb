"""A warm start: how likely a taste is one of the six verdicts, several of them at once, or neither.

Every set of attributes is a hypothesis: "positive is what has all of these". The empty one says
that a taste has nothing to do with them. Labels decide between them by evidence (MacKay, "The
Evidence Framework Applied to Classification Networks", 1992), and predictions are averaged.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float, Mask
from proportrait.labels import KEYS

SUBSETS: npt.NDArray[np.bool_] = np.array(
    sorted(itertools.product((False, True), repeat=len(KEYS)), key=sum)
)
_SIZES = SUBSETS.sum(1)
_NOTHING = 0.2  # share of the empty one before there are labels; each other size has the same
_RIVALS = np.array([comb(len(KEYS), size) for size in _SIZES])  # subsets of the same size
_PRIOR = np.where(_SIZES == 0, _NOTHING, (1 - _NOTHING) / len(KEYS) / _RIVALS)
_LINE = np.array([1.0, 0.0])  # slope and offset from the odds of the model to those of the taste
_COSTS = np.array([4.0, 0.25])  # one over their variance
_SUREST = 5.0  # log odds: the packaged model may be wrong
_ITERATIONS = 8
_LEAST = 1e-3  # share of a hypothesis under which it is left out


@dataclass(frozen=True, eq=False)
class Warm:
    """Hypotheses that are left.

    Attributes:
        subsets: (H, 6) bool, the attributes of each.
        shares: (H,), how likely each is, sum 1.
        lines: (H, 2), slope and offset of its log odds.
    """

    subsets: Mask
    shares: Float
    lines: Float

    @classmethod
    def fit(cls, verdicts: Float, labels: Mask) -> Warm:
        """Weigh the hypotheses.

        Args:
            verdicts: (N, 6), log odds of the packaged model.
            labels: (N,) bool.
        """
        odds = _odds(verdicts, SUBSETS)
        lines = np.tile(_LINE, (len(SUBSETS), 1))
        design = np.stack([odds, np.ones_like(odds)], 2).astype(np.float64)  # (N, H, 2)
        for _ in range(_ITERATIONS):
            likely, curvature = _curvature(design, lines)
            slope = np.einsum("nhi,nh->hi", design, labels[:, None] - likely)
            slope -= _COSTS * (lines - _LINE)
            lines = lines + np.linalg.solve(curvature, slope[..., None])[..., 0]
        likely, curvature = _curvature(design, lines)
        fits = np.log(np.where(labels[:, None], likely, 1 - likely)).sum(0)
        fits -= (_COSTS * (lines - _LINE) ** 2).sum(1) / 2
        evidence = fits - np.linalg.slogdet(curvature)[1] / 2 + np.log(_PRIOR)
        shares = np.exp(evidence - evidence.max())
        shares = np.where(shares < _LEAST * shares.sum(), 0, shares)
        left = shares > 0
        return cls(
            SUBSETS[left], (shares[left] / shares.sum()).astype(np.float32),
            lines[left].astype(np.float32),
        )  # fmt: skip

    def scores(self, verdicts: Float) -> Float:
        """Log odds (N,) float32 of positive, of log odds (N, 6) of the packaged model."""
        odds = _odds(verdicts, self.subsets) * self.lines[:, 0] + self.lines[:, 1]
        likely = (1 / (1 + np.exp(-odds))) @ self.shares
        likely = np.clip(likely, 1e-4, 1 - 1e-4)
        return np.asarray(np.log(likely / (1 - likely)), np.float32)


def verdicts_of(values: Float, names: Sequence[str]) -> Float:
    """Log odds (N, 6) of the packaged model among features (N, D), 0 where they are missing."""
    columns = _verdict_columns(tuple(names))
    if not columns:
        return np.zeros((len(values), len(KEYS)), np.float32)
    return np.nan_to_num(values[:, columns])


@cache
def _verdict_columns(names: tuple[str, ...]) -> list[int]:
    return [place for place, name in enumerate(names) if name.startswith("verdicts:")]


def _odds(verdicts: Float, subsets: Mask) -> Float:
    """Log odds (N, H) float32 that all attributes of a subset are good; of the empty one 0."""
    known = np.nan_to_num(np.asarray(verdicts, np.float32))
    together = -np.logaddexp(0, -known) @ subsets.T.astype(np.float32)  # log probability
    odds = together - np.log(-np.expm1(np.minimum(together, -1e-6)))
    odds = np.clip(odds, -_SUREST, _SUREST)
    return np.asarray(np.where(subsets.any(1), odds, 0), np.float32)


def _curvature(design: Double, lines: Double) -> tuple[Double, Double]:
    """Probabilities (N, H), and the second derivatives (H, 2, 2) of the log posterior."""
    odds = np.clip(np.einsum("nhi,hi->nh", design, lines), -14, 14)
    likely = 1 / (1 + np.exp(-odds))
    curvature = np.einsum("nhi,nh,nhj->hij", design, likely * (1 - likely), design)
    return likely, curvature + np.diag(_COSTS)
