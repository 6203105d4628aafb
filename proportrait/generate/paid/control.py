"""Runs any paid generator politely: slots, pace, retries, a circuit breaker, and a budget."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from proportrait.errors import (
    FatalError,
    GenerationError,
    ProPortraitError,
    QuotaError,
    RateLimitedError,
    RefusedError,
    RetryableError,
)
from proportrait.generate.base import Generated, GenerationRequest, Reserve
from proportrait.generate.breaker import CircuitBreaker
from proportrait.generate.paid.throttle import (
    AdaptiveConcurrency,
    Bill,
    Budget,
    Slot,
)

logger = logging.getLogger(__name__)

BACKOFF_BASE_S = 2.0
BACKOFF_CAP_S = 60.0
# A server that asks for a longer wait than this (a daily quota) ends the run at once.
RETRY_AFTER_MAX_S = 300.0
# Spreads requests that were all told to come back at the same moment.
RETRY_AFTER_JITTER_S = 1.0

Prepared = TypeVar("Prepared")
Reply = TypeVar("Reply")


class PaidGenerator(Protocol[Prepared, Reply]):
    """A generator in three steps, so that only the paid one holds a slot and is repeated.

    `price_usd` is the most that one `ask` can cost. An error of `ask` or `read` carries what the
    request cost in `cost_usd`.
    """

    name: str
    price_usd: float

    async def prepare(self, request: GenerationRequest) -> Prepared:
        """Decode, resize and encode the source, once for all tries.

        Raises:
            ImageError: it cannot be used.
            UnreachableError: it could not be fetched; `PatientGenerator` tries that again.
        """
        ...

    async def ask(self, prepared: Prepared) -> Reply:
        """Send one request and wait for the reply."""
        ...

    async def read(self, reply: Reply) -> Generated:
        """Take the picture out of the reply."""
        ...

    async def close(self) -> None:
        """Release connections and threads."""
        ...


@dataclass
class _Account:
    """Tries and dollars of one picture; `written_usd` is what `reserve` wrote down last."""

    request: GenerationRequest
    reserve: Reserve | None
    tries: int = 0
    cost_usd: float = 0.0
    written_usd: float = 0.0

    async def write(self, cost_usd: float) -> None:
        """Write down the most that the requests can have cost, if that has changed.

        Raises:
            StoreError: it cannot be written: no request may be sent.
        """
        if self.reserve is not None and cost_usd != self.written_usd:
            await asyncio.to_thread(self.reserve, self.request, self.tries, cost_usd)
            self.written_usd = cost_usd


class ControlledGenerator(Generic[Prepared, Reply]):
    """An `ImageGenerator` that keeps a paid one within its limits.

    Args:
        inner: the generator that does the work.
        concurrency: requests in flight at most; it adapts below that.
        requests_per_minute: evenly paced, so that no minute sees more (but one); None for no limit.
        max_retries: tries after the first one, of errors that another try may cure.
        budget_usd: dollars that may be spent, or None.
        reserve: writes costs down before they arise, so that no kill forgets them; or None.
        breaker_threshold: pictures given up on in a row that stop the run.
        sleep, clock, rng: for tests; by default real time and entropy of the system, because
            jitter that repeats from process to process would not spread anything.
    """

    def __init__(
        self,
        inner: PaidGenerator[Prepared, Reply],
        *,
        concurrency: int = 10,
        requests_per_minute: float | None = None,
        max_retries: int = 3,
        budget_usd: float | None = None,
        reserve: Reserve | None = None,
        breaker_threshold: int = 20,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        rng: np.random.Generator | None = None,
    ) -> None:
        if max_retries < 0 or (requests_per_minute is not None and requests_per_minute <= 0):
            raise ValueError("max_retries is at least 0, requests_per_minute more than 0")
        self.name = inner.name
        self.price_usd = inner.price_usd
        self._inner = inner
        self._max_retries = max_retries
        self._limiter = AdaptiveConcurrency(concurrency, clock=clock, sleep=sleep)
        # One token at a time: a bucket of a minute's tokens would let two minutes' worth through
        # in the first one.
        self._pace = AsyncLimiter(1, 60 / requests_per_minute) if requests_per_minute else None
        self._budget = Budget(budget_usd)
        self._reserve = reserve
        self._breaker = CircuitBreaker(
            breaker_threshold,
            "run the same command again, with --retry_failed for those that failed",
        )
        self._sleep = sleep
        self._rng = rng or np.random.default_rng()

    async def generate(self, request: GenerationRequest) -> Generated:
        """Make one picture, with retries; its `cost_usd` includes the tries that failed.

        Raises:
            ImageError: the source portrait cannot be used.
            GenerationError: given up on; `tries` and `cost_usd` say after what.
            FatalError: the run must stop: a bad key, an unknown model, or too many failures.
            BudgetError: the next try could pass the budget.
            StoreError: `reserve` could not write.
        """
        self._breaker.check()
        prepared = await self._inner.prepare(request)
        account = _Account(request, self._reserve)
        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_retrying),
            stop=stop_after_attempt(1 + self._max_retries),
            wait=self._wait_s,
            sleep=self._sleep,
            before_sleep=self._log_retry,
            reraise=True,
        )
        try:
            generated: Generated = await retrying(self._try, prepared, account)
        except ProPortraitError as error:
            error.tries, error.cost_usd = account.tries, account.cost_usd
            self._book_failure(error)
            raise
        self._breaker.succeeded()
        return dataclasses.replace(generated, cost_usd=account.cost_usd)

    async def close(self) -> None:
        """Close the inner generator."""
        await self._inner.close()

    async def _try(self, prepared: Prepared, account: _Account) -> Generated:
        async with self._limiter.slot() as slot:
            if self._pace is not None:
                await self._pace.acquire()
            # The circuit may have opened while this try slept or stood in line.
            self._breaker.check()
            bill = Bill(0.0)
            try:
                with self._budget.reserve(self.price_usd) as bill:
                    account.tries += 1
                    await account.write(account.cost_usd + self.price_usd)
                    generated = await self._exchange(prepared, slot, bill)
            except ProPortraitError:
                account.cost_usd += bill.cost_usd
                await account.write(account.cost_usd)
                raise
            account.cost_usd += bill.cost_usd
            return generated

    async def _exchange(self, prepared: Prepared, slot: Slot, bill: Bill) -> Generated:
        try:
            reply = await self._inner.ask(prepared)
        except RateLimitedError as error:
            wait = error.retry_after or 0.0
            if wait > RETRY_AFTER_MAX_S:
                raise QuotaError(
                    f"{error}. The server asks to wait {wait / 60:.0f} minutes: run the same "
                    f"command again then"
                ) from error
            slot.rate_limited(wait)
            raise
        slot.succeeded()
        # Decoding is our own work: the next request need not wait for it.
        slot.release()
        generated = await self._read(reply)
        bill.cost_usd = generated.cost_usd
        return generated

    async def _read(self, reply: Reply) -> Generated:
        """Read a reply to its end even if cancelled meanwhile: its picture is paid for."""
        reading = asyncio.ensure_future(self._inner.read(reply))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            if not reading.cancelled():
                with suppress(RetryableError):  # the run is over: the next one tries again
                    return await reading
            raise

    def _wait_s(self, state: RetryCallState) -> float:
        """Seconds until the next try: what the server asked for, or exponential back-off with
        full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetryableError) else None
        if asked is not None:
            return asked + self._rng.uniform(0, RETRY_AFTER_JITTER_S)
        ceiling = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** (state.attempt_number - 1))
        return self._rng.uniform(0, ceiling)

    def _log_retry(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        logger.info(
            "try %d of %d failed, the next one in %.1f s: %s",
            state.attempt_number,
            1 + self._max_retries,
            state.upcoming_sleep,
            error,
        )

    def _book_failure(self, error: ProPortraitError) -> None:
        if isinstance(error, RefusedError):
            # The service works as it should: it read the request and said no.
            self._breaker.succeeded()
        elif isinstance(error, FatalError):
            self._breaker.must_stop(error)
        elif isinstance(error, GenerationError):
            self._breaker.failed(error)


def _worth_retrying(error: BaseException) -> bool:
    return isinstance(error, RetryableError) and (error.retry_after or 0.0) <= RETRY_AFTER_MAX_S
