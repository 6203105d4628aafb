"""Source portraits that the network does not bring, through the whole of stage one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import synthetic_dataset_generator as stage
from proportrait.errors import UnreachableError
from proportrait.generate import GENERATORS, fetching
from proportrait.generate.base import Portrait
from proportrait.generate.sources.folder import FileItem
from tests.stage_one import KEY, CheapGenerator, check_whole, gemini, ledger, make_faces

Run = Callable[..., int]


@pytest.fixture(params=["gemini", "offline"])
def generate(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Run]:
    """A run of stage one into `out` with one request at a time, by either generator."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    monkeypatch.setitem(GENERATORS, "offline", CheapGenerator().with_options)
    with gemini() as server:
        kind = ("--mock",) if request.param == "offline" else ("--base_url", server.url)
        common = ("-o", "out", "--source_dir", "faces", "--concurrency", "1", *kind)
        yield lambda *more: stage.main([*common, *more])


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """By file name how often its portrait cannot be fetched from here on."""
    times: dict[str, int] = {}
    real = FileItem.open

    def fetch(self: FileItem) -> Portrait:
        if times.get(self.filename, 0) > 0:
            times[self.filename] -= 1
            raise UnreachableError(f"{self.filename} cannot be read: no route to host")
        return real(self)

    monkeypatch.setattr(FileItem, "open", fetch)
    monkeypatch.setattr(fetching, "BACKOFF_BASE_S", 0.01)
    return times


def test_a_portrait_that_could_not_be_fetched_is_fetched_again(
    tmp_path: Path, generate: Run, cut_off: dict[str, int]
) -> None:
    make_faces(tmp_path / "faces", 4)
    cut_off["face_001.png"] = 3
    assert generate() == 0
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"] * 4


def test_a_portrait_that_is_never_there_is_tried_in_the_next_run(
    tmp_path: Path, generate: Run, cut_off: dict[str, int]
) -> None:
    make_faces(tmp_path / "faces", 9)
    for number in (1, 3, 5, 7):  # too few to end the run
        cut_off[f"face_{number:03d}.png"] = 3
    assert generate("--max_retries", "2") == 1
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"] * 5
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["failed"], summary["sources_failed"], summary["stopped"]) == (4, 0, None)
    assert generate("--max_retries", "2") == 0
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"] * 9


def test_a_network_that_stays_away_ends_the_run_and_no_portrait_is_given_up(
    tmp_path: Path, generate: Run, cut_off: dict[str, int]
) -> None:
    make_faces(tmp_path / "faces", 25)
    cut_off |= {f"face_{number:03d}.png": 99 for number in range(2, 25)}
    assert generate("--max_retries", "1") == 1
    # Those that could be fetched may still be under way at the end.
    done = [line["status"] for line in ledger(tmp_path / "out")]
    assert done in ([], ["done"], ["done"] * 2)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    # Those under way when the fifth fails are given up on too.
    assert re.search(r"stopped after ([5-9]|1\d) failures in a row", summary["stopped"])
    assert "no route to host" in summary["stopped"]
    cut_off.clear()
    assert generate("--max_retries", "1") == 0
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"] * 25
    check_whole(tmp_path / "out")
