"""What the project stands: damaged pictures, a failing service, kills (docs/reliability.md)."""

from __future__ import annotations

import datetime
import os
import platform

import psutil


def row(command: str, trial: str, outcome: str) -> str:
    """A row of the table in docs/reliability.md, with the conditions of the run at its end."""
    memory = psutil.virtual_memory().total / 1e9
    conditions = (
        f"{os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, "
        f"{platform.system()}, {datetime.date.today():%Y-%m-%d}"
    )
    return f"| `python -m benchmarks.reliability.{command}` | {trial} | {outcome} | {conditions} |"
