"""The output folder: atomic commits, crashes at every moment, full disks, locks, and resume."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proportrait.errors import CorruptImageError, RefusedError, StoreBusyError, StoreError
from proportrait.store import RecordStore
from proportrait.store.ledger import Entry
from proportrait.store.records import Record
from proportrait.store.steps import MESSAGE_LIMIT
from proportrait.verification.pictures import Pictures
from tests import ROOT
from tests.store_samples import commit_all, picture, source

OPERATIONS = ("open", "write", "fsync", "mkdir", "replace", "rmdir", "ftruncate")


def commit(store: RecordStore, number: int, **options: Any) -> list[Record]:
    source_id, stem, pictures = source(number)
    return store.commit(source_id, stem, pictures, **options)


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of every picture and record by their path."""
    return {
        f"{place}/{path.name}": path.read_bytes()
        for place in ("images", "metadata")
        for path in (folder / place).iterdir()
    }


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def check(folder: Path) -> set[str]:
    """Assert that a folder that was just opened is whole; returns the sources that are done."""
    found = files(folder)
    expected = set()
    done = Counter(line["source_id"] for line in lines(folder) if line["status"] == "done")
    assert set(done.values()) <= {1}
    for line in lines(folder):
        for file in line.get("files", ()):
            name = file["name"]
            assert hashlib.sha256(found[f"images/{name}"]).hexdigest() == file["sha256"]
            record = Record.from_json(json.loads(found[f"metadata/{Path(name).stem}.json"]))
            assert (record.output_filename, record.sha256) == (name, file["sha256"])
            expected |= {f"images/{name}", f"metadata/{Path(name).stem}.json"}
    assert found.keys() == expected
    assert not any((folder / ".staging").glob("*"))
    return set(done)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an undisturbed run over 300 sources."""
    folder = tmp_path_factory.mktemp("undisturbed")
    commit_all(folder, 300)
    return files(folder)


def test_a_commit_saves_pictures_records_and_a_line(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        assert store.status("sample:3") is None
        records = commit(store, 3, tries=2, seconds=1.23456)
        assert store.status("sample:3") == "done"
        assert store.is_finished("sample:3")
        assert store.is_finished("sample:3", retry_failed=True)
    assert check(tmp_path) == {"sample:3"}
    (line,) = lines(tmp_path)
    assert (line["stem"], line["tries"], line["seconds"]) == ("ffhq_00003", 2, 1.235)
    assert line["cost_usd"] == 0.04
    name = "ffhq_00003_blur_101110.jpg"
    assert (tmp_path / "images" / name).read_bytes() == picture(name)
    assert list(RecordStore(tmp_path).records()) == records
    assert store.counts() == {"done": 1, "failed": 0, "rejected": 0, "missing": 0, "pictures": 2}


def test_concurrent_commits_keep_everything(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    commit_all(tmp_path, 300, threads=8)
    assert len(check(tmp_path)) == 300
    assert files(tmp_path) == undisturbed


def test_commits_that_wait_together_share_the_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RecordStore(tmp_path) as store:
        ledger = store._journal.ledger
        append, groups, gate = ledger.append, [], threading.Event()

        def slow_append(data: bytes) -> None:
            gate.wait(10)
            groups.append(data.count(b"\n"))
            append(data)

        monkeypatch.setattr(ledger, "append", slow_append)
        with ThreadPoolExecutor(8) as pool:
            for number in range(8):
                pool.submit(commit, store, number)
            deadline = time.monotonic() + 10
            while len(store._journal._queue) < 7 and time.monotonic() < deadline:
                time.sleep(0.01)
            gate.set()
    assert sum(groups) == 8
    assert len(groups) <= 3
    assert len(check(tmp_path)) == 8


# --- crashes


def die_at(step: int, torn: bool) -> None:
    """From now on the process ends at the `step`-th change of the disk, as a kill -9 would."""
    count = 0

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == step:
                if torn and name == "write":
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                os._exit(9)
            return real(*args, **options)

        return call

    for name in OPERATIONS:
        setattr(os, name, counted(name, getattr(os, name)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("torn", [False, True])
def test_a_crash_at_every_single_step_leaves_all_or_nothing(tmp_path: Path, torn: bool) -> None:
    outcomes = []
    for step in range(1, 100):
        folder = tmp_path / str(step)
        with RecordStore(folder) as store:
            commit(store, 1)
        child = os.fork()
        if child == 0:
            try:
                with RecordStore(folder) as store:
                    die_at(step, torn)
                    commit(store, 2)
            finally:
                os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        stems = {p: {f.stem for f in (folder / p).iterdir()} for p in ("images", "metadata")}
        assert stems["metadata"] <= stems["images"]  # a reader never meets a record alone
        with RecordStore(folder) as store:
            done = check(folder)
            assert "sample:1" in done
            assert store.is_finished("sample:2") == ("sample:2" in done)
            if "sample:2" not in done:
                commit(store, 2)
        assert check(folder) == {"sample:1", "sample:2"}
        outcomes.append("sample:2" in done)
        if status == 0:
            break
    assert status == 0  # the last child ran to its end
    assert len(outcomes) > 20
    assert outcomes == sorted(outcomes)  # there is one moment from which on it counts
    assert set(outcomes) == {False, True}


def test_kill_9_at_ten_random_moments(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    rng = random.Random(7)
    command = [sys.executable, "-m", "tests.store_samples", str(tmp_path), "300"]
    kills = 0
    for _ in range(10):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            for _ in range(rng.randint(1, 20)):
                child.stdout.readline()
            time.sleep(rng.random() * 0.01)
            child.send_signal(signal.SIGKILL)
        kills += child.returncode == -signal.SIGKILL
        with RecordStore(tmp_path):
            done = check(tmp_path)
    assert kills == 10
    assert 10 <= len(done) < 300
    commit_all(tmp_path, 300)
    assert len(check(tmp_path)) == 300
    assert files(tmp_path) == undisturbed


@pytest.mark.parametrize("tail", [b'{"source_id": "sam', b'{"source_id": 5}\n', b"\0" * 40, b"[]"])
def test_a_torn_last_line_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    commit_all(tmp_path, 2)
    ledger = tmp_path / "ledger.jsonl"
    good = ledger.read_bytes()
    ledger.write_bytes(good + tail)
    assert RecordStore(tmp_path).counts()["done"] == 2  # reading alone repairs nothing
    assert ledger.read_bytes() == good + tail
    with RecordStore(tmp_path) as store:
        assert ledger.read_bytes() == good
        commit(store, 2)
    assert len(check(tmp_path)) == 3


def test_a_line_that_lost_only_its_end_still_counts(tmp_path: Path) -> None:
    commit_all(tmp_path, 2)
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-1])
    with RecordStore(tmp_path) as store:
        commit(store, 2)
    assert len(check(tmp_path)) == 3


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    commit_all(tmp_path, 3)
    ledger = tmp_path / "ledger.jsonl"
    data = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(data[0] + b"?" + data[1] + data[2])
    with pytest.raises(StoreError, match=r"line 2 of .*move the file away"):
        RecordStore(tmp_path)
    ledger.rename(tmp_path / "away")
    with RecordStore(tmp_path) as store:
        assert store.counts()["done"] == 3


# --- full and failing disks


class FullDisk:
    """Every write from the `step`-th change of the disk on fails; deleting still works."""

    def __init__(self, patch: pytest.MonkeyPatch, step: int, code: int) -> None:
        self.count = 0
        for name in ("open", "write", "fsync", "mkdir", "replace"):
            patch.setattr(os, name, self.limited(getattr(os, name), step, code))

    def limited(self, real: Callable[..., Any], step: int, code: int) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            reads = real.__name__ == "open" and not args[1] & os.O_CREAT
            self.count += not reads
            if self.count >= step and not reads:
                raise OSError(code, os.strerror(code))
            return real(*args, **options)

        return call


def error_of(action: Callable[[], object]) -> str | None:
    try:
        action()
    except StoreError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "the disk is full .*free some space and run the same command"),
        (errno.EDQUOT, "the disk is full .*free some space and run the same command"),
        (errno.EROFS, "read-only disk"),
        (errno.EIO, "cannot be read or written: Input/output error"),
    ],
)
def test_a_disk_that_fails_at_any_step_leaves_nothing_half_written(
    tmp_path: Path, code: int, message: str
) -> None:
    failures = 0
    for step in range(1, 100):
        folder = tmp_path / str(step)
        with RecordStore(folder) as store:
            commit(store, 1)
            before = files(folder)
            with pytest.MonkeyPatch.context() as patch:
                FullDisk(patch, step, code)
                error = error_of(lambda store=store: commit(store, 2))
            if error is None:
                break
            failures += 1
            assert re.search(message, error)
            assert str(folder) in error
            committed = len(lines(folder)) == 2
            if not committed:
                assert not any((folder / ".staging").glob("*"))
                assert files(folder) == before
        with RecordStore(folder) as store:
            assert check(folder) == ({"sample:1", "sample:2"} if committed else {"sample:1"})
            if not store.is_finished("sample:2"):
                commit(store, 2)
        assert check(folder) == {"sample:1", "sample:2"}
    assert failures > 10


def test_a_disk_that_is_full_for_failures_and_at_the_opening(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        with pytest.MonkeyPatch.context() as patch:
            FullDisk(patch, 1, errno.ENOSPC)
            with pytest.raises(StoreError, match="the disk is full"):
                store.fail("sample:1", "ffhq_00001", "1.png", RefusedError("no"))
        assert store.status("sample:1") is None
        assert lines(tmp_path) == []
    with pytest.MonkeyPatch.context() as patch:
        FullDisk(patch, 1, errno.ENOSPC)
        with pytest.raises(StoreError, match="the disk is full"), RecordStore(tmp_path / "new"):
            pass
    with RecordStore(tmp_path / "new"):  # the lock was given back
        pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting a small disk needs root on Linux: {error}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_really_full_disk(small_disk: Path, undisturbed: dict[str, bytes]) -> None:
    output = small_disk / "output"
    with pytest.raises(StoreError, match="the disk is full"):
        commit_all(output, 300)
    before = lines(output)
    assert len(before) > 10
    assert not (output / ".staging").exists()
    with RecordStore(output):
        check(output)
    with pytest.raises(StoreError, match="the disk is full"):
        commit_all(output, 300)
    command = ["mount", "-o", "remount,size=32m", str(small_disk)]
    subprocess.run(command, check=True, capture_output=True)
    commit_all(output, 300)
    assert len(check(output)) == 300
    assert files(output) == undisturbed
    assert lines(output)[: len(before)] == before


# --- the lock


def test_a_second_run_says_so_and_stops(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        commit(store, 1)
        command = [sys.executable, "-m", "tests.store_samples", str(tmp_path), "3"]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert f"StoreBusyError: another run is writing to {tmp_path}" in second.stderr
        with pytest.raises(StoreBusyError), RecordStore(tmp_path):
            pass
        assert RecordStore(tmp_path).counts()["done"] == 1  # reading is free
        commit(store, 2)
    assert check(tmp_path) == {"sample:1", "sample:2"}
    with RecordStore(tmp_path):  # and the lock is free again
        pass


def test_nothing_of_a_run_stays_but_pictures_records_and_ledger(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        commit(store, 0)
        assert {".lock", ".staging"} <= {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in tmp_path.iterdir()} == {"images", "metadata", "ledger.jsonl"}


@pytest.mark.skipif(os.name == "nt", reason="a file that is open cannot be removed there")
def test_who_opened_the_lock_of_a_run_that_ended_locks_nobody_out_and_nobody_in(
    tmp_path: Path,
) -> None:
    """A process between opening the lock file and locking it, while a run ends."""
    import fcntl

    with RecordStore(tmp_path):
        late = os.open(tmp_path / ".lock", os.O_RDWR)
    fcntl.flock(late, fcntl.LOCK_EX | fcntl.LOCK_NB)  # of a file without a name by now
    assert os.fstat(late).st_nlink == 0
    with RecordStore(tmp_path), pytest.raises(StoreBusyError), RecordStore(tmp_path):
        raise AssertionError
    os.close(late)


def test_writing_needs_an_open_store(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        commit(store, 1)
    for unopened in (store, RecordStore(tmp_path)):
        with pytest.raises(ValueError, match="with"):
            commit(unopened, 2)
        with pytest.raises(ValueError, match="with"):
            unopened.fail("sample:2", "a", "a.png", RefusedError("no"))
    assert check(tmp_path) == {"sample:1"}


# --- money


def test_what_is_reserved_is_spent_until_it_is_settled(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        store.reserve("sample:1", "ffhq_00001", tries=1, cost_usd=0.1)
        store.reserve("sample:2", "ffhq_00002", tries=1, cost_usd=0.1)
        assert store.spent_usd == RecordStore(tmp_path).spent_usd == pytest.approx(0.2)
        store.reserve("sample:2", "ffhq_00002", tries=2, cost_usd=0.15)  # in place of 0.1
        assert store.spent_usd == RecordStore(tmp_path).spent_usd == pytest.approx(0.25)
        commit(store, 1, cost_usd=0.08)
        assert store.spent_usd == RecordStore(tmp_path).spent_usd == pytest.approx(0.23)
        store.fail("sample:2", "ffhq_00002", "2.png", RefusedError("no"), cost_usd=0.0)
        assert store.spent_usd == RecordStore(tmp_path).spent_usd == pytest.approx(0.08)


def test_what_was_never_settled_stays_spent_and_the_source_is_new(tmp_path: Path) -> None:
    for run in (1, 2, 3):
        with RecordStore(tmp_path) as store:
            assert store.spent_usd == pytest.approx(0.1 * (run - 1))
            store.reserve("sample:1", "ffhq_00001", tries=1, cost_usd=0.1)
    store = RecordStore(tmp_path)
    assert store.spent_usd == pytest.approx(0.3)
    assert (store.status("sample:1"), store.failures(), store.history()) == (None, [], [])
    assert store.counts()["failed"] == 0
    with RecordStore(tmp_path) as store:
        store.fail("sample:1", "ffhq_00001", "1.png", CorruptImageError("x"), status="rejected")
    assert RecordStore(tmp_path).spent_usd == pytest.approx(0.3)  # it was not asked for again
    assert check(tmp_path) == set()


# --- resume


def test_a_failure_is_kept_and_a_later_success_supersedes_it(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        store.fail(
            "sample:1", "ffhq_00001", "1.png", RefusedError("blocked"), tries=3, cost_usd=0.1
        )
        store.fail(
            "sample:2", "ffhq_00002", "2.png", CorruptImageError("x" * 5000), status="rejected"
        )
    with RecordStore(tmp_path) as store:
        assert store.status("sample:1") == "failed"
        assert store.status("sample:2") == "rejected"
        assert store.is_finished("sample:1")
        assert not store.is_finished("sample:1", retry_failed=True)
        assert not store.is_finished("sample:3")
        first, second = store.failures()
        assert (first.filename, first.error, first.message) == ("1.png", "RefusedError", "blocked")
        assert (first.tries, first.cost_usd) == (3, 0.1)
        assert (second.error, len(second.message)) == ("CorruptImageError", MESSAGE_LIMIT)
        commit(store, 1, cost_usd=0.3)
        assert store.spent_usd == pytest.approx(0.4)
    store = RecordStore(tmp_path)
    assert store.status("sample:1") == "done"
    assert [e.source_id for e in store.failures()] == ["sample:2"]
    assert store.spent_usd == pytest.approx(0.4)
    assert store.counts() == {"done": 1, "failed": 0, "rejected": 1, "missing": 0, "pictures": 2}


@pytest.mark.parametrize(
    "gone", ["images/ffhq_00001_blur_101110.jpg", "metadata/ffhq_00001_101111.json"]
)
def test_deleted_files_are_reported_and_made_again(tmp_path: Path, gone: str) -> None:
    commit_all(tmp_path, 3)
    before = files(tmp_path)
    (tmp_path / gone).unlink()
    with RecordStore(tmp_path) as store:
        assert store.missing() == {"sample:1": [tmp_path / gone]}
        assert store.status("sample:1") is None
        assert not store.is_finished("sample:1")
        assert store.counts()["missing"] == 1
        assert len(list(store.records())) == 5
        assert store.unique_stem("sample:1", "ffhq_00001") == "ffhq_00001"
        commit(store, 1)
        assert store.missing() == {}
        assert store.is_finished("sample:1")
    assert files(tmp_path) == before


def old_data_set(folder: Path, count: int) -> dict[str, bytes]:
    for number in range(count):
        name = f"ffhq_{number:05d}_111011"
        record = {
            "original_filename": f"ffhq_{number:05d}.png",
            "label_vector": [1, 1, 1, 0, 1, 1],
            "label_names": ["a"] * 6,
            "prompt_text": "p",
            "generation_seed": 1,
            "timestamp": "2025-11-02T10:00:00",
            "output_filename": f"{name}.jpg",
            "cost_usd": 0.5,
        }
        for place in ("images", "metadata"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / "metadata" / f"{name}.json").write_text(json.dumps(record))
        (folder / "images" / f"{name}.jpg").write_bytes(picture(name))
    return files(folder)


def test_an_old_data_set_counts_as_done_and_is_left_alone(tmp_path: Path) -> None:
    before = old_data_set(tmp_path, 3)
    for _ in range(2):
        with RecordStore(tmp_path) as store:
            assert store.counts()["done"] == 3
            assert store.is_finished("ffhq_00001.png")
            assert store.spent_usd == 1.5
    assert files(tmp_path) == before
    with RecordStore(tmp_path) as store:
        stem = store.unique_stem("sample:1", "ffhq_00001")
        assert stem == "ffhq_00001-" + hashlib.sha256(b"sample:1").hexdigest()[:6]


def test_a_deleted_ledger_is_made_again_from_the_records(tmp_path: Path) -> None:
    commit_all(tmp_path, 3)
    (tmp_path / "ledger.jsonl").unlink()
    (tmp_path / "metadata" / "broken.json").write_text("{")
    before = files(tmp_path)
    with RecordStore(tmp_path) as store:
        assert store.counts() == dict.fromkeys(("failed", "rejected", "missing"), 0) | {
            "done": 3,
            "pictures": 6,
        }
        assert store.spent_usd == pytest.approx(0.12)
        assert [len(store.problems), "broken.json" in str(store.problems[0])] == [1, True]
    assert files(tmp_path) == before
    assert {tuple(f["name"] for f in line["files"]) for line in lines(tmp_path)} == {
        (f"ffhq_{n:05d}_101111.jpg", f"ffhq_{n:05d}_blur_101110.jpg") for n in range(3)
    }


def test_files_of_the_user_are_never_touched(tmp_path: Path) -> None:
    strange = {
        "images/holiday.png": b"1",
        "images/ffhq_00001_101111.jpg": b"2",  # the name that our picture would have
        "metadata/notes.txt": b"3",
        "metadata/ffhq_00002_101111.json": b"4",
    }
    (tmp_path / ".staging" / "mine").mkdir(parents=True)
    for name, data in strange.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    with RecordStore(tmp_path) as store:
        commit(store, 0)
        for number in (1, 2):
            with pytest.raises(StoreError, match=f"ffhq_0000{number}.*is there already"):
                commit(store, number)
            assert store.unique_stem(f"sample:{number}", f"ffhq_0000{number}").startswith(
                f"ffhq_0000{number}-"
            )
        assert store.unique_stem("sample:3", "holiday") != "holiday"
    found = files(tmp_path)
    assert {name: found[name] for name in strange} == strange
    assert len(found) == len(strange) + 4
    assert [path.name for path in (tmp_path / ".staging").iterdir()] == ["mine"]


def test_stems_tell_sources_apart(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        assert store.unique_stem("a/1", "one") == "one"
        assert store.unique_stem("a/1", "one") == "one"
        other = store.unique_stem("b/1", "one")
        assert other == "one-" + hashlib.sha256(b"b/1").hexdigest()[:6]
        assert store.unique_stem("b/1", "one") == other
        assert store.unique_stem("c/1", "ONE") != "ONE"  # one file on many disks
        store.fail("d/1", "two", "1.png", RefusedError("no"))
    with RecordStore(tmp_path) as store:
        assert store.unique_stem("e/1", "two") != "two"
        assert store.unique_stem("d/1", "two") == "two"


def test_records_reports_what_it_cannot_read(tmp_path: Path) -> None:
    commit_all(tmp_path, 2)
    metadata = tmp_path / "metadata"
    (metadata / "ffhq_00000_101111.json").write_text('{"label_vector": [1]}')
    (metadata / "renamed.json").write_bytes((metadata / "ffhq_00001_101111.json").read_bytes())
    (tmp_path / "images" / "ffhq_00001_blur_101110.jpg").unlink()
    store = RecordStore(tmp_path)
    names = [record.output_filename for record in store.records()]
    assert names == ["ffhq_00000_blur_101110.jpg", "ffhq_00001_101111.jpg"]
    assert [
        any(part in str(problem) for problem in store.problems)
        for part in ("'label_vector'", "renamed.json", "no images/ffhq_00001_blur")
    ] == [True] * 3
    assert len(store.problems) == 3


def change(**fields: Any) -> Callable[[list[tuple[Record, bytes]]], list[tuple[Record, bytes]]]:
    return lambda pictures: [(replace(pictures[0][0], **fields), pictures[0][1])]


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        (lambda pictures: [], "one name each"),
        (lambda pictures: [pictures[0], pictures[0]], "one name each"),
        (change(source_id="other"), "not every picture"),
        (change(output_filename="../a.jpg"), "no name of a picture"),
        (change(output_filename="a.json"), "no name of a picture"),
        (change(cost_usd=float("nan")), "JSON"),
    ],
)
def test_misuse_saves_nothing(
    tmp_path: Path,
    pictures: Callable[[list[tuple[Record, bytes]]], list[tuple[Record, bytes]]],
    message: str,
) -> None:
    source_id, stem, good = source(1)
    with RecordStore(tmp_path) as store:
        with pytest.raises(ValueError, match=message):
            store.commit(source_id, stem, pictures(good))
        assert check(tmp_path) == set()
        commit(store, 1)


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("")
    with pytest.raises(StoreError, match=r"output.* cannot be read or written"):  # noqa: SIM117
        with RecordStore(tmp_path / "output"):
            pass


def test_5000_finished_sources_open_quickly(tmp_path: Path) -> None:
    for place in ("images", "metadata"):
        (tmp_path / place).mkdir()
    ledger = []
    for number in range(5000):
        names = [f"ffhq_{number:05d}_101111", f"ffhq_{number:05d}_blur_101110"]
        for name in names:  # empty: opening reads neither pictures nor records
            (tmp_path / "images" / f"{name}.jpg").touch()
            (tmp_path / "metadata" / f"{name}.json").touch()
        listed = tuple((f"{name}.jpg", "0" * 64) for name in names)
        time_ = "2026-01-02T03:04:05+00:00"
        entry = Entry(f"sample:{number}", f"ffhq_{number:05d}", "done", time_, 0.04, files=listed)
        ledger.append(entry.to_line())
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(ledger))
    start = time.process_time()  # whatever else runs
    with RecordStore(tmp_path) as store:
        seconds = time.process_time() - start
        assert store.counts()["pictures"] == 10_000
        assert store.missing() == {}
    assert seconds < 1.5  # measured: 0.2 s


def test_companion_files_of_macos_are_no_records(tmp_path: Path) -> None:
    """On disks that know no extended attributes it writes `._a.json` beside `a.json`."""
    with RecordStore(tmp_path) as store:
        count = len(commit(store, 1))
    for folder in ("images", "metadata"):
        (tmp_path / folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
        for file in list((tmp_path / folder).glob("[!.]*")):
            file.with_name(f"._{file.name}").write_bytes(b"\0\5\x16\7")
    store = RecordStore(tmp_path)
    assert len(list(store.records())) == store.counts()["pictures"] == count
    assert store.problems == []
    pictures = Pictures(tmp_path)
    assert len(pictures) == len(list(pictures)) == count
    assert pictures.problems == []
