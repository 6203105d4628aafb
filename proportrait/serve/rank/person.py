"""The photos of one person in a view: matched once, ranked anew whenever weights change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proportrait.arrays import Double, Float
from proportrait.rank.bursts import leaders, leaders_by, likes
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.match import (
    SURE,
    Rows,
    Whose,
    best_of_photos,
    face_similarities,
    sure_face,
)
from proportrait.rank.parts import UNKNOWN, kind_of, logarithm, parts_of, reasons_of
from proportrait.rank.ranking import Ranked, way_of
from proportrait.rank.weights import KINDS, PARTS, TASTE, Kind, Weights
from proportrait.serve.rank.view import View

Lookup = Callable[[View, int], tuple[PhotoEntry, FaceEntry]]  # of a row of `View.faces`


@dataclass(frozen=True, eq=False)
class Worth:
    """What ranking needs of a photo for one of its faces; `logs` has the order of `PARTS`."""

    kind: Kind
    logs: Double
    phash: int
    time: float

    @classmethod
    def of(cls, photo: PhotoEntry, face: FaceEntry) -> Worth:
        parts = parts_of(photo, face)
        time = np.nan if photo.time is None else photo.time
        logs = np.array([logarithm(parts[name]) for name in PARTS])
        return cls(kind_of(photo, face), logs, photo.phash, time)


@dataclass(frozen=True, eq=False)
class Table:
    """The photos that match, the most alike first.

    Attributes:
        rows: (M,) of their faces in the view.
        logs: (M, P) natural logarithms of the parts.
        groups: (M,), whether the kind is "group".
        hashes: (M,) perceptual hashes.
        times: (M,) s, NaN where it is unknown.
        names: (M,) places by name.
        likes: of each the numbers of those that it is like; None where these are too many.
    """

    rows: Rows
    logs: Double
    groups: np.ndarray[tuple[int], np.dtype[np.bool_]]
    hashes: np.ndarray[tuple[int], np.dtype[np.uint64]]
    times: Double
    names: Rows
    likes: list[list[int]] | None


@dataclass(frozen=True, eq=False)
class Order:
    """A ranking: for each leader, the best first, its number in the table and its followers'.

    `liked` has the marks of photos by a taste, by their ids.
    """

    table: Table
    scores: Double
    groups: list[tuple[int, list[int]]]
    liked: Mapping[int, float]

    @property
    def numbers(self) -> list[int]:
        """Of all photos in the table, near-duplicates behind the one that leads them."""
        return [number for leader, others in self.groups for number in (leader, *others)]

    @property
    def photos(self) -> int:
        """How many photos show the person, near-duplicates too."""
        return len(self.table.rows)


class Person:
    """The photos of a person.

    Args:
        view: in which the person is.
        people: (R, D + 1) embeddings of references.
        lookup: gives the entries of a face.
        worths: what is known of faces already, by their id; it grows.
        smallest: px of a face that counts.
        whose: known faces of the person and of others; similarity decides on the rest.
    """

    def __init__(
        self,
        view: View,
        people: Float,
        lookup: Lookup,
        worths: dict[int, Worth],
        smallest: float,
        whose: Whose | None = None,
    ) -> None:
        self.view = view
        self._lookup, self._worths, self._whose = lookup, worths, whose
        limit = SURE if whose is None else None  # else it is known which faces are the person's
        self._people = people
        self._values, self._further = face_similarities(
            view.faces, view.contents.photos, people, smallest, limit
        )
        self._limit, self._best, self._same = -1.0, np.zeros(0, np.int64), 0
        self._table: Table | None = None

    def rank(
        self,
        weights: Mapping[Kind, Weights],
        similarity: float,
        liked: Mapping[int, float] | None = None,
    ) -> Order:
        """Order the photos whose similarity reaches a limit, the best first.

        Args:
            weights: by kind.
            similarity: the limit, [0, 1].
            liked: marks [0, 100] of photos by a taste, by their ids; None without a taste.
        """
        table = self._matches(similarity)
        logs = table.logs
        if liked is not None:
            logs = _with_taste(table, self.view.faces.photos, liked)
        scores = np.where(table.groups, *(_scores(logs, weights[kind]) for kind in KINDS[::-1]))
        order = np.lexsort((table.names, -scores)).tolist()
        if table.likes is None:  # so many are alike that few lead, which makes this quick
            first = leaders(table.hashes[order].tolist(), table.times[order].tolist())
            leading = {number: order[place] for number, place in zip(order, first, strict=True)}
        else:
            leading = dict(enumerate(leaders_by(order, table.likes)))
        groups: dict[int, list[int]] = {}
        for number in order:
            followers = groups.setdefault(leading[number], [])
            if number != leading[number]:
                followers.append(number)
        return Order(table, scores, list(groups.items()), liked or {})

    def similarity(self, row: int) -> float:
        """Of a face, by its row."""
        return float(self._values[row])

    def nearest(self, similarity: float, count: int) -> list[int]:
        """Rows of the faces below a limit that are most alike."""
        self._match(similarity)
        rest = self._best[self._same :]
        return [int(row) for row in rest[self._values[rest] < similarity][:count]]

    def photo(self, number: int, order: Order) -> int:
        """The id of a photo, by its number in the table."""
        return int(self.view.faces.photos[order.table.rows[number]])

    def copies(self, number: int, order: Order) -> int:
        """How many other files have the same content."""
        return len(self._paths(number, order)) - 1

    def ranked(
        self, place: int, order: Order, weights: Mapping[Kind, Weights]
    ) -> tuple[Ranked, FaceEntry]:
        """What is said of the photo at a place, from 0 on, and the face of the person in it."""
        number, followers = order.groups[place]
        row = int(order.table.rows[number])
        photo, face = self._lookup(self.view, row)
        liked = order.liked.get(self.photo(number, order))
        kind, parts = kind_of(photo, face), parts_of(photo, face, liked)
        first, *copies = self._paths(number, order)
        similar = [*copies, *(path for other in followers for path in self._paths(other, order))]
        reasons = reasons_of(photo, parts, kind, weights[kind])
        way = sure_face(self.view.faces, row, self._people, self._limit, self._further)
        through = None if way is None else self.view.path(int(self.view.faces.photos[way]))
        if through is not None:
            reasons.append(way_of(through))
        entry = Ranked(
            first, place + 1, float(order.scores[number]), self.similarity(row), kind,
            tuple(reasons), tuple(similar),
            {name: parts[name] for name in weights[kind].parts}, through=through,
        )  # fmt: skip
        return entry, face

    def _paths(self, number: int, order: Order) -> list[Path]:
        return self.view.contents.photos[self.photo(number, order)]

    def _match(self, similarity: float) -> None:
        if similarity != self._limit:
            self._best, self._same = best_of_photos(
                self.view.faces, self._values, similarity, self._whose
            )
            self._limit = similarity

    def _matches(self, similarity: float) -> Table:
        self._match(similarity)
        rows = self._best[: self._same]
        if self._table is None or not np.array_equal(self._table.rows, rows):
            self._table = self._made(rows)
        return self._table

    def _made(self, rows: Rows) -> Table:
        worths = [self._worth(row) for row in rows.tolist()]
        hashes = np.array([worth.phash for worth in worths], np.uint64)
        times = np.array([worth.time for worth in worths], np.float64)
        logs = np.array([worth.logs for worth in worths], np.float64).reshape(-1, len(PARTS))
        photos = self.view.faces.photos[rows].tolist()
        return Table(
            rows, logs,
            np.array([worth.kind == "group" for worth in worths], bool), hashes, times,
            np.array([self.view.place_of_name(photo) for photo in photos], np.int64),
            likes(hashes, times),
        )  # fmt: skip

    def _worth(self, row: int) -> Worth:
        number = int(self.view.faces.ids[row])
        if number not in self._worths:
            self._worths[number] = Worth.of(*self._lookup(self.view, row))
        return self._worths[number]


def _with_taste(table: Table, photos: Rows, liked: Mapping[int, float]) -> Double:
    """The logarithms of the parts (M, P), with marks of a taste."""
    logs = table.logs.copy()
    logs[:, PARTS.index(TASTE)] = [
        logarithm(liked.get(photo, UNKNOWN)) for photo in photos[table.rows].tolist()
    ]
    return logs


def _scores(logs: Double, weights: Weights) -> Double:
    """`rank.parts.score_of` of all rows at once."""
    values = np.array([weights.parts.get(name, 0.0) for name in PARTS])
    return np.asarray(weights.factor * np.exp(logs @ (values / values.sum())))
