"""The options of `proportrait generate`, and the commands that README and docs show."""

from __future__ import annotations

import os
import re
import shlex
from argparse import Namespace, _SubParsersAction
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import pytest

from proportrait import cli
from proportrait.commandline import Parser, parse
from proportrait.commands import generate
from proportrait.errors import ConfigurationError
from proportrait.generate.gemini.generator import GeminiGenerator
from proportrait.generate.offline import OfflineGenerator
from proportrait.generate.paid.control import ControlledGenerator
from proportrait.generate.sources.built_in import StyleganSource
from proportrait.generate.sources.folder import FolderSource
from proportrait.generate.sources.names import DEFAULT_DATASET
from proportrait.store import RecordStore
from tests import ROOT

KEY = "AIzaSyTheKeyThatNobodyMaySee0123456789"


def settled(argv: Sequence[str]) -> Namespace:
    options = parse(generate, argv)
    generate.settle(options)
    return options


def test_defaults() -> None:
    options = settled([])
    assert vars(options) == {
        "output_dir": Path("output"),
        "limit": None,
        "shard": None,
        "seed": 0,
        "perfect_prob": 0.15,
        "near_perfect_prob": 0.15,
        "no_variation": False,
        "export": "none",
        "format": "JPEG",
        "source": "hf",
        "hf_dataset": DEFAULT_DATASET,
        "hf_split": "train",
        "source_dir": None,
        "skin_tones": "natural",
        "mock": False,
        "api_key": None,
        "model": None,
        "family": None,
        "steps": None,
        "guidance": None,
        "image_guidance": None,
        "strength": None,
        "size": None,
        "negative_prompt": None,
        "batch_size": 1,
        "lora": (),
        "lora_scale": (),
        "upscaler": None,
        "upscaler_steps": None,
        "device": "auto",
        "dtype": "auto",
        "offload": "none",
        "quantize": "none",
        "variant": None,
        "price_usd": None,
        "base_url": None,
        "concurrency": 10,
        "requests_per_minute": None,
        "max_retries": 3,
        "timeout": 120.0,
        "budget_usd": None,
        "batch": False,
        "job_size": 500,
        "batch_poll": 60.0,
        "dry_run": False,
        "retry_failed": False,
        "verbose": False,
    }


