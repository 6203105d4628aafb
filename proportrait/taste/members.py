"""The three families of an ensemble: each gives a log odds of positive to coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float, Mask

_EPSILON = 1e-6


@dataclass(frozen=True, eq=False)
class Linear:
    """Logistic regression.

    Attributes:
        weight: (K,).
        bias: ().
    """

    name: ClassVar[str] = "linear"
    weight: Float
    bias: Float

    @classmethod
    def fit(cls, points: Float, labels: Mask) -> Linear:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=500)
        model.fit(points.astype(np.float64), labels)
        return cls(model.coef_[0].astype(np.float32), np.float32(model.intercept_[0]))

    def scores(self, points: Float) -> Float:
        """(N,) float32."""
        return np.asarray(points @ self.weight + self.bias, np.float32)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The labels of pictures near by, weighted by a Gaussian of their distance.

    Attributes:
        points: (M, K), of the labelled pictures.
        signs: (M,), weight of each for positive (above 0) or negative.
        width: (), of the Gaussian.
    """

    name: ClassVar[str] = "neighbours"
    points: Float
    signs: Float
    width: Float

    @classmethod
    def fit(cls, points: Float, labels: Mask) -> Neighbours:
        near = np.sort(_squares(points, points), 1)[:, min(3, len(points) - 1)]
        width = np.sqrt(max(float(np.median(near)), _EPSILON))
        return cls(points, _balanced(labels), np.float32(width))

    def scores(self, points: Float) -> Float:
        """(N,) float32."""
        return self.scores_of(_squares(points, self.points))

    def scores_of(self, squares: Float) -> Float:
        """(N,) float32, of squared distances (N, M) to the labelled pictures."""
        least = squares.min(1, keepdims=True)
        weights = np.exp((least - squares) / (2 * self.width**2))
        votes = np.stack([np.maximum(self.signs, 0), np.maximum(-self.signs, 0)], 1)
        for_, against = (weights @ votes + 0.1 * votes.mean(0)).T
        return np.asarray(np.log(for_) - np.log(against), np.float32)


@dataclass(frozen=True, eq=False)
class Kernel:
    """Ridge regression with a Gaussian kernel (least-squares support vectors).

    Attributes:
        points: (M, K), of the labelled pictures.
        weights: (M,), of their kernels.
        width: (), of the Gaussian.
        bias: ().
    """

    name: ClassVar[str] = "kernel"
    points: Float
    weights: Float
    width: Float
    bias: Float

    @classmethod
    def fit(cls, points: Float, labels: Mask) -> Kernel:
        squares = _squares(points, points)
        width = np.sqrt(max(float(np.median(squares)), _EPSILON))
        kernel = np.exp(-squares / (2 * width**2)).astype(np.float64)
        share = np.where(labels, labels.mean(), 1 - labels.mean())
        target = np.where(labels, 1.0, -1.0)
        weights = np.linalg.solve(kernel + 0.1 * np.diag(2 * share), target)
        return cls(points, weights.astype(np.float32), np.float32(width), np.float32(0))

    def scores(self, points: Float) -> Float:
        """(N,) float32."""
        return self.scores_of(_squares(points, self.points))

    def scores_of(self, squares: Float) -> Float:
        """(N,) float32, of squared distances (N, M) to the labelled pictures."""
        kernel = np.exp(squares / (-2 * self.width**2))
        return np.asarray(2 * (kernel @ self.weights + self.bias), np.float32)


Member = Linear | Neighbours | Kernel
FAMILIES: tuple[type[Member], ...] = (Linear, Neighbours, Kernel)


def _squares(points: Float, others: Float) -> Float:
    """Squared distances (N, M)."""
    lengths = (points**2).sum(1)[:, None] + (others**2).sum(1)
    return np.asarray(np.maximum(lengths - 2 * (points @ others.T), 0), np.float32)


def _balanced(labels: Mask) -> Float:
    """Weights (N,) whose sign is the label; those of each class add up to half of N."""
    positive = labels.mean()
    return np.where(labels, 0.5 / positive, -0.5 / (1 - positive)).astype(np.float32)


def to_state(member: Member) -> dict[str, npt.NDArray[np.generic]]:
    """Its arrays by name, for a file."""
    return {f"{member.name}.{name}": np.asarray(value) for name, value in vars(member).items()}


_ = Double
