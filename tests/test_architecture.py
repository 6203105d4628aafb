"""The order of the modules, as `proportrait/__init__.py` states it, and where the network is."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import proportrait
from tests import ROOT

PACKAGE = ROOT / "proportrait"
FILES = [PACKAGE / "__init__.py", *sorted(set(PACKAGE.rglob("*.py")) - {PACKAGE / "__init__.py"})]
NETWORK = {
    "aiohttp", "diffusers", "ftplib", "gdown", "google", "http", "httpcore", "httpx", "httpx2",
    "huggingface_hub", "requests", "smtplib", "socket", "transformers", "urllib3", "xmlrpc",
}  # fmt: skip
MAY_USE_NETWORK = re.compile(
    r"generate/(gemini(/batch)?|diffusion)/\w+\.py|generate/sources/hub\.py|download\.py"
    r"|model/backbone\.py"  # asks the local cache of the Hub only
    r"|train/card\.py"  # the form of a model card
    r"|publish/(card|hub)\.py"
)
# What listens to others: it asks nobody, but everybody could ask it.
SERVERS = {"asgiref", "fastapi", "hypercorn", "nicegui", "socketserver", "starlette", "uvicorn"}
MAY_LISTEN = re.compile(r"serve/((rank|taste)/)?\w+\.py|commands/serve\.py")
LONGEST = 350  # lines of a file
MOST = 14  # modules of a folder


def stated_order() -> list[list[str]]:
    """The lines of the docstring's list, each with the modules that it names."""
    found = re.findall(r"^    (\w+(?:, \w+)*)   +\S", proportrait.__doc__ or "", re.MULTILINE)
    return [line.split(", ") for line in found]


ORDER = stated_order()
PLACE = {name: (row, column) for row, line in enumerate(ORDER) for column, name in enumerate(line)}


def imports(file: Path) -> Iterator[str]:
    """Full names of all that a file imports, also inside functions and for types alone."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide where a module stands"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(file: Path) -> str:
    """errors.py -> errors, faces/mask.py -> faces"""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_the_order_names_every_module() -> None:
    there = {part(file) for file in FILES} - {"__init__"}
    assert set(PLACE) == there
    assert len(PLACE) == sum(map(len, ORDER))


@pytest.mark.parametrize("file", FILES[1:], ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_stands_above_it(file: Path) -> None:
    own = part(file)
    for name in imports(file):
        top, *rest = name.split(".")
        if top != "proportrait" or not rest or rest[0] not in PLACE or rest[0] == own:
            continue
        above = PLACE[rest[0]]
        row, column = PLACE[own]
        assert above[0] < row or (above[0] == row and above[1] < column), (
            f"{own} imports {name}, which stands below it"
        )


def test_no_module_imports_itself_in_a_circle() -> None:
    names = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in FILES
    }
    graph: dict[str, set[str]] = {}
    for module, file in names.items():
        used = imports(file)
        targets = {name if name in names else name.rpartition(".")[0] for name in used}
        graph[module] = (targets & set(names)) - {module, "proportrait"}
    while leaves := {module for module, used in graph.items() if not used}:
        graph = {m: used - leaves for m, used in graph.items() if m not in leaves}
    assert not graph, f"these modules import each other: {sorted(graph)}"


def test_files_and_folders_stay_small() -> None:
    places = [
        *FILES,
        *ROOT.glob("*.py"),
        *ROOT.glob("benchmarks/**/*.py"),
        *ROOT.glob("tools/**/*.py"),
    ]
    long = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in places}
    assert {str(file): lines for file, lines in long.items() if lines > LONGEST} == {}
    modules = Counter(file.parent for file in places if file.name != "__init__.py")
    assert {str(folder): n for folder, n in modules.items() if n > MOST} == {}


@pytest.mark.parametrize("room", ["proportrait", "tools"])
def test_the_package_stands_alone(room: str) -> None:
    """The package needs neither tests, nor benchmarks, nor tools; tools need no benchmarks."""
    forbidden = {
        "proportrait": {"tests", "benchmarks", "tools", "synthetic_dataset_generator",
                        "verify_labels", "augment_framing"},
        
        "tools": {"tests", "benchmarks"},
    }[room]  # fmt: skip
    for file in (ROOT / room).rglob("*.py"):
        assert {name.partition(".")[0] for name in imports(file)} & forbidden == set(), file


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_only_the_online_parts_import_a_network(file: Path) -> None:
    if MAY_USE_NETWORK.fullmatch(file.relative_to(PACKAGE).as_posix()):
        return
    used = {name for name in imports(file) if name.split(".")[0] in NETWORK}
    used |= {name for name in imports(file) if name.startswith("urllib.request")}
    assert not used


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_only_the_server_listens(file: Path) -> None:
    """The server itself may not use the network as others do: pictures that it gets stay there."""
    name = file.relative_to(PACKAGE).as_posix()
    listens = {name for name in imports(file) if name.split(".")[0] in SERVERS}
    assert not listens or MAY_LISTEN.fullmatch(name)
    assert not (MAY_LISTEN.fullmatch(name) and MAY_USE_NETWORK.fullmatch(name))