@pytest.mark.parametrize(
    ("line", "source", "limit"),
    [
        ("--mock", "stylegan", 100),
        ("--mock --limit 7", "stylegan", 7),
        ("--mock --source_dir faces", "folder", None),
        ("--mock --hf_dataset ./mine", "hf", None),
        ("--mock --source hf", "hf", None),
        ("--source_dir faces", "folder", None),
        ("--source stylegan", "stylegan", 100),
        ("", "hf", None),
    ],
)
def test_the_source_follows_from_the_other_options(
    line: str, source: str, limit: int | None
) -> None:
    options = settled(shlex.split(line))
    assert (options.source, options.limit) == (source, limit)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--mock --api_key KEY", "--mock"),
        ("--mock --model gemini-3-pro-image", "--mock"),
        ("--mock --lora some/weights", "--lora"),
        ("--mock --batch", "--batch"),
        ("--model timbrooks/instruct-pix2pix --batch", "--batch"),
        ("--upscaler x4", "--upscaler"),
        ("--model gemini-3-pro-image --lora some/weights", "--lora"),
        ("--source stylegan --source_dir faces", "--source_dir"),
        ("--source folder --source_dir faces --hf_dataset a/b", "--hf_dataset"),
        ("--mock --source_dir faces --skin_tones even", "--skin_tones"),
        ("--mock --source_dir faces -o ./faces/", "among your photos"),
        ("--perfect_prob 1.5", "perfect_prob"),
        ("--perfect_prob .8 --near_perfect_prob .3", "together"),
        ("--perfect_prob nan", "perfect_prob"),
    ],
)
def test_options_that_exclude_each_other(line: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        settled(shlex.split(line))


def test_a_name_in_other_letters_may_be_the_folder_of_the_photos(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a disk that does not tell case apart, as most of macOS."""
    monkeypatch.setattr(os.path, "samefile", lambda a, b: str(a).lower() == str(b).lower())
    with pytest.raises(ConfigurationError, match="among your photos"):
        settled(["--mock", "--source_dir", "faces", "-o", "Faces"])


@pytest.mark.parametrize(
    "line",
    [
        "--limit 0",
        "--limit many",
        "--limit 1.5",
        "--concurrency 0",
        "--concurrency -1",
        "--seed -1",
        "--max_retries -1",
        "--timeout 0",
        "--timeout inf",
        "--requests_per_minute 0",
        "--requests_per_minute nan",
        "--budget_usd -1",
        "--budget_usd lots",
        "--price_usd -0.1",
        "--source flickr",
        "--export csv",
        "--format GIF",
        "--colour red",
    ],
)
def test_values_out_of_range_say_what_is_expected(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        settled(shlex.split(line))
    assert end.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert line.split()[0] in said
    assert "_" not in said.partition(line.split()[0])[2]  # no name of our functions


@pytest.mark.parametrize("command", ["generate", "balance", "train x", "evaluate x"])
@pytest.mark.parametrize("value", ["5000000000", "4294967296", "-1", "1.5"])
def test_a_seed_is_one_that_every_library_takes(
    command: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([*command.split(), "--seed", value])
    assert end.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"--seed: a whole number from 0 to 4294967295 is expected, not '{value}'" in error


def test_the_largest_seed() -> None:
    assert settled(["--seed", "4294967295"]).seed == 4294967295


def test_the_parts_that_the_arguments_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)

    def parsed(*argv: str) -> tuple[object, object]:
        options = settled(argv)
        return generate.source(options), generate.generator(options, RecordStore(tmp_path))

    source, generator = parsed("--mock", "--seed", "4", "--concurrency", "1")
    assert isinstance(source, StyleganSource)
    assert source.seed == 4
    assert isinstance(generator, OfflineGenerator)
    assert generator.workers == 1
    source, generator = parsed("--source_dir", str(tmp_path), "--price_usd", "0.5")
    assert isinstance(source, FolderSource)
    assert isinstance(generator, ControlledGenerator)
    assert generator.price_usd == 0.5
    source, generator = parsed("--price_usd", "0.5", "--batch")
    assert isinstance(generator, GeminiGenerator)
    assert generator.price_usd == 0.25


# --- README and docs

SCRIPTS = {
    "synthetic_dataset_generator.py": "generate",
    "verify_labels.py": "verify",
    "augment_framing.py": "balance",
}
DOCS = sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*"))
PAGES = ["README.md", "DOWNLOAD_DATASET.txt", *DOCS]


def understood(name: str, words: Sequence[str]) -> None:
    """Fail unless a command takes these words."""
    assert name in cli.COMMANDS
    if words == ["--help"]:
        return
    options = parse(import_module(f"proportrait.commands.{name}"), words)
    if name == "generate":
        generate.settle(options)


def shown_lines(page: str) -> list[str]:
    """The commands of a page's blocks, without comments; continued lines are joined."""
    text = (ROOT / page).read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [block for kind, block in fenced if kind in ("bash", "sh", "shell")]
    blocks += re.findall(r"^    (?:\S*python |proportrait ).*\n", text, re.MULTILINE)
    joined = "\n".join(blocks).replace("\\\n", " ")
    lines = [line.partition(" #")[0].strip().removeprefix("$ ") for line in joined.splitlines()]
    # In the text too: `proportrait verify --mode fix`.
    lines += re.findall(rf"`(proportrait (?:{'|'.join(cli.COMMANDS)}) [^`]*--[^`]*)`", text)
    return [line for line in lines if line and not line.startswith("#")]


COMMANDS = [(page, line) for page in PAGES for line in shown_lines(page)]


def test_the_readme_is_short_and_begins_with_its_reader() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    lines = shown_lines("README.md")
    first = next(number for number, line in enumerate(lines) if line.startswith("proportrait"))
    assert lines[first].startswith("proportrait score")
    assert any("make setup" in line for line in lines[:first])
    assert any("--mock" in line for line in lines)
    assert any(line.startswith("make demo") for line in lines)


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{p}: {c}" for p, c in COMMANDS])
def test_a_command_that_is_shown_is_understood(page: str, line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])
    words = [word for word in words if not re.match("[A-Z_]+=", word)]
    script = next((name for name in SCRIPTS if name in words), None)
    if script:
        understood(SCRIPTS[script], words[words.index(script) + 1 :])
    elif words[0].endswith("proportrait"):
        understood(words[1], words[2:])
    elif "-m" in words:
        module, *rest = words[words.index("-m") + 1 :]
        path = ROOT / module.replace(".", "/")
        if module == "proportrait":
            understood(rest[0], rest[1:])
        else:
            assert (
                path.with_suffix(".py").exists()
                or (path / "__main__.py").exists()
                or module in ("pytest", "pip", "venv")
            )
    elif words[0] == "make":
        targets = re.findall(r"^([a-z]\w*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(words[1:]) <= set(targets), f"the Makefile has only {targets}"
    else:
        assert words[0] in ("git", "cd", "source", "export", "pip", "open", "curl", "docker", "ray")


def flags(name: str) -> set[str]:
    """Of a command."""
    parser = Parser()
    import_module(f"proportrait.commands.{name}").add_arguments(parser)
    parsers = [parser]
    for action in parser._actions:  # of a command with actions, such as taste, those of each
        parsers += action.choices.values() if isinstance(action, _SubParsersAction) else []
    actions = [action for each in parsers for action in each._actions]
    options = {option for action in actions for option in action.option_strings}
    return {option for option in options if option.startswith("--")} - {"--help", "--base_url"}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_flag_is_explained_under_its_command_and_no_other(name: str) -> None:
    text = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## `proportrait {name}`$(.*?)(?=^## |\Z)", text, re.M | re.S)
    rows = re.findall(r"^\|(.*?)\|", section, re.MULTILINE)
    assert {flag for row in rows for flag in re.findall(r"--\w[\w-]*", row)} == flags(name)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_flags_have_one_spelling(name: str) -> None:
    assert all(re.fullmatch(r"--[a-z]+(_[a-z]+)*", flag) for flag in flags(name))
