"""All that works for the page of ranking: folders that are indexed, people, pictures."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from starlette.exceptions import HTTPException

from proportrait.arrays import Float
from proportrait.errors import ImageError, ProPortraitError, StoreError
from proportrait.rank.describe import FaceEntry, PhotoEntry
from proportrait.rank.index import Index
from proportrait.rank.indexing import Task
from proportrait.serve.judges import Judges
from proportrait.serve.rank import draw
from proportrait.serve.rank.crowd import Crowd, Crowds
from proportrait.serve.rank.describers import Describers
from proportrait.serve.rank.person import Person
from proportrait.serve.rank.places import Places
from proportrait.serve.rank.shelf import Shelf, Stopped
from proportrait.serve.rank.tastes import Tastes
from proportrait.serve.rank.view import View

_DRAW_S = 30.0
_PEOPLE, _REFERENCES = 16, 500  # that are kept in memory
_PICTURE_BYTES = 64_000_000  # of pictures that are kept in memory
_CHANGED = 'the index has changed since: choose "Look again"'
_log = logging.getLogger(__name__)
Result = TypeVar("Result")
Key = tuple[int | str, ...]  # of references: ids of faces, or what names a face of an upload


class Desk:
    """What stands behind the page; use `open` around the requests."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.shelves = [Shelf(folder) for folder in places.photos]
        self._drawers = Judges(places.drawers, _DRAW_S, draw.prepare)
        self._waiting: asyncio.Queue[Shelf] = asyncio.Queue()
        self._tastes: Tastes | None = None
        # One thread has the connection for all requests.
        self._reader = ThreadPoolExecutor(1, "index")
        self._index: Index | None = None
        self.crowds = Crowds(self.shelves, self.with_index, self._new_index)
        self._people: OrderedDict[tuple[object, ...], tuple[Crowd | None, Person]] = OrderedDict()
        self._references: OrderedDict[str, Float] = OrderedDict()
        self.started = self.keep(places.start.people) if places.start else []
        self._pictures: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._picture_bytes = 0

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Work in the background for as long as the block."""
        describers = Describers(self.places.workers)
        self._tastes = Tastes(describers, self.with_index, self.places.workers)
        async with self._drawers:
            for shelf in self.shelves:
                self.renew(shelf)
            task = asyncio.create_task(self._follow(describers))
            try:
                yield
            finally:
                describers.stop()
                task.cancel()
                await self._tastes.close()
                await self.crowds.close()
                await asyncio.gather(task, return_exceptions=True)
                await self.read(self._close)
                self._reader.shutdown()

    def renew(self, shelf: Shelf) -> None:
        """Bring a folder up to date soon."""
        shelf.is_forgotten = False
        if not (shelf.is_waiting or shelf.is_indexing):
            shelf.is_waiting = True
            self._pictures.clear()
            self._picture_bytes = 0
            self._waiting.put_nowait(shelf)

    async def _follow(self, describers: Describers) -> None:
        while True:
            shelf = await self._waiting.get()
            shelf.is_waiting = False
            if shelf.is_forgotten:
                continue
            shelf.is_indexing = True
            shelf.idle.clear()
            update = asyncio.create_task(asyncio.to_thread(self._update, shelf, describers))
            async with describers.working():
                try:
                    (error,) = await asyncio.gather(asyncio.shield(update), return_exceptions=True)
                except asyncio.CancelledError:
                    await asyncio.gather(update, return_exceptions=True)  # it ends soon: see `stop`
                    raise
            if isinstance(error, ProPortraitError):
                shelf.problem = str(error)
            elif isinstance(error, Exception):  # a defect: the page goes on with what there is
                _log.error("the folder %s cannot be indexed", shelf.name, exc_info=error)
                shelf.problem = "indexing failed: the log of the server says why"
            shelf.is_indexing = False
            shelf.idle.set()

    def _update(self, shelf: Shelf, describers: Describers) -> None:
        def spread(
            task: Task, paths: Iterable[Path], _: int, known: Callable[[Path], PhotoEntry | None]
        ) -> Generator[tuple[Path, PhotoEntry], None, None]:
            return describers.spread(shelf.folder, task, paths, known)

        with contextlib.suppress(Stopped), self._new_index() as index:
            shelf.update(index, self.places.smallest, spread)

    async def read(self, work: Callable[..., Result], *args: Any) -> Result:
        """What `work` returns in the thread that may ask the index."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, work, *args)

    async def with_index(self, work: Callable[..., Result], *args: Any) -> Result:
        """As `read`, of work that gets the index before its arguments.

        Raises:
            StoreError: it cannot be read or written.
        """
        try:
            return await self.read(lambda: work(self._opened(), *args))
        except sqlite3.Error as error:
            raise StoreError(f"the index cannot be read or written ({error}): try again") from error

    def _close(self) -> None:
        if self._index is not None:
            self._index.close()

    def _opened(self) -> Index:
        if self._index is None:
            self._index = self._new_index()
        return self._index

    def _new_index(self) -> Index:
        return Index(self.places.index, self.places.version, _log.warning)

    def lookup(self, view: View, row: int) -> tuple[PhotoEntry, FaceEntry]:
        """The entries of a photo and of one of its faces, by its row in a view; call it by `read`.

        Raises:
            HTTPException: 409, another process has changed the index.
        """
        try:
            photo, face = self._opened().photo_of(int(view.faces.ids[row]))
        except KeyError:
            raise HTTPException(409, _CHANGED) from None
        if not np.array_equal(face.embedding, view.faces.embeddings[row]):
            raise HTTPException(409, _CHANGED)
        return photo, face

    def shelf(self, number: int) -> Shelf:
        """A folder, by its number.

        Raises:
            HTTPException: 404, there is none of that number.
        """
        if not 0 <= number < len(self.shelves):
            raise HTTPException(404, "there is no folder of that number")
        return self.shelves[number]

    def view(self, number: int) -> View:
        """The latest view of a folder.

        Raises:
            HTTPException: 404, there is no such folder; 503, nothing is known of it yet.
        """
        view = self.shelf(number).view
        if view is None:
            raise HTTPException(503, "the folder is being listed: try again in a moment")
        return view

    def crowd(self, number: int) -> Crowd:
        """The people of a folder.

        Raises:
            HTTPException: 404, there is no such folder; 503, they are not known yet.
        """
        crowd = self.shelf(number).crowd
        if crowd is None:
            raise HTTPException(503, "the people are known when all photos are indexed")
        return crowd

    async def forget(self, number: int) -> int:
        """Take a folder out of the index, and end its indexing; returns how many files it had."""
        shelf = self.shelf(number)
        shelf.is_leaving = True
        await shelf.idle.wait()
        self._people.clear()
        self._pictures.clear()
        self._picture_bytes = 0
        return await self.with_index(shelf.forget)

    def person(self, number: int, person: int | None, key: Key) -> Person:
        """The photos of a person in a folder; call it by `read`.

        Args:
            number: of the folder.
            person: as `proportrait people` numbers them, or None.
            key: of references: alone, or beside the faces of the person.

        Raises:
            HTTPException: 404, a person or a reference is not known, or no longer.
        """
        view, shelf = self.view(number), self.shelf(number)
        crowd = None if person is None else self.crowd(number)
        known = self._people.get((number, person, key))
        if known is None or known[1].view is not view or known[0] is not crowd:
            whose, faces = None, np.array([self._embedding(view, name) for name in key])
            if person is not None and crowd is not None:
                if person not in crowd.people:
                    raise HTTPException(404, "that person is not in the folder, or no longer")
                own, whose = crowd.references(person)
                faces = np.concatenate([own, faces.reshape(-1, own.shape[1])])
            known = (
                crowd,
                Person(view, faces, self.lookup, shelf.worths, self.places.smallest, whose),
            )
            self._people[number, person, key] = known
        self._people.move_to_end((number, person, key))
        while len(self._people) > _PEOPLE:
            self._people.popitem(last=False)
        return known[1]

    @property
    def tastes(self) -> Tastes:
        """What is asked behind the page, while it is open."""
        assert self._tastes is not None
        return self._tastes

    def _embedding(self, view: View, name: int | str) -> Float:
        if isinstance(name, str):
            if name not in self._references:
                raise HTTPException(404, "the server no longer has the photo: drop it again")
            return self._references[name]
        if name not in view.rows:
            raise HTTPException(404, "that face is not in the folder, or no longer")
        return np.asarray(view.faces.embeddings[view.rows[name]])

    def keep(self, people: Sequence[Float]) -> list[str]:
        """Names by which embeddings can be asked for, until the server ends."""
        names = [secrets.token_urlsafe(12) for _ in people]
        self._references |= zip(names, people, strict=True)
        while len(self._references) > _REFERENCES:
            self._references.popitem(last=False)
        return names

    async def photo(self, number: int, photo: int, longest: int) -> bytes:
        """A photo of a folder as JPEG.

        Raises:
            HTTPException: 404, there is none of that number; 422, it cannot be read.
        """
        view = self.view(number)
        rows = np.flatnonzero(view.faces.photos == photo)
        if photo not in view.contents.photos or not len(rows):
            raise HTTPException(404, "there is no photo of that number")
        entry, _ = await self.read(self.lookup, view, int(rows[0]))
        place = view.path(photo)
        return await self._drawn((place, longest), draw.photo, view.folder, place, entry.turns,
                                 longest)  # fmt: skip

    async def face(self, number: int, face: int) -> bytes:
        """A square around a face of a folder as JPEG; errors as of `photo`."""
        view = self.view(number)
        if face not in view.rows:
            raise HTTPException(404, "there is no face of that number")
        row = view.rows[face]
        photo, entry = await self.read(self.lookup, view, row)
        place = view.path(int(view.faces.photos[row]))
        return await self._drawn((place, entry.box), draw.face, view.folder, place, photo.turns,
                                 entry.box)  # fmt: skip

    async def _drawn(
        self, key: tuple[object, ...], work: Callable[..., bytes], *args: object
    ) -> bytes:
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        try:
            jpeg = await self._drawers.run(work, *args)
        except ImageError as error:
            raise HTTPException(422, str(error)) from None
        if key not in self._pictures:
            self._pictures[key] = jpeg
            self._picture_bytes += len(jpeg)
        while self._picture_bytes > _PICTURE_BYTES:
            self._picture_bytes -= len(self._pictures.popitem(last=False)[1])
        return jpeg
