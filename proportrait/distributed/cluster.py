"""A cluster for one run: of this machine alone, or a Ray cluster that runs already."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proportrait.errors import ConfigurationError
from proportrait.looks.look import WORKER_BYTES
from proportrait.workers import fitting_workers

_STORE_BYTES = 500_000_000  # of Ray's object store on this machine: pictures that wait for a worker
_INSTALL = "--engine ray needs Ray: pip install 'proportrait-gen[ray]'"


@contextlib.contextmanager
def cluster(address: str | None, workers: int | None) -> Iterator[int]:
    """Connect this process to a cluster, as long as the block lasts; yields the worker processes.

    A cluster of this machine has no dashboard and reports no usage to anybody. Its ports are open
    to the network, to those who know the token that Ray keeps in the user's home.

    Args:
        address: of a cluster that runs, "auto" for that of this machine; None starts a cluster
            here, which ends with the block. A process that is connected already stays so.
        workers: processes, a core each; None for as many as there are cores, on this machine as
            far as the memory reaches.

    Raises:
        ConfigurationError: Ray is not installed, or there is no such cluster.
    """
    if address is None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Else its C++ code prints among the results.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
    except ImportError as error:
        raise ConfigurationError(_INSTALL) from error
    if ray.is_initialized():
        yield workers or _cores()
        return
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        workers = fitting_workers(workers, WORKER_BYTES)
        settings |= {"num_cpus": workers, "object_store_memory": _STORE_BYTES}
        settings |= {"include_dashboard": False}
    try:
        with _mute():
            ray.init(address or "local", **settings)
    except (ConnectionError, ValueError, RuntimeError) as error:
        if address is None:
            raise
        raise ConfigurationError(
            f"there is no Ray cluster at {address}, or it asks for its token (RAY_AUTH_MODE=token "
            f"and RAY_AUTH_TOKEN): start one by `ray start --head`, or leave --ray_address out "
            f"for one of this machine's own ({error})"
        ) from error
    try:
        yield workers or _cores()
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _mute() -> Iterator[None]:
    """Drop what Ray's C++ code writes to standard error, such as that a setting is heard."""
    with Path(os.devnull).open("wb") as nothing:
        own = os.dup(2)
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(own, 2)
            os.close(own)


def _cores() -> int:
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))
