"""The `diffusion` generator: an editing pipeline of diffusers on the user's own machine."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tqdm import tqdm

from proportrait.arrays import Image
from proportrait.errors import FatalError, ProPortraitError, RetryableError
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.diffusion.editor import DiffusionEditor
from proportrait.generate.diffusion.options import DiffusionOptions
from proportrait.generate.diffusion.placement import out_of_memory

log = logging.getLogger(__name__)


class _StoppedError(Exception):
    """Leaves a pipeline between two denoising steps: nobody waits for its pictures any more."""


@dataclass(eq=False)
class _Job:
    """A request that waits for its picture; `source` is read when its turn comes near."""

    request: GenerationRequest
    future: Future[Generated] = field(default_factory=Future)
    stop: threading.Event = field(default_factory=threading.Event)
    source: Image | None = None


class DiffusionGenerator:
    """Pictures of a diffusion model that is given the source portrait and the prompt.

    One worker thread loads the model at the first request and makes one batch of pictures at a
    time, since neither a pipeline nor a GPU gains from two at once: concurrent requests wait in a
    queue, from which those of one shape go into one call. The same request with the same seed gives
    the same bytes on the same device and versions, whatever was made before it; with a batch size
    above 1, see docs/diffusion.md. Where memory runs out, the batch is halved and the work goes on.
    Cancelling all requests of a batch, or `close`, stops it at the next step.

    Raises:
        ConfigurationError: see `DiffusionEditor`.
    """

    name = "diffusion"
    price_usd = 0.0

    def __init__(self, options: DiffusionOptions) -> None:
        self._editor = DiffusionEditor(options)
        self._batch_size = options.batch_size
        self._waiting: deque[_Job] = deque()
        self._failure: FatalError | None = None
        self._made = 0
        self._closed = threading.Event()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="diffusion")

    async def generate(self, request: GenerationRequest) -> Generated:
        """Make one picture in the worker thread; see `ImageGenerator.generate`.

        Raises:
            ImageError: the source portrait cannot be used.
            RefusedError: the model's safety checker hid the picture, or it came out as NaN.
            RetryableError: memory ran out, though an earlier picture was made.
            FatalError: the model, LoRA, or upscaler cannot be loaded or run, or memory ran out at
                the first picture.
        """
        if self._closed.is_set():
            raise FatalError("the diffusion generator is closed")
        job = _Job(request)
        self._waiting.append(job)
        self._executor.submit(self._work)  # one turn a request; one that finds none is over at once
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.stop.set()
            raise
        except _StoppedError:
            raise FatalError("the diffusion generator was closed at work") from None

    async def close(self) -> None:
        """Stop at the next denoising step and release the worker and the memory."""
        self._closed.set()
        await asyncio.to_thread(self._executor.shutdown)
        self._editor.unload()
        _free_memory()

    def _work(self) -> None:
        """A turn of the worker thread: the next batch, if any request waits."""
        self._load()  # which takes so long that the first batch can be a full one
        jobs = self._next_batch()
        while jobs:
            part = jobs[: self._batch_size]
            results = self._edited(part)
            if results is None:
                continue
            for job, result in zip(part, results, strict=True):
                if isinstance(result, Exception):
                    job.future.set_exception(result)
                else:
                    job.future.set_result(result)
            jobs = jobs[len(part) :]

    def _load(self) -> None:
        if self._editor.is_loaded or self._failure is not None or self._closed.is_set():
            return
        try:
            self._editor.load()
        except Exception as error:  # noqa: BLE001 - the next request raises it
            self._explained(error)

    def _next_batch(self) -> list[_Job]:
        """The request that waits longest, and others of its canvas; they wait no more."""
        batch: list[_Job] = []
        for job in tuple(self._waiting):
            if len(batch) == self._batch_size:
                break
            if self._is_ready(job) and (not batch or self._canvas(job) == self._canvas(batch[0])):
                batch.append(job)
        for job in batch:
            self._waiting.remove(job)
        return [job for job in batch if job.future.set_running_or_notify_cancel()]

    def _is_ready(self, job: _Job) -> bool:
        """Read the source of a job, or end a job that has none or that nobody waits for."""
        try:
            if job.future.cancelled() or self._closed.is_set():
                raise _StoppedError
            if job.source is None:
                job.source = job.request.item.open().image
        except Exception as error:  # noqa: BLE001 - the request raises it
            self._waiting.remove(job)
            if job.future.set_running_or_notify_cancel():
                job.future.set_exception(error)
            return False
        return True

    def _canvas(self, job: _Job) -> tuple[int, int]:
        assert job.source is not None
        return self._editor.canvas(job.source)

    def _edited(self, jobs: list[_Job]) -> Sequence[Generated | Exception] | None:
        """The pictures of a batch; None where memory ran out and the next one shall be smaller."""

        def check() -> None:
            if self._closed.is_set() or all(job.stop.is_set() for job in jobs):
                raise _StoppedError

        requests = [(job.request, job.source) for job in jobs if job.source is not None]
        try:
            if self._failure is not None:
                raise self._failure
            results = self._editor.edit(requests, self._batch_size, check)
        except Exception as error:  # noqa: BLE001 - each request raises it
            if self._batch_size == 1 or not out_of_memory(error):
                return [self._explained(error)] * len(jobs)
        else:
            self._made += len(jobs)
            return results
        # Only here, where the error and the tensors of its frames are gone, is memory free.
        _free_memory()
        self._batch_size //= 2
        line = f"out of memory: going on with --batch_size {self._batch_size}"
        log.warning(line)
        tqdm.write(line, file=sys.stderr)
        return None

    def _explained(self, error: Exception) -> Exception:
        """What an error means for the run; a fatal one is that of every further request."""
        if isinstance(error, ProPortraitError | _StoppedError):
            explained: Exception = error
        elif out_of_memory(error):
            _free_memory()
            advice = self._editor.memory_advice()
            # Where an earlier picture did fit, something else has taken the memory for now.
            explained = (
                RetryableError(advice, retry_after=10.0) if self._made else FatalError(advice)
            )
        else:
            line = str(error).partition("\n")[0]
            explained = FatalError(f"{self._editor.model} failed ({type(error).__name__}): {line}")
        if isinstance(explained, FatalError):
            self._failure = explained
        if explained is not error:
            explained.__cause__ = error
        return explained


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
