"""README.md and labels.csv of an output folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proportrait.generate import overview, report
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record
from proportrait.train.data import Pictures
from tests.store_samples import commit_all


def records(folder: Path) -> list[Record]:
    return list(RecordStore(folder).records())


def test_the_table_has_every_picture_and_is_read_as_labels(tmp_path: Path) -> None:
    """Sample pictures claim nothing of attire and expression."""
    commit_all(tmp_path, 1)
    assert overview.table(records(tmp_path)) == (
        "file,labels,source_id,parent\n"
        "ffhq_00000_101111.jpg,10??11,sample:0,\n"
        "ffhq_00000_blur_101110.jpg,10??10,sample:0,ffhq_00000_101111.jpg\n"
    )
    of_records = Pictures.from_folder(tmp_path)
    overview.write(tmp_path, records(tmp_path))
    (tmp_path / "metadata").rename(tmp_path / "elsewhere")
    of_table = Pictures.from_folder(tmp_path)
    assert (of_table.labels == of_records.labels).all()
    assert (of_table.known == of_records.known).all()
    assert list(of_table.paths) == list(of_records.paths)


def test_the_readme_counts_all_pictures(tmp_path: Path) -> None:
    commit_all(tmp_path, 3)
    text = overview.readme(records(tmp_path))
    assert "6 pictures of 3 portraits, 3 of them degraded twins" in text
    assert "Made by mock (1)." in text
    assert "| sharpness | 3 | 3 | 0 |" in text
    assert "| background | 0 | 6 | 0 |" in text
    assert "| attire | 0 | 0 | 6 |" in text
    assert "licence of the portraits that they were made from" in text
    first = replace(records(tmp_path)[0], source_id="stylegan:mobile-ffhq/7")
    assert "non-commercial use" in overview.readme([first])


@pytest.mark.parametrize("name", ["README.md", "labels.csv"])
def test_a_file_of_the_user_stays(name: str, tmp_path: Path) -> None:
    commit_all(tmp_path, 1)
    (tmp_path / name).write_text("mine\n")
    overview.write(tmp_path, records(tmp_path))
    assert (tmp_path / name).read_text() == "mine\n"


def test_a_later_stage_refreshes_all_that_is_said(tmp_path: Path) -> None:
    commit_all(tmp_path, 2)
    with RecordStore(tmp_path) as store:
        report.publish(store, "mock", report.Tally(made=2))
        sheet = (tmp_path / "contact_sheet.png").read_bytes()
        (record, *_) = records(tmp_path)
        changed = replace(record, known=LabelVector.ones())
        store.amend(record.source_id, {record.output_filename: changed}, "verification/run")
        report.refresh(store)
    assert (tmp_path / "contact_sheet.png").read_bytes() != sheet
    assert "| attire | 1 | 0 | 3 |" in (tmp_path / "README.md").read_text()
    assert f"{record.output_filename},101111," in (tmp_path / "labels.csv").read_text()
    summary = (tmp_path / "summary.json").read_text()
    assert '"unknown": 3' in summary
    assert '"made": 2' in summary  # of the run of the generator
