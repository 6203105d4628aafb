"""The pictures of one folder: followed, with their features, and asked about in sessions."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from starlette.exceptions import HTTPException

from proportrait.errors import ImageError, ProPortraitError
from proportrait.serve.judges import Judges
from proportrait.serve.taste import work
from proportrait.serve.taste.album import Album
from proportrait.serve.taste.questions import Question, Way, next_questions
from proportrait.serve.taste.rows import Rows
from proportrait.serve.taste.session import Session
from proportrait.taste.features import DEFAULT, column_names
from proportrait.taste.labels import Labels

_CHUNK = 8  # pictures of which features are computed at once
_SHARE = 20  # part of the chunks, besides labelled pictures, whose members are at random
_log = logging.getLogger(__name__)


class Collection:
    """A folder that some tasks are about.

    Attributes:
        album: its pictures.
        rows: their features.
        sessions: by task and rater.
    """

    def __init__(self, folder: Path, labels: Labels) -> None:
        self.labels = labels
        self.album = Album(folder)
        self.rows = Rows(len(column_names(DEFAULT)))
        self.rng = np.random.default_rng()
        self.sessions: dict[tuple[str, str], Session] = {}
        self._busy: set[int] = set()  # pictures whose features are computed now
        self._wanted: list[int] = []  # pictures that the page shows soon

    def session(self, task: str, rater: str) -> Session:
        """A new session of a rater at a task."""
        self.album.recall(self.labels.places())
        session = Session(self.labels, self.album, self.rows, task, rater)
        self.sessions[task, rater] = session
        return session

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

    async def draw(self, drawers: Judges, number: int, longest: int) -> work.Drawing:
        """A picture for the page.

        Raises:
            HTTPException: 404, there is no such picture; 422, it cannot be read.
        """
        if not 0 <= number < len(self.album.paths):
            raise HTTPException(404, "there is no picture of that number")
        try:
            drawing = await drawers.run(
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

    async def compute(self, workers: Judges, numbers: list[int]) -> None:
        """Compute the features of some pictures, which `chunk` gave."""
        try:
            await self._features(workers, numbers)
        finally:
            self._busy.difference_update(numbers)

    async def _features(self, workers: Judges, numbers: list[int]) -> None:
        paths = [self.album.paths[number] for number in numbers]
        try:
            rows = await workers.run(work.features, self.album.folder, paths, DEFAULT)
        except (HTTPException, ProPortraitError) as error:
            if len(numbers) > 1:  # one of them ends the worker: which one
                for number in numbers:
                    await self._features(workers, [number])
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

    def chunk(self) -> list[int]:
        """Pictures whose features to compute now: labelled ones, those shown next, then any."""

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
        chosen = list(dict.fromkeys(chosen))[:_CHUNK]
        self._busy.update(chosen)
        return chosen
