"""On a Ray cluster of two workers: every picture once, in its order, whatever ends."""

from __future__ import annotations

import math
import os
import pickle
import shutil
import signal
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.parquet import read_table, write_table

from proportrait import cli
from proportrait.distributed import shards, stream
from proportrait.distributed.cluster import cluster
from proportrait.distributed.places import Disk
from proportrait.distributed.stream import Row, of_files, of_shards
from proportrait.errors import ConfigurationError, FatalError
from tests import FACE
from tests.distributed.rows import refuse, task, work

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'proportrait-gen[ray]'"
)


@pytest.fixture(scope="module")
def workers() -> Iterator[int]:
    with cluster(None, 2) as count:
        yield count


@pytest.mark.usefixtures("workers")
def test_the_command_writes_the_rows_of_the_local_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("proportrait.score.formats._PART_S", math.inf)
    photos, here, parts = tmp_path / "photos", tmp_path / "here.parquet", tmp_path / "parts"
    photos.mkdir()
    for name in (b"a.jpg", b"M\xfcller.jpg", b"c.jpg"):
        shutil.copy(FACE, photos / os.fsdecode(name))
    (photos / "no.png").write_bytes(b"no picture")
    (photos / "gone.jpg").symlink_to("nowhere")
    assert cli.main(["score", str(photos / "c.jpg"), "--output", str(parts)]) == 0
    by_ray = ["score", str(photos), "--engine", "ray", "--output", str(parts), "--resume"]
    assert cli.main([*by_ray, "--workers", "1"]) == 1
    assert cli.main(["score", str(photos), "--output", str(here)]) == 1
    names = [part.name for part in sorted(parts.iterdir())]
    assert names == ["part-000000.parquet", "part-000001.parquet"]
    rows = read_table(parts)
    assert rows.schema.equals(read_table(here).schema, check_metadata=True)
    assert rows.sort_by("path").equals(read_table(here).sort_by("path"))
    assert rows.num_rows == 5
    capsys.readouterr()
    assert cli.main(by_ray) == 1
    assert f"{parts} holds all 5 pictures already" in capsys.readouterr().err


def test_a_worker_that_is_killed_loses_nothing_and_nothing_comes_twice(workers: int) -> None:
    paths = [f"{number:03d}" for number in range(200)]
    names, pids = list[str](), set[int]()
    for name, _, pid in of_files(paths, task(work), workers):
        names.append(name)
        pids.add(pid)
        if len(names) == 40:
            os.kill(pid, signal.SIGKILL)
    assert names == paths
    assert len(pids) > 1


def test_pictures_that_always_end_their_worker_end_the_run() -> None:
    from ray.exceptions import ActorDiedError

    class Pictures:
        def map_batches(self, *arguments: object, **options: object) -> Pictures:
            assert options["max_task_retries"] == 50
            return self

        def iter_batches(self, **options: object) -> Iterator[pa.Table]:
            yield pa.table({"result": [pickle.dumps("a.jpg")]})
            raise ActorDiedError

    results = stream._results(Pictures(), task(work), 1)
    assert next(results) == "a.jpg"
    with pytest.raises(FatalError, match="ended 51 times over the same pictures"):
        next(results)


@pytest.mark.usefixtures("workers")
def test_pictures_of_shards_come_with_their_bytes(tmp_path: Path) -> None:
    for number in (1, 2):
        table = pa.table({"jpg": [b"", b"a" * number, None]})
        write_table(table, tmp_path / f"{number}.parquet")
    paths = [str(tmp_path / f"{number}.parquet") for number in (1, 2)]
    results = list(of_shards(paths, partial(shards.rows, Disk()), task(work), 1))
    assert sorted((Path(path).parts[-2:], size) for path, size, _ in results) == [
        ((f"{number}.parquet", str(row)), size)
        for number in (1, 2)
        for row, size in enumerate((0, number, 0))
    ]


def test_an_error_of_a_worker_is_that_of_the_run() -> None:
    worker = stream._Worker(task(refuse))
    results = worker(stream._table([Row("a.jpg"), Row("b.jpg")]))
    assert results.num_rows == 1
    with pytest.raises(ConfigurationError, match=r"^a\.jpg is refused$"):
        stream._unpacked(results["result"][0].as_py())
