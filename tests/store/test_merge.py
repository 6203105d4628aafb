"""Several data sets become one: nothing lost, nothing twice, nothing touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from proportrait.errors import ConfigurationError, StoreBusyError
from proportrait.store import RecordStore
from proportrait.store.merge import merge
from proportrait.store.records import Record
from tests import ROOT
from tests.store_samples import picture, source


def write(folder: Path, numbers: Sequence[int], *, code: str = "101111") -> Path:
    with RecordStore(folder) as store:
        for number in numbers:
            store.commit(*source(number, code))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Pictures and records: all but the ledger, whose times differ from run to run."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("images", "metadata")
        for path in (folder / part).iterdir()
    }


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def photo(source_id: str, stem: str = "me") -> tuple[str, str, list[tuple[Record, bytes]]]:
    """A user's photo and its twin: other folders have files of the same name."""
    _, old, pictures = source(1)
    names = {r.output_filename: r.output_filename.replace(old, stem) for r, _ in pictures}
    return source_id, stem, [
        (
            replace(
                r, source_id=source_id, output_filename=names[r.output_filename],
                parent=names.get(r.parent or ""),
            ),
            picture(source_id, r.output_filename),
        )
        for r, _ in pictures
    ]  # fmt: skip


@pytest.mark.parametrize("copy", [False, True])
def test_the_union_of_parts_is_the_whole_byte_for_byte(tmp_path: Path, copy: bool) -> None:
    whole = write(tmp_path / "whole", range(7))
    parts = [write(tmp_path / f"part{k}", range(k, 7, 3)) for k in range(3)]
    before = [everything(part) for part in parts]
    union = merge(parts, tmp_path / "union", copy=copy)
    assert files(tmp_path / "union") == files(whole)
    assert [everything(part) for part in parts] == before
    assert (union.sources, union.pictures, union.duplicates, union.conflicts) == (7, 14, 0, ())
    store = RecordStore(tmp_path / "union")
    assert store.counts() == RecordStore(whole).counts()
    assert store.spent_usd == pytest.approx(7 * 0.04)
    assert all(store.owner(r.output_filename) == r.source_id for r in store.records())
    assert sorted(p.name for p in (tmp_path / "union").iterdir()) == [
        "images", "ledger.jsonl", "metadata",
    ]  # fmt: skip
    assert {p.name for p in tmp_path.iterdir()} == {"whole", "part0", "part1", "part2", "union"}
    one = next((tmp_path / "union" / "images").iterdir())
    assert union.linked is not copy
    assert one.stat().st_nlink == (1 if copy else 2)


def test_what_two_folders_hold_alike_is_taken_once_and_paid_once(tmp_path: Path) -> None:
    first = write(tmp_path / "a", [0, 1, 2])
    subprocess.run(["cp", "-r", first, tmp_path / "b"], check=True)
    write(tmp_path / "b", [3])
    write(tmp_path / "c", [2])  # the same once more, paid again
    union = merge([first, tmp_path / "b", tmp_path / "c"], tmp_path / "union")
    assert (union.sources, union.duplicates, union.conflicts) == (4, 3, ())
    assert RecordStore(tmp_path / "union").spent_usd == pytest.approx(5 * 0.04)


def test_where_folders_differ_the_first_one_counts_and_the_source_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a", [0, 1])
    write(tmp_path / "b", [1], code="001111")  # another label
    write(tmp_path / "c", [0])
    name = next((tmp_path / "c" / "metadata").iterdir())
    data = json.loads(name.read_bytes())
    name.write_text(json.dumps(data | {"prompt_text": "another one"}))
    union = merge([tmp_path / x for x in "abc"], tmp_path / "union")
    assert union.conflicts == ("sample:0", "sample:1")
    assert files(tmp_path / "union") == files(tmp_path / "a")


def test_a_portrait_that_failed_or_is_gone_is_taken_from_where_it_is_there(tmp_path: Path) -> None:
    with RecordStore(write(tmp_path / "a", [0])) as store:
        store.fail("sample:1", "ffhq_00001", "1.png", ValueError("no"), cost_usd=0.04)
        store.fail("sample:2", "ffhq_00002", "2.png", ValueError("no"))
        store.reserve("sample:3", "ffhq_00003", tries=1, cost_usd=0.04)  # killed afterwards
    next((tmp_path / "a" / "images").glob("*_101111.jpg")).unlink()
    write(tmp_path / "b", [0, 1])
    union = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "union")
    store = RecordStore(tmp_path / "union")
    assert (union.sources, union.others, union.conflicts) == (2, 1, ())
    assert [entry.source_id for entry in store.failures()] == ["sample:2"]
    assert store.status("sample:3") is None
    assert store.spent_usd == pytest.approx((1 + 1 + 1 + 2) * 0.04)


