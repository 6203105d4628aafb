"""Processes that look at photos: a photo that ends or hangs one of them costs no other."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any, TypeVar

from starlette.exceptions import HTTPException

from proportrait.errors import ProPortraitError
from proportrait.rank.describe import PhotoEntry
from proportrait.rank.indexing import Task
from proportrait.serve.judges import Judges
from proportrait.serve.rank import work
from proportrait.serve.rank.shelf import Stopped

_PHOTO_S = 120.0  # that one photo may take
_AHEAD = 2  # photos a worker that are given out
_TICK_S = 0.2
Result = TypeVar("Result")


class Describers:
    """Starts processes when there is something to look at, and ends them afterwards.

    Args:
        workers: processes.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._judges: Judges | None = None
        self._users = 0
        self._loop = asyncio.get_running_loop()
        self._end = threading.Event()

    def stop(self) -> None:
        """Let `spread` raise `Stopped` soon."""
        self._end.set()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Around the use of processes: behind the last one they end."""
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and self._judges is not None:
                judges, self._judges = self._judges, None
                await judges.__aexit__()

    async def run(self, what: Callable[..., Result], *args: Any) -> Result:
        """As `Judges.run`, inside `working`."""
        if self._judges is None:
            self._judges = Judges(self._workers, _PHOTO_S, work.prepare_behind)
            await self._judges.__aenter__()
        return await self._judges.run(what, *args)

    def spread(
        self,
        folder: Path,
        task: Task,
        paths: Iterable[Path],
        known: Callable[[Path], PhotoEntry | None],
    ) -> Generator[tuple[Path, PhotoEntry], None, None]:
        """`indexing.Spread` of a folder, to be iterated in another thread than the server's."""
        waiting: deque[tuple[Path, Future[PhotoEntry]]] = deque()
        try:
            for path in paths:
                entry = known(path)
                if entry is None:
                    future = asyncio.run_coroutine_threadsafe(
                        self._describe(folder, task, path), self._loop
                    )
                else:
                    future = Future()
                    future.set_result(entry)
                waiting.append((path, future))
                while waiting and (waiting[0][1].done() or len(waiting) >= _AHEAD * self._workers):
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        finally:
            for _, future in waiting:
                future.cancel()

    def _next(self, waiting: deque[tuple[Path, Future[PhotoEntry]]]) -> tuple[Path, PhotoEntry]:
        path, future = waiting[0]
        while not self._end.is_set():
            try:
                entry = future.result(_TICK_S)
            except TimeoutError:
                if future.done():
                    raise
                continue
            except CancelledError:
                break
            waiting.popleft()
            return path, entry
        raise Stopped

    async def _describe(self, folder: Path, task: Task, path: Path) -> PhotoEntry:
        try:
            return await self.run(work.describe, folder, task, path)
        except HTTPException as error:
            return PhotoEntry("", error=error.detail)
        except ProPortraitError as error:
            return PhotoEntry("", error=str(error))
