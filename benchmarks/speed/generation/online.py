"""How near the online pipeline comes to what its concurrency and the server's latency allow."""

from __future__ import annotations

from pathlib import Path

from benchmarks.speed.generation.script import (
    NO_KEY,
    count_pictures,
    draw_faces,
    fake_gemini,
    make_portraits,
    run_script,
)
from benchmarks.speed.ratio import Ratio

BAR = 0.85
_FACES = 40  # of the built-in source, that the portraits show


def measure(
    folder: Path, *, portraits: int = 400, concurrency: int = 50, latency_s: float = 2.0
) -> list[Ratio]:
    """Run the script against a fake server, twins included.

    Start-up is taken off: the clock runs from the first request that is sent to the last picture
    that is on the disk. The bound is Little's law: concurrency / latency portraits a second.
    """
    faces = draw_faces(min(portraits, _FACES))
    source = make_portraits(folder / "portraits", portraits, faces)
    output = folder / "output"
    with fake_gemini(latency_s) as url:
        where = ["-o", output, "--source_dir", source, "--base_url", url, *NO_KEY]
        seen = run_script([*where, "--concurrency", concurrency])
    if seen.failed or len(seen.finished) != portraits:
        raise RuntimeError(f"{seen.failed} of {len(seen.finished)} portraits failed")
    seconds = seen.finished[-1] - seen.asked[0]
    figures = {
        "portraits": portraits,
        "faces": len(faces),
        "processor_s_a_portrait": round((seen.worked[-1] - seen.worked[0]) / portraits, 4),
        "pictures": count_pictures(output),
        "concurrency": concurrency,
        "latency_s": latency_s,
        "reference": "JPEG of 512 px",
        "seconds": round(seconds, 2),
        "start_up_taken_off_s": round(seen.asked[0] - seen.called, 2),
        "longest_stall_of_the_event_loop_s": round(seen.stall_s, 3),
    }
    bound = concurrency / latency_s
    over = "portraits a second / (concurrency / latency)"
    stall = Ratio(
        "online: stall",
        "longest stall of the event loop / latency",
        seen.stall_s / latency_s,
    )
    return [
        Ratio("online: rate", over, portraits / seconds / bound, BAR, figures=figures),
        stall,
    ]