def test_files_of_one_name_and_two_sources_both_stay(tmp_path: Path) -> None:
    for name, source_id in (("a", "folder:me.jpg#1"), ("b", "folder:me.jpg#2")):
        with RecordStore(tmp_path / name) as store:
            store.commit(*photo(source_id))
    with RecordStore(tmp_path / "whole") as store:  # as one run would name them
        for source_id in ("folder:me.jpg#1", "folder:me.jpg#2"):
            stem = store.unique_stem(source_id, "me")
            store.commit(*photo(source_id, stem)[:2], [
                (record, data)
                for (record, _), (_, data) in zip(
                    photo(source_id, stem)[2], photo(source_id)[2], strict=True
                )
            ])  # fmt: skip
    union = merge([tmp_path / "a", tmp_path / "b"], tmp_path / "union")
    assert (union.sources, union.new_names, union.conflicts) == (2, 1, ())
    assert files(tmp_path / "union") == files(tmp_path / "whole")


def test_a_folder_without_its_ledger_is_read_by_its_records(tmp_path: Path) -> None:
    write(tmp_path / "a", [0, 1])
    (tmp_path / "a" / "ledger.jsonl").unlink()
    union = merge([tmp_path / "a", write(tmp_path / "b", [1, 2])], tmp_path / "union")
    assert (union.sources, union.duplicates) == (3, 1)


def test_a_repaired_label_comes_with_its_present_name(tmp_path: Path) -> None:
    with RecordStore(write(tmp_path / "a", [0])) as store:
        record = store.read("ffhq_00000_101111.jpg")
        labels = record.labels.replace(lighting=0)
        fresh = replace(record, labels=labels, output_filename="ffhq_00000_001111.jpg")
        store.amend("sample:0", {record.output_filename: fresh}, "aside")
    merge([tmp_path / "a"], tmp_path / "union")
    assert files(tmp_path / "union") == files(tmp_path / "a")
    with RecordStore(tmp_path / "union") as store:
        assert store.counts()["pictures"] == 2


def test_a_disk_without_links_gets_copies(tmp_path: Path) -> None:
    write(tmp_path / "a", [0])
    with patch("os.link", side_effect=OSError(18, "another disk")):
        union = merge([tmp_path / "a"], tmp_path / "union")
    assert not union.linked
    assert files(tmp_path / "union") == files(tmp_path / "a")


_KILLED = """
import os, sys
from pathlib import Path
from proportrait.store.merge import merge
left = int(sys.argv[1])
def step():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
merge([Path("a"), Path("b")], Path("union"), progress=step)
"""


@pytest.mark.parametrize("moment", [1, 4])
def test_a_killed_merge_leaves_no_half_and_the_next_one_is_whole(
    tmp_path: Path, moment: int
) -> None:
    whole = write(tmp_path / "whole", range(5))
    write(tmp_path / "a", [0, 1, 2])
    write(tmp_path / "b", [3, 4])
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", _KILLED, str(moment)], cwd=tmp_path, env=environment, check=False
    )
    assert process.returncode == -9
    assert not (tmp_path / "union").exists()
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "union")
    assert files(tmp_path / "union") == files(whole)
    assert not list(tmp_path.glob(".*"))


def test_what_cannot_be_merged_is_refused_with_what_to_do(tmp_path: Path) -> None:
    a = write(tmp_path / "a", [0])
    with pytest.raises(ConfigurationError, match="no data set"):
        merge([a, tmp_path], tmp_path / "union")
    with pytest.raises(ConfigurationError, match="once"):
        merge([a, tmp_path / "." / "a" / ".." / "a"], tmp_path / "union")
    with pytest.raises(ConfigurationError, match="one of the folders"):
        merge([write(tmp_path / "b", [1])], a)
    with RecordStore(a), pytest.raises(StoreBusyError, match="a run is writing"):
        merge([a], tmp_path / "union")
    assert files(a)
    assert not (tmp_path / "union").exists()
