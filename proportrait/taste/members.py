"""Three models of different families on the same coordinates, and how much each set counts.

Feature sets are weighed by how well their kernel alone agrees with the labels (Cortes, Mohri,
Rostamizadeh, "Algorithms for Learning Kernels Based on Centered Alignment", JMLR 2012): so many
features that tell nothing do not drown a few that do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Double, Float, Mask

NAMES = ("linear", "neighbours", "kernel")
LANDMARKS = 400  # labelled pictures that are kept: of more, as many of each class by chance
_SHRINK = 40.0  # labels that the prior weights of the sets are worth
_LEAST = 0.01  # weight of a set under which it is left out: predictions then take less time
_RIDGE_LINEAR = 0.3
_RIDGE_KERNEL = 0.1
_SHARPNESS = 0.5  # of the Gaussian of the kernel, in squared distances
_NEAR = 5  # the Gaussian of the neighbours reaches as far as this one
_ITERATIONS = 8

Blocks = Sequence[Float]  # coordinates (N, K) of each set


@dataclass(frozen=True, eq=False)
class Members:
    """The three models; each gives log odds of positive, not yet calibrated.

    Attributes:
        weights: (B,), of each set, sum 1.
        landmarks: (M, K), points of labelled pictures: see `mixed`.
        votes: (M, 2), weight of each landmark for negative and positive.
        width: (), squared, of the Gaussian of the neighbours.
        kernel: (M + 1,), weights of the landmarks' kernels, and the offset.
        linear: (K + 1,), weights of the coordinates, and the offset.
    """

    weights: Float
    landmarks: Float
    votes: Float
    width: Float
    kernel: Float
    linear: Float

    @classmethod
    def fit(cls, blocks: Blocks, labels: Mask, prior: Float, seed: int = 0) -> Members:
        """Learn from N pictures with both labels.

        Args:
            blocks: coordinates of each set, (N, K).
            labels: (N,) bool.
            prior: (B,), weights of the sets before there are labels, sum 1.
            seed: of the choice of landmarks.
        """
        rows = _landmarks(labels, seed)
        kernels = [np.exp(-squares(block[rows], block[rows]) / 2) for block in blocks]
        weights = _weights(kernels, labels[rows], prior)
        points = mixed(blocks, weights)
        marks = points[rows]
        distances = squares(points, marks)
        near = np.sort(distances[rows], 1)[:, min(_NEAR, len(rows) - 1)]
        kernel = np.exp(-_SHARPNESS * distances)
        importance = _balance(labels)
        votes = np.stack([~labels[rows], labels[rows]], 1) * _balance(labels[rows])[:, None]
        penalty = [_RIDGE_LINEAR] * points.shape[1] + [1e-3]
        return cls(
            weights,
            marks,
            votes.astype(np.float32),
            np.array(max(float(np.median(near)), 1e-6), np.float32),
            _ridge(kernel[rows], kernel, labels, importance),
            logistic(points, labels, importance, penalty),
        )

    def scores(self, points: Float) -> Float:
        """Log odds (N, 3) float32 of points (N, K), in the order of `NAMES`."""
        linear = points @ self.linear[:-1] + self.linear[-1]
        nearness = points @ (2 * self.landmarks.T) - (self.landmarks**2).sum(1)  # less is farther
        near = nearness - nearness.max(1, keepdims=True)
        near *= 1 / (2 * self.width)
        against, favour = (np.exp(near, out=near) @ self.votes + 0.1).T
        nearness -= (points**2).sum(1, keepdims=True)  # the negative squared distance
        nearness *= _SHARPNESS
        kernel = np.exp(nearness, out=nearness) @ self.kernel[:-1] + self.kernel[-1]
        return np.stack([linear, np.log(favour / against), 2 * kernel], 1).astype(np.float32)


def mixed(blocks: Blocks, weights: Float) -> Float:
    """Points (N, K): coordinates of all sets that have a weight, times its root, side by side."""
    pairs = zip(blocks, weights, strict=True)
    return np.concatenate([np.sqrt(w) * block for block, w in pairs if w > 0], 1)


def _landmarks(labels: Mask, seed: int) -> npt.NDArray[np.intp]:
    """Rows that are kept: all, or `LANDMARKS` with as many of each label as there are."""
    if len(labels) <= LANDMARKS:
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    kinds = [rng.permutation(np.flatnonzero(labels == kind)) for kind in (False, True)]
    most = max(LANDMARKS // 2, LANDMARKS - min(len(rows) for rows in kinds))
    return np.sort(np.concatenate([rows[:most] for rows in kinds]))


def _weights(kernels: list[Float], labels: Mask, prior: Float) -> Float:
    """Weights (B,) of sets from their kernels (M, M), sum 1; of few labels the prior ones."""
    target = labels - labels.mean()
    target = target / np.linalg.norm(target)
    found = np.array([max(0.0, _alignment(kernel, target)) for kernel in kernels]) ** 2
    total = found.sum()
    learnt = found / total if total > 1e-9 else prior
    share = len(labels) / (len(labels) + _SHRINK)
    mixed = share * learnt + (1 - share) * prior
    mixed = np.where(mixed < _LEAST, 0, mixed)
    return np.asarray(mixed / mixed.sum(), np.float32)


def _alignment(kernel: Float, target: Double) -> float:
    centred = kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()
    return float(target @ centred @ target / max(float(np.linalg.norm(centred)), 1e-9))


def _ridge(kernel: Float, rows: Float, labels: Mask, importance: Double) -> Float:
    """Weights (M + 1,) of kernel ridge regression on +1 and -1, and the offset.

    Args:
        kernel: (M, M), of the landmarks.
        rows: (N, M), of all pictures.
    """
    design = np.concatenate([rows, np.ones((len(rows), 1))], 1).astype(np.float64)
    penalty = np.zeros((len(kernel) + 1,) * 2)
    penalty[:-1, :-1] = kernel + 1e-4 * np.eye(len(kernel))
    penalty[-1, -1] = 0.1
    left = design.T @ (design * importance[:, None]) + _RIDGE_KERNEL * penalty
    right = design.T @ (importance * np.where(labels, 1.0, -1.0))
    return np.linalg.solve(left, right).astype(np.float32)


def logistic(
    points: Float, labels: Mask, importance: Double, penalty: Sequence[float],
    start: Sequence[float] | None = None,
) -> Float:  # fmt: skip
    """Weights (K + 1,) float32 of a logistic regression, the offset last, by Newton's method.

    Args:
        points: (N, K).
        labels: (N,) bool.
        importance: (N,), weight of each label.
        penalty: (K + 1,), of the squared difference to `start`.
        start: (K + 1,), default 0.
    """
    design = np.concatenate([points, np.ones((len(points), 1))], 1).astype(np.float64)
    prior = np.zeros(design.shape[1]) if start is None else np.array(start, np.float64)
    costs, weights = np.asarray(penalty, np.float64), prior.copy()
    for _ in range(_ITERATIONS):
        likely = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        curvature = importance * np.maximum(likely * (1 - likely), 1e-4)
        slope = design.T @ (importance * (labels - likely)) - costs * (weights - prior)
        weights += np.linalg.solve(design.T @ (design * curvature[:, None]) + np.diag(costs), slope)
    return weights.astype(np.float32)


def _balance(labels: Mask) -> Double:
    """Weights (N,), the same sum of each class, mean 1."""
    share = labels.mean()
    return np.asarray(np.where(labels, 0.5 / share, 0.5 / (1 - share)), np.float64)


def squares(points: Float, others: Float) -> Float:
    """Squared distances (N, M) float32."""
    lengths = (points**2).sum(1)[:, None] + (others**2).sum(1)
    return np.asarray(np.maximum(lengths - 2 * (points @ others.T), 0), np.float32)
