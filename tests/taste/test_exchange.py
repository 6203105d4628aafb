"""Labels that go out come in again as they were."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError, StoreError
from proportrait.taste.exchange import (
    Entry,
    add_entries,
    copy_pictures,
    entries_of,
    read_entries,
    to_csv,
    to_folders,
    to_image_folder,
)
from proportrait.taste.labels import Labels

WHO = ("framing", "anna")
WANTED = {"a": True, "b": False, "c": None}


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Files whose content is their stem; the bytes need not be pictures here."""
    for folder in ("photos", "photos/more"):
        (tmp_path / folder).mkdir()
    for name in ("a", "b", "c"):
        (tmp_path / "photos" / f"{name}.jpg").write_text(name)
    return tmp_path / "photos"


@pytest.fixture
def labels(tmp_path: Path, photos: Path) -> Labels:
    store = Labels(tmp_path / "labels.sqlite")
    entries = [Entry(photos / f"{name}.jpg", value) for name, value in WANTED.items()]
    assert add_entries(store, *WHO, entries).count == 3
    return store


def write_csv(entries: list[Entry], target: Path) -> list[str]:
    target.write_text(to_csv(entries))
    return []


@pytest.mark.parametrize(
    ("write", "skips"), [(to_folders, False), (to_image_folder, False), (write_csv, True)]
)
def test_what_goes_out_comes_in_again(
    write: Callable[[list[Entry], Path], list[str]], skips: bool, labels: Labels, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    assert write(entries_of(labels, *WHO), target) == []
    result = add_entries(labels, "again", "ben", read_entries(target))
    wanted = {digest(name): value for name, value in WANTED.items() if skips or value is not None}
    assert result.count == len(wanted)
    assert labels.current("again", "ben") == wanted
    again = add_entries(labels, "again", "ben", read_entries(target))
    assert (again.count, again.problems) == (0, ())
    assert len(labels.undo("again", "ben")) == len(wanted)  # at once
    assert labels.current("again", "ben") == {}
    labels.close()


def test_folders_hold_copies_under_names_of_their_own(labels: Labels, photos: Path) -> None:
    (photos / "more" / "a.jpg").write_text("another a")
    entries = [Entry(photos / "a.jpg", True), Entry(photos / "more" / "a.jpg", True)]
    target = photos.parent / "deep" / "out"
    assert to_folders(entries, target) == []
    names = sorted(path.name for path in (target / "positive").iterdir())
    assert names == ["a-2.jpg", "a.jpg"]
    assert (target / "positive" / "a-2.jpg").read_text() == "another a"
    assert (photos / "a.jpg").read_text() == "a"
    with pytest.raises(StoreError, match="another folder"):
        to_folders(entries, target)
    labels.close()


def test_pictures_that_changed_or_went_away_are_left_out_and_named(
    labels: Labels, photos: Path
) -> None:
    (photos / "a.jpg").write_text("not what was labelled")
    (photos / "b.jpg").unlink()
    problems = to_folders(entries_of(labels, *WHO), photos.parent / "out")
    assert len(problems) == 2
    assert "changed since its label" in problems[0]
    assert "No such file" in problems[1]
    assert not list((photos.parent / "out").rglob("*.jpg"))
    table = photos.parent / "labels.csv"
    table.write_text(to_csv(entries_of(labels, *WHO)))
    imported = add_entries(labels, "again", "ben", read_entries(table))
    assert "changed" in imported.problems[0]
    assert labels.current("again", "ben") == {digest("b"): False, digest("c"): None}
    labels.close()


def test_a_copy_that_fails_leaves_nothing_behind(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", fail)
    with pytest.raises(StoreError, match="disk is full"):
        copy_pictures([photos / "a.jpg"], photos.parent / "out")
    assert sorted(path.name for path in photos.parent.iterdir()) == ["photos"]


def test_the_csv_has_a_line_a_picture(labels: Labels, photos: Path) -> None:
    rows = list(csv.DictReader(to_csv(entries_of(labels, *WHO)).splitlines()))
    assert [row["label"] for row in rows] == ["positive", "negative", "skip"]
    assert rows[0]["file"] == str(photos / "a.jpg")
    assert rows[0]["digest"] == digest("a")
    labels.close()


@pytest.mark.parametrize(
    ("text", "part"),
    [("file,label\na.jpg,maybe\n", "line 2"), ("file\na.jpg\n", "line 2"),
     ("label\npositive\n", "line 2"), ("\xff", "cannot be read")],
)  # fmt: skip
def test_a_table_that_is_none_is_refused(text: str, part: str, tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=part):
        read_entries(table)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no labels"):
        read_entries(tmp_path)
