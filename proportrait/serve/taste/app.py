"""The routes of the page on which a taste is labelled, as one ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from proportrait.commandline import printable
from proportrait.disk import disk_errors
from proportrait.errors import ProPortraitError
from proportrait.serve.app import PAGE, failure, problem, refusal
from proportrait.serve.guard import Guard
from proportrait.serve.settings import Settings
from proportrait.serve.taste.desk import Desk, Place
from proportrait.serve.taste.questions import WAYS, kind_of
from proportrait.serve.taste.session import Session
from proportrait.serve.taste.work import LARGE, SMALL
from proportrait.taste import exchange
from proportrait.taste.labels import Labels

_OWN_PAGE = Path(__file__).with_name("page")
_MOST = 60  # questions or answers of one request
_NAME = re.compile(r"[\w][\w .-]{0,79}")  # of a folder that copies go to
_NO_MODEL = "there is no model yet: label some pictures and train it"
_VALUES = {"positive": True, "negative": False, "skip": None}
Result = TypeVar("Result")


def create_app(place: Place, labels: Labels) -> Starlette:
    """The application; what works in the background starts and ends with it."""
    desk = Desk(place, labels)
    server = _Server(desk)
    api = "/api/v1/taste"

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with desk.open():
            yield

    return Starlette(
        routes=[
            Route(api, server.state),
            Route(f"{api}/tasks", server.add_task, methods=["POST"]),
            Route(f"{api}/questions", server.questions, methods=["POST"]),
            Route(f"{api}/answers", server.answers, methods=["POST"]),
            Route(f"{api}/undo", server.undo, methods=["POST"]),
            Route(f"{api}/train", server.train, methods=["POST"]),
            Route(f"{api}/export", server.export, methods=["POST"]),
            Route(f"{api}/table", server.table, methods=["POST"]),
            Route(f"{api}/pictures/{{number:int}}", server.picture),
            Route("/", server.page),
            Route("/page/taste.json", server.start),
            Mount("/page/taste", StaticFiles(directory=_OWN_PAGE)),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        middleware=[
            Middleware(Guard, settings=Settings(token=place.token), count=lambda status: None)
        ],
        exception_handlers={HTTPException: problem, ProPortraitError: refusal, 500: failure},
        lifespan=lifespan,
    )


class _Server:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._writing = asyncio.Lock()  # answers and undos keep the order in which they came

    async def page(self, request: Request) -> Response:
        return FileResponse(_OWN_PAGE / "index.html")

    async def start(self, request: Request) -> Response:
        """What the page begins with; nothing of it is a secret."""
        place = self.desk.place
        return JSONResponse({"task": place.task, "rater": place.rater})

    async def state(self, request: Request) -> Response:
        session = await self._session(dict(request.query_params))
        return JSONResponse(await run_in_threadpool(self.desk.state, session))

    async def add_task(self, request: Request) -> Response:
        body = await _body(request)
        await run_in_threadpool(self.desk.labels.add_task, _text(body, "name"))
        return JSONResponse({"tasks": self.desk.labels.tasks()})

    async def questions(self, request: Request) -> Response:
        body = await _body(request)
        session = await self._session(body)
        count = _number(body, "count", 1, _MOST)
        way = body.get("way", WAYS[0])
        if way not in WAYS:
            raise HTTPException(422, f"way is one of {', '.join(WAYS)}")
        low, high = _between(body.get("between", [0, 1]))
        held = {number for number in body.get("held", []) if isinstance(number, int)}
        questions = await run_in_threadpool(
            self.desk.questions, session, count, held, way, (low, high), body.get("repeats") is True
        )
        album = self.desk.album
        return JSONResponse(
            {
                "questions": [
                    asdict(question) | {"name": album.name(question.number)}
                    for question in questions
                ]
            }
        )

    async def answers(self, request: Request) -> Response:
        """Write what one key press answers; 409 for a picture that nobody has shown."""
        body = await _body(request)
        session = await self._session(body)
        rows = body.get("answers")
        if not isinstance(rows, list) or not 0 < len(rows) <= _MOST:
            raise HTTPException(422, f"answers is a list of 1 to {_MOST}")
        answers = []
        for row in rows:
            if not isinstance(row, dict) or row.get("value") not in _VALUES:
                raise HTTPException(422, f"the value of an answer is one of {', '.join(_VALUES)}")
            number = _number(row, "number", 0, max(0, len(self.desk.album.paths) - 1))
            if not (digest := self.desk.album.digest(number)):
                raise HTTPException(409, "the picture was not shown yet: load the page anew")
            answers.append((digest, _VALUES[row["value"]]))
        kind = kind_of(str(body.get("way", "")))
        before = [session.values.get(digest) for digest, _ in answers]
        async with self._writing:
            await run_in_threadpool(session.answer, answers, kind)
        words = {value: word for word, value in _VALUES.items()}
        return JSONResponse({"before": [words[value] for value in before]})

    async def undo(self, request: Request) -> Response:
        """Take back the last key press; what it answered, where the picture is still here."""
        session = await self._session(await _body(request))
        async with self._writing:
            undone = await run_in_threadpool(session.undo)
        album = self.desk.album
        words = {value: word for word, value in _VALUES.items()}
        entries = [(album.number(entry.digest), words[entry.value]) for entry in undone]
        return JSONResponse(
            {
                "undone": len(undone),
                "pictures": [
                    {"number": number, "name": album.name(number), "value": word}
                    for number, word in entries
                    if number is not None
                ],
            }
        )

    async def train(self, request: Request) -> Response:
        session = await self._session(await _body(request))
        await run_in_threadpool(session.train)
        if session.problem:
            raise HTTPException(422, session.problem)
        return JSONResponse(await run_in_threadpool(self.desk.state, session))

    async def picture(self, request: Request) -> Response:
        longest = SMALL if "small" in request.query_params else LARGE
        drawing = await self.desk.draw(request.path_params["number"], longest)
        return Response(drawing.jpeg, media_type="image/jpeg")

    async def export(self, request: Request) -> Response:
        """Copy pictures into a new folder below that of the exports."""
        body = await _body(request)
        session = await self._session(body)
        name = _text(body, "name")
        if not _NAME.fullmatch(name) or name != name.strip(" ."):
            raise HTTPException(422, "the name of a folder has letters, digits, spaces, - and _")
        target = self.desk.place.exports / name
        if body.get("what") == "model":
            return JSONResponse(
                {"file": await run_in_threadpool(self._save_model, session, target)}
            )
        write = await run_in_threadpool(self._export, session, body, target)
        problems = await run_in_threadpool(write)
        count = sum(path.is_file() and path.suffix != ".csv" for path in target.rglob("*"))
        return JSONResponse(
            {"folder": printable(target), "copies": count, "problems": problems[:_MOST]}
        )

    def _export(
        self, session: Session, body: dict[str, Any], target: Path
    ) -> Callable[[], list[str]]:
        match body.get("what"):
            case "sifted":
                chosen = [path for path, _ in self._sifted(session, _threshold(body))]
                return lambda: exchange.copy_pictures(chosen, target)
            case "folders" | "imagefolder" as form:
                entries = exchange.entries_of(session.labels, session.task, session.rater)
                write = exchange.to_folders if form == "folders" else exchange.to_image_folder
                return lambda: write(entries, target)
        raise HTTPException(422, "what is one of sifted, folders, imagefolder, model")

    @staticmethod
    def _save_model(session: Session, target: Path) -> str:
        """Write the model as a file for `proportrait taste predict`; returns its printable name."""
        if session.trained is None:
            raise HTTPException(409, _NO_MODEL)
        file = target.with_name(f"{target.name}.safetensors")
        if os.path.lexists(file):
            raise HTTPException(422, f"{printable(file)} is there already: choose another name")
        with disk_errors(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            session.trained.taste.save(file)
        return printable(file)

    async def table(self, request: Request) -> Response:
        """A CSV of the labels, or of the pictures from a threshold on, the likeliest first."""
        body = await _body(request)
        session = await self._session(body)
        if body.get("what") == "labels":
            entries = await run_in_threadpool(
                exchange.entries_of, session.labels, session.task, session.rater
            )
            text = exchange.to_csv(entries)
        else:
            rows = await run_in_threadpool(self._sifted, session, _threshold(body))
            text = exchange.predictions_csv(rows)
        return Response(text, media_type="text/csv")

    def _sifted(self, session: Session, threshold: float) -> list[tuple[Path, float]]:
        if session.trained is None:
            raise HTTPException(409, _NO_MODEL)
        album = session.album
        chosen = [
            (likely, number)
            for number, likely in list(session.predictions.items())
            if likely >= threshold and album.holds(number)
        ]
        return [(album.paths[number], likely) for likely, number in sorted(chosen, reverse=True)]

    async def _session(self, body: dict[str, Any]) -> Session:
        who = (_text(body, "task"), _text(body, "rater"))
        known = self.desk.sessions.get(who)  # at a key press no thread is waited for
        return known if known is not None else await run_in_threadpool(self.desk.session, *who)


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request: forms of other sites cannot send that type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send application/json")
    try:
        body = await request.json()
    except ValueError:
        raise HTTPException(400, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(422, "the body is a JSON object")
    return body


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise HTTPException(422, f"{key} is missing")
    return value


def _number(body: dict[str, Any], key: str, least: int, most: int) -> int:
    value = body.get(key)
    if not isinstance(value, int) or not least <= value <= most:
        raise HTTPException(422, f"{key} is a whole number from {least} to {most}")
    return value


def _threshold(body: dict[str, Any]) -> float:
    return _between([body.get("threshold"), 1])[0]


def _between(ends: Any) -> tuple[float, float]:
    if (
        not isinstance(ends, list)
        or len(ends) != 2
        or not all(isinstance(end, int | float) for end in ends)
        or not 0 <= ends[0] <= ends[1] <= 1
    ):
        raise HTTPException(422, "two probabilities from 0 to 1, the lower one first, are expected")
    return float(ends[0]), float(ends[1])
