"""Relabelling and setting aside: one transaction a source, exact undo, crashes at every step."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from proportrait.errors import StoreError
from proportrait.labels import KEYS, LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Change, Record, SetAside
from proportrait.verification import repair
from proportrait.verification.bits import Claim, Reading
from proportrait.verification.judge import Verdict
from tests.store.test_store import die_at, files
from tests.store_samples import commit_all, source

GOOD, BLURRED = "ffhq_00001_101111.jpg", "ffhq_00001_blur_101110.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    commit_all(tmp_path / "set", 3)
    return tmp_path / "set"


def verdicts(record: Record, **shown: int) -> list[Verdict]:
    return [
        Verdict(
            key,
            Claim(record.labels[key]) if record.known[key] else Claim.NONE,
            Reading(shown.get(key)),
            "measure" if key in shown else "",
            12.3456 if key in shown else None,
        )
        for key in KEYS
    ]


def fixed(store: RecordStore, name: str, **shown: int) -> Record:
    record = store.read(name)
    return repair.relabelled(record, verdicts(record, **shown), "run")


def check(folder: Path) -> None:
    """Ledger, records, and pictures say the same, and nothing is under way."""
    with RecordStore(folder) as store:
        assert store.missing() == {}
    assert not (folder / ".staging").exists()
    last = {}
    for line in (folder / "ledger.jsonl").read_text().splitlines():
        last[json.loads(line)["source_id"]] = json.loads(line)
    named = {file["name"] for line in last.values() for file in line["files"]}
    assert named == {path.name for path in (folder / "images").iterdir()}
    records = {json.loads(p.read_bytes())["output_filename"]: p
               for p in (folder / "metadata").iterdir()}  # fmt: skip
    assert named == set(records)
    for name, path in records.items():
        assert path.stem == Path(name).stem


def test_what_is_shown_replaces_what_is_said() -> None:
    (record, _), _ = source(1)[2]
    # Attire and expression make no claim in this sample; lighting is confirmed.
    found = repair.relabelled(record, verdicts(record, lighting=1, background=1, attire=0), "run")
    assert found.labels == LabelVector.from_code("110111")
    assert [found.known[key] for key in KEYS] == [1, 1, 1, 0, 1, 1]
    assert found.requested == record.requested
    assert found.output_filename == "ffhq_00001_110111.jpg"
    noted = found.checks["relabelled"]
    assert noted["run"] == "run"
    assert noted["background"] == {"from": 0, "to": 1, "by": "measure", "component": 12.346}
    assert noted["attire"]["from"] is None
    assert "lighting" not in noted


def test_nothing_to_change_is_no_change() -> None:
    (record, _), _ = source(1)[2]
    assert repair.relabelled(record, verdicts(record, lighting=1, framing=1), "run") is record


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("a_111111.jpg", "a_011111.jpg"),
        ("a_badframe_blur_111100.png", "a_badframe_blur_111100.png"),  # other bits than it had
        ("holiday.jpg", "holiday.jpg"),
    ],
)
def test_only_names_that_end_in_their_bits_change(name: str, after: str) -> None:
    one = LabelVector.ones()
    assert repair.renamed(name, one, one.replace(lighting=0)) == after


def test_a_fix_renames_picture_and_record_and_the_twin_follows(folder: Path) -> None:
    before = files(folder)
    with RecordStore(folder) as store:
        outcome = repair.apply(store, {GOOD: fixed(store, GOOD, background=1)}, "r1")
        assert outcome.renamed == [(GOOD, "ffhq_00001_111111.jpg")]
        assert (outcome.changed, outcome.refused) == (1, [])
        twin = store.read(BLURRED)
        assert twin.parent == "ffhq_00001_111111.jpg"
        assert store.status("sample:1") == "done"
    check(folder)
    after = files(folder)
    assert after["images/ffhq_00001_111111.jpg"] == before[f"images/{GOOD}"]
    assert f"images/{GOOD}" not in after
    assert f"metadata/{Path(GOOD).stem}.json" not in after
    kept = folder / "verification/r1/metadata" / f"{Path(GOOD).stem}.json"
    assert kept.read_bytes() == before[f"metadata/{Path(GOOD).stem}.json"]
    assert RecordStore(folder).spent_usd == pytest.approx(3 * 0.04)  # a repair costs nothing


def test_quarantine_takes_the_picture_and_its_record_away(folder: Path) -> None:
    before = files(folder)
    with RecordStore(folder) as store:
        outcome = repair.apply(store, {BLURRED: SetAside()}, "r1")
    assert (outcome.changed, outcome.renamed) == (1, [])
    check(folder)
    aside = folder / "verification" / "r1"
    assert (aside / "images" / BLURRED).read_bytes() == before[f"images/{BLURRED}"]
    assert f"images/{BLURRED}" not in files(folder)
    assert f"images/{GOOD}" in files(folder)


def changes(store: RecordStore) -> dict[str, Change]:
    """A rename with a twin that follows, a bit that is known now, and pictures set aside."""
    return {
        GOOD: fixed(store, GOOD, background=1),
        BLURRED: fixed(store, BLURRED, attire=1),
        "ffhq_00002_101111.jpg": SetAside(),
        "ffhq_00002_blur_101110.jpg": SetAside(),
    }


def test_undo_puts_every_byte_back(folder: Path) -> None:
    before = files(folder)
    with RecordStore(folder) as store:
        repair.apply(store, changes(store), "r1")
    assert files(folder) != before
    with RecordStore(folder) as store:
        assert repair.last_run(store) == "r1"
        outcome = repair.undo(store, "r1")
        assert outcome.refused == []
        assert outcome.changed == 4
        with pytest.raises(StoreError, match="nothing of the run r1 is left"):
            repair.undo(store, "r1")
        with pytest.raises(StoreError, match="no run has changed"):
            repair.last_run(store)
    assert files(folder) == before
    check(folder)


def test_runs_are_undone_one_after_the_other(folder: Path) -> None:
    states = [files(folder)]
    for run, bits in (("r1", {"background": 1}), ("r2", {"lighting": 0}), ("r3", {"attire": 1})):
        with RecordStore(folder) as store:
            name = next(n for n in store.files_of("sample:1") if "blur" not in n)
            repair.apply(store, {name: fixed(store, name, **bits)}, run)
        states.append(files(folder))
    with RecordStore(folder) as store:
        refused = repair.undo(store, "r1").refused
        assert len(refused) == 1
        assert "has changed since" in refused[0]
        assert files(folder) == states[3]
        for run, state in (("r3", states[2]), ("r2", states[1]), ("r1", states[0])):
            assert repair.last_run(store) == run
            assert repair.undo(store, run).refused == []
            assert files(folder) == state
    check(folder)


def test_a_taken_name_is_refused_and_nothing_changes(folder: Path) -> None:
    (folder / "images" / "ffhq_00001_111111.jpg").write_bytes(b"somebody's own")
    before = files(folder)
    with RecordStore(folder) as store:
        outcome = repair.apply(store, {GOOD: fixed(store, GOOD, background=1)}, "r1")
    assert outcome.changed == 0
    assert "is there already" in outcome.refused[0]
    assert files(folder) == before


def test_a_picture_that_the_ledger_does_not_know_is_left_alone(folder: Path) -> None:
    (folder / "images" / "mine_101111.jpg").write_bytes(b"x")
    with RecordStore(folder) as store:
        record = replace(store.read(GOOD), output_filename="mine_111111.jpg")
        outcome = repair.apply(store, {"mine_101111.jpg": record}, "r1")
    assert "the ledger does not know it" in outcome.refused[0]
    assert (folder / "images" / "mine_101111.jpg").exists()


def test_what_is_left_of_a_source_that_failed_since_is_left_alone(folder: Path) -> None:
    with RecordStore(folder) as store:
        record = store.read(GOOD)
        store.fail(record.source_id, "ffhq_00001", "1.png", StoreError("no face"))
        assert store.owner(GOOD) is None
        outcome = repair.apply(store, {GOOD: fixed(store, GOOD, lighting=0)}, "r1")
    assert "the ledger does not know it" in outcome.refused[0]
    assert (folder / "images" / GOOD).exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("what", ["fix", "quarantine", "undo"])
def test_a_crash_at_every_single_step_leaves_before_or_after(tmp_path: Path, what: str) -> None:
    def act(store: RecordStore) -> None:
        if what == "undo":
            repair.undo(store, "r1")
        elif what == "fix":
            repair.apply(store, {name: changes(store)[name] for name in (GOOD, BLURRED)}, "r1")
        else:
            repair.apply(store, {GOOD: SetAside(), BLURRED: SetAside()}, "r1")

    def prepared(folder: Path) -> Path:
        commit_all(folder, 2)
        if what == "undo":
            with RecordStore(folder) as store:
                repair.apply(store, {n: changes(store)[n] for n in (GOOD, BLURRED)}, "r1")
        return folder

    untouched = files(prepared(tmp_path / "before"))
    with RecordStore(prepared(tmp_path / "after")) as store:
        act(store)
    finished = files(tmp_path / "after")
    outcomes: list[bool] = []
    for step in range(1, 200):
        folder = prepared(tmp_path / str(step))
        child = os.fork()
        if child == 0:
            try:
                with RecordStore(folder) as store:
                    die_at(step, torn=False)
                    act(store)
            finally:
                os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        check(folder)
        assert files(folder) in (untouched, finished)
        outcomes.append(files(folder) == finished)
        if status == 0:
            break
    assert status == 0
    assert len(outcomes) > 10
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def test_changes_of_many_sources_wait_for_the_disk_together(folder: Path) -> None:
    commit_all(folder, 40)

    def all_of(store: RecordStore) -> dict[str, Change]:
        names: Sequence[str] = [r.output_filename for r in store.records() if not r.parent]
        return {name: fixed(store, name, lighting=0) for name in names}

    with RecordStore(folder) as store:
        outcome = repair.apply(store, all_of(store), "r1")
    assert outcome.changed == 40
    check(folder)
    assert {r.labels.code[0] for r in RecordStore(folder).records() if not r.parent} == {"0"}
