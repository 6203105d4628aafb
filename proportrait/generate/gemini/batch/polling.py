"""A run through the Batch API: create jobs, wait for them, settle what has ended."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tqdm import tqdm

from proportrait.errors import (
    ConfigurationError,
    FatalError,
    GenerationError,
    ProPortraitError,
    RateLimitedError,
    RetryableError,
)
from proportrait.generate.gemini.batch.collect import Collection
from proportrait.generate.gemini.batch.jobs import Job, Jobs
from proportrait.generate.gemini.batch.service import MAX_JOBS, BatchService, State
from proportrait.generate.gemini.batch.submit import Submission
from proportrait.generate.gemini.generator import GeminiGenerator
from proportrait.generate.run import Run
from proportrait.generate.sample import check_continues
from proportrait.imaging import ENCODERS
from proportrait.store.ledger import Entry

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 3600.0  # between tries to create a job
TELL_S = 600.0  # between lines about a job whose state does not change


async def generate(run: Run) -> str | None:
    """Make every portrait that is not finished, through batch jobs; returns why it stopped early.

    What a run that ended left at the service is waited for first.

    Raises:
        ConfigurationError: a job of this folder was asked for with other options.
    """
    try:
        return await Polling(run).go()
    except ConfigurationError:
        raise
    except ProPortraitError as error:
        return str(error)
    finally:
        await run.generator.close()


class Polling:
    """The state of a run: jobs at the service, and one that still has to be created.

    Args:
        run: its generator is a `GeminiGenerator`.
    """

    def __init__(self, run: Run) -> None:
        if not isinstance(run.generator, GeminiGenerator):
            raise ValueError(f"{run.generator.name} has no batch jobs")
        self.run = run
        self.jobs = Jobs(run.store.path)
        self.service = BatchService(run.generator, run.options.timeout)
        busy = set(run.store.jobs())
        self.submission = Submission(run, run.generator, self.service, self.jobs, busy)
        self.collection = Collection(self.submission)
        self.open: list[Job] = []
        self.uncreated: Job | None = None
        self._failures = 0
        self._next_try = 0.0
        self._told: dict[str, float] = {}

    async def go(self) -> str | None:
        """Returns why not all is made, or None."""
        await self._resume()
        while True:
            await self._submit()
            if not self.open and (self.uncreated is None or self.collection.stopped):
                break
            self._tell_to_wait()
            if not await self._look():
                await asyncio.sleep(self.run.options.batch_poll)
        return str(self.collection.stopped) if self.collection.stopped else None

    async def _resume(self) -> None:
        """Take over what a run before this one left.

        Raises:
            ConfigurationError: it was asked for with other options.
        """
        self.jobs.tidy()
        jobs, store = self.jobs.read(), self.run.store
        for job in jobs:
            self._check(job)
            self.submission.busy.update(line.source_id for line in job.lines)
            if job.id:  # a ledger that was lost knows nothing of it; what was settled stays so
                lines = (line for line in job.lines if store.status(line.source_id) is None)
                await self.submission.reserve(job, lines)
        pending = store.jobs()
        for job in jobs:
            if job.id and not any(entry.job == job.name for entry in pending.values()):
                self.jobs.remove(job)  # all of it was settled
            elif job.id:
                self.open.append(job)
            elif job.is_asked:
                self.uncreated = job
            else:
                await self.submission.drop(job)
        names = {job.name for job in jobs}
        for source_id, entry in pending.items():
            if entry.job not in names:
                self._give_up(source_id, entry)

    def _give_up(self, source_id: str, entry: Entry) -> None:
        """Record a request as failed, and paid for, whose job the user has deleted here."""
        error = GenerationError(f"{entry.job} was given up; it may be paid for all the same")
        self.run.store.fail(
            source_id, entry.stem, entry.stem, error, tries=entry.tries, cost_usd=entry.cost_usd
        )
        self.run.tally.failed += 1
        self.run.bar.update()

    def _check(self, job: Job) -> None:
        options = self.run.options
        check_continues(
            (line.record(ENCODERS[options.format][0]) for line in job.lines),
            options.seed,
            perfect_prob=options.perfect_prob,
            near_perfect_prob=options.near_perfect_prob,
            encoder=options.format,
            variation=not options.no_variation,
        )

    async def _submit(self) -> None:
        """Create jobs until nothing is left to ask for, or the service takes no more."""
        while (
            self.collection.stopped is None
            and len(self.open) < MAX_JOBS
            and time.monotonic() >= self._next_try
        ):
            try:
                job = self.uncreated = self.uncreated or await self._next()
                if job is None:
                    return
                await self.submission.send(job)
            except RetryableError as error:
                await self._postpone(error)
                continue
            except ProPortraitError as error:
                await self._stop(error)
                return
            self.uncreated, self._failures = None, 0
            self.open.append(job)
            cost = len(job.lines) * job.price_usd
            _say(f"{job.name}: created, {_count(job.lines, 'request')}, at most ${cost:.2f}")

    async def _next(self) -> Job | None:
        job = await self.submission.fill()
        if job is None and not self.open and self.submission.again:
            self.submission.start_again()
            if (job := await self.submission.fill()) is None:
                self.submission.again.clear()  # the source has them no longer
        return job

    async def _postpone(self, error: RetryableError) -> None:
        """Wait before the next try to create a job; where nothing is under way, give up in time."""
        self._failures += 1
        poll = self.run.options.batch_poll
        if self.open and isinstance(error, RateLimitedError):
            self._next_try = math.inf  # until a job has ended
            _say(f"the service takes no further job before another has ended: {error}")
        elif self.open or self._failures <= self.run.options.max_retries:
            wait_s = error.retry_after or min(poll * 2.0 ** (self._failures - 1), LONGEST_WAIT_S)
            self._next_try = time.monotonic() + wait_s
            _say(f"no batch job was created: {error}; the next try in {wait_s:.0f} s")
        elif isinstance(error, RateLimitedError):
            await self._stop(
                FatalError(f"{error}. Fewer requests a job may fit: --job_size, or try later")
            )
        else:
            await self._stop(error)

    async def _stop(self, error: ProPortraitError) -> None:
        """Create no further job; those under way are still waited for.

        Raises:
            ConfigurationError: that is the reason.
        """
        if isinstance(error, ConfigurationError):
            raise error
        self.collection.stopped = self.collection.stopped or error
        if self.uncreated is not None and not self.uncreated.is_asked:
            await self.submission.drop(self.uncreated)
            self.uncreated = None

    async def _look(self) -> bool:
        """Look at every job once, and settle those that have ended; returns whether one has."""
        count = len(self.open)
        for job in list(self.open):
            try:
                state = await self.service.state(job)
                self._tell(job, state)
                if state.has_ended:
                    await self.collection.settle(job, state)
                    self.open.remove(job)
            except RetryableError as error:
                log.info("%s: %s", job.name, error)
                if self._is_due("trouble"):
                    _say(f"{job.name}: {error}; the looks go on until the service answers")
            except FatalError as error:
                self.collection.stopped = self.collection.stopped or error
                self.open.remove(job)
        if len(self.open) == count:
            return False
        self._next_try, self._failures = 0.0, 0
        return True

    def _tell_to_wait(self) -> None:
        """Say once what a run waits for, and how to leave it."""
        if self.open and not self._told:
            lines = [line for job in self.open for line in job.lines]
            _say(
                f"waiting for {_count(self.open, 'batch job')}, {_count(lines, 'request')}; a look "
                f"every {self.run.options.batch_poll:g} s. Ctrl-C leaves them at the service: the "
                f"same command goes on"
            )

    def _is_due(self, what: str) -> bool:
        """Whether something was not told for a while."""
        now = time.monotonic()
        if now < self._told.get(what, -math.inf) + TELL_S:
            return False
        self._told[what] = now
        return True

    def _tell(self, job: Job, state: State) -> None:
        is_due = self._is_due(job.name)
        if state.name != job.state:
            job.state, job.since = state.name, datetime.now(UTC).isoformat(timespec="seconds")
            self.jobs.write(job)
        elif not is_due:
            return
        since = datetime.fromisoformat(job.since)
        minutes = int((datetime.now(UTC) - since).total_seconds() // 60)
        _say(
            f"{job.name}: {state.name} since {since.astimezone():%Y-%m-%d %H:%M} "
            f"({minutes // 60} h {minutes % 60} min), {_count(job.lines, 'request')}"
        )


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


def _say(text: str) -> None:
    """Tell how it goes, above the progress bar."""
    log.info("%s", text)
    tqdm.write(text, file=sys.stderr)
