"""The log file of a run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from proportrait.disk import disk_errors

# Libraries that log a line a byte at DEBUG, not a line a step.
_VERBOSE_LIBRARIES = ("asyncio", "httpx2", "httpcore2", "PIL", "urllib3", "fsspec", "filelock")


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Stay silent: the store reports a full disk in one line, and stops the run."""


@contextlib.contextmanager
def log_to(folder: Path, verbose: bool) -> Iterator[None]:
    """Append the program's log to `generation.log` in an existing folder.

    Raises:
        StoreError: the file cannot be opened.
    """
    with disk_errors(folder):
        handler = _LogFile(folder / "generation.log", encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    levels = {root: logging.DEBUG if verbose else logging.INFO}
    levels |= {logging.getLogger(name): logging.WARNING for name in _VERBOSE_LIBRARIES}
    previous_levels = {logger: logger.level for logger in levels}
    root.addHandler(handler)
    _set(levels)
    try:
        yield
    finally:
        root.removeHandler(handler)
        _set(previous_levels)
        with contextlib.suppress(OSError):
            handler.close()


def _set(levels: Mapping[logging.Logger, int]) -> None:
    for logger, level in levels.items():
        logger.setLevel(level)
