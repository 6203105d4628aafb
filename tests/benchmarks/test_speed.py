"""The benchmarks run, with sizes so small that their ratios mean nothing."""

from __future__ import annotations

import json
import math
from concurrent import futures

import pytest

import benchmarks
from benchmarks.__main__ import main
from benchmarks.speed import indexing
from benchmarks.speed.generation import offline, shared
from benchmarks.speed.ratio import Ratio
from proportrait import imaging
from proportrait.edit.shot import Shot
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.offline import OfflineGenerator
from tests import FACE

SMALL = {
    "online": {"portraits": 6, "concurrency": 3, "latency_s": 0.05},
    "memory": {"portraits": 6, "first": 3, "concurrency": 3},
    "decode": {"small": 0.2, "middle": 0.3, "large": 0.4},
    "offline": {"portraits": 2, "warm_ups": 1, "alone": 1},
    "shared": {"sources": 1, "vectors": 1},
    "resume": {"portraits": 6},
    "training": {"batches": 2, "batch_size": 2},
    "score": {"photos": 2},
    "indexing": {"photos": 1},
    "serve": {"uploads": 1, "requests": 12, "first": 0},
    "stream": {"pictures": 400, "first": 100},
    "labelling": {"pictures": 600, "presses": 2},
}
# name of the ratio -> the issue's bar, as the ratio has it
BARS = {
    "online: rate": ("at least", 0.85),
    "memory: growth": ("under", 1.0),
    "decode: peak": ("under", 1.0),
    "offline: 2 workers": ("at least", 1.7),
    "shared: rate": ("at least", 1.0),
    "resume: folder": ("under", 1.0),
    "resume: built-in faces": ("under", 1.0),
    "training: rate": ("at least", 0.85),
    "score: parts": ("at least", 0.85),
    "score: plain loop": ("at least", 3.0),
    "score: networks": ("at least", 0.9),
    "score: first verdict": ("under", 1.0),
    "indexing: rank": ("at least", 0.9),
    "indexing: taste": ("at least", 0.9),
    "serve: answer": ("under", 1.0),
    "serve: memory": ("under", 1.0),
    "stream: listing": ("under", 1.0),
    "stream: a killed run": ("under", 1.0),
    "stream: its resume": ("under", 1.0),
    "stream: sort and report": ("under", 1.0),
    "labelling: saved": ("under", 1.0),
}


@pytest.mark.parametrize(
    ("value", "bar", "passes", "passed"),
    [
        (1.7, 1.7, "at least", True),
        (1.69, 1.7, "at least", False),
        (0.99, 1.0, "under", True),
        (1.0, 1.0, "under", False),
        (5.0, None, "under", None),
    ],
)
def test_a_ratio_passes_or_fails(value, bar, passes, passed):
    ratio = Ratio("a: b", "x / y", value, bar, passes, {"pictures": 3})
    assert ratio.passed is passed
    assert ratio.to_json()["passed"] is passed
    verdict = {True: "pass (", False: "FAIL (", None: "stated"}[passed]
    assert verdict in str(ratio)
    assert "pictures 3" in str(ratio)


class ThreadPoolExecutor(futures.ThreadPoolExecutor):
    """In place of processes that would draw."""

    def __init__(self, workers: int, mp_context: object) -> None:
        super().__init__(workers)


async def drawn_at_once(self: OfflineGenerator, request: GenerationRequest) -> Generated:
    """In place of worker processes, which take half a minute to start two times."""
    return Generated(Shot(imaging.read(FACE)), model="test")


@pytest.mark.slow
def test_every_bar_of_the_issue_is_held(tmp_path, monkeypatch, editor):
    monkeypatch.setattr(offline, "PortraitEditor", lambda threads: editor)
    monkeypatch.setattr(OfflineGenerator, "generate", drawn_at_once)
    monkeypatch.setattr(shared, "ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(shared, "_edit", lambda latent_seed, vectors: 0)
    monkeypatch.setattr(indexing, "WORKERS", 1)  # in this process
    ratios = {}
    for name in benchmarks.BENCHMARKS:
        assert set(benchmarks.QUICK[name]) == set(SMALL[name])
        for ratio in benchmarks.measure(name, tmp_path / name, SMALL[name]):
            assert ratio.name.startswith(f"{name}: ")
            assert math.isfinite(ratio.value)
            ratios[ratio.name] = ratio
    barred = {r.name: (r.passes, r.bar) for r in ratios.values() if r.bar is not None}
    assert barred == BARS
    assert ratios["online: rate"].figures["pictures"] >= 6
    assert 0 < ratios["online: rate"].value <= 1
    assert 0 < ratios["offline: faces"].value < 1


def test_the_command_prints_verdicts_and_writes_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(benchmarks.QUICK, "resume", {"portraits": 5})
    path = tmp_path / "results.json"
    status = main(["resume", "--quick", "--folder", str(tmp_path), "--json", str(path)])
    printed = capsys.readouterr().out
    data = json.loads(path.read_text())
    missed = [ratio["name"] for ratio in data["ratios"] if ratio["passed"] is False]
    assert [ratio["name"] for ratio in data["ratios"]] == [
        "resume: folder",
        "resume: built-in faces",
    ]
    assert status == bool(missed)
    assert ("every bar is met" in printed) is (not missed)
    assert data["conditions"]["sizes"] == "quick"
    assert data["conditions"]["python"] in printed
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "choose from online, memory, decode, offline, shared, resume" in capsys.readouterr().err
