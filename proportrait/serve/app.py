"""The routes of the server, as one ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from proportrait import __version__
from proportrait.commandline import printable
from proportrait.errors import ConfigurationError, ProPortraitError
from proportrait.fixes import ASPECTS
from proportrait.score import Score
from proportrait.serve import judges
from proportrait.serve.guard import Guard
from proportrait.serve.judges import Judges
from proportrait.serve.metrics import CONTENT_TYPE, Metrics
from proportrait.serve.openapi import FIX_HEADER, document, for_page
from proportrait.serve.pages import Pages
from proportrait.serve.rank.app import Ranker
from proportrait.serve.rank.desk import Desk
from proportrait.serve.rank.places import Places
from proportrait.serve.settings import Settings
from proportrait.serve.taste.app import Taster
from proportrait.serve.taste.desk import TasteDesk
from proportrait.serve.taste.places import TastePlaces
from proportrait.serve.uploads import Upload, read_uploads

PAGE = Path(__file__).with_name("page")
_ASPECTS = [aspect.name for aspect in reversed(ASPECTS)]  # the portrait form first
Heats = dict[str, dict[str, str]]  # `Heat.to_json` by the key of the attribute
_AHEAD = 4  # requests whose pictures are held in memory beside those that are judged


def create_app(
    settings: Settings | None = None,
    places: Places | None = None,
    tastes: TastePlaces | None = None,
    is_judging: bool = True,
) -> Starlette:
    """The application; its workers start and end with it.

    Args:
        settings: of the server.
        places: folders of photos that are ranked; None: that page says how to name them.
        tastes: folders of pictures that tastes are about; None: likewise.
        is_judging: whether photos are judged and ranked too; else there are tastes alone.
    """
    server = _Server(settings or Settings(), places, tastes, is_judging)
    return Starlette(
        routes=[
            *(server.routes() if is_judging else [Route("/", _to_tastes)]),
            *server.taster.routes(),
            Route("/page/settings.json", server.page_settings),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        middleware=[Middleware(Guard, settings=server.settings, count=server.metrics.response)],
        exception_handlers={HTTPException: problem, ProPortraitError: refusal, 500: failure},
        lifespan=server.lifespan,
    )


async def _to_tastes(request: Request) -> Response:
    return RedirectResponse("/taste")


class _Server:
    def __init__(
        self,
        settings: Settings,
        places: Places | None,
        tastes: TastePlaces | None,
        is_judging: bool,
    ) -> None:
        self.settings = settings
        self.is_judging = is_judging
        has = {"judge": is_judging, "rank": places is not None, "taste": tastes is not None}
        self.pages = Pages(key for key, is_there in has.items() if is_there)
        prepare = partial(judges.prepare, settings.model)
        self.judges = Judges(settings.workers, settings.timeout, prepare)
        self.metrics = Metrics(lambda: self.judges.restarts)
        self.ranker = Ranker(Desk(places) if places else None, settings, self.judges, self.pages)
        self.taster = Taster(TasteDesk(tastes) if tastes else None, self.pages)
        self._room = asyncio.Semaphore(settings.workers + _AHEAD)

    def routes(self) -> list[BaseRoute]:
        """Of judging and ranking."""
        return [
            *self.ranker.routes(),
            Route("/api/v1/score", self.score, methods=["POST"]),
            Route("/api/v1/fix", self.fix, methods=["POST"]),
            Route("/api/v1/openapi.json", self.openapi),
            Route("/healthz", self.health),
            Route("/metrics", self.counters),
            Route("/", self.page),
        ]

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if self.is_judging:
                await stack.enter_async_context(self.judges)
            await stack.enter_async_context(self.ranker.open())
            await stack.enter_async_context(self.taster.open())
            yield

    async def score(self, request: Request) -> Response:
        """The scores of the pictures of a request; a problem where none could be judged."""
        explain = request.query_params.get("explain", "0")
        if explain not in ("0", "1"):
            raise HTTPException(422, "explain is 0 or 1")
        with self.metrics.open.track_inprogress():
            async with self._room:
                uploads = await read_uploads(request, self.settings)
                results = await asyncio.gather(
                    *(self._score(upload, explain == "1") for upload in uploads)
                )
        scores = [
            score.to_json() | ({} if heat is None else {"heat": heat}) for _, score, heat in results
        ]
        if any(status == 200 for status, *_ in results):
            return JSONResponse({"scores": scores})
        status, first, _ = results[0]
        return JSONResponse({"error": first.error, "scores": scores}, status)

    async def fix(self, request: Request) -> Response:
        """The suggested crop of one picture as JPEG; what was done to it is in a header."""
        aspect = request.query_params.get("aspect", _ASPECTS[0])
        if aspect not in _ASPECTS:
            raise HTTPException(422, f"no aspect {printable(aspect[:80])}: {', '.join(_ASPECTS)}")
        with self.metrics.open.track_inprogress():
            async with self._room:
                first, *others = await read_uploads(request, self.settings)
                if others:
                    raise HTTPException(422, "a crop is made of one picture at a time")
                model = self.settings.model
                data, about = await self.judges.run(judges.crop, model, first.data, aspect)
        if not data:
            raise HTTPException(422, f"no crop is suggested: {about['reason']}")
        return Response(data, media_type="image/jpeg", headers={FIX_HEADER: json.dumps(about)})

    async def _score(self, upload: Upload, explain: bool) -> tuple[int, Score, Heats | None]:
        """The status of one picture, its score, and where what failed lies, if that is wanted."""
        start, model, heats = time.perf_counter(), self.settings.model, None
        try:
            if explain:
                score, heats = await self.judges.run(judges.explain, model, upload.data)
            else:
                score = await self.judges.run(judges.score, model, upload.data)
            status = 422 if score.error else 200
        except HTTPException as error:
            score, status = Score("", {}, {}, error=error.detail), error.status_code
        self.metrics.picture(status)
        self.metrics.seconds.observe(time.perf_counter() - start)
        return status, replace(score, path=upload.name), None if score.error else heats

    async def page(self, request: Request) -> Response:
        return self.pages.response(PAGE / "index.html", "judge")

    async def page_settings(self, request: Request) -> Response:
        return JSONResponse(for_page(self.settings))

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(document(self.settings, self.pages.keys))

    async def health(self, request: Request) -> Response:
        ready = self.judges.ready
        return JSONResponse(
            {
                "status": "ok" if ready else "starting",
                "version": __version__,
                "workers": self.settings.workers,
            },
            200 if ready else 503,
        )

    async def counters(self, request: Request) -> Response:
        return Response(self.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def problem(request: Request, error: Exception) -> Response:
    """What a request has done wrong, as JSON."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def refusal(request: Request, error: Exception) -> Response:
    """What a user can do about an error, as JSON."""
    status = 422 if isinstance(error, ConfigurationError) else 500
    return JSONResponse({"error": str(error)}, status)


async def failure(request: Request, error: Exception) -> Response:
    """That the server failed, as JSON: what happened is nobody else's business."""
    return JSONResponse({"error": "the server failed: its log says why"}, 500)
