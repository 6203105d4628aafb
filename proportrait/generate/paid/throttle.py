"""What keeps a paid generator polite and affordable: slots and a budget.

All of it lives on one event loop; nothing here is thread-safe.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from proportrait.errors import BudgetError, ProPortraitError


class Slot:
    """The right to have one request in flight; it may be handed back early."""

    def __init__(self, limiter: AdaptiveConcurrency, epoch: int) -> None:
        self._limiter = limiter
        self._epoch = epoch
        self._held = True

    def succeeded(self) -> None:
        """The server answered: the limit may creep up."""
        self._limiter._on_success()

    def rate_limited(self, pause_s: float = 0.0) -> None:
        """The server said 429: cut the limit, and let nobody send for `pause_s` seconds."""
        self._limiter._on_rate_limited(self._epoch, pause_s)

    def release(self) -> None:
        """Hand the slot back; a second call does nothing."""
        if self._held:
            self._held = False
            self._limiter._release()


class AdaptiveConcurrency:
    """Bounded concurrency that backs off when the server is busy and creeps up again.

    Additive increase, multiplicative decrease (Chiu and Jain, 1989), as TCP does it: a 429 cuts
    the limit to `cut` of it, but only once for all requests that were sent before that cut;
    every `step_after` successes add one, up to the maximum.

    Args:
        maximum: requests in flight, at least 1.
        cut: factor of a 429, in (0, 1).
        step_after: successes that raise the limit by one.
        clock: seconds that only grow.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        maximum: int,
        *,
        cut: float = 0.6,
        step_after: int = 10,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if maximum < 1 or not 0 < cut < 1 or step_after < 1:
            raise ValueError("maximum and step_after are at least 1, cut is between 0 and 1")
        self.maximum = maximum
        self.limit = maximum
        self.in_flight = 0
        self._cut = cut
        self._step_after = step_after
        self._clock = clock
        self._sleep = sleep
        self._successes = 0
        self._epoch = 0
        self._paused_until = -float("inf")
        self._waiters: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Wait in line for a slot and for the end of a pause; leaving hands the slot back."""
        await self._enter()
        try:
            while (remaining := self._paused_until - self._clock()) > 0:
                await self._sleep(remaining)
        except BaseException:
            self._release()
            raise
        slot = Slot(self, self._epoch)
        try:
            yield slot
        finally:
            slot.release()

    async def _enter(self) -> None:
        if not self._waiters and self.in_flight < self.limit:
            self.in_flight += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._release()  # The slot had been handed over before the task could take it.
            raise

    def _release(self) -> None:
        self.in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiters and self.in_flight < self.limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self.in_flight += 1
                waiter.set_result(None)

    def _on_success(self) -> None:
        self._successes += 1
        if self._successes >= self._step_after and self.limit < self.maximum:
            self._successes = 0
            self.limit += 1
            self._admit()

    def _on_rate_limited(self, epoch: int, pause_s: float) -> None:
        if pause_s > 0:
            self._paused_until = max(self._paused_until, self._clock() + pause_s)
        if epoch == self._epoch:
            self._epoch += 1
            self._successes = 0
            self.limit = max(1, int(self.limit * self._cut))


@dataclass
class Bill:
    """What one request cost in dollars: its full price until the reply says otherwise."""

    cost_usd: float


class Budget:
    """Dollars that a run may spend: what was paid plus what is in flight never passes the limit.

    Args:
        limit_usd: the limit, or None for none.
    """

    def __init__(self, limit_usd: float | None = None) -> None:
        if limit_usd is not None and limit_usd < 0:
            raise ValueError(f"a budget cannot be negative: {limit_usd}")
        self.limit_usd = limit_usd
        self.spent_usd = 0.0
        self.reserved_usd = 0.0

    @contextmanager
    def reserve(self, price_usd: float) -> Iterator[Bill]:
        """Hold the price while a request is in flight, then book what it really cost.

        An error carries its cost; a request that was cancelled may have been paid, so it counts.

        Raises:
            BudgetError: this request could pass the limit.
        """
        committed = self.spent_usd + self.reserved_usd
        # Sums of prices such as 0.067 miss round limits by rounding errors only.
        if self.limit_usd is not None and committed + price_usd > self.limit_usd + 1e-9:
            raise BudgetError(
                f"the budget of ${self.limit_usd:.2f} is used up: ${committed:.3f} is spent or in "
                f"flight, and the next picture can cost ${price_usd:.3f}. Raise --budget_usd and "
                "run the same command again to go on"
            )
        self.reserved_usd += price_usd
        bill = Bill(price_usd)
        try:
            yield bill
        except ProPortraitError as error:
            bill.cost_usd = error.cost_usd
            raise
        finally:
            self.reserved_usd -= price_usd
            self.spent_usd += bill.cost_usd
