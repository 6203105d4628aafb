"""The routes of the page of ranking."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from proportrait.commandline import printable
from proportrait.errors import ProPortraitError
from proportrait.rank.match import SIMILARITY
from proportrait.rank.output import FORMATS as TEXTS
from proportrait.rank.ranking import NEAREST, Ranked
from proportrait.rank.weights import FACTOR, PURPOSES, read_weights
from proportrait.serve.inside import is_inside
from proportrait.serve.judges import Judges
from proportrait.serve.pages import Pages
from proportrait.serve.rank import bodies, draw, work
from proportrait.serve.rank.bodies import API
from proportrait.serve.rank.desk import Desk
from proportrait.serve.rank.person import Order, Person
from proportrait.serve.settings import Settings
from proportrait.serve.uploads import read_uploads
from proportrait.taste.exchange import copy_pictures

_PAGE = Path(__file__).with_name("page")
_SIZES = {"small": draw.SMALL, "large": draw.LARGE}
_TYPES = {"txt": "text/plain", "csv": "text/csv", "json": "application/json"}
_SIMILAR = 200  # near-duplicates that a row names


class Ranker:
    """What answers the requests of the page.

    Args:
        desk: that knows the folders; None: none was named at the start.
        settings: of the server.
        judges: its workers, which find faces in references.
        pages: that it has.
    """

    def __init__(self, desk: Desk | None, settings: Settings, judges: Judges, pages: Pages) -> None:
        self._desk, self._settings, self._judges = desk, settings, judges
        self._pages = pages

    def routes(self) -> list[BaseRoute]:
        folder = f"{API}/folders/{{folder:int}}"
        return [
            Route(API, self.state),
            Route(f"{API}/references", self.references, methods=["POST"]),
            Route(f"{API}/ranking", self.ranking, methods=["POST"]),
            Route(f"{API}/list", self.text, methods=["POST"]),
            Route(f"{API}/copies", self.copies, methods=["POST"]),
            Route(f"{folder}/update", self.update, methods=["POST"]),
            Route(f"{folder}/faces", self.faces),
            Route(f"{folder}/faces/{{face:int}}", self.face),
            Route(f"{folder}/photos/{{photo:int}}", self.photo),
            Route("/rank", self.page),
            Mount("/page/rank", StaticFiles(directory=_PAGE)),
        ]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Work in the background for as long as the block."""
        if self._desk is None:
            yield
            return
        async with self._desk.open():
            yield

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            raise HTTPException(404, "no folder was named: start proportrait serve --photos DIR")
        return self._desk

    async def page(self, request: Request) -> Response:
        return self._pages.response(_PAGE / "index.html", "rank")

    async def state(self, request: Request) -> Response:
        """The folders, how far their index is, and the presets of the weights."""
        desk = self._desk
        exports = None if desk is None else desk.places.exports
        presets = {name: read_weights(name) for name in PURPOSES}
        return JSONResponse(
            {
                "folders": [] if desk is None else [shelf.state() for shelf in desk.shelves],
                "exports": None if exports is None else printable(exports),
                "similarity": SIMILARITY,
                "purposes": {
                    name: {kind: {FACTOR: own.factor, **own.parts} for kind, own in kinds.items()}
                    for name, kinds in presets.items()
                },
            }
        )

    async def update(self, request: Request) -> Response:
        shelf = self.desk.shelf(request.path_params["folder"])
        self.desk.renew(shelf)
        return JSONResponse(shelf.state(), 202)

    async def faces(self, request: Request) -> Response:
        """A page of the faces of a folder, the largest and best first."""
        offset, count = bodies.range_of_query(request)
        distinct = bodies.choice(request.query_params.get("distinct", "0"), "distinct", ("0", "1"))
        number = request.path_params["folder"]
        view, shelf = self.desk.view(number), self.desk.shelf(number)
        rows = await self.desk.read(view.page, offset, count, distinct == "1")
        faces = view.faces
        return JSONResponse(
            {
                "faces": [
                    {
                        "face": int(faces.ids[row]),
                        "name": shelf.name_of(view.path(int(faces.photos[row]))),
                    }
                    for row in rows
                ],
                "is_last": len(rows) < count,
                "total": len(view.rows),
            }
        )

    async def face(self, request: Request) -> Response:
        jpeg = await self.desk.face(request.path_params["folder"], request.path_params["face"])
        return Response(jpeg, media_type="image/jpeg")

    async def photo(self, request: Request) -> Response:
        size = bodies.choice(request.query_params.get("size", "small"), "size", tuple(_SIZES))
        params = request.path_params
        jpeg = await self.desk.photo(params["folder"], params["photo"], _SIZES[size])
        return Response(jpeg, media_type="image/jpeg")

    async def references(self, request: Request) -> Response:
        """The faces of one photo that is sent, each with a name to be asked for and a tile."""
        first, *others = await read_uploads(request, self._settings)
        if others:
            raise HTTPException(422, "send one photo at a time")
        desk = self.desk
        try:
            found = await self._judges.run(work.references, first.data)
        except ProPortraitError as error:
            raise HTTPException(422, str(error)) from None
        tiles = [base64.b64encode(entry.tile).decode() for entry in found]
        names = desk.keep(found)
        return JSONResponse(
            {
                "faces": [
                    {"reference": name, "jpeg": tile}
                    for name, tile in zip(names, tiles, strict=True)
                ]
            }
        )

    async def ranking(self, request: Request) -> Response:
        """Rows of the ranking, and the photos of others that are most alike."""
        body = await bodies.read_object(request, bodies.QUESTION | {"offset", "count"})
        question, rows = bodies.question(body), bodies.range_of(body)
        return JSONResponse(await self.desk.read(self._ranking, question, *rows))

    def _ranking(self, question: bodies.Question, offset: int, count: int) -> dict[str, Any]:
        person, order = self._order(question)
        places = range(offset, min(offset + count, len(order.groups)))
        nearest = person.nearest(question.similarity, NEAREST) if offset == 0 else []
        faces, shelf = person.view.faces, self.desk.shelf(question.folder)
        return {
            "rows": [self._row(place, person, order, question) for place in places],
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
        self, place: int, person: Person, order: Order, question: bodies.Question
    ) -> dict[str, Any]:
        number, followers = order.groups[place]
        entry, face = person.ranked(place, order, question.weights)
        shelf, faces = self.desk.shelf(question.folder), person.view.faces
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
        return row | {
            "photo": person.photo(number, order),
            "face": int(faces.ids[order.table.rows[number]]),
            "name": shelf.name_of(entry.path),
            "box": face.box,
            "similar": similar,
            "copies": [
                shelf.name_of(path) for path in entry.similar[: person.copies(number, order)]
            ],
        }

    def _order(self, question: bodies.Question) -> tuple[Person, Order]:
        person = self.desk.person(question.folder, question.people)
        return person, person.rank(question.weights, question.similarity)

    async def text(self, request: Request) -> Response:
        """The best photos as `proportrait rank --output` writes them."""
        body = await bodies.read_object(request, bodies.QUESTION | {"format", "top"})
        question = bodies.question(body)
        kind = bodies.choice(body.get("format"), "format", bodies.FORMATS)
        top = bodies.whole(body, "top", 1, bodies.MOST_COPIES)
        photos = await self.desk.read(self._best, question, top)
        data = TEXTS[kind](photos).encode("utf-8", "surrogateescape")
        return Response(data, media_type=_TYPES[kind])

    def _best(self, question: bodies.Question, top: int) -> list[Ranked]:
        person, order = self._order(question)
        places = range(min(top, len(order.groups)))
        return [person.ranked(place, order, question.weights)[0] for place in places]

    async def copies(self, request: Request) -> Response:
        """Copy the best photos into a new folder below that of the exports."""
        body = await bodies.read_object(request, bodies.QUESTION | {"name", "top"})
        question, name = bodies.question(body), bodies.folder_name(body)
        top = bodies.whole(body, "top", 1, bodies.MOST_COPIES)
        exports, folder = self.desk.places.exports, self.desk.shelf(question.folder).folder
        if exports is None:
            raise HTTPException(409, "start proportrait serve with --exports DIR to make copies")
        photos = await self.desk.read(self._best, question, top)
        if not photos:
            raise HTTPException(422, "there is no photo of the person")
        paths = [photo.path for photo in photos if is_inside(folder, photo.path)]
        target = exports / name
        problems = await run_in_threadpool(_copy, paths, target)
        return JSONResponse(
            {
                "folder": printable(target), "copies": len(paths) - len(problems),
                "problems": problems[: bodies.MOST_ROWS],
            }
        )  # fmt: skip


def _copy(paths: list[Path], target: Path) -> list[str]:
    if os.path.lexists(target):
        raise HTTPException(422, f"{printable(target)} is there already: choose another name")
    return copy_pictures(paths, target)
