"""From portraits that are left to make to a batch job that exists exactly once."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from proportrait.disk import disk_errors, replacing
from proportrait.errors import BudgetError, ProPortraitError, RetryableError
from proportrait.generate.base import Generated, SourceItem
from proportrait.generate.fetching import Patience
from proportrait.generate.gemini.batch.jobs import Job, Jobs, Line
from proportrait.generate.gemini.batch.lines import request_line
from proportrait.generate.gemini.batch.service import MAX_BYTES, BatchService
from proportrait.generate.gemini.generator import GeminiGenerator
from proportrait.generate.run import Run

log = logging.getLogger(__name__)

# After an error, seconds between looks for a job that may have been created all the same.
LOOKS_S: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_GROUP = 8  # portraits that are encoded at the same time

Portraits = AsyncIterator[tuple[SourceItem, str]]


@dataclass
class Submission:
    """Puts portraits into jobs, and creates these.

    Attributes:
        run, generator, service, jobs: what it works with.
        busy: source_ids that were asked for, in this run or in a job of an earlier one.
        again: source_id -> jobs that asked for it, of those to be asked for once more.
    """

    run: Run
    generator: GeminiGenerator
    service: BatchService
    jobs: Jobs
    busy: set[str]
    again: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._portraits: Portraits = self.run.portraits(self.busy)
        self._held: list[tuple[SourceItem, str]] = []
        self._has_more = True
        self._patience = Patience(self.run.options.max_retries)

    def start_again(self) -> None:
        """Go through the source once more, for the portraits of `again`."""
        self._portraits, self._has_more = self._failed(), True

    async def fill(self) -> Job | None:
        """Write the next job down, unasked; None where no portrait is left.

        Raises:
            BudgetError: the next picture could pass the budget.
            ProPortraitError: the source fails, or the disk.
        """
        if not (first := await self._take(1)):
            return None
        self._held = first + self._held
        room = min(self.run.options.job_size, self._affordable())
        name, generator = self.jobs.new_name(), self.generator
        with disk_errors(self.jobs.path):
            self.jobs.path.mkdir(exist_ok=True)
            with replacing(self.jobs.requests(name)) as file:
                lines = await self._write(file, room)
        if not lines:
            self.jobs.tidy()
            return await self.fill()
        job = Job(name, generator.model, generator.price_usd, lines)
        self.jobs.write(job)
        for line in lines:
            self.busy.add(line.source_id)
            self.again.pop(line.source_id, None)
        return job

    async def send(self, job: Job) -> None:
        """Create a job at the service, unless it is there already.

        Raises:
            RetryableError: it is not created, or the service could not be asked whether it is.
            ProPortraitError: it is not created, and would not be the next time.
        """
        await self.reserve(job, job.lines)
        if job.is_asked and await self._adopt(job, LOOKS_S):
            return
        job.uploads += 1
        self.jobs.write(job)
        await self.service.upload(self.jobs.requests(job.name), job.file)
        job.is_asked = True
        self.jobs.write(job)
        failure: ProPortraitError | None = None
        looks: tuple[float, ...] = ()
        try:
            self._created(job, await self.service.create(job))
        except RetryableError as error:  # 429, 5xx, no reply: what it says need not be so
            failure, looks = error, LOOKS_S
        except ProPortraitError as error:
            failure = error
        if failure is not None and not await self._adopt(job, looks):
            raise failure

    async def reserve(self, job: Job, lines: Iterable[Line]) -> None:
        """Write down what requests of a job can cost, where that is not written down yet."""
        store, threads = self.run.store, self.run.threads
        loop, places = asyncio.get_running_loop(), store.jobs()
        await asyncio.gather(
            *(
                loop.run_in_executor(
                    threads, store.reserve, line.source_id, line.stem, line.tries, job.price_usd,
                    job.name,
                )
                for line in lines
                if line.source_id not in places
            )
        )  # fmt: skip

    async def drop(self, job: Job) -> None:
        """Give up a job that was not created: its portraits are as new as before."""
        places = self.run.store.jobs()
        for line in job.lines:
            if line.source_id in places and places[line.source_id].job == job.name:
                await asyncio.to_thread(self.release, line)
            self.busy.discard(line.source_id)
        self.jobs.remove(job)

    def release(self, line: Line) -> None:
        """Write down that a request of a job was not paid for, and that it ended."""
        self.run.store.reserve(line.source_id, line.stem, line.tries, 0.0)

    def _created(self, job: Job, id_: str) -> None:
        job.id = id_
        self.jobs.write(job)
        self.jobs.requests(job.name).unlink(missing_ok=True)
        log.info("%s is %s: %d requests", job.name, job.id, len(job.lines))

    async def _adopt(self, job: Job, looks: tuple[float, ...]) -> bool:
        """Look for a job that was asked for and may exist; else make sure that it never will.

        The uploaded file is deleted before the last look: the service cannot create a job of it
        any more, should the request still be on its way.
        """
        for wait_s in (*looks, 0.0):
            if id_ := await self.service.find(job.name):
                self._created(job, id_)
                return True
            await asyncio.sleep(wait_s)
        await self.service.delete(job.file)
        if id_ := await self.service.find(job.name):
            self._created(job, id_)
            return True
        job.is_asked = False
        self.jobs.write(job)
        return False

    async def _take(self, count: int) -> list[tuple[SourceItem, str]]:
        taken, self._held = self._held[:count], self._held[count:]
        while self._has_more and len(taken) < count:
            try:
                taken.append(await anext(self._portraits))
            except StopAsyncIteration:
                self._has_more = False
        return taken

    async def _write(self, file: BinaryIO, room: int) -> list[Line]:
        """Write requests of the next portraits, as many as there is room for."""
        lines: list[Line] = []
        while len(lines) < room and (group := await self._take(min(_GROUP, room - len(lines)))):
            made = await asyncio.gather(*(self._line(*portrait) for portrait in group))
            pairs = [(p, *pair) for p, pair in zip(group, made, strict=True) if pair is not None]
            for place, (_, line, data) in enumerate(pairs):
                if lines and file.tell() + len(data) > MAX_BYTES:
                    self._held = [portrait for portrait, *_ in pairs[place:]] + self._held
                    return lines
                file.write(data)
                lines.append(line)
        return lines

    async def _line(self, item: SourceItem, stem: str) -> tuple[Line, bytes] | None:
        """A portrait as a line, or None where the portrait cannot be used, which is recorded."""
        request, prompt = self.run.request(item)
        tries = self.again.get(item.source_id, 0) + 1
        try:
            prepared = await self._patience(lambda: self.generator.prepare(request))
        except ProPortraitError as error:
            self.again.pop(item.source_id, None)
            await self.run.save(request, stem, _raise(error), lambda _: prompt.known)
            return None
        line = Line(
            item.source_id, stem, item.filename, request.labels.code, prompt.known.code,
            request.prompt, request.seed, tries,
        )  # fmt: skip
        return line, request_line(stem, prepared, self.generator)

    def _affordable(self) -> int:
        """How many pictures the budget leaves.

        Raises:
            BudgetError: none.
        """
        budget: float | None = self.run.options.budget_usd
        spent, price = self.run.store.spent_usd, self.generator.price_usd
        if budget is None or not price:
            return sys.maxsize
        count = int((budget - spent + 1e-9) / price)
        if count < 1:
            raise BudgetError(
                f"the budget of ${budget:.2f} is used up: ${spent:.3f} is spent or in batch jobs, "
                f"and the next picture costs ${price:.3f}. Raise --budget_usd and run the same "
                f"command again to go on"
            )
        return count

    async def _failed(self) -> Portraits:
        """The portraits of `again`, in the order of the source."""
        left = set(self.again)
        items = itertools.islice(iter(self.run.source), self.run.options.limit)

        def next_one() -> tuple[SourceItem, str] | None:
            for item in items:
                if item.source_id in left:
                    left.discard(item.source_id)
                    return item, self.run.store.unique_stem(item.source_id, item.stem)
                if not left:
                    break
            return None

        while (portrait := await asyncio.to_thread(next_one)) is not None:
            yield portrait


async def _raise(error: ProPortraitError) -> Generated:
    raise error
