"""The log file of a run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from proportrait.disk import disk_errors

# At DEBUG they write a line a byte, not a line a step.
_TALKATIVE = ("asyncio", "httpx2", "httpcore2", "PIL", "urllib3", "fsspec", "filelock")


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: of a full disk the store tells, in one line, and stops the run."""


@contextlib.contextmanager
def log_to(folder: Path, verbose: bool) -> Iterator[None]:
    """Append what the program logs to `generation.log` in a folder that exists.

    Raises:
        StoreError: the file cannot be opened.
    """
    with disk_errors(folder):
        handler = _LogFile(folder / "generation.log", encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    levels = {root: logging.DEBUG if verbose else logging.INFO}
    levels |= {logging.getLogger(name): logging.WARNING for name in _TALKATIVE}
    before = {logger: logger.level for logger in levels}
    root.addHandler(handler)
    _set(levels)
    try:
        yield
    finally:
        root.removeHandler(handler)
        _set(before)
        with contextlib.suppress(OSError):
            handler.close()


def _set(levels: Mapping[logging.Logger, int]) -> None:
    for logger, level in levels.items():
        logger.setLevel(level)
