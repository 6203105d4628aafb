"""Stage one through the Batch API: the real command and SDK against `tests.fake_batches`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from proportrait.generate.gemini.batch import polling, submit
from proportrait.generate.gemini.batch.service import BatchService
from proportrait.generate.gemini.prices import DEFAULT_MODEL
from proportrait.store import RecordStore
from tests.fake_batches import FakeBatches
from tests.generate.gemini.batch import HALF, keys, run, spent
from tests.stage_one import KEY, Json, check_whole, ledger, records, serving

LINE_BYTES = 40_000  # about, of a made face
# --- the same as online


def _comparable(request: Json) -> Json:
    """A request without what the SDK writes in its own way."""
    for part in request["contents"][0]["parts"]:
        if data := part.get("inlineData"):
            text = data["data"].translate(str.maketrans("-_", "+/"))
            kind = data.get("mime_type") or data["mimeType"]
            part["inlineData"] = {"mimeType": kind, "data": base64.b64decode(text)}
    return request


def test_requests_and_records_are_those_of_an_online_run(out: Path) -> None:
    mixed = ("--perfect_prob", "0", "--near_perfect_prob", "1", "--seed", "16")
    online = out.parent / "online"
    with serving(FakeBatches(shuffled=True, default="echo")) as server:
        assert run(online, server, *mixed, faces=3, batch=False) == 0
        requests = [_comparable(seen.json) for seen in server.requests]
        assert run(out, server, *mixed, faces=3) == 0
        (batch,) = server.batches
        lines = [_comparable(line["request"]) for line in batch.requests]
    assert sorted(requests, key=str) == sorted(lines, key=str)
    assert batch.model == DEFAULT_MODEL
    images = {path.name: path.read_bytes() for path in (online / "images").iterdir()}
    assert images == {path.name: path.read_bytes() for path in (out / "images").iterdir()}
    assert len(images) == 4  # a blurred twin too
    for one, other in zip(records(online), records(out), strict=True):
        own = {"timestamp", "response_id", "cost_usd"}
        assert {k: v for k, v in vars(one).items() if k not in own} == {
            k: v for k, v in vars(other).items() if k not in own
        }
        assert other.cost_usd == pytest.approx(one.cost_usd / 2)
        assert other.response_id
        assert other.timestamp
    assert spent(out) == pytest.approx(3)
    check_whole(out)
    assert not (out / "batches").exists()


# --- a job that was created though its answer says otherwise, or says nothing


@pytest.mark.parametrize(
    "create",
    ["made:429", "made:status:500", "made:hang_up", "made:body:{}", "429", "status:503",
     "hang_up", "hidden:0.1:status:500", "hidden:0.1:hang_up", "late:0.3:hang_up", "late:0.05:429"],
)  # fmt: skip
def test_no_line_is_paid_twice(out: Path, create: str) -> None:
    with serving(FakeBatches(creates=[create], default="echo")) as server:
        assert run(out, server) == 0
        assert server.paid == dict.fromkeys(("face_000", "face_001", "face_002", "face_003"), 1)
    assert spent(out) == pytest.approx(4)
    check_whole(out)


def test_a_run_that_does_not_look_for_its_job_pays_twice(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the looks are what the tests above prove."""

    async def find(*_: object) -> None:
        return None

    monkeypatch.setattr(BatchService, "find", find)
    with serving(FakeBatches(creates=["made:status:500"], default="echo")) as server:
        assert run(out, server, faces=1) == 0
        assert server.paid == {"face_000": 2}


