"""What is done with each picture, in this process."""

from __future__ import annotations

import contextlib
import pickle
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from proportrait.distributed import engine
from proportrait.distributed.places import Disk, Store
from proportrait.distributed.sources import find
from proportrait.distributed.stream import Row, Task
from proportrait.errors import FatalError
from proportrait.looks.cache import FOLDER_VARIABLE, LookCache
from proportrait.looks.look import Look, Wants
from proportrait.looks.survey import survey as survey_here
from proportrait.score import Scorer
from proportrait.score.formats import path_cell
from tests import FACE


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a cluster."""

    def of_files(paths: Sequence[str], task: Task, workers: int) -> Iterator[Any]:
        work = task.prepare()
        return (work(task.fetch(Row(path))) for path in paths)

    monkeypatch.setattr(engine, "cluster", lambda address, workers: contextlib.nullcontext(1))
    monkeypatch.setattr(engine, "of_files", of_files)


@pytest.mark.usefixtures("here")
def test_looks_are_those_of_the_local_engine_and_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "no.png"
    bad.write_bytes(b"no picture")
    files, wants = [FACE, bad, tmp_path / "gone.jpg", FACE], Wants(("framing",), ("whole",))

    def taken(take: Callable[..., Generator[tuple[Path, Look], None, None]], name: str) -> str:
        monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / name))
        with LookCache() as cache, contextlib.closing(take(files, wants, cache, 1)) as looks:
            return str([(path, vars(look)) for path, look in looks])

    assert taken(engine.survey, "ray") == taken(survey_here, "here")
    monkeypatch.setattr(engine, "_looker", lambda place, wants: lambda row: Look(error="again"))
    again = taken(engine.survey, "ray")
    assert again.count("again") == 1  # what is gone is in no cache


@pytest.mark.usefixtures("here")
def test_the_scores_of_a_store_are_those_of_a_disk(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    scorer = Scorer()
    words = [str(FACE), f"{tmp_path}/no.png"]
    scores = list(scorer.files(words))
    assert list(engine.score(find(words, print), scorer)) == scores
    stored = list(engine.score(find([f"file://{word}" for word in words], print), scorer))
    assert [score.path for score in stored] == [f"file://{word}" for word in words]
    assert [score.to_json() | {"path": ""} for score in stored] == [
        score.to_json() | {"path": ""} for score in scores
    ]


def test_other_code_on_a_machine_is_an_error() -> None:
    with pytest.raises(FatalError, match="another version of proportrait"):
        engine._judge(Scorer(), "0123456789ab", Disk())


def test_a_scorer_goes_to_another_process_after_its_use_too() -> None:
    scorer = Scorer()
    expected = scorer.image(FACE)
    copy = pickle.loads(pickle.dumps(scorer))
    assert "judge" not in vars(copy)  # it is told by the code there
    assert (copy.judge, copy.image(FACE)) == (scorer.judge, expected)


def test_pictures_of_shards_are_judged_as_often_as_they_are_there(tmp_path: Path) -> None:
    shard = str(tmp_path / "=a.parquet")
    write_table(pa.table({"jpg": [b"1", b"2", b"3"], "name": ["a", "a", "b"]}), shard)
    judged = Counter({path_cell(f"{shard}/a"): 1})
    rows = list(engine._unjudged(Disk(), judged, path_cell, shard))
    assert [row.data for row in rows] == [b"2", b"3"]
    assert judged.total() == 1


def test_a_store_pickles(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"1")
    store = pickle.loads(pickle.dumps(Store.of(f"file://{tmp_path}")))
    assert store.fetch(Row(f"file://{tmp_path}/a.jpg")).data == b"1"
