"""Work of a worker that a picture can hang or end; it is imported in the worker."""

from __future__ import annotations

import os
import time
from pathlib import Path

from proportrait.score import Score
from proportrait.serve import judges

DEADLY, ENDLESS, ECHO = b"deadly", b"endless", b"echo"
_honest = judges.score


def score(model: str | Path, data: bytes) -> Score:
    """Judge as ever, unless the bytes say otherwise."""
    if data.startswith(DEADLY):
        os.abort()
    if data.startswith(ENDLESS):
        time.sleep(3600)
    if data.startswith(ECHO):
        return Score("", {}, {}, int(data.removeprefix(ECHO)))
    return _honest(model, data)
