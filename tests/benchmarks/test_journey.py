"""The improvement journey: labels of a generator that ignores requests, and sets that hold them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.labels.journey import IGNORED, as_requested, table, write
from proportrait.labels import KEYS, LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record
from tests.store_samples import commit_all, source


def records(count: int = 2000) -> list[Record]:
    """Pictures a quarter of whose bits are bad, all known."""
    bits = np.random.default_rng(0).random((count, 6)) < 0.75
    one = replace(source(0)[2][0][0], known=LabelVector.ones())
    return [
        replace(one, sha256=str(number), labels=LabelVector(tuple(map(int, row))))
        for number, row in enumerate(bits)
    ]


def test_the_asked_share_of_the_zeros_is_wrong() -> None:
    true = {record.sha256: record.labels for record in records()}
    said = as_requested(records(), seed=0)
    for key in KEYS:
        zeros = [record for record in said if not record.labels[key]]
        wrong = np.mean([true[record.sha256][key] for record in zeros])
        assert wrong == pytest.approx(IGNORED[key], abs=0.05), key
        ones = [record for record in said if record.labels[key]]
        assert all(true[record.sha256][key] for record in ones), key
    assert all(record.requested == record.labels for record in said)
    assert as_requested(records(), seed=0) == said
    assert as_requested(records(), seed=1) != said


def test_the_journey_is_one_table() -> None:
    rows = [
        {"step": name, "pictures": 10, "framing": 0.5, "overall": 0.25, "exact_match": 0.125}
        for name in ("as requested", "+ verified", "+ balanced")
    ]
    lines = table({"rows": rows, "test_pictures": 7, "test_people": 3}).splitlines()
    assert [line.split()[-3:] for line in lines[1:4]] == [["50.0%", "25.0%", "12.5%"]] * 3
    assert "7 pictures of 3 other people" in lines[4]


def test_a_copy_has_the_pictures_and_the_new_labels(tmp_path: Path) -> None:
    commit_all(tmp_path / "true", 3)
    store = RecordStore(tmp_path / "true")
    changed = [replace(r, labels=r.labels.replace(lighting=0)) for r in store.records()]
    for _ in range(2):  # a second time it is there already
        write(store, changed, tmp_path / "copy")
    copy = {record.output_filename: record for record in RecordStore(tmp_path / "copy").records()}
    assert sorted(copy) == sorted(
        f"ffhq_0000{n}_{name}.jpg" for n in range(3) for name in ("001111", "blur_001110")
    )
    for record in copy.values():
        assert record.labels["lighting"] == 0
        old = record.output_filename.replace("_001", "_101")
        data = (tmp_path / "copy" / "images" / record.output_filename).read_bytes()
        assert data == (store.images / old).read_bytes()
