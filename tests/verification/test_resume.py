"""verify --mode fix where a killed run has left a source half renamed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.reliability import cheap
from proportrait import cli
from proportrait.looks import survey
from proportrait.store import RecordStore
from proportrait.verification import repair
from tests.store.test_store import die_at
from tests.store_samples import commit_all
from tests.verification.test_repair import GOOD, check, fixed


def half_renamed(folder: Path) -> None:
    """Leave a picture with its new name and no record beside it."""
    for step in range(1, 100):
        commit_all(folder / str(step), 2)
        if (child := os.fork()) == 0:
            try:
                with RecordStore(folder / str(step)) as store:
                    change = fixed(store, GOOD, background=1)
                    die_at(step, torn=False)
                    repair.apply(store, {GOOD: change}, "r1")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        stems = [{p.stem for p in (folder / str(step) / part).iterdir()}
                 for part in ("images", "metadata")]  # fmt: skip
        if stems[0] - stems[1]:
            (folder / str(step)).rename(folder / "set")
            return
    raise AssertionError("no step leaves a picture without its record")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_killed_run_has_begun_is_ended_before_anything_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    half_renamed(tmp_path)
    monkeypatch.setattr(survey, "look_at_file", cheap.look_at_file)
    arguments = ["--input", str(tmp_path / "set"), "--no_model", "--workers", "1"]
    assert cli.run("verify", [*arguments, "--mode", "fix"]) == 0
    assert "no readable record" not in capsys.readouterr().out
    check(tmp_path / "set")
    assert cli.run("verify", [*arguments, "--mode", "fix"]) == 0  # every picture was judged
    assert "0 pictures relabelled" in capsys.readouterr().out
