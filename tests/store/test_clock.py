"""A clock that jumps changes neither what is made nor what is undone first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proportrait import cli
from proportrait.commands import verify
from proportrait.generate import GENERATORS
from proportrait.generate import run as stage_run
from proportrait.store import RecordStore, steps
from proportrait.verification import repair
from tests.stage_one import CheapGenerator, check_whole, files, ledger, make_faces
from tests.store_samples import commit_all
from tests.verification.test_repair import fixed


class Jumping(datetime):
    """Each time that it is asked, a year earlier."""

    asked = 0

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        cls.asked += 1
        return datetime(2026, 3, 29, 2, 30, tzinfo=UTC) - cls.asked * timedelta(days=365)


def make(faces: Path, out: Path, *more: str) -> int:
    return cli.run("generate", ["-o", str(out), "--mock", "--source_dir", str(faces), *more])


def test_a_run_goes_on_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GENERATORS, "offline", CheapGenerator().with_options)
    faces = make_faces(tmp_path / "faces", 3)
    assert make(faces, tmp_path / "calm") == 0
    with monkeypatch.context() as patch:
        for module in (stage_run, steps):
            patch.setattr(module, "datetime", Jumping)
        assert make(faces, tmp_path / "out", "--limit", "1") == 0
        assert make(faces, tmp_path / "out") == 0
    assert Jumping.asked >= 3
    assert len(ledger(tmp_path / "out")) == 3
    check_whole(tmp_path / "out")
    assert files(tmp_path / "out") == files(tmp_path / "calm")


def test_the_last_run_is_the_one_that_was_written_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_all(tmp_path, 2)
    monkeypatch.setattr(verify, "datetime", Jumping)
    runs = [verify._new_run(tmp_path / "verification").name for _ in range(2)]
    assert runs == sorted(runs, reverse=True)
    states = [files(tmp_path)]
    for run, bit in zip(runs, (1, 0), strict=True):
        with RecordStore(tmp_path) as store:
            name = next(n for n in store.files_of("sample:1") if "blur" not in n)
            repair.apply(store, {name: fixed(store, name, background=bit)}, run)
        states.append(files(tmp_path))
    for run, state in zip(reversed(runs), reversed(states[:-1]), strict=True):
        with RecordStore(tmp_path) as store:
            assert repair.last_run(store) == run
            assert repair.undo(store, run).refused == []
        assert files(tmp_path) == state
