"""A circuit breaker: it ends a run in which one portrait after the other fails."""

from __future__ import annotations

from proportrait.errors import FatalError


class CircuitBreaker:
    """Stops a run whose pictures fail one after the other, whatever the reason.

    A failure is a picture that was given up on, after its retries: a burst of 429 that the
    retries get over does not open the circuit.

    Args:
        threshold: failures in a row.
        then: what to do once the cause is gone.
    """

    def __init__(self, threshold: int = 20, then: str = "run the same command again") -> None:
        if threshold < 1:
            raise ValueError(f"the threshold is at least 1, not {threshold}")
        self._threshold = threshold
        self._then = then
        self._failures = 0
        self._last = ""
        self._fatal: FatalError | None = None

    def check(self) -> None:
        """Go on only while the circuit is closed.

        Raises:
            FatalError: too many pictures failed in a row, or one failed as all others would.
        """
        if self._fatal is not None:
            raise type(self._fatal)(str(self._fatal))
        if self._failures >= self._threshold:
            raise FatalError(
                f"stopped after {self._failures} failures in a row; the last one: {self._last} "
                f"What was made is kept: once the cause is gone, {self._then}"
            )

    def succeeded(self) -> None:
        """The service answered as it should."""
        self._failures = 0

    def failed(self, error: Exception) -> None:
        """A picture was given up on."""
        self._failures += 1
        self._last = f"{str(error).rstrip('.')}."

    def must_stop(self, error: FatalError) -> None:
        """No further request can succeed, so none of those that stand in line is sent."""
        self._fatal = self._fatal or error
