"""Light work for Ray workers, which import this module alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial

from proportrait.distributed.stream import Row, Task
from proportrait.errors import ConfigurationError


def work(row: Row) -> tuple[str, int, int]:
    """Path, bytes, process."""
    time.sleep(0.01)
    return row.path, len(row.data or b""), os.getpid()


def refuse(row: Row) -> None:
    raise ConfigurationError(f"{row.path} is refused")


def prepared(function: Callable[[Row], object]) -> Callable[[Row], object]:
    return function


def as_it_is(row: Row) -> Row:
    return row


def task(function: Callable[[Row], object]) -> Task:
    return Task(partial(prepared, function), as_it_is)
