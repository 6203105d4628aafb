"""A cluster for one run: of this machine alone, or a Ray cluster that runs already."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
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

    A cluster of this machine has no dashboard, reports no usage to anybody, and asks whoever
    connects for a token that only its own processes know: its ports are open to the network.

    Args:
        address: of a cluster that runs, "auto" for that of this machine; None starts a cluster
            here, which ends with the block. A process that is connected already stays so.
        workers: processes, a core each; None for as many as there are cores, on this machine as
            far as the memory reaches.

    Raises:
        ConfigurationError: Ray is not installed, or there is no such cluster.
    """
    if address is None:
        _settle_environment()
    try:
        import ray
    except ImportError as error:
        raise ConfigurationError(_INSTALL) from error
    if ray.is_initialized():
        yield workers or _cores()
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        workers = fitting_workers(workers, WORKER_BYTES)
        with _mute():
            ray.init("local", num_cpus=workers, include_dashboard=False,
                     object_store_memory=_STORE_BYTES, **quiet)  # fmt: skip
    else:
        try:
            ray.init(address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise ConfigurationError(
                f"there is no Ray cluster at {address}: start one by `ray start --head`, or leave "
                f"--ray_address out for one of this machine's own ({error})"
            ) from error
    try:
        yield workers or _cores()
    finally:
        ray.shutdown()


def _settle_environment() -> None:
    """Settings of Ray for a cluster of this machine, where the user has not made them."""
    own = {"RAY_USAGE_STATS_ENABLED": "0"}
    if "ray" not in sys.modules:  # it reads them when it is imported
        own["RAY_AUTH_MODE"] = "token"
        own["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        own["RAY_BACKEND_LOG_LEVEL"] = "fatal"  # else its C++ code prints among the results
    for name, value in own.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def _mute() -> Iterator[None]:
    """Drop what C++ code writes to standard error: Ray's, that a setting has been heard."""
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
