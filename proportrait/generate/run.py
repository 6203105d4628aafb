"""A run of stage one: source portrait -> label vector -> prompt -> generator -> twins -> store."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from tqdm import tqdm

from proportrait.errors import (
    AssessmentError,
    BudgetError,
    ConfigurationError,
    GenerationError,
    ImageError,
    ProPortraitError,
    QuotaError,
    UnreachableError,
)
from proportrait.faces import FaceAnalyzer
from proportrait.generate import report
from proportrait.generate.base import (
    Generated,
    GenerationRequest,
    ImageGenerator,
    PortraitSource,
    SourceItem,
)
from proportrait.generate.finish import finish
from proportrait.generate.prompt import Prompt, build_prompt
from proportrait.generate.sample import generation_seed, sample_labels
from proportrait.imaging import ENCODERS
from proportrait.labels import LabelVector
from proportrait.store import RecordStore

log = logging.getLogger("proportrait.generate")
T = TypeVar("T")


@dataclass
class Run:
    """One run: its parts, and what it did so far."""

    options: argparse.Namespace
    source: PortraitSource
    generator: ImageGenerator
    store: RecordStore
    threads: ThreadPoolExecutor
    analyzer: FaceAnalyzer
    bar: tqdm[None]
    tally: report.Tally
    saving: set[asyncio.Task[None]] = field(default_factory=set)

    async def portraits(
        self, elsewhere: Container[str] = ()
    ) -> AsyncIterator[tuple[SourceItem, str]]:
        """The source's portraits that are not finished yet, with the stem of their files.

        Args:
            elsewhere: source_ids that are passed over, since they are under way already.
        """
        items = itertools.islice(iter(self.source), self.options.limit)

        def next_open() -> tuple[SourceItem, str] | None:
            # In a thread: a source may wait for a network, and thousands may be finished already.
            for item in items:
                stem = self.store.unique_stem(item.source_id, item.stem)
                if item.source_id in elsewhere:
                    continue
                if not self.store.is_finished(item.source_id, self.options.retry_failed):
                    return item, stem
                self.tally.passed_over += self.store.status(item.source_id) != "done"
                self.bar.update()
            return None

        while (portrait := await asyncio.to_thread(next_open)) is not None:
            yield portrait

    def request(self, item: SourceItem) -> tuple[GenerationRequest, Prompt]:
        """What is asked of the generator for one portrait, as a function of the options alone."""
        options, names = self.options, (self.options.seed, item.source_id)
        labels = sample_labels(
            *names,
            perfect_prob=options.perfect_prob,
            near_perfect_prob=options.near_perfect_prob,
        )
        # The offline editor reads the bits, not the words: nothing need be left out of those.
        dropout = 0.0 if options.mock else 0.1
        prompt = build_prompt(*names, labels, variation=not options.no_variation, dropout=dropout)
        return GenerationRequest(item, labels, prompt.text, generation_seed(*names)), prompt

    async def make(self, item: SourceItem, stem: str) -> None:
        """Make all pictures of one portrait, and save them or why there are none."""
        request, prompt = self.request(item)
        await self.save(
            request,
            stem,
            self.generator.generate(request),
            lambda g: prompt.known_without(g.unread_prompt),
        )

    async def save(
        self,
        request: GenerationRequest,
        stem: str,
        answer: Awaitable[Generated],
        known: Callable[[Generated], LabelVector],
    ) -> None:
        """Save all pictures of an answer, or why there are none.

        Args:
            request: of the answer.
            stem: start of the file names.
            answer: of a generator; its error is recorded.
            known: the bits that the words of the request asked for.
        """
        item, started, cost_usd = request.item, time.monotonic(), 0.0
        try:
            generated = await answer
            cost_usd = generated.cost_usd
            extension, encode = ENCODERS[self.options.format]
            # The same seed gives the same bytes offline; the ledger says when.
            timestamp = None if self.options.mock else _now()

            def save() -> None:
                pictures = finish(
                    request,
                    generated,
                    known(generated),
                    self.analyzer,
                    stem=stem,
                    generator=self.generator.name,
                    timestamp=timestamp,
                    extension=extension,
                )
                files = [(record, encode(image)) for record, image in pictures]
                seconds = time.monotonic() - started
                self.store.commit(item.source_id, stem, files, seconds=seconds)
                log.info("%s: %d pictures in %.1f s", item.source_id, len(files), seconds)

            await self.in_thread(save)
            self.tally.made += 1
        except UnreachableError as error:  # nothing is known of it: the next run tries again
            self.tally.failed += 1
            log.warning("%s: %s", item.source_id, error)
        except (GenerationError, ImageError, AssessmentError) as error:
            await self.note_failure(item, stem, error, error.cost_usd or cost_usd)
        except ProPortraitError:
            raise  # every other portrait would fail alike, so the run ends; the next one goes on
        except Exception as error:
            log.exception("%s: an error that should not happen", item.source_id)
            await self.note_failure(item, stem, error, cost_usd)
        cost = f"${self.store.spent_usd - self.tally.spent_before_usd:.2f}"
        self.bar.set_postfix(cost=cost, failed=self.tally.failed, refresh=False)
        self.bar.update()

    async def note_failure(
        self, item: SourceItem, stem: str, error: Exception, cost_usd: float
    ) -> None:
        self.tally.failed += 1
        log.warning("%s: %s: %s", item.source_id, type(error).__name__, error)
        await self.in_thread(
            lambda: self.store.fail(
                item.source_id,
                stem,
                item.filename,
                error,
                status="rejected" if isinstance(error, ImageError) else "failed",
                tries=getattr(error, "tries", 0) or 1,
                cost_usd=cost_usd,
            )
        )

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Save in a thread; a task that has come this far is not cancelled when the run stops."""
        if task := asyncio.current_task():
            self.saving.add(task)
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


async def generate(run: Run) -> str | None:
    """Make every portrait that is not finished, some at a time; returns why it stopped early."""
    # More than the generator takes at once, so that finishing a picture never leaves it idle.
    room = asyncio.Semaphore(2 * run.options.concurrency + 4)
    tasks: set[asyncio.Task[None]] = set()
    stopped: list[Exception] = []
    fatal = asyncio.Event()

    def ended(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        run.saving.discard(task)
        room.release()
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            stopped.append(error)
            # Requests under way still finish where only further ones are refused.
            if not isinstance(error, BudgetError | QuotaError):
                fatal.set()

    try:
        try:
            async for item, stem in run.portraits():
                await room.acquire()
                if stopped:
                    break
                task = asyncio.create_task(run.make(item, stem))
                tasks.add(task)
                task.add_done_callback(ended)
        except ProPortraitError as error:  # of the source; requests under way still finish
            stopped.append(error)
        watch = asyncio.create_task(fatal.wait())
        while tasks and not fatal.is_set():
            await asyncio.wait({*tasks, watch}, return_when=asyncio.FIRST_COMPLETED)
        watch.cancel()
    finally:
        for task in tasks - run.saving:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=None if fatal.is_set() else 1.0)  # or Ctrl-C: 1 s
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await run.generator.close()
    for reason in stopped:
        if isinstance(reason, ConfigurationError) or not isinstance(reason, ProPortraitError):
            raise reason
    return str(stopped[0]) if stopped else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
