"""All that runs behind the page: the folder is followed, features are computed, models taught."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException

from proportrait.errors import ImageError, ProPortraitError
from proportrait.serve.judges import Judges
from proportrait.serve.taste import work
from proportrait.serve.taste.album import Album
from proportrait.serve.taste.questions import Question, Way, next_questions
from proportrait.serve.taste.rows import Rows
from proportrait.serve.taste.session import Session
from proportrait.serve.taste.state import state
from proportrait.taste.features import DEFAULT, column_names
from proportrait.taste.labels import Labels

_DRAW_S, _FEATURES_S = 30.0, 600.0  # in which pictures are drawn, and features computed
_CHUNK = 8  # pictures of which features are computed at once
_TICK_S = 0.5
_SHARE = 20  # part of the chunks, besides labelled pictures, whose members are at random
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """What a page is opened for.

    Attributes:
        folder: with the pictures; nothing outside it is read.
        task: name of the one that is open at first.
        rater: name of whoever labels at first.
        labels: the file with the labels; None for that in the user's data directory.
        exports: folder in which copies are made.
        workers: processes that compute features, at least 1.
        drawers: processes that draw pictures for the page, at least 1.
        token: what requests have to send.
    """

    folder: Path
    task: str
    rater: str
    labels: Path | None
    exports: Path
    workers: int = 1
    drawers: int = 2
    token: str = ""


@dataclass
class Desk:
    """The sessions at one folder, and what works for them; use `open` around the requests."""

    place: Place
    labels: Labels
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.album = Album(self.place.folder)
        self.rows = Rows(len(column_names(DEFAULT)))
        self.rng = np.random.default_rng()
        self._drawers = Judges(self.place.drawers, _DRAW_S, work.prepare)
        self._workers = Judges(self.place.workers, _FEATURES_S, work.prepare_behind)
        self._busy: set[int] = set()  # pictures whose features are computed now
        self._wanted: list[int] = []  # pictures that the page shows soon
        self._teaching: set[asyncio.Task[None]] = set()
        self.labels.add_task(self.place.task)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Work in the background for as long as the block."""
        async with self._drawers, self._workers:
            works: list[Coroutine[Any, Any, None]] = [self._follow(), self._teach()]
            works += [self._compute() for _ in range(self.place.workers)]
            tasks = [asyncio.create_task(one) for one in works]
            try:
                yield
            finally:
                self.album.stop()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.rows.close()

    def session(self, task: str, rater: str) -> Session:
        """The session of a rater at a task.

        Raises:
            HTTPException: 404, there is no such task.
        """
        key = (task, rater)
        if key not in self.sessions:
            if task not in self.labels.tasks():
                raise HTTPException(404, f"there is no task {task[:80]!r}: make it first")
            self.album.recall(self.labels.places())
            self.sessions[key] = Session(self.labels, self.album, self.rows, task, rater)
        return self.sessions[key]

    def state(self, session: Session) -> dict[str, Any]:
        """What the page shows; it takes a moment: call it in a thread."""
        return state(session) | {"exports": str(self.place.exports)}

    def questions(
        self,
        session: Session,
        count: int,
        held: set[int],
        way: Way,
        between: tuple[float, float],
        repeats: bool,
    ) -> list[Question]:
        """Up to `count` questions, about pictures that can be read."""
        questions: list[Question] = []
        for _ in range(
            20 * count
        ):  # contents that were labelled under another name are passed over
            if len(questions) == count:
                break
            more = next_questions(session, 1, held, self.rng, way, between, repeats)
            if not more:
                break
            held.add(more[0].number)
            if self._is_new(session, more[0]):
                questions += more
        self._wanted = [question.number for question in questions]
        return questions

    def _is_new(self, session: Session, question: Question) -> bool:
        """Whether a picture can be read, and was not labelled under another name."""
        number = question.number
        if self.album.digest(number):
            return True
        try:
            digest, place = work.identify(self.album.folder, self.album.paths[number])
        except ImageError as error:
            self.album.fail(number, str(error))
            return False
        self.album.learn(number, digest, place)
        return not session.is_labelled(number)

    async def draw(self, number: int, longest: int) -> work.Drawing:
        """A picture for the page.

        Raises:
            HTTPException: 404, there is no such picture; 422, it cannot be read.
        """
        if not 0 <= number < len(self.album.paths):
            raise HTTPException(404, "there is no picture of that number")
        try:
            drawing = await self._drawers.run(
                work.draw, self.album.folder, self.album.paths[number], longest
            )
        except ImageError as error:
            self.album.fail(number, str(error))
            raise HTTPException(422, str(error)) from None
        except HTTPException as error:
            self.album.fail(number, error.detail)
            raise
        if self.album.learn(number, drawing.digest, drawing.place):
            self.rows.drop(number)  # the file was replaced: its features are another's
        return drawing

    async def _follow(self) -> None:
        while True:
            await asyncio.to_thread(self.album.update)
            await asyncio.to_thread(self.album.wait)

    async def _compute(self) -> None:
        """Features of labelled pictures first, then of those that are shown next, then of all."""
        while True:
            numbers = await asyncio.to_thread(self._chunk)
            if not numbers:
                await asyncio.sleep(_TICK_S)
                continue
            self._busy.update(numbers)
            try:
                await self._features(numbers)
            finally:
                self._busy.difference_update(numbers)

    async def _features(self, numbers: list[int]) -> None:
        paths = [self.album.paths[number] for number in numbers]
        try:
            rows = await self._workers.run(work.features, self.album.folder, paths, DEFAULT)
        except (HTTPException, ProPortraitError) as error:
            if len(numbers) > 1:  # one of them ends the worker: which one
                for number in numbers:
                    await self._features([number])
                return
            _log.warning("no features of %s: %s", paths[0].name, error)
            self.album.fail(numbers[0], getattr(error, "detail", str(error)))
            return
        for number, row in zip(numbers, rows, strict=True):
            if row.values is None or row.place is None:
                self.album.fail(number, row.error)
            else:
                self.album.learn(number, row.digest, row.place)
                self.rows.put(number, row.values.astype(np.float32))

    def _chunk(self) -> list[int]:
        def is_open(number: int) -> bool:
            return number not in self.rows and number not in self._busy and self.album.holds(number)

        sessions = list(self.sessions.values())
        first = [number for session in sessions for number in session.labelled()] + self._wanted
        chosen = list(dict.fromkeys(filter(is_open, first)))[:_CHUNK]
        count = len(self.album.paths)
        if count and len(chosen) < _CHUNK and len(self.rows) < len(self.album):
            some = self.rng.integers(0, count, _SHARE * _CHUNK).tolist()
            if count < _SHARE * _CHUNK or len(self.rows) > 0.9 * count:
                some = self.rng.permutation(count).tolist()
            chosen += [number for number in dict.fromkeys(some) if is_open(number)]
        return list(dict.fromkeys(chosen))[:_CHUNK]

    async def _teach(self) -> None:
        """Train where there is news, and keep the predictions up to date."""
        # What training needs is imported at once: later it would hold up key presses.
        await asyncio.to_thread(import_module, "sklearn.model_selection")
        while True:
            for session in list(self.sessions.values()):
                if await asyncio.to_thread(session.is_due):
                    await asyncio.to_thread(session.train)
                await asyncio.to_thread(session.predict)
            await asyncio.sleep(_TICK_S)
