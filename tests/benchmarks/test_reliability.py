"""Short versions of what docs/reliability.md measures; each of the long ones is a command."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reliability import batches, fuzz, kills
from benchmarks.reliability.faults import FAULTS, PRICE_USD, try_faults
from benchmarks.reliability.mutations import mutated, originals
from proportrait import imaging
from proportrait.errors import ImageError

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def test_every_original_is_a_picture_and_every_number_gives_the_same_bytes() -> None:
    for name, data in originals().items():
        assert max(imaging.decode(data).shape) == 240, name
    assert mutated(0, 7) == mutated(0, 7) != mutated(1, 7)
    assert len({mutated(0, number)[2] for number in range(100)}) > 85  # some stay as they are


@linux
def test_mutated_pictures_end_no_process() -> None:
    outcomes = list(fuzz.fuzz(3, range(25)))
    assert [outcome.number for outcome in outcomes] == list(range(25))
    assert not [outcome for outcome in outcomes if outcome.fault]
    assert {"picture", "CorruptImageError"} <= {outcome.result for outcome in outcomes}


@linux
@pytest.mark.parametrize(
    ("raised", "result"),
    [
        (ImageError("too large"), "ImageError"),
        (KeyError("tag"), "raised KeyError: 'tag'"),
        (np.zeros((200, 200), np.uint8), "a picture of shape (200, 200) and type uint8"),
    ],
)
def test_what_is_no_picture_and_no_image_error_is_a_fault(
    raised: object, result: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: Path) -> imaging.Picture:
        if isinstance(raised, Exception):
            raise raised
        return imaging.Picture(raised, (200, 200))  # type: ignore[arg-type]

    monkeypatch.setattr(imaging, "read_picture", read)
    outcome = fuzz._decode(0, 1, tmp_path)
    assert (outcome.result, outcome.fault) == (result, result != "ImageError")


def test_a_process_that_ended_is_named_by_its_number() -> None:
    assert fuzz._end(0, 4, -11).result == "ended by SIGSEGV"
    assert fuzz._end(0, 4, -27).result == f"over {fuzz.PROCESSOR_S} s of processor time"
    assert fuzz._end(0, 4, 3).kind == mutated(0, 4)[0]


def test_a_failing_service_costs_what_its_book_says(tmp_path: Path) -> None:
    tally = try_faults(tmp_path, 16, seed=4)
    assert tally.wrong == []
    assert tally.made + tally.failed == tally.portraits == 12
    assert tally.faults
    assert set(tally.faults) <= set(FAULTS)
    assert tally.spent_usd == pytest.approx(tally.booked_usd)
    assert tally.spent_usd >= tally.made * PRICE_USD


@needs_fork
def test_killed_runs_come_to_the_same_end(tmp_path: Path) -> None:
    tally = kills.kill_them(tmp_path, 2, kills=2, minutes=1, names=("generate", "verify"))
    assert tally.faults == []
    assert tally.kills.total() >= 2
    assert set(tally.finished) == {"generate", "verify"}


@needs_fork
def test_killed_batch_runs_pay_no_line_twice(tmp_path: Path) -> None:
    tally = batches.kill_them(tmp_path, 3, most=1, minutes=1)
    assert (tally.wrong, tally.twice) == ([], 0)
    assert tally.kills
    assert tally.made + tally.failed == 3 * tally.sets


def test_a_byte_that_differs_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = iter([None, None, 0])
    monkeypatch.setattr(kills, "wait", lambda *_: next(ends))
    monkeypatch.setattr(kills.Trial, "run", lambda *_: 1)
    trial = kills.Trial("x", lambda out: 0, lambda out: None, lambda out: {"a": b"1", "b": b""})
    tally = kills.Tally()
    kills._tear(trial, tmp_path, {"a": b"2", "c": b""}, 1.0, random.Random(0), tally)
    assert (tally.kills["x"], tally.finished["x"]) == (2, 1)
    assert tally.faults == ["x, set 1, after 2 kills: ['a', 'b', 'c'] differ"]
