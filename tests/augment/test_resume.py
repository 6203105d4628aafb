"""A run of stage three that ends early: the next one adds what is left, and nothing else."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.reliability import cheap
from proportrait.augment import balance
from proportrait.augment.plan import KINDS, split
from proportrait.imaging import encode_jpeg
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record
from tests.store.test_store import files
from tests.tiny_training import banded

ONES = LabelVector.ones()
OPTIONS = argparse.Namespace(
    balance=0.6, kinds=(*KINDS["framing"], *KINDS["sharpness"]), seed=0, workers=1, dry_run=False
)


@pytest.fixture(autouse=True)
def _cheap_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balance, "make", cheap.make)


def begun(folder: Path) -> Path:
    with RecordStore(folder) as store:
        for number in range(3):
            name = f"p{number}"
            good = Record(f"{name}_111111.jpg", f"{name}.png", name, ONES, ONES, ONES)
            store.commit(name, name, [(good, encode_jpeg(banded("010101", number)))])
    return folder


def run(folder: Path, most: int | None = None) -> int:
    """Balance framing, then sharpness, until `most` twins are saved; returns how many were."""
    saved, add = 0, RecordStore.add

    def counted(*arguments: Any) -> list[Record]:
        nonlocal saved
        if saved == most:
            raise KeyboardInterrupt
        saved += 1
        return add(*arguments)

    with pytest.MonkeyPatch.context() as patch, RecordStore(folder) as store:
        patch.setattr(RecordStore, "add", counted)
        with suppress(KeyboardInterrupt):
            for attribute in ("framing", "sharpness"):
                balance.balance(store, attribute, OPTIONS, {})
    return saved


def test_wherever_a_run_ends_the_next_one_comes_to_the_same_end(tmp_path: Path) -> None:
    """Twins that are there change the shares that further ones are planned by, but not the plan."""
    whole = begun(tmp_path / "whole")
    total = run(whole)
    assert total > 12
    assert run(whole) == 0
    for most in (5, total - 6):
        folder = begun(tmp_path / str(most))
        assert run(folder, most) == most
        assert run(folder) == total - most
        assert files(folder) == files(whole), most


def test_twins_of_other_stages_are_no_part_of_what_is_balanced() -> None:
    def record(code: str, **more: object) -> Record:
        labels = LabelVector.from_code(code)
        mark = {"augmented": {"seed": 0}} if more.pop("added", True) else {}
        made = Record(f"{len(more)}_{code}.jpg", "1.png", "1", labels, labels, ONES, checks=mark)
        return replace(made, **more)  # type: ignore[arg-type]

    good = record("111111", added=False)
    generated = record("111110", added=False, blur_type="motion", parent="a")
    reframed = record("111101", framing_type="close_up")
    blurred = record("111100", framing_type="close_up", blur_type="motion")
    corrected = record("011111", framing_type="close_up")  # by verify: it is well framed
    records = [good, generated, reframed, blurred, corrected]
    assert split(records, "framing") == ([good, generated, corrected], [reframed])
    assert split(records, "sharpness") == ([good, generated, reframed, corrected], [blurred])
