"""Worker processes that judge pictures: one that hangs or dies is replaced by itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from starlette.exceptions import HTTPException

from proportrait import explanations
from proportrait.errors import ImageError, ProPortraitError
from proportrait.faces import shared_analyzer
from proportrait.fixes import fix
from proportrait.score import Score
from proportrait.score.scorer import shared_scorer
from proportrait.workers import end_pool, make_pool

Result = TypeVar("Result")

_START_S = 120.0  # in which a worker has loaded its networks
_WAIT_S = 300.0  # in which a worker is free for the next picture
_PAUSE_S = 1.0  # before another try to start a worker
_log = logging.getLogger(__name__)


class Judges:
    """Worker processes, each of which works on one picture at a time.

    Args:
        workers: their number.
        timeout: seconds that one piece of work may take.
        prepare: called once in each worker before it gets work; it must pickle.
    """

    def __init__(self, workers: int, timeout: float, prepare: Callable[[], object]) -> None:
        self.workers, self.timeout, self.prepare = workers, timeout, prepare
        self.restarts = 0
        self._pools: set[ProcessPoolExecutor] = set()
        self._idle: asyncio.Queue[ProcessPoolExecutor] = asyncio.Queue()
        self._starts: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        """Whether some worker has started."""
        return len(self._pools) > len(self._starts)

    async def __aenter__(self) -> Self:
        for _ in range(self.workers):
            self._start_one()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._starts:
            task.cancel()
        await asyncio.gather(*self._starts, return_exceptions=True)
        for pool in self._pools:
            end_pool(pool)

    async def run(self, work: Callable[..., Result], *args: Any) -> Result:
        """What `work` returns in the next free worker; it must pickle, with arguments and result.

        Raises:
            HTTPException: 503 where the worker died or none gets free, 504 after the time limit.
        """
        try:
            async with asyncio.timeout(_WAIT_S):
                pool = await self._idle.get()
        except TimeoutError:
            raise HTTPException(503, "no worker is free: try again later") from None
        healthy = False
        try:
            async with asyncio.timeout(self.timeout):
                result = await asyncio.wrap_future(pool.submit(work, *args))
            healthy = True
            return result
        except TimeoutError:
            message = f"the picture took longer than {self.timeout:g} s: reduce it first"
            raise HTTPException(504, message) from None
        except BrokenProcessPool:
            message = "the picture ended the process that read it: save it anew as JPEG"
            raise HTTPException(503, message) from None
        except Exception:  # an error of the work: the worker goes on
            healthy = True
            raise
        finally:
            if healthy:
                self._idle.put_nowait(pool)
            else:
                self._replace(pool)

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        self.restarts += 1
        self._pools.discard(pool)
        end_pool(pool)
        self._start_one()

    def _start_one(self) -> None:
        task = asyncio.create_task(self._start())
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _start(self) -> None:
        """Start a worker, again and again until one is ready."""
        while True:
            pool = make_pool(1)
            self._pools.add(pool)
            try:
                async with asyncio.timeout(_START_S):
                    await asyncio.wrap_future(pool.submit(self.prepare))
            except (BrokenProcessPool, ProPortraitError, OSError) as error:  # TimeoutError too
                _log.warning("a worker does not start: %r", error)
                self._pools.discard(pool)
                end_pool(pool)
                await asyncio.sleep(_PAUSE_S)
            else:
                self._idle.put_nowait(pool)
                return


def prepare(model: str | Path) -> None:
    """Load all networks, so that the first picture is judged as fast as the next ones."""
    shared_analyzer().prepare()
    explanations.explain(np.full((512, 512, 3), 128, np.uint8), shared_scorer(model))


def score(model: str | Path, data: bytes) -> Score:
    """Judge the bytes of a picture file, in a worker."""
    return shared_scorer(model).image(data)


def explain(model: str | Path, data: bytes) -> tuple[Score, dict[str, dict[str, str]]]:
    """Judge the bytes of a picture file, and say where what failed lies: `Heat.to_json` by key."""
    try:
        explanation = explanations.explain(data, shared_scorer(model))
    except ImageError as error:
        return Score("", {}, {}, error=str(error)), {}
    return explanation.score, {key: heat.to_json() for key, heat in explanation.heat.items()}


def crop(model: str | Path, data: bytes, aspect: str) -> tuple[bytes, dict[str, Any]]:
    """The JPEG of the best crop of a form, b"" where there is none, and `Fix.to_json`; in a worker.

    Args:
        aspect: a name of `ASPECTS`.
    """
    result = next(entry for entry in fix(data, shared_scorer(model)) if entry.aspect == aspect)
    return result.data, result.to_json()
