"""What the page of ranking is answered: rows, lists, copies, stars."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from proportrait.commandline import printable
from proportrait.rank.index import Index
from proportrait.rank.output import FORMATS as TEXTS
from proportrait.rank.outputs import sidecars
from proportrait.rank.outputs.best import Best
from proportrait.rank.ranking import NEAREST, Ranked
from proportrait.rank.weights import read_stars
from proportrait.serve.inside import is_inside
from proportrait.serve.rank import bodies
from proportrait.serve.rank.bodies import Question
from proportrait.serve.rank.desk import Desk
from proportrait.serve.rank.person import Order, Person
from proportrait.serve.rank.tastes import AskedTaste

_SIMILAR = 200  # near-duplicates that a row names


class Answers:
    """Answers to questions.

    Args:
        desk: that knows the folders.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ranking(self, question: Question, offset: int, count: int) -> dict[str, Any]:
        """Rows of the ranking, and the photos of others that are most alike."""
        taste = await self._taste(question)
        person, order = await self._order(question, taste)
        answer = await self._desk.read(self._rows, question, person, order, taste, offset, count)
        asked = None
        if taste is not None:
            photos = [person.photo(number, order) for number in order.numbers]
            asked = self._desk.tastes.want(taste, person.view, photos)
        return answer | {"taste": asked}

    async def text(self, question: Question, kind: str, top: int) -> bytes:
        """The best photos as `proportrait rank --output` writes them."""
        return TEXTS[kind](await self.best(question, top)).encode("utf-8", "surrogateescape")

    async def copies(self, question: Question, name: str, top: int) -> dict[str, Any]:
        """Copy the best photos into a folder below that of the exports, as `rank --copy_to`."""
        exports, folder = self._desk.places.exports, self._desk.shelf(question.folder).folder
        if exports is None:
            raise HTTPException(409, "start proportrait serve with --exports DIR to make copies")
        photos = _inside(folder, await self.best(question, top))
        target = exports / name
        new = await run_in_threadpool(lambda: Best(target, folder).take(photos))
        return {"folder": printable(target), "photos": len(photos), "new": new}

    async def stars(self, question: Question, naming: str, top: int) -> dict[str, Any]:
        """Write the stars of the best photos beside them, as `rank --xmp`."""
        folder = self._desk.shelf(question.folder).folder
        photos = _inside(folder, await self.best(question, top))
        problems: list[str] = []

        def work() -> tuple[dict[Path, bool], int]:
            kind: sidecars.Naming = "short" if naming == "short" else "full"
            written = sidecars.write(photos, read_stars(), problems.append, kind)
            return written, sidecars.remove(folder, problems.append, written)

        written, taken = await run_in_threadpool(work)
        return {
            "sidecars": len(written), "foreign": sum(written.values()), "taken": taken,
            "problems": problems[: bodies.MOST_ROWS],
        }  # fmt: skip

    async def best(self, question: Question, top: int) -> list[Ranked]:
        """The best photos.

        Raises:
            HTTPException: 422, there is none.
        """
        taste = await self._taste(question)
        person, order = await self._order(question, taste)

        def work() -> list[Ranked]:
            places = range(min(top, len(order.groups)))
            return [person.ranked(place, order, question.weights)[0] for place in places]

        photos = await self._desk.read(work)
        if not photos:
            raise HTTPException(422, "there is no photo of the person")
        return photos

    async def _taste(self, question: Question) -> AskedTaste | None:
        return None if question.taste is None else await self._desk.tastes.taste(question.taste)

    async def _order(self, question: Question, taste: AskedTaste | None) -> tuple[Person, Order]:
        def work(index: Index) -> tuple[Person, Order]:
            person = self._desk.person(question.folder, question.person, question.people)
            liked = None if taste is None else dict(taste.marks(index, person.view))
            return person, person.rank(question.weights, question.similarity, liked)

        return await self._desk.with_index(work)

    def _rows(
        self,
        question: Question,
        person: Person,
        order: Order,
        taste: AskedTaste | None,
        offset: int,
        count: int,
    ) -> dict[str, Any]:
        places = range(offset, min(offset + count, len(order.groups)))
        nearest = person.nearest(question.similarity, NEAREST) if offset == 0 else []
        faces, shelf = person.view.faces, self._desk.shelf(question.folder)
        return {
            "rows": [self._row(place, person, order, question, taste) for place in places],
            "total": len(order.groups),
            "photos": order.photos,
            "nearest": [
                {
                    "face": int(faces.ids[row]),
                    "name": shelf.name_of(person.view.path(int(faces.photos[row]))),
                    "similarity": round(person.similarity(row), 3),
                }
                for row in nearest
            ],
        }

    def _row(
        self,
        place: int,
        person: Person,
        order: Order,
        question: Question,
        taste: AskedTaste | None,
    ) -> dict[str, Any]:
        number, followers = order.groups[place]
        entry, face = person.ranked(place, order, question.weights)
        shelf, faces = self._desk.shelf(question.folder), person.view.faces
        row = entry.to_json()
        del row["path"]
        similar = [
            {
                "photo": person.photo(other, order),
                "name": shelf.name_of(person.view.path(person.photo(other, order))),
                "score": round(float(order.scores[other]), 1),
            }
            for other in followers[:_SIMILAR]
        ]
        photo = person.photo(number, order)
        return row | {
            "photo": photo,
            "face": int(faces.ids[order.table.rows[number]]),
            "name": shelf.name_of(entry.path),
            "box": face.box,
            "similar": similar,
            "copies": [
                shelf.name_of(path) for path in entry.similar[: person.copies(number, order)]
            ],
            "taste": None if taste is None else _state_of(taste, photo, order),
        }


def _state_of(taste: AskedTaste, photo: int, order: Order) -> str:
    """Whether a taste was asked about a photo: its part counts 50 as long as it was not."""
    if photo in order.liked:
        return "asked"
    return "failed" if photo in taste.failures else "waiting"


def _inside(folder: Path, photos: Iterable[Ranked]) -> list[Ranked]:
    return [photo for photo in photos if is_inside(folder, photo.path)]
