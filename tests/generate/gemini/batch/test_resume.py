"""Runs through the Batch API that end at any moment, and how the next one goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from proportrait.errors import StoreBusyError, StoreError
from proportrait.generate.gemini.batch import polling
from proportrait.generate.gemini.batch.jobs import Jobs
from proportrait.generate.gemini.batch.service import BatchService
from proportrait.generate.gemini.batch.submit import Submission
from proportrait.store import RecordStore
from proportrait.store.merge import merge
from tests.fake_batches import FakeBatches
from tests.generate.gemini.batch import keys, run, spent
from tests.stage_one import check_whole, ledger, serving


class Killed(BaseException):
    """The end of a run, which nothing in it may catch."""


def die_at(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, call: int, *, after: bool
) -> None:
    """End the run at the call of a method with this number, before or after its work."""
    real, calls = getattr(owner, name), []

    def count() -> bool:
        calls.append(name)
        return len(calls) == call

    async def later(*words: Any, **options: Any) -> Any:
        if (now := count()) and not after:
            raise Killed
        result = await real(*words, **options)
        if now:
            raise Killed
        return result

    def at_once(*words: Any, **options: Any) -> Any:
        if (now := count()) and not after:
            raise Killed
        result = real(*words, **options)
        if now:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, later if asyncio.iscoroutinefunction(real) else at_once)


@pytest.mark.parametrize(
    ("owner", "name", "call", "after"),
    [
        (Jobs, "write", 1, True),  # the job is written down
        (RecordStore, "reserve", 2, False),
        (BatchService, "upload", 1, False),
        (BatchService, "upload", 1, True),
        (Jobs, "write", 3, True),  # that it will be asked for
        (BatchService, "create", 1, True),
        (Jobs, "write", 4, True),  # its id
        (BatchService, "create", 2, True),
        (BatchService, "state", 1, False),
        (BatchService, "download", 1, True),
        (RecordStore, "commit", 2, False),
        (RecordStore, "commit", 2, True),
        (Jobs, "remove", 1, False),
        (Jobs, "remove", 1, True),
    ],
)
def test_a_run_that_ends_at_any_step_is_gone_on_with(
    out: Path, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, call: int, after: bool
) -> None:
    with serving(FakeBatches(default="echo")) as server:
        with monkeypatch.context() as patches:
            die_at(patches, owner, name, call, after=after)
            with pytest.raises(Killed):
                run(out, server, "--job_size", 2, faces=3)
        assert run(out, server, "--job_size", 2, faces=3) == 0
        assert server.paid == {"face_000": 1, "face_001": 1, "face_002": 1}
    assert spent(out) == pytest.approx(3)
    check_whole(out)
    assert len(ledger(out)) == 3
    assert not (out / "batches").exists()


def begun(out: Path, server: FakeBatches, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ended with Ctrl-C while it waited for its one job."""
    with monkeypatch.context() as patches:
        patches.setattr(polling.Polling, "_look", _interrupted)
        assert run(out, server, faces=2) == 130


async def _interrupted(_: polling.Polling) -> bool:
    raise KeyboardInterrupt


