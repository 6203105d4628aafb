"""From the results of a batch job to records, as an online run makes them of its replies."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proportrait.disk import disk_errors
from proportrait.errors import FatalError, GenerationError, ProPortraitError, RetryableError
from proportrait.generate.base import Generated
from proportrait.generate.gemini.batch.jobs import Job, Line
from proportrait.generate.gemini.batch.lines import places, read
from proportrait.generate.gemini.batch.service import State
from proportrait.generate.gemini.batch.submit import Submission
from proportrait.labels import LabelVector

log = logging.getLogger(__name__)

_GROUP = 8  # answers that are finished at the same time; each is a few MB


@dataclass
class Collection:
    """Settles the lines of jobs that have ended.

    A line that was free and may succeed the next time goes into a later job; one that may be paid
    for never does.

    Attributes:
        submission: what asked for them.
        stopped: why no further job may be created, or None.
    """

    submission: Submission
    stopped: ProPortraitError | None = None

    async def settle(self, job: Job, state: State) -> None:
        """Make records of the results of a job, and forget it.

        Raises:
            RetryableError: the results could not be fetched; another try may.
            StoreError: the disk is full or fails. What was settled before stays so.
        """
        jobs, service = self.submission.jobs, self.submission.service
        results = jobs.results(job)
        if state.results and not results.exists():
            await service.download(state.results, results)
        offsets = await asyncio.to_thread(places, results) if results.exists() else {}
        answers = self._answers(job, state, offsets)
        while group := list(itertools.islice(answers, _GROUP)):
            await asyncio.gather(*(self._settle(job, line, answer) for line, answer in group))
        try:
            await service.delete(job.file)
        except ProPortraitError as error:  # the service deletes it two days after its upload
            log.info("%s was not deleted: %s", job.file, error)
        jobs.remove(job)

    def _answers(
        self, job: Job, state: State, offsets: Mapping[str, int]
    ) -> Iterator[tuple[Line, Mapping[str, Any] | ProPortraitError]]:
        """Every line of a job that is not settled, with its answer, or why there is none."""
        pending = self.submission.run.store.jobs()
        results = self.submission.jobs.results(job)
        with disk_errors(results), contextlib.ExitStack() as stack:
            file = stack.enter_context(results.open("rb")) if offsets else None
            for line in job.lines:
                if line.source_id not in pending or pending[line.source_id].job != job.name:
                    continue
                if file is None or line.stem not in offsets:
                    yield line, _unanswered(job, state)
                    continue
                file.seek(offsets[line.stem])
                yield line, json.loads(file.readline())

    async def _settle(
        self, job: Job, line: Line, answer: Mapping[str, Any] | ProPortraitError
    ) -> None:
        picture = asyncio.ensure_future(self._picture(job, line, answer))
        await asyncio.wait({picture})
        error, submission = picture.exception(), self.submission
        if isinstance(error, FatalError):
            self.stopped = self.stopped or error
        elif self._is_worth_a_try(error, line):
            submission.again[line.source_id] = line.tries
        else:
            known = LabelVector.from_code(line.known)
            await submission.run.save(line.request, line.stem, picture, lambda _: known)
            return
        log.info("%s: %s: %s", line.source_id, type(error).__name__, error)
        await asyncio.to_thread(submission.release, line)

    async def _picture(
        self, job: Job, line: Line, answer: Mapping[str, Any] | ProPortraitError
    ) -> Generated:
        try:
            if isinstance(answer, ProPortraitError):
                raise answer
            picture = await read(answer, self.submission.generator)
        except ProPortraitError as error:
            error.tries, error.cost_usd = line.tries, job.price_usd if error.cost_usd else 0.0
            raise
        return dataclasses.replace(picture, cost_usd=job.price_usd)

    def _is_worth_a_try(self, error: BaseException | None, line: Line) -> bool:
        retries: int = self.submission.run.options.max_retries
        return isinstance(error, RetryableError) and not error.cost_usd and line.tries <= retries


def _unanswered(job: Job, state: State) -> ProPortraitError:
    """Why a line has no answer, and whether it may be paid for all the same."""
    if state.name == "expired":  # after 48 hours: it is to be asked for anew
        return RetryableError(f"the batch job {job.id} expired before the request was answered")
    if state.name in ("cancelled", "failed"):
        return FatalError(
            f"the batch job {job.id} ({job.name}) {'was ' * (state.name == 'cancelled')}"
            f"{state.name}: see why at https://aistudio.google.com/, then run the same command "
            f"again to ask anew for what it did not answer"
        )
    error = GenerationError(
        f"the results of the batch job {job.id} hold no answer; it may be paid for all the same"
    )
    error.cost_usd = job.price_usd
    return error
