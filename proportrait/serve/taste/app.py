"""The routes of the pages of tastes: a list of tasks, and one of labelling."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from proportrait.commandline import printable
from proportrait.serve.bodies import choice, folder_name, read_object, whole
from proportrait.serve.folder_pages import FolderPages
from proportrait.serve.pages import Pages
from proportrait.serve.taste import bodies, takeaway
from proportrait.serve.taste.bodies import API, FAR, MOST, WHO, WORDS
from proportrait.serve.taste.desk import TasteDesk
from proportrait.serve.taste.questions import WAYS, kind_of
from proportrait.serve.taste.session import Session
from proportrait.serve.taste.state import state
from proportrait.serve.taste.work import LARGE, SMALL
from proportrait.taste.labels import Kind

_PAGE = Path(__file__).with_name("page")
_SIZES = {"small": SMALL, "large": LARGE}


class Taster(FolderPages[TasteDesk]):
    """What answers the requests of the pages."""

    def __init__(self, desk: TasteDesk | None, pages: Pages) -> None:
        super().__init__(desk, pages)
        self._writing = asyncio.Lock()  # answers and undos keep the order in which they came

    def routes(self) -> list[BaseRoute]:
        return [
            Route(API, self.overview),
            Route(f"{API}/tasks", self.add_task, methods=["POST"]),
            Route(f"{API}/session", self.session),
            Route(f"{API}/questions", self.questions, methods=["POST"]),
            Route(f"{API}/answers", self.answers, methods=["POST"]),
            Route(f"{API}/undo", self.undo, methods=["POST"]),
            Route(f"{API}/train", self.train, methods=["POST"]),
            Route(f"{API}/copies", self.copies, methods=["POST"]),
            Route(f"{API}/model", self.model, methods=["POST"]),
            Route(f"{API}/table", self.table, methods=["POST"]),
            Route(f"{API}/pictures/{{number:int}}", self.picture),
            Route("/taste", self.page),
            Route("/taste/{task:path}", self.page),
            Mount("/page/taste", StaticFiles(directory=_PAGE)),
        ]

    async def page(self, request: Request) -> Response:
        """The list of tasks, or the page of one."""
        name = "task.html" if request.path_params.get("task") else "index.html"
        return self._pages.response(_PAGE / name, "taste")

    async def overview(self, request: Request) -> Response:
        """The tasks that there are, and the folders that new ones may be about."""
        if self._desk is None:
            return JSONResponse({"folders": [], "rater": "", "tasks": []})
        places = self._desk.places
        rater = request.query_params.get("rater") or places.rater
        return JSONResponse(
            {
                "folders": [printable(folder.name or folder) for folder in places.photos],
                "rater": rater,
                "tasks": await run_in_threadpool(self._desk.overview, rater),
            }
        )

    async def add_task(self, request: Request) -> Response:
        body = await read_object(request, {"task", "folder", "goes_on"})
        task, folder = bodies.text(body, "task"), whole(body, "folder", 0, FAR)
        await run_in_threadpool(self.desk.add_task, task, folder, bodies.flag(body, "goes_on"))
        return JSONResponse({"task": task})

    async def session(self, request: Request) -> Response:
        """Everything that the page of a task shows beside pictures."""
        query = request.query_params
        rater = query.get("rater") or self.desk.places.rater
        session = await self._session({"task": query.get("task"), "rater": rater})
        return JSONResponse(await self._state(session))

    async def questions(self, request: Request) -> Response:
        body = await read_object(request, WHO | {"count", "way", "between", "held", "repeats"})
        count, ends = whole(body, "count", 1, MOST), bodies.between(body)
        way = next(w for w in WAYS if w == choice(body.get("way", WAYS[0]), "way", WAYS))
        held, repeats = bodies.numbers(body, "held"), bodies.flag(body, "repeats")
        session = await self._session(body)
        collection = await self.desk.collection(session.task)
        questions = await run_in_threadpool(
            collection.questions, session, count, held, way, ends, repeats
        )
        is_part = way == "mistakes" or ends != (0, 1)
        return JSONResponse(
            {
                "questions": [
                    asdict(question) | {"name": session.album.name(question.number)}
                    for question in questions
                ],
                "open": None if is_part else session.open_count(),
            }
        )

    async def answers(self, request: Request) -> Response:
        """Write what one key press answers; 409 for a picture that nobody has shown."""
        body = await read_object(request, WHO | {"answers", "way"})
        rows = bodies.answers(body)
        kind = kind_of(choice(body.get("way", ""), "way", bodies.REASONS))
        session = await self._session(body)
        answers = []
        for number, value in rows:
            if not (digest := session.album.digest(number)):
                raise HTTPException(409, "the picture was not shown yet: load the page anew")
            answers.append((digest, value))
        before = [session.values.get(digest) for digest, _ in answers]
        async with self._writing:
            await run_in_threadpool(session.answer, answers, kind)
        return JSONResponse({"before": [WORDS[value] for value in before]})

    async def undo(self, request: Request) -> Response:
        """Take back the last step; what it answered, where the picture is still here.

        Of an import no pictures are named: it may have any number of them.
        """
        session = await self._session(await read_object(request, WHO))
        async with self._writing:
            undone = await run_in_threadpool(session.undo)
        is_import = any(entry.kind == Kind.IMPORT for entry in undone)
        album = session.album
        entries = [
            (album.number(entry.digest), WORDS[entry.value])
            for entry in ([] if is_import else undone)
        ]
        return JSONResponse(
            {
                "undone": len(undone),
                "is_import": is_import,
                "pictures": [
                    {"number": number, "name": album.name(number), "value": word}
                    for number, word in entries
                    if number is not None
                ],
            }
        )

    async def train(self, request: Request) -> Response:
        session = await self._session(await read_object(request, WHO))
        await run_in_threadpool(session.train)
        if session.problem:
            raise HTTPException(422, session.problem)
        return JSONResponse(await self._state(session))

    async def picture(self, request: Request) -> Response:
        query = request.query_params
        size = choice(query.get("size", "large"), "size", tuple(_SIZES))
        collection = await self.desk.collection(bodies.text(query, "task"))
        number = request.path_params["number"]
        drawing = await collection.draw(self.desk.drawers, number, _SIZES[size])
        return Response(drawing.jpeg, media_type="image/jpeg")

    async def copies(self, request: Request) -> Response:
        """Copy pictures into a new folder below that of the exports."""
        body = await read_object(request, WHO | {"what", "threshold", "name"})
        what = choice(body.get("what"), "what", takeaway.COPIES)
        threshold, name = bodies.probability(body, "threshold"), folder_name(body)
        exports = self.desk.places.exports
        if exports is None:
            raise HTTPException(409, "start proportrait serve with --exports DIR to make copies")
        session = await self._session(body)
        result = await run_in_threadpool(takeaway.copies, session, what, threshold, exports / name)
        return JSONResponse(result)

    async def model(self, request: Request) -> Response:
        """Write the model among the tastes, where its name is enough to find it."""
        body = await read_object(request, WHO | {"name", "replace"})
        name, replace = folder_name(body), bodies.flag(body, "replace")
        session = await self._session(body)
        return JSONResponse(await run_in_threadpool(takeaway.save_model, session, name, replace))

    async def table(self, request: Request) -> Response:
        """A CSV of the labels, or of the pictures from a threshold on, the likeliest first."""
        body = await read_object(request, WHO | {"what", "threshold"})
        what = choice(body.get("what"), "what", takeaway.TABLES)
        threshold = bodies.probability(body, "threshold")
        session = await self._session(body)
        text = await run_in_threadpool(takeaway.table, session, what, threshold)
        return Response(text, media_type="text/csv")

    async def _state(self, session: Session) -> dict[str, Any]:
        exports = self.desk.places.exports
        shown = await run_in_threadpool(state, session)
        return shown | {"exports": None if exports is None else printable(exports)}

    async def _session(self, body: dict[str, Any]) -> Session:
        who = bodies.text(body, "task"), bodies.text(body, "rater")
        return self.desk.known_session(*who) or await self.desk.session(*who)
