"""What the server can do wrong, through the whole of stage one and the real SDK."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import ModuleType

import pytest

import synthetic_dataset_generator as stage
from proportrait.generate import run as stage_run
from proportrait.generate.gemini import generator as gemini_generator
from proportrait.generate.gemini.prices import DEFAULT_MODEL, MODELS
from proportrait.generate.paid import control
from proportrait.store import RecordStore
from tests.stage_one import KEY, check_whole, gemini, ledger, make_faces, records

PRICE = MODELS[DEFAULT_MODEL].usd["1K"]


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    # Waits of the default length would take minutes.
    monkeypatch.setattr(control, "BACKOFF_BASE_S", 0.02)
    monkeypatch.setattr(control, "RETRY_AFTER_JITTER_S", 0.02)
    make_faces(tmp_path / "faces", 1)


def run(url: str, *more: str) -> int:
    return stage.main(["-o", "out", "--source_dir", "faces", "-v", "--base_url", url, *more])


def no_key_anywhere(folder: Path, shown: str) -> None:
    assert KEY not in shown
    for file in folder.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


RETRIED = [
    # behaviour, class, dollars a try: an error reply is free, a lost or useless picture is not
    ("429", "RateLimitedError", 0.0),
    ("429:0.1", "RateLimitedError", 0.0),
    ("retry_info:0.1", "RateLimitedError", 0.0),
    ("status:500", "RetryableError", 0.0),
    ("status:503", "RetryableError", 0.0),
    ("html", "RetryableError", 0.0),
    ("hang_up", "RetryableError", PRICE),
    ("truncated", "RetryableError", PRICE),
    ("short_json", "RetryableError", PRICE),
    ("bad_base64", "RetryableError", PRICE),
    ("truncated_picture", "RetryableError", PRICE),
    ("garbage", "RetryableError", PRICE),
    ("size:1x1", "RetryableError", PRICE),
    ("body:", "RetryableError", PRICE),
]


@pytest.mark.parametrize(("behaviour", "error", "dollars"), RETRIED)
def test_what_may_pass_is_tried_again_and_then_recorded(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    behaviour: str,
    error: str,
    dollars: float,
) -> None:
    with gemini(default=behaviour) as server:
        assert run(server.url, "--max_retries", "2") == 1
        assert server.count == 3
    (line,) = ledger(tmp_path / "out")
    assert (line["status"], line["error"], line["tries"]) == ("failed", error, 3)
    assert line["cost_usd"] == pytest.approx(3 * dollars)
    assert line["message"]
    shown = capfd.readouterr()
    assert f"1 {error}" in shown.out
    assert "Traceback" not in shown.err
    check_whole(tmp_path / "out")
    no_key_anywhere(tmp_path, shown.out + shown.err)


@pytest.mark.parametrize("behaviour", ["429", "429:0", "status:503", "size:1x1", "hang_up"])
def test_what_passes_ends_well(tmp_path: Path, behaviour: str) -> None:
    with gemini(behaviour) as server:
        assert run(server.url, "--max_retries", "1") == 0
        assert server.count == 2
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"]


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    started = time.monotonic()
    with gemini("429:1") as server:
        assert run(server.url) == 0
        assert server.count == 2
    assert time.monotonic() - started >= 1


def test_what_was_sent_before_a_quota_ended_is_still_taken(tmp_path: Path) -> None:
    make_faces(tmp_path / "faces", 6)
    with gemini("slow", "slow", default="quota:day") as server:
        assert run(server.url, "--concurrency", "3") == 1
        assert server.count == 3
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"] * 2


@pytest.mark.parametrize("behaviour", ["finish:NO_IMAGE", "finish:IMAGE_OTHER", "text"])
def test_a_picture_that_comes_at_every_second_try(tmp_path: Path, behaviour: str) -> None:
    make_faces(tmp_path / "faces", 4)
    with gemini(*[behaviour, "ok"] * 4) as server:
        assert run(server.url, "--concurrency", "1") == 0
        assert server.count == 8
    assert [line["cost_usd"] for line in ledger(tmp_path / "out")] == [PRICE] * 4


def test_pictures_that_never_come_are_given_up_after_some_tries(tmp_path: Path) -> None:
    """They show that the service works, so that the other portraits are tried too."""
    make_faces(tmp_path / "faces", 22)
    with gemini(default="finish:NO_IMAGE") as server:
        assert run(server.url, "--max_retries", "1") == 1
        assert server.count == 44
    lines = ledger(tmp_path / "out")
    assert {(line["error"], line["tries"]) for line in lines} == {("NoPictureError", 2)}
    assert len(lines) == 22
    assert all("(NO_IMAGE): Try other words." in line["message"] for line in lines)


@pytest.mark.parametrize("behaviour", ["silent", "drip"])
def test_the_time_out_really_applies(tmp_path: Path, behaviour: str) -> None:
    started = time.monotonic()
    with gemini(default=behaviour) as server:
        assert run(server.url, "--timeout", "0.7", "--max_retries", "1") == 1
        assert server.count == 2
    assert 1.4 <= time.monotonic() - started < 5
    (line,) = ledger(tmp_path / "out")
    assert (line["error"], line["tries"]) == ("RetryableError", 2)
    assert line["cost_usd"] == pytest.approx(2 * PRICE)  # it may have been made and charged


@pytest.mark.parametrize(
    "behaviour", ["rgba", "palette", "size:1344x768", "size:300x500", "sketch", "ok:png"]
)
def test_odd_pictures_are_taken(tmp_path: Path, behaviour: str) -> None:
    from proportrait import imaging

    with gemini(default=behaviour) as server:
        assert run(server.url) == 0
        assert server.count == 1
    for record in records(tmp_path / "out"):
        image = imaging.read(tmp_path / "out" / "images" / record.output_filename)
        assert image.shape == (512, 512, 3)
        assert image.std() > 10
    check_whole(tmp_path / "out")


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("blocked", "SAFETY"),
        ("finish:IMAGE_SAFETY", "IMAGE_SAFETY"),
        ("no_candidates", ""),
    ],
)
def test_a_refusal_is_not_asked_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], behaviour: str, said: str
) -> None:
    with gemini(default=behaviour) as server:
        assert run(server.url) == 1
        assert server.count == 1
    (line,) = ledger(tmp_path / "out")
    assert (line["status"], line["error"], line["tries"]) == ("failed", "RefusedError", 1)
    assert said in line["message"]
    shown = capfd.readouterr()
    no_key_anywhere(tmp_path, shown.out + shown.err)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("status:401", "Check the API key"),
        ("bad_key", "Check the API key"),
        ("status:403", "may not use"),
        ("status:404", "--model"),
        ("precondition", "may not use"),
        ("429:86400", "asks to wait 1440 minutes"),
        ("quota:zero", "limit: 0"),
        ("quota:zero", "--model"),
        ("quota:day", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
        ("quota:day", "tomorrow"),
    ],
)
def test_what_no_try_can_cure_stops_the_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], behaviour: str, said: str
) -> None:
    """It is no failure of the portrait: the same command makes all of them once it is cured."""
    make_faces(tmp_path / "faces", 5)
    with gemini(behaviour) as server:
        assert run(server.url, "--concurrency", "1") == 1
        assert server.count == 1
        shown = capfd.readouterr()
        (line,) = [row for row in shown.out.splitlines() if row.startswith("stopped")]
        assert said in line
        assert "Traceback" not in shown.err
        no_key_anywhere(tmp_path, shown.out + shown.err)
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert said in summary["stopped"]
        assert summary["cost_usd"] == 0
        assert ledger(tmp_path / "out") == []
        assert run(server.url) == 0
        assert server.count == 6
    check_whole(tmp_path / "out")


def test_a_fatal_answer_does_not_wait_for_the_others(tmp_path: Path) -> None:
    make_faces(tmp_path / "faces", 5)
    started = time.monotonic()
    with gemini("silent", "silent", default="status:401") as server:
        assert run(server.url, "--concurrency", "3") == 1
    assert time.monotonic() - started < 5
    assert server.count <= 5
    assert ledger(tmp_path / "out") == []
    # Two got no answer and may have been paid; a refused key is free.
    assert RecordStore(tmp_path / "out").spent_usd == pytest.approx(2 * PRICE)


@pytest.mark.parametrize(
    ("module", "step"), [(gemini_generator, "decode_reply"), (stage_run, "finish")]
)
def test_what_is_paid_is_still_saved_when_the_run_must_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    make_faces(tmp_path / "faces", 9)
    work = getattr(module, step)

    def slow(*arguments: object, **options: object) -> object:
        time.sleep(0.3)
        return work(*arguments, **options)

    monkeypatch.setattr(module, step, slow)
    with gemini(*["ok"] * 5, default="status:401") as server:
        assert run(server.url, "--concurrency", "1") == 1
        assert server.count == 6
    assert [line["status"] for line in ledger(tmp_path / "out")] == ["done"] * 5
    check_whole(tmp_path / "out")
