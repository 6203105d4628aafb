"""`proportrait generate` with a tiny pipeline: batches, a stopped run, and its resume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proportrait.commandline import run
from proportrait.commands import generate
from proportrait.generate.diffusion.generator import DiffusionGenerator
from tests.generate.diffusion.runs import PIX2PIX
from tests.stage_one import check_whole, make_faces, records


def outcome(output: Path) -> tuple[dict[str, bytes], list[Any]]:
    """The bytes of all pictures, and all records without the time."""
    check_whole(output)
    pictures = {file.name: file.read_bytes() for file in sorted((output / "images").iterdir())}
    return pictures, [replace(record, timestamp=None) for record in records(output)]


def test_a_stopped_run_resumes_to_the_same_bytes(
    folder: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in batches, though other portraits then share a call: 5 are 3 + 2, and 2 + 3."""
    faces = make_faces(tmp_path / "faces", 5)
    command = ["--source_dir", str(faces), "--model", str(folder(PIX2PIX)), "--steps", "1"]
    command += ["--size", "64", "--batch_size", "3"]
    assert run(generate, [*command, "-o", str(tmp_path / "whole")]) == 0

    original, count = DiffusionGenerator.generate, 0

    async def breaking(self: Any, request: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return await original(self, request)

    parts = str(tmp_path / "parts")
    assert run(generate, [*command, "-o", parts, "--limit", "2"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(DiffusionGenerator, "generate", breaking)
        assert run(generate, [*command, "-o", parts]) == 130
    assert run(generate, [*command, "-o", parts]) == 0
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole")


def test_a_wrong_flag_writes_nothing(
    folder: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faces = make_faces(tmp_path / "faces", 1)
    output = tmp_path / "output"
    command = ["--source_dir", str(faces), "--model", str(folder(PIX2PIX)), "-o", str(output)]
    assert run(generate, [*command, "--strength", "0.5"]) == 2
    assert "takes no --strength: leave it out" in capsys.readouterr().err
    assert not output.exists()
