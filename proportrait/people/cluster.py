"""Average linkage of embeddings in bounded memory, with faces that belong together or apart.

The distance of two clusters is the root of the mean squared distance of their faces. It follows
from their centres and scatter, so no matrix of all pairs is kept, and since joining two clusters
never brings them nearer to a third, all pairs that are each other's nearest join at once (Murtagh,
1983). The result is that of `scipy.cluster.hierarchy`, method "average", on squared distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from proportrait.arrays import Double, Float, Mask

Integers = npt.NDArray[np.int64]

_CELLS = 1 << 25  # distances that are held at once: 128 MiB


@dataclass(eq=False)
class _Clusters:
    """Clusters that may still grow.

    Attributes:
        centres: (C, D) float32.
        scatter: (C,) mean squared distance of the faces from their centre.
        sizes: (C,) faces.
        decided: (C,) whether it is a person by decision: two of them never join.
        apart: (C, C) sparse, not 0 for two that never join.
        nearest: (C,) of each the nearest cluster; -1 where it is to be searched.
        distances: (C,) squared, to it.
    """

    centres: Float
    scatter: Float
    sizes: Float
    decided: Mask
    apart: sparse.csr_matrix
    nearest: Integers
    distances: Float


def average_linkage(
    embeddings: Float,
    limit: float,
    people: Integers | None = None,
    apart: Integers | None = None,
) -> Integers:
    """The cluster (F,) of each face, 0 the one of the first face, then as they come.

    Args:
        embeddings: (F, D) float32.
        limit: distance up to which clusters join.
        people: (F,) from 1 on, the faces of one person by decision; 0 where nothing is decided.
        apart: (P, 2) numbers of two faces that never get into one cluster by themselves.
    """
    count = len(embeddings)
    people = np.zeros(count, np.int64) if people is None else people
    apart = np.empty((0, 2), np.int64) if apart is None else apart
    _, labels = np.unique(np.where(people > 0, people, -1 - np.arange(count)), return_inverse=True)
    clusters = _started(embeddings, labels, people, apart)
    places = np.arange(len(clusters.sizes))  # of the cluster that each first one is in now
    while True:
        _search(clusters)
        pairs = _mutual(clusters, limit**2)
        if not len(pairs):
            break
        to = _join(clusters, pairs)
        places = to[places]
    _, first, labels = np.unique(places[labels], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[labels].astype(np.int64)


def _started(embeddings: Float, labels: Integers, people: Integers, apart: Integers) -> _Clusters:
    count = int(labels.max(initial=-1)) + 1
    sizes = np.bincount(labels, minlength=count).astype(np.float32)
    centres = _members(labels, count) @ embeddings.astype(np.float64) / sizes[:, None]
    squares = ((embeddings - centres[labels]) ** 2).sum(1)
    one, other = labels[apart].T
    cells = np.concatenate([one, other]), np.concatenate([other, one])
    decided = np.zeros(count, bool)
    decided[labels[people > 0]] = True
    return _Clusters(
        centres.astype(np.float32),
        (np.bincount(labels, squares, count) / sizes).astype(np.float32),
        sizes,
        decided,
        sparse.csr_matrix((np.ones(len(cells[0]), np.float32), cells), (count, count)),
        np.full(count, -1, np.int64),
        np.full(count, np.inf, np.float32),
    )


def _search(clusters: _Clusters) -> None:
    """Find the nearest cluster of those that have none."""
    count, rows = len(clusters.sizes), np.flatnonzero(clusters.nearest < 0)
    ones = np.ones(count, np.float32)
    weights = (clusters.centres**2).sum(1) + clusters.scatter
    left = np.column_stack([-2 * clusters.centres, weights, ones])
    right = np.ascontiguousarray(np.column_stack([clusters.centres, ones, weights]).T)
    step = max(1, _CELLS // max(1, count))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        distances = left[some] @ right
        distances[np.arange(len(some)), some] = np.inf
        pairs = clusters.apart[some].tocoo()
        distances[pairs.row, pairs.col] = np.inf
        distances[np.ix_(clusters.decided[some], clusters.decided)] = np.inf
        clusters.nearest[some] = distances.argmin(1)
        clusters.distances[some] = distances.min(1)


def _mutual(clusters: _Clusters, limit: float) -> Integers:
    """(P, 2) clusters within the limit that are each other's nearest; rounding may leave one."""
    near = clusters.distances <= limit
    if not near.any():
        return np.empty((0, 2), np.int64)
    numbers = np.arange(len(near))
    mutual = near & (clusters.nearest[clusters.nearest] == numbers) & (numbers < clusters.nearest)
    one = np.flatnonzero(mutual)
    if not len(one):
        one = np.array([clusters.distances.argmin()])
    return np.column_stack([one, clusters.nearest[one]])


def _join(clusters: _Clusters, pairs: Integers) -> Integers:
    """Join pairs in place; returns where each cluster went."""
    count = len(clusters.sizes)
    to = np.arange(count)
    to[pairs[:, 1]] = pairs[:, 0]
    kept, to = np.unique(to, return_inverse=True)
    sizes = clusters.sizes.astype(np.float64)
    members = _members(to, len(kept))
    total = members @ sizes
    centres: Double = members @ (sizes[:, None] * clusters.centres) / total[:, None]
    moved = ((clusters.centres - centres[to]) ** 2).sum(1)
    joined = np.bincount(to) > 1
    nearest, distances = clusters.nearest[kept], clusters.distances[kept]
    nearest = np.where(joined | joined[to[nearest]], -1, to[nearest])
    clusters.scatter = (members @ (sizes * (clusters.scatter + moved)) / total).astype(np.float32)
    clusters.centres, clusters.sizes = centres.astype(np.float32), total.astype(np.float32)
    clusters.decided = members @ clusters.decided > 0
    clusters.apart = (members @ clusters.apart @ members.T).tocsr()
    clusters.nearest, clusters.distances = nearest, distances
    return to


def _members(labels: Integers, count: int) -> sparse.csr_matrix:
    """(C, F) which rows of F go into which of C."""
    ones = np.ones(len(labels), np.float32)
    return sparse.csr_matrix((ones, (labels, np.arange(len(labels)))), (count, len(labels)))
