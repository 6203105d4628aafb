"""What a run tells its user: the forecast, the table, the files, and the contact sheet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from proportrait import sheets
from proportrait.errors import CorruptImageError, EditError, RefusedError, StoreError
from proportrait.generate import report
from proportrait.generate.sources.folder import FolderSource
from proportrait.runlog import log_to
from proportrait.store import RecordStore
from tests.stage_one import make_faces
from tests.store_samples import source


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    """Two sources done with a twin each, two refused, one rejected."""
    with RecordStore(tmp_path / "out") as store:
        for number in (1, 2):
            store.commit(*source(number))
        for number in (3, 4):
            refused = RefusedError("no")
            store.fail(f"sample:{number}", f"s_{number}", f"{number}.png", refused, cost_usd=0.01)
        damaged = CorruptImageError("damaged")
        store.fail("sample:5", "s_5", "5.png", damaged, status="rejected")
        yield store


def tally(made: int = 2, failed: int = 3) -> report.Tally:
    return report.Tally(made=made, failed=failed, spent_before_usd=0.04)


def test_the_figures_are_those_of_the_folder(store: RecordStore) -> None:
    summary = report.summarize(store, list(store.records()), "mock", tally())
    assert (summary.sources_done, summary.sources_failed, summary.sources_rejected) == (2, 2, 1)
    assert (summary.made, summary.failed, summary.pictures) == (2, 3, 4)
    assert summary.failures == {"RefusedError": 2, "CorruptImageError": 1}
    assert summary.cost_usd == pytest.approx(2 * 0.04 + 2 * 0.01)
    assert summary.run_cost_usd == pytest.approx(2 * 0.04 + 2 * 0.01 - 0.04)
    # store_samples: labels 101111 and a blurred twin; attire and expression are not known
    assert summary.labels == {
        "lighting": {"1": 4, "0": 0, "unknown": 0},
        "background": {"1": 0, "0": 4, "unknown": 0},
        "attire": {"1": 0, "0": 0, "unknown": 4},
        "expression": {"1": 0, "0": 0, "unknown": 4},
        "framing": {"1": 4, "0": 0, "unknown": 0},
        "sharpness": {"1": 2, "0": 2, "unknown": 0},
    }


def test_the_table_says_all_of_it(store: RecordStore) -> None:
    stopped = replace(tally(), stopped="the budget is used up")
    text = report.format_summary(report.summarize(store, list(store.records()), "mock", stopped))
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert rows["lighting"] == ["4", "0", "0", "0%"]
    assert rows["attire"] == ["0", "0", "4", "-"]
    assert rows["sharpness"] == ["2", "2", "0", "50%"]
    for said in (
        "2 done, 2 failed, 1 rejected",
        "4 (with degraded twins)",
        "$0.10 in all, $0.06 in this run",
        "1 CorruptImageError, 2 RefusedError",
        "the budget is used up",
        "            sample:3: no",
        "            sample:5: damaged",
    ):
        assert said in text


def test_what_was_done_again_or_given_up_is_told_by_attribute(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        for number, tries in ((1, 1), (2, 3), (3, 1)):
            source_id, stem, files = source(number)
            edits = {"expression": {"kind": "laugh", "tries": tries}, "attire": {"kind": "suit"}}
            changed = [(replace(record, edits=edits), data) for record, data in files]
            store.commit(source_id, stem, changed)
        for number, error in ((4, EditError("bad", "lighting")), (5, EditError("no face found"))):
            store.fail(f"sample:{number}", f"s_{number}", f"{number}.png", error)
        summary = report.summarize(store, list(store.records()), "mock", tally())
    assert summary.redone == {"expression": pytest.approx(1 / 3, abs=1e-3)}
    assert summary.given_up == {"lighting": 1}
    text = report.format_summary(summary)
    assert "done again: expression 33.3%; given up: 1 lighting" in text


def test_publish_writes_the_summary_and_the_sheet_and_returns_what_to_show(
    store: RecordStore,
) -> None:
    for _ in range(2):  # they are replaced, not only made
        text = report.publish(store, "mock", tally())
    assert str(store.path / "contact_sheet.png") in text
    assert (store.path / "summary.txt").read_text().strip() in text
    saved = json.loads((store.path / "summary.json").read_text())
    assert saved["generator"] == "mock"
    assert saved["stopped"] is None
    (store.path / "contact_sheet.png").unlink()
    report.publish(store, "mock", replace(tally(), stopped="Ctrl-C", interrupted=True))
    assert not (store.path / "contact_sheet.png").exists()


def test_an_empty_folder_has_no_sheet(tmp_path: Path) -> None:
    with RecordStore(tmp_path) as store:
        text = report.publish(store, "mock", report.Tally())
        assert "0 done, 0 failed, 0 rejected" in text
        assert report.contact_sheet(store, [], tmp_path / "sheet.png", "pictures") == []
    assert not list(tmp_path.glob("*.png"))


def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[sheets.Tile]]:
    """Titles and tiles of the pages that are drawn from now on."""
    titles: list[str] = []
    tiles: list[sheets.Tile] = []
    draw = sheets.draw

    def watch(title: str, sections: dict[str, list[sheets.Tile]], note: str) -> Image.Image:
        titles.append(title)
        tiles.extend(sections[""])
        return draw(title, sections, note)

    monkeypatch.setattr(sheets, "draw", watch)
    return titles, tiles


def test_the_sheet_shows_every_picture_with_its_bits(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.path / "sheet.png"
    titles, drawn = watched(monkeypatch)
    assert report.contact_sheet(store, list(store.records()), path, "pictures") == [path]
    assert path.is_file()
    assert titles == ["4 pictures"]
    for record, tile in zip(store.records(), drawn, strict=True):
        with Image.open(store.images / record.output_filename) as image:
            assert (tile.picture == np.asarray(image)).all()
        assert tile.name == record.output_filename
    # store_samples: labels 101111; attire and expression are not known
    assert drawn[0].flags == [
        ("✓ lighting", sheets.GOOD), ("✗ background", sheets.BAD), ("? attire", sheets.UNKNOWN),
        ("? expression", sheets.UNKNOWN), ("✓ framing", sheets.GOOD), ("✓ sharpness", sheets.GOOD),
    ]  # fmt: skip


def test_a_sheet_of_many_pictures_is_picked_evenly_and_survives_damage(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = list(store.records())
    (store.images / kept[2].output_filename).write_bytes(b"damaged by somebody")
    monkeypatch.setattr(report, "SHEET_LIMIT", 3)
    titles, drawn = watched(monkeypatch)
    assert report.contact_sheet(store, kept, store.path / "sheet.png", "pictures")
    assert titles == ["4 pictures: 3 of them, evenly picked"]
    assert [tile.name for tile in drawn] == [kept[n].output_filename for n in (0, 2, 3)]
    assert "no picture of a known format" in str(drawn[1].picture)


def test_the_forecast_counts_what_is_left(tmp_path: Path) -> None:
    faces = FolderSource(make_faces(tmp_path / "faces", 4))
    price = ("offline", 0.05)
    first, second, *_ = list(faces)
    with RecordStore(tmp_path / "out") as store:
        store.fail(first.source_id, first.stem, first.filename, RefusedError("no"), cost_usd=0.5)
        damaged = CorruptImageError("damaged")
        store.fail(second.source_id, second.stem, second.filename, damaged, status="rejected")

        def told(limit: int | None, retry_failed: bool = False) -> str:
            return report.forecast(store, faces, *price, limit, retry_failed)

        assert told(None).startswith("2 of 4 portraits are left to make, by offline\n")
        assert "at most $0.10 ($0.050 a picture" in told(None)
        assert "$0.50 spent on this folder before" in told(None)
        assert told(3).startswith("1 of 3 ")
        assert told(None, retry_failed=True).startswith("4 of 4 ")

        class Endless:
            name = "hub"

            def __iter__(self) -> Iterator[object]:
                raise AssertionError("a forecast downloads nothing")

        free = report.forecast(store, faces, "offline", 0.0, None, False)
        assert free == "2 of 4 portraits are left to make, by offline, which costs nothing"
        assert "give --limit" in report.forecast(store, Endless(), *price, None, False)
        assert report.forecast(store, Endless(), *price, 10, False).startswith("8 of 10 ")


def test_the_log_goes_to_the_folder_for_as_long_as_the_run(tmp_path: Path) -> None:
    import logging

    logger, root = logging.getLogger("proportrait.something"), logging.getLogger()
    before = (root.level, list(root.handlers))
    with log_to(tmp_path, verbose=False):
        logger.info("one \udcff line")
        logger.debug("not this one")
    with log_to(tmp_path, verbose=True):
        logger.debug("a step")
        logging.getLogger("httpcore2").debug("not that")
    logger.info("too late")
    assert (root.level, list(root.handlers)) == before
    lines = (tmp_path / "generation.log").read_text().splitlines()
    assert [line.partition(" INFO ")[2] or line.partition(" DEBUG ")[2] for line in lines] == [
        "proportrait.something: one \\udcff line",
        "proportrait.something: a step",
    ]
    with pytest.raises(StoreError, match=r"generation\.log"), log_to(tmp_path / "no", False):
        pass
