"""The people of a folder as the page lists them: by the same decisions as `proportrait people`."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from proportrait.arrays import Float
from proportrait.errors import ProPortraitError
from proportrait.people.cluster import Integers
from proportrait.people.decisions import State, last_command, members, state
from proportrait.people.faces import FaceKey, KnownFaces, known_faces
from proportrait.people.finding import grouped, last_similarity, references_of
from proportrait.rank.index import Index
from proportrait.rank.match import Whose

_LOOK_S, _LOOK_SHARE = 2.0, 20  # between two looks at what others decided; times of one look
_GROUP_S = 1.0  # that a decision waits for the people to be grouped anew
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tile:
    """A person.

    Attributes:
        id: that `proportrait people` prints, too.
        name: that was given, or None.
        photos: how many show the person.
        face: id of the one of the best headshot.
    """

    id: int
    name: str | None
    photos: int
    face: int


@dataclass(frozen=True, eq=False)
class Crowd:
    """Who is in a folder; a value that is replaced as a whole.

    Attributes:
        photos: ids of the photos of the folder.
        faces: all faces of the index.
        persons: (F,) the person of each, 0 where it is nobody's.
        decided: what the user decided.
        undo: command of the last decision, which can be taken back; None without any.
        version: rises with every change.
    """

    photos: Integers
    faces: KnownFaces
    persons: Integers
    decided: State
    undo: str | None
    version: int = 0

    @classmethod
    def of(cls, index: Index, photos: Iterable[int], smallest: float) -> Crowd:
        """The people of some photos as they were listed last, with the decisions since."""
        faces = known_faces(index, smallest)
        nobody = np.zeros(len(faces.keys), np.int64)
        return cls(np.array(list(photos), np.int64), faces, nobody, State(), None).listed(index)

    def listed(self, index: Index) -> Crowd:
        """The same faces, with the decisions and listings of other processes."""
        people = members(index)
        persons = np.array([people.get(face, 0) for face in self.faces.keys], np.int64)
        return self._with(index, persons)

    def grouped(self, index: Index) -> Crowd:
        """The same faces, grouped where decisions or faces are new; it may take a while."""
        return self._with(index, grouped(index, self.faces, last_similarity(index)))

    def _with(self, index: Index, persons: Integers) -> Crowd:
        decided, undo = state(index), last_command(index)
        if (decided, undo) == (self.decided, self.undo) and np.array_equal(persons, self.persons):
            return self
        return replace(self, persons=persons, decided=decided, undo=undo, version=self.version + 1)

    @cached_property
    def people(self) -> dict[int, Tile]:
        """By id; most photos first."""
        numbers = np.flatnonzero(self._is_here & (self.persons > 0))
        order = np.lexsort((-self.faces.scores[numbers], self.persons[numbers]))
        tiles = []
        for person, group in itertools.groupby(
            numbers[order].tolist(), lambda number: int(self.persons[number])
        ):
            best, *others = group
            photos = len(set(self.faces.photos[[best, *others]].tolist()))
            face = int(self.faces.ids[best])
            tiles.append(Tile(person, self.decided.names.get(person), photos, face))
        tiles.sort(key=lambda tile: (-tile.photos, tile.id))
        return {tile.id: tile for tile in tiles}

    @cached_property
    def loose(self) -> frozenset[int]:
        """Ids of the faces without a person."""
        return frozenset(self.faces.ids[self._is_here & (self.persons == 0)].tolist())

    @cached_property
    def _is_here(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.isin(self.faces.photos, self.photos)

    def keys(self, faces: Iterable[int]) -> list[FaceKey]:
        """What decisions call faces of the folder, by their ids; KeyError where one is unknown."""
        places = {int(self.faces.ids[place]): place for place in np.flatnonzero(self._is_here)}
        return [self.faces.keys[places[face]] for face in faces]

    def references(self, person: int) -> tuple[Float, Whose]:
        """As `people.whose`, of a person of the folder."""
        return references_of(self.faces, self.persons, person, self.decided)


class HasCrowd(Protocol):
    """A folder."""

    crowd: Crowd | None


class Crowds:
    """Lists the people of folders anew when somebody decided something.

    Args:
        folders: with their people.
        ask: gives work to the thread that has the index: (work that gets the index, arguments).
        opened: gives an index to another thread.
    """

    def __init__(
        self,
        folders: Sequence[HasCrowd],
        ask: Callable[..., Awaitable[Any]],
        opened: Callable[[], Index],
    ) -> None:
        self._folders, self._ask, self._opened = folders, ask, opened
        self._state, self._next = -1, 0.0  # of the index, as SQLite numbers it; of the next look
        self._grouping: asyncio.Task[None] | None = None
        self._is_new = False  # whether people were not grouped since a decision

    async def look(self) -> None:
        """Take in what other processes decided."""
        if any(folder.crowd for folder in self._folders):
            await self._ask(self._look)

    def _look(self, index: Index) -> None:
        ((state,),) = index.rows("PRAGMA data_version")  # rises with what others write
        now = time.monotonic()
        if state != self._state and now >= self._next:
            self._renew(lambda crowd: crowd.listed(index))
            took = time.monotonic() - now
            self._state, self._next = state, now + max(_LOOK_S, _LOOK_SHARE * took)

    async def decide(self, decision: Callable[..., str], *args: Any) -> str:
        """What a decision says, which gets the index; people are then grouped anew behind the page.

        That is waited for up to a second.
        """

        def work(index: Index) -> str:
            text = decision(index, *args)
            self._renew(lambda crowd: crowd.listed(index))
            return text

        text = str(await self._ask(work))
        self._is_new = True
        if self._grouping is None or self._grouping.done():
            self._grouping = asyncio.create_task(self._follow())
        await asyncio.wait([self._grouping], timeout=_GROUP_S)
        return text

    async def close(self) -> None:
        """Wait for what goes on behind."""
        if self._grouping is not None:
            await asyncio.wait([self._grouping])

    async def _follow(self) -> None:
        while self._is_new:
            self._is_new = False
            try:
                await asyncio.to_thread(self._group)
            except ProPortraitError as error:
                _log.error("the people cannot be grouped anew: %s", error)

    def _group(self) -> None:
        with self._opened() as index:
            self._renew(lambda crowd: crowd.grouped(index))

    def _renew(self, renewed: Callable[[Crowd], Crowd]) -> None:
        for folder in self._folders:
            if (crowd := folder.crowd) is not None:
                result = renewed(crowd)
                if folder.crowd is crowd:  # else it is newer still
                    folder.crowd = result
