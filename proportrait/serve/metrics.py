"""Counters for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """Of one server.

    Args:
        restarts: how many workers were replaced.
    """

    def __init__(self, restarts: Callable[[], int]) -> None:
        registry = self._registry = CollectorRegistry()
        self._responses = Counter(
            "proportrait_responses", "responses by status", ["status"], registry=registry
        )
        self._pictures = Counter(
            "proportrait_pictures", "pictures by outcome", ["status"], registry=registry
        )
        self.seconds = Histogram(
            "proportrait_picture_seconds", "time of a picture, waiting included",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.open = Gauge("proportrait_requests_open", "requests under way", registry=registry)
        replaced = Gauge("proportrait_worker_restarts", "workers replaced", registry=registry)
        replaced.set_function(restarts)

    def response(self, status: int) -> None:
        """Count a response."""
        self._responses.labels(str(status)).inc()

    def picture(self, status: int) -> None:
        """Count a picture: 200 judged, 422 unreadable, 503 and 504 its worker was replaced."""
        self._pictures.labels(str(status)).inc()

    def text(self) -> bytes:
        """All of them in the text format of Prometheus."""
        return generate_latest(self._registry)
