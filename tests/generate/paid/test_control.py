"""Slots, pace, retries, the circuit breaker and the budget, with a clock of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
import pytest

from proportrait.edit.shot import Shot
from proportrait.errors import (
    BudgetError,
    FatalError,
    GenerationError,
    ImageTooSmallError,
    ProPortraitError,
    QuotaError,
    RateLimitedError,
    RefusedError,
    RetryableError,
    StoreError,
)
from proportrait.generate.base import Generated, GenerationRequest, Portrait
from proportrait.generate.breaker import CircuitBreaker
from proportrait.generate.paid.control import BACKOFF_CAP_S, RETRY_AFTER_MAX_S, ControlledGenerator
from proportrait.generate.paid.throttle import AdaptiveConcurrency, Budget
from proportrait.labels import LabelVector

IMAGE = np.zeros((256, 256, 3), np.uint8)


class Item:
    source_id = "test/0"
    stem = "test_0"
    filename = "0.png"

    def open(self) -> Portrait:
        return Portrait(self.source_id, IMAGE)


REQUEST = GenerationRequest(Item(), LabelVector.ones(), "words", 0)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Service:
    """A paid generator whose outcomes are written down: an error, or None for a picture."""

    name = "service"
    price_usd = 0.25

    def __init__(self, outcomes: Iterable[Exception | None] = (), real_s: float = 0.0) -> None:
        self.outcomes = iter(outcomes)
        self.real_s = real_s
        self.prepared = self.asked = self.in_flight = self.most_in_flight = 0

    async def prepare(self, request: GenerationRequest) -> GenerationRequest:
        self.prepared += 1
        request.item.open()
        return request

    async def ask(self, prepared: GenerationRequest) -> Exception | None:
        self.asked += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(self.real_s)
        self.in_flight -= 1
        outcome = next(self.outcomes, None)
        if outcome is not None and not outcome.args[0].startswith("read"):
            raise outcome
        return outcome

    async def read(self, reply: Exception | None) -> Generated:
        if reply is not None:
            raise reply
        return Generated(Shot(IMAGE), cost_usd=0.2)

    async def close(self) -> None:
        self.closed = True


def paid(error: ProPortraitError, usd: float) -> ProPortraitError:
    error.cost_usd = usd
    return error


def control(service: Service, **options: object) -> tuple[ControlledGenerator, FakeTime]:
    fake = FakeTime()
    options.setdefault("rng", np.random.default_rng(0))
    return ControlledGenerator(service, sleep=fake.sleep, clock=fake.clock, **options), fake


# -- retries


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (RetryableError("x"), 4),
        (RateLimitedError("x"), 4),
        (RateLimitedError("x", retry_after=RETRY_AFTER_MAX_S), 4),
        (RetryableError("x", retry_after=RETRY_AFTER_MAX_S + 1), 1),
        (GenerationError("x"), 1),
        (RefusedError("x"), 1),
        (FatalError("x"), 1),
    ],
)
async def test_only_what_another_try_may_cure_is_tried_again(
    error: ProPortraitError, tries: int
) -> None:
    service = Service([error] * 9)
    generator, _ = control(service, max_retries=3)
    with pytest.raises(type(error)) as caught:
        await generator.generate(REQUEST)
    assert caught.value is error
    assert error.tries == service.asked == tries
    assert service.prepared == 1


async def test_the_back_off_doubles_under_full_jitter_and_is_capped() -> None:
    waits = []
    for seed in range(40):
        service = Service([RetryableError("x")] * 8)
        generator, fake = control(service, max_retries=8, rng=np.random.default_rng(seed))
        await generator.generate(REQUEST)
        waits.append(fake.slept)
    ceilings = np.array([2, 4, 8, 16, 32, 60, 60, 60])
    assert BACKOFF_CAP_S == 60
    array = np.array(waits)
    assert array.shape == (40, 8)
    assert (array >= 0).all()
    assert (array <= ceilings).all()
    # Uniform on [0, ceiling]: over 40 draws the mean is within 0.2 of the middle.
    assert np.abs((array / ceilings).mean(0) - 0.5).max() < 0.2


async def test_a_wait_of_hours_ends_the_run_for_all() -> None:
    service = Service([RateLimitedError("x", retry_after=RETRY_AFTER_MAX_S + 60)])
    generator, _ = control(service)
    for _ in range(2):
        with pytest.raises(QuotaError, match="The server asks to wait 6 minutes"):
            await generator.generate(REQUEST)
    assert service.asked == 1


async def test_the_slot_is_free_while_a_failed_request_sleeps() -> None:
    service = Service([RetryableError("x")])
    taken = []

    async def sleep(_: float) -> None:
        taken.append(generator._limiter.in_flight)

    generator = ControlledGenerator(service, concurrency=1, sleep=sleep)
    await generator.generate(REQUEST)
    assert taken == [0]


async def test_the_slot_is_free_while_a_reply_is_decoded() -> None:
    class Slow(Service):
        async def read(self, reply: Exception | None) -> Generated:
            taken.append(generator._limiter.in_flight)
            return await super().read(reply)

    taken: list[int] = []
    generator, _ = control(Slow(), concurrency=1)
    await generator.generate(REQUEST)
    assert taken == [0]


async def test_nobody_sends_while_the_server_asks_to_wait() -> None:
    service = Service([RateLimitedError("x", retry_after=30)])
    generator, fake = control(service, concurrency=1)
    sent_at: list[float] = []
    ask = service.ask

    async def noted(prepared: GenerationRequest) -> Exception | None:
        sent_at.append(fake.now)
        return await ask(prepared)

    service.ask = noted  # type: ignore[method-assign]
    await asyncio.gather(*(generator.generate(REQUEST) for _ in range(3)))
    assert sent_at[0] == 0
    assert len(sent_at) == 4
    assert min(sent_at[1:]) >= 30


# -- concurrency


async def test_no_more_than_the_limit_is_in_flight() -> None:
    service = Service(real_s=0.01)
    generator, _ = control(service, concurrency=4)
    results = await asyncio.gather(*(generator.generate(REQUEST) for _ in range(20)))
    assert len(results) == 20
    assert service.most_in_flight == 4
    assert generator._limiter.in_flight == 0


async def test_a_burst_of_429_cuts_the_limit_once() -> None:
    limiter = AdaptiveConcurrency(10)

    async def burst(barrier: asyncio.Barrier) -> None:
        async with limiter.slot() as slot:
            await barrier.wait()
            slot.rate_limited()

    await asyncio.gather(*(burst(barrier) for barrier in [asyncio.Barrier(10)] for _ in range(10)))
    assert limiter.limit == 6  # 10 x 0.6
    await asyncio.gather(*(burst(barrier) for barrier in [asyncio.Barrier(6)] for _ in range(6)))
    assert limiter.limit == 3  # 6 x 0.6, rounded down
    for _ in range(9):
        await burst(asyncio.Barrier(1))
    assert limiter.limit == 1


async def test_the_limit_creeps_up_to_the_maximum() -> None:
    limiter = AdaptiveConcurrency(5, step_after=10)
    async with limiter.slot() as slot:
        slot.rate_limited()
        limits = []
        for _ in range(50):
            slot.succeeded()
            limits.append(limiter.limit)
    assert limits[:10] == [3] * 9 + [4]
    assert limits[19] == 5
    assert max(limits) == 5


async def test_the_line_is_first_come_first_served_and_survives_cancellation() -> None:
    limiter = AdaptiveConcurrency(1)
    order: list[int] = []

    async def enter(number: int) -> None:
        async with limiter.slot():
            order.append(number)

    async with limiter.slot() as held:
        tasks = [asyncio.create_task(enter(i)) for i in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()  # while it stands in line
        await asyncio.sleep(0)
        held.release()  # hands the slot to task 0, which has not run yet
        tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [2, 3]
    assert limiter.in_flight == 0


async def test_a_cancelled_pause_hands_the_slot_back() -> None:
    limiter = AdaptiveConcurrency(1)
    async with limiter.slot() as slot:
        slot.rate_limited(pause_s=1000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), limiter.slot():
            pass
    assert limiter.in_flight == 0


@pytest.mark.parametrize("options", [{"maximum": 0}, {"maximum": 1, "cut": 1.0}])
def test_impossible_limits_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        AdaptiveConcurrency(**options)


async def test_requests_per_minute_are_evenly_paced() -> None:
    service = Service()
    generator = ControlledGenerator(service, concurrency=10, requests_per_minute=1200)
    began = time.monotonic()
    await asyncio.gather(*(generator.generate(REQUEST) for _ in range(7)))
    assert 0.28 < time.monotonic() - began < 1.5  # six steps of 60/1200 s


# -- circuit breaker


async def test_the_run_stops_after_failures_in_a_row() -> None:
    service = Service([RetryableError("no luck.")] * 9)
    generator, _ = control(service, max_retries=1, breaker_threshold=3)
    for _ in range(3):
        with pytest.raises(RetryableError):
            await generator.generate(REQUEST)
    with pytest.raises(FatalError, match=r"stopped after 3 failures in a row; the last.* no luck"):
        await generator.generate(REQUEST)
    assert service.asked == 6


async def test_those_that_wait_stop_too() -> None:
    service = Service([GenerationError("x")] * 99, real_s=0.001)
    generator, _ = control(service, concurrency=1, breaker_threshold=3)
    results = await asyncio.gather(
        *(generator.generate(REQUEST) for _ in range(10)), return_exceptions=True
    )
    assert [type(result) for result in results] == [GenerationError] * 3 + [FatalError] * 7
    assert service.asked == 3


@pytest.mark.parametrize("healthy", [None, RefusedError("no"), RefusedError("read: no")])
async def test_a_picture_or_a_refusal_shows_that_the_service_works(
    healthy: Exception | None,
) -> None:
    outcomes = [GenerationError("x"), GenerationError("x"), healthy] * 4
    service = Service(outcomes)
    generator, _ = control(service, breaker_threshold=3)
    for _ in outcomes:
        with suppress(GenerationError):
            await generator.generate(REQUEST)
    assert service.asked == 12


async def test_a_bad_source_is_no_failure_of_the_service() -> None:
    class Small(Item):
        def open(self) -> Portrait:
            raise ImageTooSmallError("small")

    generator, _ = control(Service(), breaker_threshold=1)
    for _ in range(3):
        with pytest.raises(ImageTooSmallError):
            await generator.generate(GenerationRequest(Small(), LabelVector.ones(), "", 0))
    assert (await generator.generate(REQUEST)).cost_usd == 0.2


def test_a_breaker_needs_a_threshold() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        CircuitBreaker(0)


# -- budget


async def test_what_is_in_flight_is_reserved() -> None:
    service = Service(real_s=0.01)
    # Three fit at 0.25 each, though they turn out to cost 0.20: 0.75 + 0.25 > 0.80.
    generator, _ = control(service, concurrency=10, budget_usd=0.80)
    results = await asyncio.gather(
        *(generator.generate(REQUEST) for _ in range(5)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Generated] * 3 + [BudgetError] * 2
    assert service.asked == 3
    assert generator._budget.spent_usd == pytest.approx(0.60)
    with pytest.raises(BudgetError, match=r"budget of \$0\.80 is used up.*--budget_usd"):
        await generator.generate(REQUEST)


async def test_what_is_settled_below_its_price_can_be_spent_again() -> None:
    service = Service()
    generator, _ = control(service, budget_usd=1.0)
    for _ in range(4):  # 4 x 0.20; the fifth could reach 0.80 + 0.25
        await generator.generate(REQUEST)
    with pytest.raises(BudgetError) as caught:
        await generator.generate(REQUEST)
    assert (caught.value.tries, service.asked) == (0, 4)


async def test_failed_tries_are_paid_and_told() -> None:
    service = Service([paid(RetryableError("read: 1x1"), 0.25), RetryableError("500"), None])
    generator, _ = control(service)
    made = await generator.generate(REQUEST)
    assert made.cost_usd == pytest.approx(0.45)
    assert generator._budget.spent_usd == pytest.approx(0.45)


Line = tuple[int, float]


def ledger_of(service: Service, **options: object) -> tuple[ControlledGenerator, list[Line]]:
    """A generator, and what it writes down: (requests, dollars that they can have cost)."""
    lines: list[Line] = []

    def reserve(request: GenerationRequest, tries: int, cost_usd: float) -> None:
        assert request is REQUEST
        lines.append((tries, round(cost_usd, 6)))

    return control(service, reserve=reserve, **options)[0], lines


async def test_costs_are_written_down_before_a_request_is_sent() -> None:
    lost = paid(RetryableError("read: 1x1"), 0.25)
    service = Service([RetryableError("500"), lost, None])
    generator, lines = ledger_of(service)
    sent: list[Line] = []
    ask = service.ask

    async def noted(prepared: GenerationRequest) -> Exception | None:
        sent.append(lines[-1])
        return await ask(prepared)

    service.ask = noted  # type: ignore[method-assign]
    await generator.generate(REQUEST)
    assert sent == [(1, 0.25), (2, 0.25), (3, 0.5)]
    # A free try is taken back; what a picture cost stands in the line that keeps it.
    assert lines == [(1, 0.25), (1, 0.0), (2, 0.25), (3, 0.5)]


async def test_what_stops_a_run_is_free_and_what_is_cut_off_is_not() -> None:
    generator, lines = ledger_of(Service([FatalError("bad key")]))
    with pytest.raises(FatalError):
        await generator.generate(REQUEST)
    assert lines == [(1, 0.25), (1, 0.0)]
    generator, lines = ledger_of(Service(real_s=60))
    task = asyncio.create_task(generator.generate(REQUEST))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert lines == [(1, 0.25)]


async def test_nothing_is_sent_that_cannot_be_written_down() -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    service = Service()
    generator, _ = control(service, reserve=full)
    with pytest.raises(StoreError):
        await generator.generate(REQUEST)
    assert service.asked == 0
    assert generator._budget.spent_usd == 0


async def test_the_budget_ends_between_two_tries() -> None:
    service = Service([paid(RetryableError("read: 1x1"), 0.25)] * 9)
    generator, _ = control(service, budget_usd=0.5, max_retries=5)
    with pytest.raises(BudgetError) as caught:
        await generator.generate(REQUEST)
    assert (caught.value.tries, caught.value.cost_usd) == (2, 0.5)
    assert generator._budget.spent_usd == 0.5


async def test_a_cancelled_request_counts_as_paid() -> None:
    generator, _ = control(Service(real_s=60), budget_usd=1.0)
    task = asyncio.create_task(generator.generate(REQUEST))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert generator._budget.spent_usd == 0.25
    assert generator._limiter.in_flight == 0


def test_a_round_budget_is_used_to_the_last_cent() -> None:
    budget = Budget(0.67)
    for _ in range(10):
        with budget.reserve(0.067):
            pass
    with pytest.raises(BudgetError), budget.reserve(0.067):
        pass
    assert budget.spent_usd == pytest.approx(0.67)
    assert budget.reserved_usd == pytest.approx(0)


def test_a_budget_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        Budget(-1)


# -- as a whole


async def test_a_mixed_run_is_paid_for_and_ends() -> None:
    service = Service(
        [None, RateLimitedError("x"), None, RefusedError("no"), GenerationError("x"), None]
    )
    generator, _ = control(service, concurrency=5)
    for _ in range(5):
        with suppress(GenerationError):
            await generator.generate(REQUEST)
    assert service.asked == 6
    assert (generator._limiter.in_flight, generator._limiter.limit) == (0, 3)
    assert generator._budget.spent_usd == pytest.approx(0.6)
    await generator.close()
    assert service.closed
