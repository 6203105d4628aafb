"""From features of many kinds to a few coordinates in which every feature set weighs the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Mask

MOST = 48  # coordinates of a set
# Before there are labels: where the head is tells more than any other set; of others 1. What the
# packaged model says counts by itself, too: see `warm`.
PRIOR = {"verdicts": 5.0, "geometry": 20.0}
FAR = 4.0  # standard deviations: what is farther off counts as so far


@dataclass(frozen=True, eq=False)
class Space:
    """An affine map of features to coordinates: standardised, then principal components by set.

    The coordinates of a set have a total variance of 1 over the pictures that it was fitted to.

    Attributes:
        sizes: (B,) int64, columns of each set.
        dimensions: (B,) int64, coordinates of each set.
        prior: (B,), what each set counts before there are labels, sum 1.
        fill: (D,), what stands for a value that is missing: the median.
        mean, scale: (D,), of each column.
        axes: (sum of columns times coordinates,), the (columns, coordinates) of each set, flat.
    """

    sizes: npt.NDArray[np.int64]
    dimensions: npt.NDArray[np.int64]
    prior: Float
    fill: Float
    mean: Float
    scale: Float
    axes: Float

    @classmethod
    def fit(cls, values: Float, names: Sequence[str] | None = None) -> Space:
        """The space of pictures; they need no labels, and the more the better.

        Args:
            values: (N, D) features, NaN where one is missing.
            names: of the columns, "part:number"; default: all are one set.
        """
        names = names or ["all:"] * values.shape[1]
        groups = [(key, len(list(group)))
                  for key, group in groupby(names, lambda name: name.split(":")[0])]  # fmt: skip
        sizes = [size for _, size in groups]
        prior = np.array([PRIOR.get(key, 1.0) for key, _ in groups])
        known = np.isfinite(values)
        fill = _medians(values, known)
        filled = np.where(known, values, fill)
        mean, scale = filled.mean(0), filled.std(0)
        scale = np.where(scale > 1e-6 * np.maximum(1, abs(mean)), scale, np.inf)
        standard = np.clip((filled - mean) / scale, -FAR, FAR)
        axes, dimensions, start = [], [], 0
        for size in sizes:
            block = standard[:, start : start + size]
            start += size
            axes.append(_principal_axes(block))
            dimensions.append(axes[-1].shape[1])
        return cls(
            np.array(sizes, np.int64), np.array(dimensions, np.int64),
            (prior / prior.sum()).astype(np.float32), fill,
            mean.astype(np.float32), scale.astype(np.float32),
            np.concatenate([part.ravel() for part in axes]).astype(np.float32),
        )  # fmt: skip

    def __call__(self, values: Float, weights: Float | None = None) -> list[Float]:
        """Coordinates of features (N, D): of each set (N, K) float32.

        Args:
            values: NaN where one is missing.
            weights: (B,), of each set; those of weight 0 are not computed: their coordinates are 0.

        Raises:
            ValueError: another number of columns.
        """
        if values.shape[1] != len(self.mean):
            raise ValueError(f"{len(self.mean)} features are expected, not {values.shape[1]}")
        parts: list[Float] = []
        column, place = 0, 0
        needed = np.ones(len(self.sizes)) if weights is None else weights
        for size, count, weight in zip(self.sizes, self.dimensions, needed, strict=True):
            columns, axes = slice(column, column + size), self.axes[place : place + size * count]
            column, place = column + size, place + size * count
            if weight > 0:
                parts.append(self._coordinates(values, columns, axes.reshape(size, count)))
            else:
                parts.append(np.zeros((len(values), count), np.float32))
        return parts

    def _coordinates(self, values: Float, columns: slice, axes: Float) -> Float:
        scale = self.scale[columns]
        block = values[:, columns] - self.mean[columns]
        if not np.isfinite(block.sum()):
            fill = (self.fill - self.mean)[columns]
            block = np.where(np.isfinite(block), block, fill)
        np.maximum(block, -FAR * scale, out=block)  # quicker than np.clip with arrays
        np.minimum(block, FAR * scale, out=block)
        return np.asarray(block @ (axes / scale[:, None]), np.float32)

    def to_state(self) -> dict[str, npt.NDArray[Any]]:
        """Its arrays by name, for a file."""
        return {f"space.{name}": np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_state(cls, state: Mapping[str, npt.NDArray[Any]]) -> Space:
        """The space among the arrays of a file.

        Raises:
            KeyError: an array is missing.
        """
        return cls(**{name: state[f"space.{name}"] for name in cls.__annotations__})


def _medians(values: Float, known: Mask) -> Float:
    """Of each column the median of what is known, 0 without any: (D,)."""
    pairs = zip(values.T, known.T, strict=True)
    medians = [np.median(column[here]) if here.any() else 0 for column, here in pairs]
    return np.array(medians, np.float32)


def _principal_axes(block: Float) -> Float:
    """Axes (columns, coordinates) of a standardised block (N, columns), total variance 1."""
    rows, columns = block.shape
    count = max(1, min(rows - 1, columns, MOST))
    if rows >= columns:
        values, vectors = np.linalg.eigh(block.T @ block / rows)
        axes = vectors[:, ::-1][:, :count]
        variance = values[::-1][:count]
    else:
        values, vectors = np.linalg.eigh(block @ block.T / rows)
        variance = np.maximum(values[::-1][:count], 0)
        lengths = np.sqrt(np.maximum(variance * rows, 1e-12))
        axes = block.T @ vectors[:, ::-1][:, :count] / lengths
    total = float(np.maximum(variance, 0).sum())
    return np.asarray(axes / np.sqrt(total) if total > 1e-9 else axes * 0, np.float32)
