"""What works behind the pages of tastes: folders are followed, features computed, models taught.

It starts with the first task that somebody opens.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from proportrait.commandline import printable
from proportrait.serve.judges import Judges
from proportrait.serve.taste import work
from proportrait.serve.taste.collection import Collection
from proportrait.serve.taste.places import TastePlaces
from proportrait.serve.taste.session import Session
from proportrait.taste.labels import Labels

_DRAW_S, _FEATURES_S = 30.0, 600.0  # in which pictures are drawn, and features computed
_TICK_S = 0.5


class TasteDesk:
    """The tasks of a labels file, and the folders that they are about."""

    def __init__(self, places: TastePlaces) -> None:
        self.places = places
        self.drawers = Judges(places.drawers, _DRAW_S, work.prepare)
        self._workers = Judges(places.workers, _FEATURES_S, work.prepare_behind)
        self._collections: dict[Path, Collection] = {}
        self._of_task: dict[str, Collection] = {}
        self._running = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._opening = asyncio.Lock()

    @cached_property
    def labels(self) -> Labels:
        """The file, which is opened when somebody first needs it.

        Raises:
            StoreError: it cannot be.
        """
        return Labels(self.places.labels)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let work run in the background for as long as the block."""
        try:
            yield
        finally:
            for collection in self._collections.values():
                collection.album.stop()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._running.aclose()
            for collection in self._collections.values():
                collection.rows.close()
            if "labels" in self.__dict__:
                self.labels.close()

    def overview(self, rater: str) -> list[dict[str, Any]]:
        """Every task with what a rater has labelled, JSON-ready; it takes a moment."""
        labels, folders = self.labels, self.labels.folders()
        rows = []
        for task in labels.tasks():
            values = list(labels.current(task, rater).values())
            place = self._folder(task, folders)
            number = self.places.photos.index(place) if place in self.places.photos else None
            name = "" if place is None else printable(place if number is None else place.name)
            rows.append(
                {
                    "task": task,
                    "folder": number,
                    "place": name,
                    "labels": {
                        "positive": values.count(True),
                        "negative": values.count(False),
                        "skip": values.count(None),
                    },
                    "others": [other for other in labels.raters(task) if other != rater],
                }
            )
        return rows

    def add_task(self, task: str, folder: int, goes_on: bool) -> None:
        """Make a task about a folder; with `goes_on` let one that there is be about it from now on.

        Raises:
            ConfigurationError: the name is none.
            HTTPException: 404, there is no such folder; 409, there is such a task already.
        """
        if not folder < len(self.places.photos):
            raise HTTPException(404, "there is no folder of that number")
        if task in self.labels.tasks():
            if not goes_on:
                raise HTTPException(409, f"there is a task {task!r} already: open that one")
            if self._folder(task, self.labels.folders()) in self.places.photos:
                raise HTTPException(409, f"the task {task!r} has its folder here: open it")
        self.labels.put_folder(task, self.places.photos[folder])

    def _folder(self, task: str, folders: dict[str, Path]) -> Path | None:
        """The folder of a task; as long as it is open, another process moves it nowhere else."""
        known = self._of_task.get(task)
        return folders.get(task) if known is None else known.album.folder

    async def collection(self, task: str) -> Collection:
        """The folder that a task is about, which is opened if it is not yet.

        Raises:
            HTTPException: 404, there is no such task; 409, its folder was not named at the start.
        """
        if task not in self._of_task:
            async with self._opening:
                folder = await run_in_threadpool(self._folder_here, task)
                if folder not in self._collections:
                    await self._start(folder)
                self._of_task[task] = self._collections[folder]
        return self._of_task[task]

    def known_session(self, task: str, rater: str) -> Session | None:
        """The session of a rater at a task if it is open: a key press waits for no thread."""
        collection = self._of_task.get(task)
        return None if collection is None else collection.sessions.get((task, rater))

    async def session(self, task: str, rater: str) -> Session:
        """The session of a rater at a task; errors as of `collection`."""
        collection = await self.collection(task)
        async with self._opening:
            if (known := collection.sessions.get((task, rater))) is not None:
                return known
            return await run_in_threadpool(collection.session, task, rater)

    def _folder_here(self, task: str) -> Path:
        if task not in self.labels.tasks():
            raise HTTPException(404, f"there is no task {task[:80]!r}: begin it first")
        folder = self._folder(task, self.labels.folders())
        if folder is None or folder not in self.places.photos:
            raise HTTPException(409, f"the folder of the task {task!r} was not named at the start")
        return folder

    async def _start(self, folder: Path) -> None:
        """Follow a folder; with the first one all work begins."""
        collection = await run_in_threadpool(Collection, folder, self.labels)
        if not self._collections:
            await self._running.enter_async_context(self.drawers)
            await self._running.enter_async_context(self._workers)
            works = [self._teach(), *(self._compute() for _ in range(self.places.workers))]
            self._tasks += map(asyncio.create_task, works)
        self._collections[folder] = collection
        self._tasks.append(asyncio.create_task(_follow(collection)))

    async def _compute(self) -> None:
        """Compute features, a chunk of each open folder in turn."""
        while True:
            is_idle = True
            for collection in list(self._collections.values()):
                if numbers := await asyncio.to_thread(collection.chunk):
                    is_idle = False
                    await collection.compute(self._workers, numbers)
            if is_idle:
                await asyncio.sleep(_TICK_S)

    async def _teach(self) -> None:
        """Train where there is news, and keep the predictions up to date."""
        # What training needs is imported at once: later it would hold up key presses.
        await asyncio.to_thread(import_module, "sklearn.model_selection")
        while True:
            for collection in list(self._collections.values()):
                for session in list(collection.sessions.values()):
                    if await asyncio.to_thread(session.is_due):
                        await asyncio.to_thread(session.train)
                    await asyncio.to_thread(session.predict)
            await asyncio.sleep(_TICK_S)


async def _follow(collection: Collection) -> None:
    while True:
        await asyncio.to_thread(collection.album.update)
        await asyncio.to_thread(collection.album.wait)
