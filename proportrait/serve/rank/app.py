"""The routes of the page of ranking."""

from __future__ import annotations

import base64
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from proportrait.commandline import printable
from proportrait.errors import ProPortraitError
from proportrait.people import decisions
from proportrait.rank.match import SIMILARITY
from proportrait.rank.outputs import sidecars
from proportrait.rank.weights import FACTOR, PURPOSES, read_weights
from proportrait.serve.bodies import choice, folder_name, read_object, whole
from proportrait.serve.folder_pages import FolderPages
from proportrait.serve.judges import Judges
from proportrait.serve.pages import Pages
from proportrait.serve.rank import bodies, draw, work
from proportrait.serve.rank.answers import Answers
from proportrait.serve.rank.bodies import API
from proportrait.serve.rank.crowd import Crowd
from proportrait.serve.rank.desk import Desk
from proportrait.serve.settings import Settings
from proportrait.serve.uploads import read_uploads
from proportrait.taste.verdict.library import taste_names

_PAGE = Path(__file__).with_name("page")
_SIZES = {"small": draw.SMALL, "large": draw.LARGE}
_TYPES = {"txt": "text/plain", "csv": "text/csv", "json": "application/json"}


class Ranker(FolderPages[Desk]):
    """What answers the requests of the page.

    Args:
        desk, pages: see `FolderPages`.
        settings: of the server.
        judges: its workers, which find faces in references.
    """

    def __init__(self, desk: Desk | None, settings: Settings, judges: Judges, pages: Pages) -> None:
        super().__init__(desk, pages)
        self._settings, self._judges = settings, judges

    def routes(self) -> list[BaseRoute]:
        folder = f"{API}/folders/{{folder:int}}"
        return [
            Route(API, self.state),
            Route(f"{API}/references", self.references, methods=["POST"]),
            Route(f"{API}/ranking", self.ranking, methods=["POST"]),
            Route(f"{API}/list", self.text, methods=["POST"]),
            Route(f"{API}/copies", self.copies, methods=["POST"]),
            Route(f"{API}/stars", self.stars, methods=["POST"]),
            Route(f"{folder}/people", self.people),
            Route(f"{folder}/people/{{act:str}}", self.decide, methods=["POST"]),
            Route(f"{folder}/forget", self.forget, methods=["POST"]),
            Route(f"{folder}/update", self.update, methods=["POST"]),
            Route(f"{folder}/faces", self.faces),
            Route(f"{folder}/faces/{{face:int}}", self.face),
            Route(f"{folder}/photos/{{photo:int}}", self.photo),
            Route("/rank", self.page),
            Mount("/page/rank", StaticFiles(directory=_PAGE)),
        ]

    async def page(self, request: Request) -> Response:
        return self._pages.response(_PAGE / "index.html", "rank")

    async def state(self, request: Request) -> Response:
        """The folders, how far their index is, and the presets of the weights."""
        desk = self._desk
        if desk is not None:
            await desk.crowds.look()
        exports = None if desk is None else desk.places.exports
        presets = {name: read_weights(name, with_taste=True) for name in PURPOSES}
        start = None if desk is None else desk.places.start
        if start is not None:
            presets[start.purpose] = dict(start.weights)
        return JSONResponse(
            {
                "folders": [] if desk is None else [shelf.state() for shelf in desk.shelves],
                "index": None if desk is None else printable(desk.places.index),
                "tastes": taste_names(),
                "exports": None if exports is None else printable(exports),
                "similarity": SIMILARITY,
                "start": desk
                and start
                and {
                    "people": [
                        {"key": key, "name": name}
                        for key, name in zip(desk.started, start.names, strict=True)
                    ],
                    "person": start.person,
                    "purpose": start.purpose,
                    "similarity": start.similarity,
                    "taste": start.taste,
                    "top": start.top,
                },
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
        """A page of the faces of a folder, or of those without a person; the best first."""
        offset, count = bodies.range_of_query(request)
        loose = choice(request.query_params.get("loose", "0"), "loose", ("0", "1"))
        number = request.path_params["folder"]
        view, shelf = self.desk.view(number), self.desk.shelf(number)
        faces, first = view.faces, view.first
        if loose == "1":
            first = first[np.isin(faces.ids[first], list(self.desk.crowd(number).loose))]
        rows = first[offset : offset + count]
        return JSONResponse(
            {
                "faces": [
                    {
                        "face": int(faces.ids[row]),
                        "name": shelf.name_of(view.path(int(faces.photos[row]))),
                    }
                    for row in rows
                ],
                "is_last": offset + count >= len(first),
                "total": len(first),
            }
        )

    async def face(self, request: Request) -> Response:
        jpeg = await self.desk.face(request.path_params["folder"], request.path_params["face"])
        return Response(jpeg, media_type="image/jpeg")

    async def photo(self, request: Request) -> Response:
        size = choice(request.query_params.get("size", "small"), "size", tuple(_SIZES))
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
        names = desk.keep([entry.embedding for entry in found])
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
        body = await read_object(request, bodies.QUESTION | {"offset", "count"})
        question, rows = bodies.question(body), bodies.range_of(body)
        return JSONResponse(await Answers(self.desk).ranking(question, *rows))

    async def text(self, request: Request) -> Response:
        """The best photos as `proportrait rank --output` writes them."""
        body = await read_object(request, bodies.QUESTION | {"format", "top"})
        question = bodies.question(body)
        kind = choice(body.get("format"), "format", bodies.FORMATS)
        data = await Answers(self.desk).text(question, kind, _top(body))
        return Response(data, media_type=_TYPES[kind])

    async def copies(self, request: Request) -> Response:
        """Copy the best photos into a folder below that of the exports."""
        body = await read_object(request, bodies.QUESTION | {"name", "top"})
        question, name = bodies.question(body), folder_name(body)
        return JSONResponse(await Answers(self.desk).copies(question, name, _top(body)))

    async def stars(self, request: Request) -> Response:
        """Write the stars of the best photos beside them."""
        body = await read_object(request, bodies.QUESTION | {"naming", "top"})
        question = bodies.question(body)
        naming = choice(body.get("naming"), "naming", sidecars.NAMINGS)
        return JSONResponse(await Answers(self.desk).stars(question, naming, _top(body)))

    async def people(self, request: Request) -> Response:
        """The people of a folder, most photos first."""
        await self.desk.crowds.look()
        return JSONResponse(self._people(request))

    def _people(self, request: Request) -> dict[str, Any]:
        crowd = self.desk.crowd(request.path_params["folder"])
        return {
            "people": [asdict(tile) for tile in crowd.people.values()],
            "version": crowd.version, "loose": len(crowd.loose), "undo": crowd.undo,
        }  # fmt: skip

    async def decide(self, request: Request) -> Response:
        """Name, merge, or split people, or take the last of these back; the people afterwards."""
        act = request.path_params["act"]
        if act not in bodies.ACTS:
            raise HTTPException(404, "there is no such decision")
        body = await read_object(request, bodies.ACTS[act])
        crowd = self.desk.crowd(request.path_params["folder"])
        text = await self.desk.crowds.decide(*_decision(act, body, crowd))
        return JSONResponse({"decided": text} | self._people(request))

    async def forget(self, request: Request) -> Response:
        """Delete what the index holds of a folder, and the stars that were written there."""
        await read_object(request, set())
        number = request.path_params["folder"]
        files, problems = await self.desk.forget(number), list[str]()
        folder = self.desk.shelf(number).folder
        taken = await run_in_threadpool(sidecars.remove, folder, problems.append)
        return JSONResponse(
            {"files": files, "taken": taken, "problems": problems[: bodies.MOST_ROWS]}
        )


def _top(body: dict[str, Any]) -> int:
    return whole(body, "top", 1, bodies.MOST_COPIES)


def _decision(act: str, body: dict[str, Any], crowd: Crowd) -> tuple[Any, ...]:
    """A function of `people.decisions`, and its arguments behind the index.

    Raises:
        HTTPException: 404, a person or face is not in the folder; 422, another form.
    """
    if act == "undo":
        return (decisions.undo,)
    people = bodies.persons_of(body) if act == "merge" else [bodies.person_of(body)]
    if not set(people) <= set(crowd.people):
        raise HTTPException(404, "that person is not in the folder, or no longer")
    if act == "merge":
        return decisions.merge, [str(person) for person in people]
    if act == "name":
        if not isinstance(name := body.get("name"), str):
            raise HTTPException(422, "name is a text")
        return decisions.name, {str(people[0]): name}
    try:
        return decisions.split, people[0], crowd.keys(bodies.faces_of(body))
    except KeyError:
        raise HTTPException(404, "that face is not in the folder, or no longer") from None
