"""The command line of stage one, and the commands that the README shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from proportrait import cli
from proportrait.augment import arguments as augment_arguments
from proportrait.errors import ConfigurationError
from proportrait.generate import arguments
from proportrait.generate.offline import OfflineGenerator
from proportrait.generate.paid.control import ControlledGenerator
from proportrait.generate.sources.built_in import StyleganSource
from proportrait.generate.sources.folder import FolderSource
from proportrait.generate.sources.names import DEFAULT_DATASET
from proportrait.store import RecordStore
from proportrait.verification import arguments as verify_arguments
from tests import ROOT

KEY = "AIzaSyTheKeyThatNobodyMaySee0123456789"


def test_defaults() -> None:
    options = arguments.parse([], None)
    assert vars(options) == {
        "output_dir": Path("output"),
        "limit": None,
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
        "lora": None,
        "upscaler": None,
        "price_usd": None,
        "base_url": None,
        "concurrency": 10,
        "requests_per_minute": None,
        "max_retries": 3,
        "timeout": 120.0,
        "budget_usd": None,
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
    options = arguments.parse(shlex.split(line), None)
    assert (options.source, options.limit) == (source, limit)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--mock --api_key KEY", "--mock"),
        ("--mock --model gemini-3-pro-image", "--mock"),
        ("--mock --lora some/weights", "--lora"),
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
        arguments.parse(shlex.split(line), None)


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
        arguments.parse(shlex.split(line), None)
    assert end.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert line.split()[0] in said
    assert "_" not in said.partition(line.split()[0])[2]  # no name of our functions


@pytest.mark.parametrize(
    "parse",
    [
        lambda argv: arguments.parse(argv, None),
        lambda argv: augment_arguments.parse(argv, None),
        lambda argv: cli.main(["train", "nowhere", *argv]),
        lambda argv: cli.main(["evaluate", "nowhere", *argv]),
    ],
    ids=["generate", "augment", "train", "evaluate"],
)
def test_a_seed_is_one_that_every_library_takes(
    parse: Callable[[list[str]], object], capsys: pytest.CaptureFixture[str]
) -> None:
    for value in ("5000000000", "4294967296", "-1", "1.5"):
        with pytest.raises(SystemExit) as end:
            parse(["--seed", value])
        assert end.value.code == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert f"--seed: a whole number from 0 to 4294967295 is expected, not '{value}'" in error
    result = parse(["--seed", "4294967295"])
    assert result == 2 or getattr(result, "seed", None) == 4294967295


def test_the_parts_that_the_arguments_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)

    def parsed(*argv: str) -> tuple[object, object]:
        options = arguments.parse(argv, None)
        return arguments.source(options), arguments.generator(options, RecordStore(tmp_path))

    source, generator = parsed("--mock", "--seed", "4", "--concurrency", "1")
    assert isinstance(source, StyleganSource)
    assert source.seed == 4
    assert isinstance(generator, OfflineGenerator)
    assert generator.workers == 1
    source, generator = parsed("--source_dir", str(tmp_path), "--price_usd", "0.5")
    assert isinstance(source, FolderSource)
    assert isinstance(generator, ControlledGenerator)
    assert generator.price_usd == 0.5


# --- the README

LATER_STAGES = {
    "verify_labels.py": verify_arguments.parse,
    "augment_framing.py": augment_arguments.parse,
}


def readme_lines() -> list[str]:
    """The commands of its fenced blocks, without comments; continued lines are joined."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [block for kind, block in fenced if kind in ("", "bash", "sh", "shell", "console")]
    joined = "\n".join(blocks).replace("\\\n", " ")
    lines = [line.partition(" #")[0].strip().removeprefix("$ ") for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def test_the_readme_shows_both_commands() -> None:
    lines = readme_lines()
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 200
    assert any("--mock" in line for line in lines)
    assert any(line.startswith("make demo") for line in lines)


@pytest.mark.parametrize("line", readme_lines())
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    words = [word for word in shlex.split(line) if "=" not in word or word.startswith("-")]
    if "synthetic_dataset_generator.py" in line:
        position = words.index("synthetic_dataset_generator.py")
        try:
            options = arguments.parse(words[position + 1 :], None)
        except SystemExit as end:  # --help
            assert end.code == 0  # noqa: PT017
        else:
            assert options.output_dir
    elif stage := next((name for name in LATER_STAGES if name in words), None):
        assert LATER_STAGES[stage](words[words.index(stage) + 1 :], None).input
    elif words[0] == "proportrait":
        command = words[1 : words.index(">")] if ">" in words else words[1:]
        assert callable(cli.parser().parse_args(command).work)
    elif words[0] == "make":
        targets = re.findall(r"^([a-z]\w*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(words[1:]) <= set(targets), f"the Makefile has only {targets}"
    elif "-m" in words:
        module = words[words.index("-m") + 1]
        path = ROOT / module.replace(".", "/")
        assert (
            path.with_suffix(".py").exists()
            or (path / "__main__.py").exists()
            or module
            in (
                "pytest",
                "pip",
                "venv",
            )
        )
    else:
        assert words[0] in ("git", "cd", "source", "export", "pip", "open")


def command_flags() -> set[str]:
    """Of `proportrait train`, `evaluate`, and `score`."""
    (verbs,) = (a.choices for a in cli.parser()._actions if isinstance(a.choices, dict))
    options = (o for verb in verbs.values() for a in verb._actions for o in a.option_strings)
    return {option for option in options if option.startswith("--")} - {"--help"}


def test_every_flag_is_explained_and_no_other() -> None:
    text = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")
    parsers = (arguments.parse, *LATER_STAGES.values())
    known = {"--" + name for parse in parsers for name in vars(parse([], None))} - {"--base_url"}
    # Both --model and --no-model leave a `model`.
    known = known - {"--no_variation"} | {"--no-variation", "--no-model"} | command_flags()
    rows = re.findall(r"^\|(.*?)\|", text, re.MULTILINE)
    explained = {flag for row in rows for flag in re.findall(r"--\w[\w-]*", row)}
    assert known <= explained, f"not in the table of flags: {sorted(known - explained)}"
    assert explained <= known, f"no such flag: {sorted(explained - known)}"
