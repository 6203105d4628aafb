"""The Dockerfile takes the steps of `make setup`, from the same requirements."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from proportrait.commandline import parse
from proportrait.commands import serve
from proportrait.serve.app import create_app
from tests import ROOT


def steps(word: str) -> list[str]:
    """What stands behind an instruction, in order."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{word} +(.+)$", text, re.MULTILINE)


def test_it_installs_what_make_setup_installs_in_that_order() -> None:
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    _, setup = rules.split("$(VENV)/.installed: ", 1)
    setup, _ = setup.split("touch $@", 1)
    made = re.findall(r"@\$\((PIP|BIN)\)(?:/python)? (.+)", setup)
    assert len(made) == 3
    expected = [("pip install " if what == "PIP" else "python ") + rest for what, rest in made]
    assert [step for step in steps("RUN") if not step.startswith("useradd")] == expected


def test_what_it_installs_is_what_the_tests_run_with() -> None:
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = dict(pin.split("==") for pin in pins if pin and not pin.startswith("#"))
    assert len(names) > 20
    # "+cpu" is the build of the same version for processors alone.
    assert {name: version(name).partition("+")[0] for name in names} == names


def test_each_step_finds_what_it_needs() -> None:
    """A file is copied before the step that names it; the user comes when all is installed."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match("[A-Z]+ ", line)]
    words = [line.split()[0] for line in lines]
    copied = words.index("COPY"), len(words) - words[::-1].index("COPY") - 1
    assert lines[copied[0]].split()[1] == "requirements.txt"
    assert lines.index("RUN pip install -r requirements.txt") > copied[0]
    assert lines.index("RUN pip install --no-deps -e .") > copied[1]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word == "RUN")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no clone, but an archive")
def test_what_it_copies_is_in_the_repository() -> None:
    for step in steps("COPY"):
        names = step.split()[:-1]
        command = ["git", "ls-files", "--error-unmatch", *names]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_its_python_is_one_of_ours() -> None:
    (image,) = steps("FROM")
    version = re.fullmatch(r"python:3\.(\d+)-slim", image)
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["requires-python"]
    least, under = map(int, re.findall(r"3\.(\d+)", wanted))
    assert version is not None
    assert least <= int(version[1]) < under


def test_it_copies_what_there_is_and_nothing_else_is_sent() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    sources = {name for step in steps("COPY") for name in step.split()[:-1]}
    assert sources == allowed
    assert all((ROOT / name).exists() for name in sources)
    copied = " ".join(steps("COPY"))
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    assert project["project"]["readme"] in copied  # which setuptools reads
    assert project["tool"]["setuptools"]["dynamic"]["dependencies"]["file"] == ["requirements.txt"]
    assert not any(fnmatch("proportrait/serve/page/index.html", line) for line in lines[1:])


def test_it_serves_others_as_nobody_in_particular_with_a_token() -> None:
    (entry,) = steps("ENTRYPOINT")
    program, command, *words = json.loads(entry)
    assert (program, command) == ("proportrait", "serve")
    options = parse(serve, words)
    assert options.host == "0.0.0.0"
    assert serve._token(options)
    assert steps("USER") == ["judge"]
    assert steps("EXPOSE") == [str(options.port)]


def test_its_check_of_health_asks_what_is_there() -> None:
    (check,) = steps("HEALTHCHECK")
    path = re.search(r"http://127\.0\.0\.1:8000(/\w+)'", check)
    assert path is not None
    client = TestClient(create_app(), "http://127.0.0.1:8000")
    assert client.get(path[1]).json()["status"] == "starting"  # nobody started its workers


@pytest.mark.slow
def test_its_server_runs_until_it_is_stopped(tmp_path: Path) -> None:
    """As its user: without a home, in an environment of its own; `docker stop` sends SIGTERM."""
    (entry,), (check,) = steps("ENTRYPOINT"), steps("HEALTHCHECK")
    words = json.loads(entry)[1:]
    settings = dict(word.split("=") for step in steps("ENV") for word in step.split())
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "none"), **settings}
    command = [sys.executable, "-m", "proportrait", *words, "--port", "0", "--workers", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            address = re.match(r"http://localhost:(\d+)/#token=\S+", process.stdout.readline())
            assert address is not None
            program, *arguments = json.loads(check[check.index("[") :])
            assert program == "python"
            asked = [word.replace(":8000/", f":{address[1]}/") for word in arguments]
            end = time.monotonic() + 120
            while subprocess.run([sys.executable, *asked], capture_output=True).returncode:
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
