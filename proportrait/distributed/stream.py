"""Rows through a pool of Ray actors, by Ray Data: what they make of each, as it comes."""

from __future__ import annotations

import logging
import os
import pickle
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from proportrait.errors import FatalError, ProPortraitError
from proportrait.workers import use_one_core

if TYPE_CHECKING:
    import pyarrow
    from ray.data import Dataset

# Of a task whose process or machine ended. Until a machine counts as lost, its tasks are tried in
# vain every second or so; a picture that ends its process each time must not be tried for ever.
_RETRIES = 50
_BLOCK = 16  # most rows a task
_TASKS_EACH = 8  # least tasks a worker, so that all end at about the same time
_BLOCK_BYTES = 8_000_000  # of pictures a task
_READERS_FOR = 8  # workers that one process which reads shards keeps busy


class Row(NamedTuple):
    """A picture before it is looked at.

    Attributes:
        path: its name in the results.
        data: its bytes; None where they are still to be read.
        error: why they cannot be.
    """

    path: str
    data: bytes | None = None
    error: str = ""


class Task(NamedTuple):
    """What is done with each row; it pickles.

    Attributes:
        prepare: returns what makes a result of a row, once a process.
        fetch: a row, with its bytes where that may take a while.
    """

    prepare: Callable[[], Callable[[Row], Any]]
    fetch: Callable[[Row], Row]


def of_files(paths: Sequence[str], task: Task, workers: int) -> Generator[Any, None, None]:
    """The result of each file, in their order; their bytes never leave the worker."""
    import ray.data

    _settle(in_order=True)
    size = max(1, min(_BLOCK, len(paths) // (workers * _TASKS_EACH)))
    tables = [
        _table([Row(path) for path in paths[begin : begin + size]])
        for begin in range(0, len(paths), size)
    ]
    return _results(ray.data.from_arrow(tables), task, workers)


def of_shards(
    shards: Iterable[str], read: Callable[[str], Iterator[Row]], task: Task, workers: int
) -> Generator[Any, None, None]:
    """The result of each picture in shards, as they come.

    Args:
        read: yields the rows of a shard; it pickles.
    """
    import pyarrow
    import ray.data
    from ray.data import TaskPoolStrategy

    _settle(in_order=False)

    def rows(batch: pyarrow.Table) -> Iterator[pyarrow.Table]:
        for shard in batch["shard"].to_pylist():
            for row in read(os.fsdecode(shard)):
                yield _table([row])

    tables = [pyarrow.table({"shard": [os.fsencode(shard)]}) for shard in shards]
    readers = max(1, workers // _READERS_FOR)
    pictures = ray.data.from_arrow(tables).map_batches(
        rows, batch_size=1, batch_format="pyarrow", compute=TaskPoolStrategy(size=readers),
        num_cpus=0,  # they wait for the disk most of the time; the workers need every core
    )  # fmt: skip
    return _results(pictures, task, workers)


class _Worker:
    """An actor, with its networks in memory; one core is its own."""

    def __init__(self, task: Task) -> None:
        use_one_core()
        self._fetch, self._prepare = task.fetch, task.prepare
        self._work: Callable[[Row], Any] | None = None

    def __call__(self, batch: pyarrow.Table) -> pyarrow.Table:
        import pyarrow

        rows = (
            Row(os.fsdecode(row["path"]), row["data"], row["error"]) for row in batch.to_pylist()
        )
        try:
            self._work = self._work or self._prepare()
            with ThreadPoolExecutor(4) as pool:  # the next ones are read while one is looked at
                results = [pickle.dumps(self._work(row)) for row in pool.map(self._fetch, rows)]
        except ProPortraitError as error:  # as a result: Ray would pass on its text alone
            results = [pickle.dumps(error)]
        return pyarrow.table({"result": pyarrow.array(results, pyarrow.binary())})


def _table(rows: list[Row]) -> pyarrow.Table:
    import pyarrow

    kinds = {"path": pyarrow.binary(), "data": pyarrow.large_binary(), "error": pyarrow.string()}
    cells = [row._replace(path=os.fsencode(row.path))._asdict() for row in rows]  # type: ignore[arg-type]
    return pyarrow.Table.from_pylist(cells, pyarrow.schema(kinds.items()))


def _settle(in_order: bool) -> None:
    """Settings of data sets that are made from now on."""
    from ray.data import DataContext

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors are raised too
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_options.preserve_order = in_order
    context.target_max_block_size = _BLOCK_BYTES


def _results(pictures: Dataset, task: Task, workers: int) -> Generator[Any, None, None]:
    """The result of each row.

    Raises:
        FatalError: a picture ended its process several times, or all machines are gone.
        ProPortraitError: what a worker raised.
    """
    from ray.data import ActorPoolStrategy
    from ray.exceptions import RayError, RayTaskError

    with warnings.catch_warnings():  # Ray 2.60 has no other way to bound the retries
        warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")
        results = pictures.map_batches(
            _Worker, fn_constructor_args=(task,), batch_size=None, batch_format="pyarrow",
            compute=ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers),
            num_cpus=1, max_task_retries=_RETRIES,
        )  # fmt: skip
    try:
        for batch in results.iter_batches(batch_size=None, batch_format="pyarrow"):
            yield from map(_unpacked, batch["result"].to_pylist())
    except RayTaskError:  # an error in the code
        raise
    except RayError as error:
        raise FatalError(
            f"worker processes ended {_RETRIES + 1} times over the same pictures, most likely for "
            f"want of memory: --resume goes on, with fewer --workers ({error})"
        ) from error


def _unpacked(data: bytes) -> Any:
    """A result; what a worker raised is raised here."""
    result = pickle.loads(data)
    if isinstance(result, ProPortraitError):
        raise result
    return result
