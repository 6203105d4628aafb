"""Patience with a network that drops while source portraits are fetched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from proportrait.errors import ImageError, UnreachableError
from proportrait.generate.base import Generated, GenerationRequest, ImageGenerator
from proportrait.generate.breaker import CircuitBreaker

BACKOFF_BASE_S, BACKOFF_CAP_S = 2.0, 60.0

T = TypeVar("T")


class Patience:
    """Tries work again that fails because a source portrait cannot be fetched.

    Args:
        max_retries: tries after the first one.
        threshold: portraits in a row, given up on after their retries, that stop the run.
    """

    def __init__(self, max_retries: int = 3, threshold: int = 5) -> None:
        self._max_retries = max_retries
        self._breaker = CircuitBreaker(threshold)

    async def __call__(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, at the first try that fetches its portrait.

        Raises:
            UnreachableError: the portrait could not be fetched, nor when tried again.
            FatalError: that was so of several in a row.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(UnreachableError),
            stop=stop_after_attempt(1 + self._max_retries),
            wait=wait_random_exponential(BACKOFF_BASE_S, BACKOFF_CAP_S),
            reraise=True,
        )
        try:
            result: T = await retrying(self._try, work)
        except UnreachableError as error:
            self._breaker.failed(error)
            raise
        except ImageError:
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return result

    async def _try(self, work: Callable[[], Awaitable[T]]) -> T:
        self._breaker.check()
        return await work()


class PatientGenerator:
    """An `ImageGenerator` that asks again where a source portrait cannot be fetched.

    Args:
        inner: the generator that does the work; it fetches before anything is paid for.
        max_retries, threshold: of its `Patience`.
    """

    def __init__(self, inner: ImageGenerator, max_retries: int = 3, threshold: int = 5) -> None:
        self.name = inner.name
        self.price_usd = inner.price_usd
        self._inner = inner
        self._patience = Patience(max_retries, threshold)

    async def generate(self, request: GenerationRequest) -> Generated:
        """Make one picture; raises what the inner generator raises, and what `Patience` does."""
        return await self._patience(lambda: self._inner.generate(request))

    async def close(self) -> None:
        """Close the inner generator."""
        await self._inner.close()
