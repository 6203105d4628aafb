"""What a run keeps of each picture: little, however many there are."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from pathlib import Path

import pytest

from benchmarks.speed.stream import judging, make_files
from proportrait import cli
from proportrait.score import spool

PICTURES = 600
BAR = 400  # bytes a picture


def traced() -> int:
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.parametrize("options", [[], ["--sort", "overall"], ["--format", "parquet"]])
def test_memory_does_not_grow_with_the_pictures(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parquet holds a group of rows, which is made small here as the memory of a spool is."""
    monkeypatch.setattr(spool, "_IN_MEMORY", 10_000)
    monkeypatch.setattr("proportrait.score.formats._ROW_GROUP", 100)
    photos = make_files(tmp_path / "photos", PICTURES)
    with judging(sample=traced) as held:
        tracemalloc.start()
        try:
            output = str(tmp_path / "scores")
            kind = [] if options[:1] == ["--format"] else ["--format", "csv"]
            code = cli.main(["score", str(photos), "--output", output, "--workers", "1",
                             *kind, *options])  # fmt: skip
        finally:
            tracemalloc.stop()
    assert code == 0
    assert len(held) == PICTURES // 100
    growth = [after - before for before, after in itertools.pairwise(held)]
    assert sorted(growth)[len(growth) // 2] / 100 < BAR


def test_a_resume_counts_names_alone(tmp_path: Path) -> None:
    photos, output = make_files(tmp_path / "photos", PICTURES), tmp_path / "scores.jsonl"
    options = ["score", str(photos), "--workers", "1", "--output"]

    def first_sample(*more: str) -> int:
        with judging(sample=traced) as held:
            tracemalloc.start()
            try:
                assert cli.main([*options, *more]) == 0
            finally:
                tracemalloc.stop()
        return held[0]

    earlier = PICTURES - 200
    with judging(earlier):
        assert cli.main([*options, str(output)]) == 130
    fresh = first_sample(str(tmp_path / "fresh.jsonl"))
    resumed = first_sample(str(output), "--resume")
    assert (resumed - fresh) / earlier < BAR
    lines = output.read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["path"] for line in lines}) == len(lines) == PICTURES
