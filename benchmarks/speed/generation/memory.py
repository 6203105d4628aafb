"""Whether resident memory stays where it is, however long a run is."""

from __future__ import annotations

from pathlib import Path

from benchmarks.speed.generation.script import (
    NO_KEY,
    count_pictures,
    fake_gemini,
    make_portraits,
    run_script,
)
from benchmarks.speed.ratio import Ratio

BAR_MB = 60.0
_PICTURE_MB = 512 * 512 * 3 / 1e6


def measure(
    folder: Path, *, portraits: int = 1000, first: int = 100, concurrency: int = 50
) -> list[Ratio]:
    """Run the script against a fake server that answers at once, twins and store included.

    Growth is the peak from portrait `first` to the last one, less the memory at portrait `first`,
    in the process that runs the pipeline, taken whenever the pictures of a portrait are on the
    disk.
    """
    source = make_portraits(folder / "portraits", portraits)
    output = folder / "output"
    with fake_gemini(0.0) as url:
        where = ["-o", output, "--source_dir", source, "--base_url", url, *NO_KEY]
        seen = run_script([*where, "--concurrency", concurrency])
    if seen.failed or len(seen.finished) != portraits:
        raise RuntimeError(f"{seen.failed} of {len(seen.finished)} portraits failed")
    resident = [size / 1e6 for size in seen.resident]
    growth = max(resident[first - 1 :]) - resident[first - 1]
    pictures = count_pictures(output)
    made = pictures * (portraits - first) / portraits * _PICTURE_MB
    figures = {
        "portraits": portraits,
        "pictures": pictures,
        "concurrency": concurrency,
        f"at_portrait_{first}_mb": round(resident[first - 1], 1),
        "peak_after_mb": round(max(resident[first - 1 :]), 1),
        f"at_portrait_{portraits}_mb": round(resident[-1], 1),
        "growth_mb": round(growth, 1),
    }
    return [
        Ratio(
            "memory: growth",
            f"growth from portrait {first} to {portraits} / {BAR_MB:.0f} MB",
            growth / BAR_MB,
            1.0,
            "under",
            figures,
        ),
        Ratio("memory: kept", "growth / size of the pixels made meanwhile", growth / made),
    ]
