"""Tastes that are asked about photos behind the page; what they say stays in the index."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException

from proportrait.errors import ProPortraitError
from proportrait.limits.marks import mark_of
from proportrait.rank.index import Index
from proportrait.serve.rank import work
from proportrait.serve.rank.describers import Describers
from proportrait.serve.rank.shelf import Pace
from proportrait.serve.rank.view import View
from proportrait.taste.verdict import load_tastes
from proportrait.taste.verdict.library import find, taste_names

_CHUNK = 4  # photos that a process is asked about at once
_log = logging.getLogger(__name__)
# (work, arguments) -> what the work returns, which gets the index before them
Ask = Callable[..., Awaitable[Any]]


class AskedTaste:
    """A taste, and the photos that it is still to be asked about.

    Args:
        file: of the taste.
        stamp: of its content.

    Attributes:
        digest: of all that it says depends on, beside the photos.
        failures: why photos could not be looked at, by their ids.
        pace: how far it is.
    """

    def __init__(self, file: Path, stamp: tuple[int, int]) -> None:
        (entry,) = load_tastes([file])
        self.file, self.stamp = file, stamp
        self.digest = entry.taste.ensemble.digest
        self._threshold = entry.taste.ensemble.threshold
        self.view: View | None = None
        self.failures: dict[int, str] = {}
        self.waiting: deque[int] = deque()
        self.asked: set[int] = set()  # photos that processes look at now
        self.pace = Pace(0)
        self.busy = 0

    def marks(self, index: Index, view: View) -> dict[int, float]:
        """Marks [0, 100] of photos of a view by their ids; it grows."""
        if self.digest not in view.liked:
            view.liked[self.digest] = self._to_marks(index.tastes(self.digest))
        return view.liked[self.digest]

    def put(self, index: Index, view: View, likely: dict[int, float]) -> None:
        """Keep what it said of photos of a view."""
        index.put_tastes(self.digest, likely)
        self.marks(index, view).update(self._to_marks(likely))

    def want(self, view: View, photos: Iterable[int]) -> None:
        """Ask about photos of a view next, and about no others any more."""
        if view is not self.view:
            self.view, self.failures = view, {}
        known = {*view.liked[self.digest], *self.failures, *self.asked}
        waiting = [photo for photo in photos if photo not in known]
        if set(waiting) != set(self.waiting):
            self.pace = Pace(len(waiting) + len(self.asked))
        self.waiting = deque(waiting)

    def to_json(self) -> dict[str, Any]:
        """How far it is."""
        return self.pace.to_json() | {
            "waiting": len(self.waiting) + len(self.asked), "failures": len(self.failures),
        }  # fmt: skip

    def _to_marks(self, likely: dict[int, float]) -> dict[int, float]:
        return {photo: mark_of(value, self._threshold) for photo, value in likely.items()}


class Tastes:
    """The tastes of the models folder.

    Args:
        describers: processes that look at photos.
        ask: gives work to the thread that has the index.
        workers: how many processes there are.
    """

    def __init__(self, describers: Describers, ask: Ask, workers: int) -> None:
        self._describers, self._ask, self._workers = describers, ask, workers
        self._loaded: dict[str, AskedTaste] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def taste(self, name: str) -> AskedTaste:
        """A taste by its name.

        Raises:
            HTTPException: 404, there is none of that name; 422, its file cannot be read.
        """
        if name not in taste_names():
            raise HTTPException(404, "there is no taste of that name, or no longer")
        file = find(name)
        stat = file.stat()
        stamp, known = (stat.st_mtime_ns, stat.st_size), self._loaded.get(name)
        if known is None or known.stamp != stamp:
            try:
                known = await asyncio.to_thread(AskedTaste, file, stamp)
            except ProPortraitError as error:
                raise HTTPException(422, str(error)) from None
            self._loaded[name] = known
        return known

    def want(self, taste: AskedTaste, view: View, photos: Iterable[int]) -> dict[str, Any]:
        """Ask a taste about photos, in their order, behind the page; returns how far that is."""
        taste.want(view, photos)
        if taste.waiting and not taste.busy:
            for _ in range(self._workers):
                taste.busy += 1
                task = asyncio.create_task(self._follow(taste))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return taste.to_json()

    async def close(self) -> None:
        """Ask about nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, taste: AskedTaste) -> None:
        try:
            async with self._describers.working():
                while taste.waiting and taste.view is not None:
                    count = min(_CHUNK, len(taste.waiting))
                    photos = [taste.waiting.popleft() for _ in range(count)]
                    await self._about(taste, taste.view, photos)
        except ProPortraitError as error:
            _log.error("the taste %s cannot be asked: %s", taste.file.stem, error)
            taste.waiting.clear()
        finally:
            taste.busy -= 1

    async def _about(self, taste: AskedTaste, view: View, photos: list[int]) -> None:
        paths = [view.path(photo) for photo in photos]
        taste.asked.update(photos)
        try:
            answers: list[float | str] = await self._describers.run(
                work.tastes, view.folder, taste.file, taste.stamp, paths
            )
        except HTTPException as error:
            if len(photos) > 1:  # one of them ends the process: which one
                for photo in photos:
                    await self._about(taste, view, [photo])
                return
            answers = [error.detail]
        pairs = list(zip(photos, answers, strict=True))
        taste.failures |= {photo: text for photo, text in pairs if isinstance(text, str)}
        likely = {photo: value for photo, value in pairs if not isinstance(value, str)}
        with contextlib.suppress(HTTPException):  # the server ends
            await self._ask(taste.put, view, likely)
        taste.asked.difference_update(photos)
        for _ in photos:
            taste.pace.step()
