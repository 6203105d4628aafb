"""What a benchmark gives: ratios with a bar, the figures behind them, and where they were taken."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import psutil

_PACKAGES = ("numpy", "opencv-python-headless", "pillow", "openvino", "google-genai")


@dataclass(frozen=True)
class Ratio:
    """One ratio, and whether it passes.

    Attributes:
        name: of the benchmark and what of it.
        over: what is divided by what, in words.
        value: the ratio.
        bar: what it is held against; None for a ratio that is only stated.
        passes: whether the value has to be at least the bar, or under it.
        figures: raw numbers and sizes behind it, with their units in their names.
    """

    name: str
    over: str
    value: float
    bar: float | None = None
    passes: Literal["at least", "under"] = "at least"
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool | None:
        """None where there is no bar."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.passes == "at least" else self.value < self.bar

    def to_json(self) -> dict[str, Any]:
        """Everything, JSON-ready."""
        return {**vars(self), "figures": dict(self.figures), "passed": self.passed}

    def __str__(self) -> str:
        verdict = "stated"
        if self.bar is not None:
            verdict = f"{'pass' if self.passed else 'FAIL'} ({self.passes} {self.bar:g})"
        lines = [f"{self.name:<22}{self.value:>9.3f}  {verdict:<22}{self.over}"]
        lines += [f"{'':<33}{name} {_short(value)}" for name, value in self.figures.items()]
        return "\n".join(lines)


def conditions(folder: Path) -> dict[str, Any]:
    """The machine, the versions, and how busy other programs kept it.

    Args:
        folder: the one that is written to; the kind of its file system matters for syncing.
    """
    return {
        "processor": _processor(),
        "cores": f"{os.cpu_count()} ({psutil.cpu_count(logical=False)} physical)",
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "file_system": _file_system(folder),
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "load_before": round(psutil.getloadavg()[0], 2),
    }


def busy_s() -> float:
    """Seconds that all cores together have worked, for any program, since the machine started."""
    times = psutil.cpu_times()
    kinds = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(times, kind, 0.0) for kind in kinds))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of file system of the longest mount point above a folder."""
    place = folder.resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    above = [mount for mount in mounts if place.is_relative_to(mount)]
    return mounts[max(above, key=lambda mount: len(mount.parts))] if above else "unknown"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
