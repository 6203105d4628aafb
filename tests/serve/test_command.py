"""`proportrait serve`: its options, and the whole server as a process."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from benchmarks.speed.serve import Client, resident
from proportrait import cli
from proportrait.commandline import parse
from proportrait.commands import serve
from proportrait.errors import ConfigurationError
from proportrait.serve.settings import Settings
from tests import FACE, ROOT
from tests.serve.conftest import running

JPEG = {"Content-Type": "image/jpeg"}
START_S = 120.0


def options(*words: str) -> argparse.Namespace:
    return parse(serve, words)


def test_the_token_is_that_of_the_user_or_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(serve.TOKEN_VARIABLE, raising=False)
    assert serve._token(options()) == ""
    new = serve._token(options("--host", "0.0.0.0"))
    assert len(new) >= 32
    assert new != serve._token(options("--host", "0.0.0.0"))
    monkeypatch.setenv(serve.TOKEN_VARIABLE, "of-the-environment")
    assert serve._token(options()) == "of-the-environment"
    file = tmp_path / "token.txt"
    file.write_text("of-the-file\n")
    assert serve._token(options("--token", f"@{file}")) == "of-the-file"
    assert serve._token(options("--token", "plain")) == "plain"


@pytest.mark.parametrize("text", ["two words", "ü", "@missing.txt", "@empty.txt"])
def test_a_token_that_no_header_can_hold_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ConfigurationError, match="token"):
        serve._token(options("--token", text))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (Settings(), "http://127.0.0.1:80/"),
        (Settings("::1"), "http://[::1]:80/"),
        (
            Settings("0.0.0.0", "a&b"),
            "http://localhost:80/#token=a%26b",
        ),
    ],
)
def test_the_address_has_the_token_where_only_the_browser_reads_it(
    settings: Settings, line: str
) -> None:
    assert serve._address(settings, 80) == line


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), ("for this machine alone", "--host 0.0.0.0")),
        (Settings("0.0.0.0", "secret"), ("has the token", "name or IP for localhost")),
        (Settings("192.168.1.5", "secret"), ("has the token", "open this address.")),
    ],
)
def test_the_notes_say_what_it_is_and_how_a_phone_reaches_it(
    settings: Settings, words: tuple[str, ...]
) -> None:
    notes = serve._notes(settings)
    assert len(notes) <= 3  # four lines with the address
    assert all(len(line) <= 100 for line in notes)
    text = "\n".join(notes)
    for word in (*words, "stay in memory", "none is stored", "Ctrl-C", "phone"):
        assert word in text
    assert "secret" not in text  # stderr often goes to a log


def test_a_model_that_is_missing_is_an_error_before_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["serve", "--model", str(tmp_path / "x.safetensors")]) == 1
    assert "x.safetensors" in capsys.readouterr().err


def test_what_ranks_needs_photos_and_stays_out_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = str(tmp_path)
    for words, text in (
        (["--exports", photos], "--photos is missing"),
        (["--photos", photos, "--exports", f"{photos}/x"], "copies would lie among the photos"),
        (["--photos", photos, "--labels", f"{photos}/x"], "the labels would lie among the photos"),
        (["--photos", f"{photos}/nothing"], "is no folder"),
    ):
        assert cli.main(["serve", *words]) == 2
        assert text in capsys.readouterr().err


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    with running() as server:
        yield server


def test_the_first_verdict_comes_without_a_wait_for_health(
    server: tuple[subprocess.Popen[str], str],
) -> None:
    _, address = server
    assert address.startswith("http://127.0.0.1:")
    answer = httpx2.post(
        f"{address}api/v1/score", content=FACE.read_bytes(), headers=JPEG, timeout=START_S
    )
    assert answer.status_code == 200
    assert answer.json()["scores"][0]["faces"] == 1
    assert httpx2.get(f"{address}healthz").json()["status"] == "ok"
    assert "server" not in answer.headers


def test_a_port_that_is_taken_is_named(server: tuple[subprocess.Popen[str], str]) -> None:
    port = server[1].rstrip("/").rpartition(":")[2]
    command = [sys.executable, "-m", "proportrait", "serve", "--port", port]
    end = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (end.returncode, end.stdout) == (2, "")
    assert f"port {port} of 127.0.0.1" in end.stderr


@pytest.mark.slow
def test_memory_stays_where_it_is() -> None:
    """Over 150 small pictures; `python -m benchmarks serve` sends 2,000."""
    with running() as (process, address):
        client = Client(address)
        client.post(FACE.read_bytes())  # waits for the worker
        sizes = resident(psutil.Process(process.pid), client, 150)
    assert list(sizes) == ["server", "worker_1"]
    for name, (_, *later) in sizes.items():  # the first requests fill caches
        assert max(later) - later[0] < 20e6, name


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_end_waits_for_requests_and_leaves_no_worker(end: signal.Signals) -> None:
    with running() as (process, address):
        check_end(process, address, end)


def check_end(process: subprocess.Popen[str], address: str, end: signal.Signals) -> None:
    with httpx2.Client(timeout=START_S) as client:
        client.post(f"{address}api/v1/score", content=b"x", headers=JPEG)  # waits for the worker
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    with httpx2.Client(timeout=START_S) as client:

        def slowly() -> Iterator[bytes]:
            data = FACE.read_bytes()
            yield data[:1000]
            process.send_signal(end)
            time.sleep(1)
            yield data[1000:]

        answer = client.post(f"{address}api/v1/score", content=slowly(), headers=JPEG)
    assert answer.status_code == 200
    assert process.wait(START_S) == 0
    assert psutil.wait_procs(workers, 10)[1] == []