def test_a_service_that_creates_nothing_is_given_up(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(FakeBatches(creates=["429"] * 2, default="echo")) as server:
        assert run(out, server, "--max_retries", 1) == 1
        assert "--job_size, or try later" in capsys.readouterr().out
        assert (spent(out), RecordStore(out).jobs(), ledger(out)) == (0, {}, [])
        assert not (out / "batches").exists()
        assert run(out, server) == 0


def test_a_full_queue_is_waited_for(out: Path) -> None:
    """The second job is refused while the first one is there."""
    with serving(FakeBatches(creates=["ok", "429"], seconds=0.1, default="echo")) as server:
        assert run(out, server, "--job_size", 2, "--max_retries", 0) == 0
        assert keys(server) == [["face_000", "face_001"], ["face_002", "face_003"]]
    assert spent(out) == pytest.approx(4)


def test_the_key_is_told_to_nobody(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A careless service repeats it in its errors."""
    with serving(FakeBatches(creates=["status:503", "bad_key"], default="echo")) as server:
        assert run(out, server, "--verbose") == 1
    shown = capsys.readouterr()
    assert "Check the API key" in shown.out
    texts = [path.read_text() for path in out.iterdir() if path.is_file()]
    assert not [text for text in (shown.out, shown.err, *texts) if KEY in text]


# --- what becomes of a line


@pytest.mark.parametrize(
    ("behaviours", "asked", "status", "error", "cost"),
    [
        (["status:503", "echo"], 2, "done", None, 1),
        (["429", "echo"], 2, "done", None, 1),
        (["finish:NO_IMAGE", "echo"], 2, "done", None, 1),
        (["status:503"] * 3, 3, "failed", "RetryableError", 0),
        (["blocked"], 1, "failed", "RefusedError", 0),
        (["finish:IMAGE_SAFETY"], 1, "failed", "RefusedError", 0),
        (["status:400"], 1, "failed", "GenerationError", 0),
        (["twice"], 1, "done", None, 1),
        # What may be paid for is not asked for again.
        (["garbage"], 1, "failed", "RetryableError", 1),
        (["missing"], 1, "failed", "GenerationError", 1),
        (["corrupt"], 1, "failed", "GenerationError", 1),
    ],
)
def test_a_line_is_judged_as_a_reply_is(
    out: Path, behaviours: list[str], asked: int, status: str, error: str | None, cost: int
) -> None:
    lines = {"face_001": behaviours}
    with serving(FakeBatches(lines=lines, default="echo")) as server:
        assert run(out, server, "--max_retries", 2, faces=2) == int(status != "done")
        (account,) = server.accounts.values()
        assert account.asked == {"face_000": 1, "face_001": asked}
    first, second = sorted(ledger(out), key=lambda line: line["stem"])
    assert (first["status"], second["status"], second.get("error")) == ("done", status, error)
    assert second["cost_usd"] == pytest.approx(cost * HALF)
    assert spent(out) == pytest.approx(1 + cost)


def test_a_paid_line_is_asked_for_again_at_the_user_s_word(out: Path) -> None:
    lines = {"face_000": ["missing"]}
    with serving(FakeBatches(lines=lines, default="echo")) as server:
        assert run(out, server, faces=1) == 1
        assert run(out, server, faces=1) == 1
        assert server.paid["face_000"] == 1
        assert run(out, server, "--retry_failed", faces=1) == 0
    assert spent(out) == pytest.approx(2)


def test_a_quota_of_the_day_stops_further_jobs(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {"face_000": ["quota:day"]}
    with serving(FakeBatches(lines=lines, default="echo")) as server:
        assert run(out, server, faces=2) == 1
        assert "run the same command again tomorrow" in capsys.readouterr().out
        assert [line["stem"] for line in ledger(out)] == ["face_001"]
        assert run(out, server, faces=2) == 0
    assert spent(out) == pytest.approx(2)


# --- how jobs end


@pytest.mark.parametrize(
    ("end", "jobs", "codes"),
    [
        ("EXPIRED", [4, 4], [0]),
        ("EXPIRED:0.5", [4, 2], [0]),
        ("PARTIALLY_SUCCEEDED", [4], [0]),
        ("CANCELLED:0.5", [4, 2], [1, 0]),
        ("CANCELLED", [4, 4], [1, 0]),
        ("FAILED", [4, 4], [1, 0]),
    ],
)
def test_a_job_that_ends_early(out: Path, end: str, jobs: list[int], codes: list[int]) -> None:
    """What it did not answer is asked for anew: at once, or by the next run."""
    with serving(FakeBatches(ends=[end], default="echo")) as server:
        assert [run(out, server) for _ in codes] == codes
        assert [len(job) for job in keys(server)] == jobs
        assert set(server.paid.values()) == {1}
    assert spent(out) == pytest.approx(4)
    check_whole(out)


def test_results_that_are_gone_are_not_asked_for_again(out: Path) -> None:
    with serving(FakeBatches(default="echo", forgetful=True)) as server:
        assert run(out, server, faces=2) == 1
    assert {line["error"] for line in ledger(out)} == {"GenerationError"}
    assert spent(out) == pytest.approx(2)


def test_a_service_that_is_down_is_waited_for(
    out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = polling.Polling._tell
    with serving(FakeBatches(seconds=0.1, default="echo")) as server:

        def down(*words: Any) -> None:
            server.down = 5 * (server.down == 0 and not told)
            told.append(True)
            tell(*words)

        told: list[bool] = []
        monkeypatch.setattr(polling.Polling, "_tell", down)
        assert run(out, server) == 0
        assert server.paid.total() == 4
    shown = capsys.readouterr().err
    assert "503 UNAVAILABLE" in shown
    assert shown.count("the looks go on until the service answers") == 1


# --- cost


def test_the_price_is_told_before(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(FakeBatches(default="echo")) as server:
        assert run(out, server, "--dry_run") == 0
        assert "at most $0.13 ($0.034 a picture" in capsys.readouterr().out
        assert server.count == 0
        assert run(out, server, "--price_usd", 1) == 0
        shown = capsys.readouterr()
    assert "at most $2.00 ($0.500 a picture" in shown.out
    assert "created, 4 requests, at most $2.00" in shown.err
    assert RecordStore(out).spent_usd == pytest.approx(2)


def test_a_budget_is_never_passed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(FakeBatches(default="echo")) as server:
        assert run(out, server, "--budget_usd", 3.5 * HALF, "--job_size", 2) == 1
        assert "Raise --budget_usd" in capsys.readouterr().out
        assert [len(job) for job in keys(server)] == [2, 1]
        assert spent(out) == pytest.approx(3)
        assert run(out, server, "--budget_usd", 4 * HALF) == 0
        assert [len(job) for job in keys(server)] == [2, 1, 1]


def test_a_job_stays_under_the_largest_file(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(FakeBatches(default="echo")) as server:
        monkeypatch.setattr(submit, "MAX_BYTES", 2.5 * LINE_BYTES)
        assert run(out, server, faces=5) == 0
        assert [len(job) for job in keys(server)] == [2, 2, 1]
        assert server.paid.total() == 5


def test_no_more_jobs_than_the_service_takes(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "MAX_JOBS", 2)
    most = 0
    with serving(FakeBatches(seconds=0.05, default="echo")) as server:
        look = polling.Polling._look

        async def count(self: polling.Polling) -> bool:
            nonlocal most
            most = max(most, len(self.open))
            return await look(self)

        monkeypatch.setattr(polling.Polling, "_look", count)
        assert run(out, server, "--job_size", 1) == 0
    assert most == 2


def test_portraits_that_cannot_be_used_lie_in_no_job(out: Path) -> None:
    (out.parent / "faces").mkdir()
    (out.parent / "faces" / "face_000.png").write_bytes(b"no picture")
    with serving(FakeBatches(default="echo")) as server:
        assert run(out, server, faces=3) == 1
        assert keys(server) == [["face_001", "face_002"]]
    assert [line["status"] for line in ledger(out)] == ["rejected", "done", "done"]
