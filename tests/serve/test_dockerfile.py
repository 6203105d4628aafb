"""The Dockerfile takes the steps of `make setup`, from the same requirements."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch

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
