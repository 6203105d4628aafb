"""How fast the page of a taste answers key presses in a large folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.ratio import Ratio
from proportrait.imaging import encode_jpeg
from proportrait.looks.cache import FOLDER_VARIABLE
from tests import ROOT

PRESS_S = 0.1
_CONTENTS = 500  # different pictures; the others are links to them
_FOLDERS = 100
_SIDE = 512  # px
_PAUSE_S = 0.5  # between key presses: a rater looks at the picture


def measure(folder: Path, *, pictures: int = 100_000, presses: int = 60) -> list[Ratio]:
    """Label as the page does, from the first second: the folder is listed, features are computed.

    A key press is answered once its label is on the disk, the next picture is chosen, and it is
    drawn; the page, which has five pictures ahead, waits for none of them.
    """
    make_folder(folder / "photos", pictures)
    saves, nexts, draws = [], [], []
    began = time.perf_counter()
    with server(folder) as page:
        held = [page.question()]
        first = time.perf_counter() - began
        for number in range(presses):
            time.sleep(_PAUSE_S)
            saves.append(page.timed("answers", {
                "answers": [{"number": held[0], "value": ("positive", "negative")[number % 2]}],
            })[0])  # fmt: skip
            seconds, number_of_next = page.next(held)
            nexts.append(seconds)
            draws.append(page.draw(number_of_next))
            held = [number_of_next]
    figures = {
        "pictures": pictures,
        "presses": presses,
        "first_picture_s": first,
        "saved_ms_median": 1000 * float(np.median(saves)),
        "chosen_ms_median": 1000 * float(np.median(nexts)),
        "drawn_ms_median": 1000 * float(np.median(draws)),
    }
    slowest = float(np.percentile(saves, 95))
    whole = float(np.median(np.add(np.add(saves, nexts), draws)))
    return [
        Ratio("labelling: saved", f"95th percentile of saving a key press / {PRESS_S:g} s",
              slowest / PRESS_S, 1.0, "under", figures),
        Ratio("labelling: next", f"median until the next picture, none ahead / {PRESS_S:g} s",
              whole / PRESS_S),
    ]  # fmt: skip


def make_folder(folder: Path, pictures: int) -> None:
    """Write JPEGs of noise, and links to them until there are enough, in subfolders."""
    folder.mkdir(parents=True)
    places = [folder / f"{number:03d}" for number in range(_FOLDERS)]
    for place in places:
        place.mkdir()
    originals: list[Path] = []
    for number in range(pictures):
        path = places[number % _FOLDERS] / f"{number:06d}.jpg"
        if number < _CONTENTS:
            rng = np.random.default_rng(number)
            small = rng.integers(0, 256, (_SIDE // 32, _SIDE // 32, 3), np.uint8)
            path.write_bytes(encode_jpeg(np.kron(small, np.ones((32, 32, 1), np.uint8)), 85))
            originals.append(path)
        else:
            os.link(originals[number % _CONTENTS], path)


class Page:
    """Requests of one rater at one task."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    def timed(self, path: str, body: dict[str, Any] | None = None) -> tuple[float, bytes]:
        """Seconds of a request, and its answer."""
        data = None if body is None else json.dumps({"task": "t", "rater": "r"} | body).encode()
        request = urllib.request.Request(
            f"{self.address}/api/v1/taste/{path}", data,
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )  # fmt: skip
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as answer:
            content: bytes = answer.read()
        return time.perf_counter() - began, content

    def next(self, held: list[int]) -> tuple[float, int]:
        """Seconds until the next picture is chosen, and its number."""
        seconds, answer = self.timed("questions", {"count": 1, "held": held})
        return seconds, int(json.loads(answer)["questions"][0]["number"])

    def question(self) -> int:
        """The number of the first picture, as soon as one is known, drawn once."""
        while not json.loads(self.timed("questions", {"count": 1})[1])["questions"]:
            time.sleep(0.1)
        number = self.next([])[1]
        self.draw(number)
        return number

    def draw(self, number: int) -> float:
        """Seconds until a picture is there."""
        return self.timed(f"pictures/{number}?task=t")[0]


@contextmanager
def server(folder: Path) -> Iterator[Page]:
    """`proportrait taste label` of the photos of a folder, with labels and features of its own."""
    command = [
        sys.executable, "-m", "proportrait", "taste", "label", "--folder", str(folder / "photos"),
        "--task", "t", "--rater", "r", "--labels", str(folder / "labels.sqlite"), "--port", "0",
        "--exports", str(folder / "exports"), "--no_browser",
    ]  # fmt: skip
    environment = os.environ | {FOLDER_VARIABLE: str(folder / "cache")}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            match = re.match(r"(http://[^/]+)/taste/t#token=(\S+)", process.stdout.readline())
            if match is None:
                raise RuntimeError("proportrait taste label did not start")
            yield Page(*match.groups())
        finally:
            process.terminate()