def test_ctrl_c_says_how_to_go_on(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(FakeBatches(default="echo")) as server:
        begun(out, server, monkeypatch)
        assert "the same command goes on, and fetches the 2 requests" in capsys.readouterr().out
        assert spent(out) == pytest.approx(2)
        assert run(out, server, "--dry_run", faces=2) == 0
        assert "of these, 2 lie in batch jobs" in capsys.readouterr().out
        assert run(out, server, faces=2) == 0
        assert "waiting for 1 batch job, 2 requests" in capsys.readouterr().err
        assert keys(server) == [["face_000", "face_001"]]
    assert spent(out) == pytest.approx(2)


def test_a_run_without_batch_pays_nothing_twice(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(FakeBatches(default="echo")) as server:
        begun(out, server, monkeypatch)
        count = server.count
        assert run(out, server, faces=2, batch=False) == 2
        assert "2 requests of this folder lie in batch jobs" in capsys.readouterr().err
        assert server.count == count
    with pytest.raises(StoreBusyError, match="batch jobs of"):
        merge([out], out.parent / "union")


@pytest.mark.parametrize("is_known", [True, False], ids=["created", "asked for"])
def test_a_lost_ledger_makes_nothing_paid_twice(
    out: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    with serving(FakeBatches(default="echo")) as server:
        if is_known:
            begun(out, server, monkeypatch)
        else:
            with monkeypatch.context() as patches:
                die_at(patches, BatchService, "create", 1, after=True)
                with pytest.raises(Killed):
                    run(out, server, faces=2)
        (out / "ledger.jsonl").unlink()
        assert run(out, server, faces=2) == 0
        assert server.paid == {"face_000": 1, "face_001": 1}
    assert spent(out) == pytest.approx(2)


def test_other_options_than_those_of_a_job_are_refused(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(FakeBatches(default="echo")) as server:
        begun(out, server, monkeypatch)
        assert run(out, server, "--seed", 1, faces=2) == 2
        assert "with another --seed than 1" in capsys.readouterr().err
        assert run(out, server, faces=2) == 0


def test_the_key_of_another_project_harms_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(FakeBatches(default="echo")) as server:
        begun(out, server, monkeypatch)
        with monkeypatch.context() as patches:
            patches.setenv("GOOGLE_API_KEY", "AIzaSyTheKeyOfAnotherProject0123456789")
            assert run(out, server, faces=2) == 1
        assert "the project that created it" in capsys.readouterr().out
        assert run(out, server, faces=2) == 0
        assert server.paid.total() == 2


def test_a_job_that_the_user_gives_up(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it may have cost stays spent, and only --retry_failed asks again."""
    with serving(FakeBatches(default="echo")) as server:
        begun(out, server, monkeypatch)
        (manifest,) = (out / "batches").iterdir()
        manifest.unlink()
        assert run(out, server, faces=2) == 1
        assert [line["error"] for line in ledger(out)] == ["GenerationError"] * 2
        assert spent(out) == pytest.approx(2)
        assert len(server.batches) == 1
        assert run(out, server, "--retry_failed", faces=2) == 0
    assert spent(out) == pytest.approx(4)


def test_what_no_job_owns_is_tidied_away(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.path.mkdir()
    (jobs.path / "notes.txt").touch()
    for end in (".jsonl", ".results.jsonl"):
        (jobs.path / f"proportrait-1{end}").touch()
        (jobs.path / f"proportrait-2{end}").touch()
    (jobs.path / ".proportrait-1.json.new").touch()
    (jobs.path / "proportrait-2.json").touch()
    jobs.tidy()
    kept = {"notes.txt", *(f"proportrait-2{end}" for end in (".json", ".jsonl", ".results.jsonl"))}
    assert {path.name for path in jobs.path.iterdir()} == kept


def test_a_damaged_job_says_what_to_do(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    jobs.path.mkdir()
    (jobs.path / "proportrait-1.json").write_text('{"name": "proportrait-1"}')
    with pytest.raises(StoreError, match="may be paid for"):
        jobs.read()


def test_an_answer_that_was_lost_is_looked_for_until_the_service_answers(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is down when the run looks for the job that may exist."""
    with serving(FakeBatches(creates=["made:hang_up"], default="echo")) as server:
        adopt = Submission._adopt

        async def down(self: Submission, job: Any, looks: Any) -> bool:
            server.down = 1 if job.uploads == 1 and not self.again else 0
            self.again["down"] = 1
            return await adopt(self, job, looks)

        monkeypatch.setattr(Submission, "_adopt", down)
        assert run(out, server, faces=2) == 0
        assert len(server.batches) == 1
        assert server.paid.total() == 2
