"""Whether memory stays where it is while a folder of very many files is judged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil

from benchmarks.speed.ratio import Ratio
from proportrait import cli
from proportrait.imaging import each_file
from proportrait.looks import survey
from proportrait.looks.cache import FOLDER_VARIABLE
from proportrait.looks.look import Look, Wants, look
from proportrait.model.saved import Headshot
from proportrait.score import Scorer
from tests import FACE

BAR_A_ROW = 400  # bytes
_EVERY = 100  # pictures between two samples


def measure(folder: Path, *, pictures: int = 100_000, first: int = 10_000) -> list[Ratio]:
    """Judge a folder of tiny files, each of other bytes, all of whose looks are one: see `judging`.

    The report shows no places of faults: there is no picture to find them in.

    What grows is then what the program itself keeps of each picture. Growth is the peak of
    resident memory from picture `first` to the last one, less that at picture `first`; what is held
    at each moment is looked at, whatever is given back to the system later.
    """
    photos = make_files(folder / "photos", pictures)
    Scorer.packaged().image(FACE)  # all that is loaded once
    before = psutil.Process().memory_info().rss
    names = list(map(str, each_file([photos], print)))
    listed = psutil.Process().memory_info().rss - before
    size = sum(map(len, names)) / len(names)
    del names
    rows, csv = folder / "rows.jsonl", folder / "rows.csv"
    runs: dict[str, tuple[list[object], int]] = {
        "a killed run": (["--output", rows], pictures // 2),
        "its resume": (["--output", rows, "--resume"], pictures),
        "sort and report": (["--output", csv, "--sort", "overall", "--report", folder / "r.html",
                             "--no_where"],
                            pictures),
    }  # fmt: skip
    ratios = [
        Ratio("stream: listing", f"bytes a path / {BAR_A_ROW}", listed / pictures / BAR_A_ROW, 1.0,
              "under", {"pictures": pictures, "characters_a_path": size,
                        "listed_mb": listed / 1e6})
    ]  # fmt: skip
    with patch.dict(os.environ, {FOLDER_VARIABLE: str(folder / "cache")}):
        for name, (options, end) in runs.items():
            with judging(end if name == "a killed run" else None) as resident:
                code = cli.main(["score", str(photos), "--workers", "1", *map(str, options)])
            if code != (130 if name == "a killed run" else 0):
                raise RuntimeError(f"{name} ended with {code}")
            ratios.append(_growth(name, resident, pictures, first))
    _check(rows, csv, pictures)
    return ratios


def _growth(name: str, resident: list[int], pictures: int, first: int) -> Ratio:
    start = min(first // _EVERY, len(resident) // 2)
    growth = max(resident[start:]) - resident[start]
    rows = (len(resident) - start) * _EVERY
    figures = {
        "pictures": len(resident) * _EVERY,
        "growth_mb": growth / 1e6,
        "at_the_end_mb": resident[-1] / 1e6,
    }
    over = f"bytes of growth a picture / {BAR_A_ROW}"
    return Ratio(f"stream: {name}", over, growth / rows / BAR_A_ROW, 1.0, "under", figures)


def _check(rows: Path, csv: Path, pictures: int) -> None:
    with rows.open(encoding="utf-8") as file:
        paths = {json.loads(line)["path"] for line in file}
    with csv.open(encoding="utf-8") as file:
        lines = sum(1 for _ in file)
    if (len(paths), lines) != (pictures, pictures + 1):
        raise RuntimeError(f"{len(paths)} different rows and {lines} lines of {pictures} pictures")


def make_files(folder: Path, count: int) -> Path:
    """A folder of files of a few bytes, no two alike, that are named as pictures."""
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"photo_{number:06d}.jpg").write_bytes(str(number).encode())
    return folder


@contextlib.contextmanager
def judging(
    end: int | None = None,
    sample: Callable[[], int] = lambda: psutil.Process().memory_info().rss,
) -> Iterator[list[int]]:
    """Give every file the look and the logits of one face, in this process.

    Listing, cache, verdicts, reasons, output, and resume are as ever.

    Args:
        end: pictures, after which the run is stopped as by Ctrl-C.
        sample: what is noted of every hundredth picture, in the list that is given.
    """
    samples: list[int] = []
    scorer = Scorer.packaged()
    face = replace(look(FACE, scorer.model.wants), subject=None)
    logits = scorer.model.logits([face])
    judged = 0

    def look_at_file(picture: Path, wants: Wants, lookup: Any) -> Look:
        nonlocal judged
        if judged == end:
            raise KeyboardInterrupt
        judged += 1
        if judged % _EVERY == 0:
            samples.append(sample())
        assert face.views is not None
        digest = hashlib.sha256(picture.read_bytes()).hexdigest()
        return replace(face, digest=digest, views=tuple(map(np.copy, face.views)))

    def one(self: Headshot, looks: object) -> np.ndarray:
        # Another mark for each, so that sorting has something to do.
        return np.asarray(logits + (judged % 97) / 50, np.float32)

    with patch.object(survey, "look_at_file", look_at_file), patch.object(Headshot, "logits", one):
        yield samples
