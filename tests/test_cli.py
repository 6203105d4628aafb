"""The one command: what it lists, what each command says of itself, and how fast it starts."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import augment_framing
import synthetic_dataset_generator
import verify_labels
from proportrait import __version__, cli
from proportrait.commandline import parse
from proportrait.commands import balance, generate
from tests import ROOT


def output_of(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 0
    return capsys.readouterr().out


def test_help_lists_the_commands_in_the_order_of_the_flow(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = output_of("--help", capsys=capsys).splitlines()
    listing = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != "-"]
    assert listing == [
        "generate", "merge", "verify", "balance", "train", "evaluate", "score", "rank", "people",
        "limits",
        "taste", "serve", "publish", "download",
    ]  # fmt: skip
    assert output_of("--version", capsys=capsys) == f"{__version__}\n"


@pytest.mark.parametrize("words", [["judge"], ["--judge", "score"]])
def test_without_a_command_that_exists_the_choices_are_named(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_without_a_word_each_command_is_shown_with_an_example_that_works(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([]) == 2  # a script whose command is missing fails
    output, text = capsys.readouterr()
    assert output == ""
    examples = [
        re.split(" {3,}", line.strip())[0] for line in text.splitlines() if line[:2] == "  "
    ]
    names = []
    for program, name, *rest in map(shlex.split, examples):
        assert program == "proportrait"
        parse(import_module(f"proportrait.commands.{name}"), rest)
        names.append(name)
    assert sorted(names) == sorted(cli.COMMANDS)
    assert max(map(len, text.splitlines())) <= 100
    assert "--help" in text.splitlines()[-1]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_ends_with_two_examples_that_work(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = output_of(name, "--help", capsys=capsys)
    assert text.startswith(f"usage: proportrait {name} ")
    assert "%%" not in text
    *_, heading, first, second = text.splitlines()
    assert heading == "examples:"
    for line in (first, second):
        command, mark, comment = line.partition(" # ")
        assert mark
        assert comment
        program, verb, *rest = shlex.split(command)
        assert (program, verb) == ("proportrait", name)
        parse(import_module(f"proportrait.commands.{name}"), rest)


def test_both_spellings_of_a_flag_are_one() -> None:
    assert parse(balance, ["--dry-run"]) == parse(balance, ["--dry_run"])
    assert parse(generate, ["--no-variation", "--output-dir=a-b"]) == parse(
        generate, ["--no_variation", "--output_dir", "a-b"]
    )
    assert parse(generate, ["--output-dir", "a-b"]).output_dir == Path("a-b")


def test_what_stands_behind_a_lone_double_dash_is_a_name() -> None:
    from proportrait.commands import score

    assert parse(score, ["--", "--a-b.jpg"]).paths == [Path("--a-b.jpg")]


@pytest.mark.parametrize(
    ("script", "name"),
    [(synthetic_dataset_generator, "generate"), (verify_labels, "verify"),
     (augment_framing, "balance")],
)  # fmt: skip
def test_a_script_is_its_command(
    script: object, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = f"{script.__name__}.py"  # type: ignore[attr-defined]
    with pytest.raises(SystemExit, match=r"^0$"):
        script.main(["--help"])  # type: ignore[attr-defined]
    help_of_script = capsys.readouterr().out
    assert help_of_script.startswith(f"usage: {file} ")
    options = help_of_script.partition("\n\n")[2]
    assert options == output_of(name, "--help", capsys=capsys).partition("\n\n")[2]
    assert len((ROOT / file).read_text().splitlines()) <= 20


@pytest.mark.parametrize("name", ["", *cli.COMMANDS])
def test_help_starts_without_heavy_parts(name: str) -> None:
    """A wrong option answers at once too: heavy imports wait until they are needed."""
    heavy = "torch diffusers transformers datasets pyarrow google.genai openvino matplotlib sklearn"
    code = (
        "import sys; from proportrait import cli\n"
        f"try: cli.main({[name, '--help'] if name else ['--help']})\n"
        f"except SystemExit: print([name for name in {heavy.split()} if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert output.splitlines()[-1] == "[]"
