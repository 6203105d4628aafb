"""The Batch and Files APIs of Gemini, through google-genai. Nothing here costs but `create`."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from google.genai import errors, types
from google.genai.client import AsyncClient

from proportrait.disk import disk_errors, replacing
from proportrait.errors import FatalError, RetryableError
from proportrait.generate.gemini.batch.jobs import Job
from proportrait.generate.gemini.generator import GeminiGenerator
from proportrait.store.ledger import JOBS

MAX_JOBS = 100  # of a project at once: https://ai.google.dev/gemini-api/docs/rate-limits
MAX_BYTES = 2_000_000_000  # of a file, which may have 2 GB
_PAGE = 100  # jobs of one listing
# The Files API answers 403 where a file does not exist.
_GONE = (403, 404)
_REDIRECTS = (301, 302, 303, 307, 308)  # which our HTTP client does not follow by itself

T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """How far a job is.

    Attributes:
        name: "pending", "running", "succeeded", "partially succeeded", "failed", "cancelled",
            "expired", or another one of a job that goes on.
        results: name of the file of its results, or None.
    """

    name: str
    results: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether it will not change any more."""
        ends = ("succeeded", "partially succeeded", "failed", "cancelled", "expired")
        return self.name in ends


class BatchService:
    """Calls of one generator's client, with the errors of `errors.sort_error`.

    Args:
        generator: whose key and model are used.
        timeout_s: of one small request.
    """

    def __init__(self, generator: GeminiGenerator, timeout_s: float) -> None:
        self._generator = generator
        self._timeout_s = timeout_s

    async def upload(self, path: Path, name: str) -> None:
        """Upload a file of requests under a name of our own."""
        config = types.UploadFileConfig(name=name, display_name=path.name, mime_type="jsonl")
        await self._generator.call(lambda client: client.files.upload(file=path, config=config))

    async def create(self, job: Job) -> str:
        """Create a job of the uploaded file; returns its id. From here on it costs.

        After an error it may have been created all the same: see `find`.
        """
        config = types.CreateBatchJobConfig(display_name=job.name)

        async def create(client: AsyncClient) -> types.BatchJob:
            return await client.batches.create(model=job.model, src=job.file, config=config)

        answer = await self._timed(create)
        if not answer.name:
            raise RetryableError("the reply names no batch job")
        return answer.name

    async def find(self, name: str) -> str | None:
        """The id of the job with our name, or None."""

        async def find(client: AsyncClient) -> str | None:
            config = types.ListBatchJobsConfig(page_size=_PAGE)
            async for job in await client.batches.list(config=config):
                if job.display_name == name:
                    return job.name
            return None

        return await self._timed(find)

    async def state(self, job: Job) -> State:
        """How far a job is.

        Raises:
            FatalError: the service does not know it, or another error that no wait cures.
        """

        async def get(client: AsyncClient) -> types.BatchJob | None:
            try:
                return await client.batches.get(name=job.id)
            except errors.APIError as error:
                if error.code == 404:
                    return None
                raise

        answer = await self._timed(get)
        if answer is None:
            raise FatalError(
                f"the service knows no batch job {job.id} ({job.name}): use the API key of the "
                f"project that created it. To give up its {len(job.lines)} requests, which may be "
                f"paid for, delete {JOBS}/{job.name}.json"
            )
        state = str(answer.state.value if answer.state else "unknown")
        name = state.removeprefix("JOB_STATE_").removeprefix("BATCH_STATE_")
        return State(name.lower().replace("_", " "), answer.dest.file_name if answer.dest else None)

    async def download(self, name: str, path: Path) -> None:
        """Save a file of results; an empty file where it is no longer there.

        Raises:
            StoreError: the disk is full or fails.
        """
        with disk_errors(path), replacing(path) as file:
            writer = _Writer(file, path)

            async def fetch(client: AsyncClient) -> None:
                try:
                    try:
                        await client.files.download(file=name, destination=writer)
                    except errors.APIError as error:
                        if error.code not in _REDIRECTS:
                            raise
                        await self._generator.follow(error, writer)
                except errors.APIError as error:
                    if error.code not in _GONE:
                        raise

            await self._generator.call(fetch)

    async def delete(self, file: str) -> None:
        """Delete an uploaded file: a job that is still to be created of it cannot be any more."""

        async def delete(client: AsyncClient) -> None:
            try:
                await client.files.delete(name=file)
            except errors.APIError as error:
                if error.code not in _GONE:
                    raise

        await self._timed(delete)

    async def _timed(self, work: Callable[[AsyncClient], Awaitable[T]]) -> T:
        async def send(client: AsyncClient) -> T:
            async with asyncio.timeout(self._timeout_s):
                return await work(client)

        return await self._generator.call(send)


class _Writer(io.RawIOBase):
    """A file whose errors are those of the disk, not of the connection."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path

    def write(self, data: Any) -> int:
        with disk_errors(self._path):
            return self._file.write(data)
