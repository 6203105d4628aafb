"""The store of labels: history, undo, raters, and a process that is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from proportrait.errors import ConfigurationError, StoreError
from proportrait.taste.agreement import agreement, between
from proportrait.taste.labels import Kind, Labels, Place, default_path
from tests import ROOT

WHO = ("framing", "anna")


def test_the_last_answer_holds_and_every_one_stays(tmp_path: Path) -> None:
    with Labels(tmp_path / "new" / "labels.sqlite") as labels:
        labels.answer(*WHO, [("a", True)])
        labels.answer(*WHO, [("b", None)])
        labels.answer(*WHO, [("a", False)])
        assert labels.current(*WHO) == {"b": None, "a": False}
        assert [row["value"] for row in labels.history("framing")] == [1, None, 0]
        assert labels.current("framing", "ben") == {}
    with Labels(tmp_path / "new" / "labels.sqlite") as labels:
        assert labels.current(*WHO) == {"b": None, "a": False}
        assert labels.tasks() == ["framing"]


def test_a_task_is_of_the_folder_that_was_named_last(tmp_path: Path) -> None:
    with Labels(tmp_path / "labels.sqlite") as labels:
        labels.put_folder("light", Path("/one"))
        labels.add_task("older")
        labels.put_folder("light", Path(os.fsdecode(b"/tw\xff")))
        assert labels.tasks() == ["light", "older"]
        assert labels.folders() == {"light": Path(os.fsdecode(b"/tw\xff"))}
        for name in ("", " .", "..", "a\nb", "x" * 81):  # ".." cannot be a part of an address
            with pytest.raises(ConfigurationError, match="one line of 1 to 80 characters"):
                labels.put_folder(name, Path("/one"))


def test_a_file_of_an_earlier_version_gets_the_table_of_folders(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    with Labels(path) as labels:
        labels.answer(*WHO, [("a", True)])
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE folders")
    with Labels(path) as labels:
        assert (labels.folders(), labels.current(*WHO)) == ({}, {"a": True})


def test_undo_goes_back_to_the_beginning_and_is_a_row_itself(tmp_path: Path) -> None:
    with Labels(tmp_path / "labels.sqlite") as labels:
        labels.answer(*WHO, [("a", True)], Kind.IMPORT)
        labels.answer(*WHO, [("a", False)])
        labels.answer("other", "anna", [("a", False)])
        labels.answer("framing", "ben", [("a", False)])
        labels.answer(*WHO, [(name, True) for name in "bcd"])  # a page
        labels.answer(*WHO, [("e", True)])
        assert [entry.digest for entry in labels.undo(*WHO)] == ["e"]
        labels.answer(*WHO, [("f", False)])
        assert [entry.digest for entry in labels.undo(*WHO)] == ["f"]
        assert [entry.digest for entry in labels.undo(*WHO)] == ["b", "c", "d"]
        (last,) = labels.undo(*WHO)
        assert (last.digest, last.value, last.before) == ("a", False, True)
        (imported,) = labels.undo(*WHO)
        assert (imported.digest, imported.kind) == ("a", Kind.IMPORT)
        assert labels.undo(*WHO) == []
        assert labels.current(*WHO) == {}
        assert labels.current("framing", "ben") == {"a": False}
        kinds = [row["kind"] for row in labels.history("framing")]
        assert kinds.count("undo") == 5
        assert len(kinds) == 13


def test_a_process_that_is_killed_loses_no_answer_that_it_told_of(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    code = (
        "import sys, itertools\n"
        "from proportrait.taste.labels import Labels\n"
        "labels = Labels(sys.argv[1])\n"
        "for n in itertools.count():\n"
        "    labels.answer('framing', 'anna', [(str(n), True)])\n"
        "    print(n, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
    last = int(lines[-1])
    with Labels(path) as labels:
        count = len(labels.current(*WHO))
        assert count - 1 in (last, last + 1)  # written, and perhaps not yet told
        labels.undo(*WHO)
        assert len(labels.current(*WHO)) == count - 1


def test_two_raters_agree_as_computed_by_hand(tmp_path: Path) -> None:
    with Labels(tmp_path / "labels.sqlite") as labels, Labels(labels.path) as others:
        for name, mine, other in (
            ("a", True, True), ("b", True, True), ("c", True, False), ("d", False, False),
            ("e", False, False), ("f", None, True),
        ):  # fmt: skip
            labels.answer(*WHO, [(name, mine)])
            others.answer("framing", "ben", [(name, other)])
        labels.answer(*WHO, [("g", True)])
        assert labels.raters("framing") == ["anna", "ben"]
        result = between(labels.current(*WHO), labels.current("framing", "ben"))
    # 3 of 5 and 2 of 5 positive: chance agrees in .6 * .4 + .4 * .6 = .48.
    assert (result.count, result.raw) == (5, 0.8)
    assert result.kappa == pytest.approx((0.8 - 0.48) / 0.52)


def test_agreement_without_pictures_or_without_two_classes_is_no_number() -> None:
    assert agreement([]).count == 0
    assert str(agreement([]).raw) == "nan"
    alike = agreement([(True, True)] * 3)
    assert (alike.raw, str(alike.kappa)) == (1.0, "nan")
    assert agreement([(True, False), (False, True)]).kappa == -1.0


def test_a_second_answer_to_the_same_picture_tells_how_steady_one_is(tmp_path: Path) -> None:
    with Labels(tmp_path / "labels.sqlite") as labels:
        labels.answer(*WHO, [("a", True), ("b", False), ("c", True)])
        labels.answer(*WHO, [("a", False)], Kind.REVIEW)  # no blind question: it does not count
        labels.answer(*WHO, [("a", False)], Kind.REPEAT)
        labels.answer(*WHO, [("b", True)], Kind.REPEAT)
        labels.answer(*WHO, [("c", None)], Kind.REPEAT)
        labels.answer(*WHO, [("c", False)], Kind.REPEAT)
        assert labels.repeats(*WHO) == [("a", False, False), ("b", False, True), ("c", True, False)]
        labels.undo(*WHO)
        assert labels.repeats(*WHO) == [("a", False, False), ("b", False, True)]


def test_places_and_trainings_are_kept(tmp_path: Path) -> None:
    place = Place(Path(os.fsdecode(b"/photos/m\xfcller.jpg")), 7, 123)
    with Labels(tmp_path / "labels.sqlite") as labels:
        labels.answer(*WHO, [("a", True)], places={"a": place})
        for count, accuracy in ((10, 0.7), (20, 0.8), (10, 0.75)):
            labels.put_training(*WHO, count, accuracy)
        assert labels.places() == {"a": place}
        assert labels.trainings(*WHO) == [(10, 0.75), (20, 0.8)]
        assert labels.trainings("framing", "ben") == []


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 81])
def test_names_are_one_line(name: str, tmp_path: Path) -> None:
    with Labels(tmp_path / "labels.sqlite") as labels:
        with pytest.raises(ConfigurationError, match="one line"):
            labels.add_task(name)
        assert labels.tasks() == []


def test_what_is_no_file_of_labels_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database, but long enough to be looked at " * 20)
    with pytest.raises(StoreError, match="another file"):
        Labels(path)
    assert path.read_text().startswith("no database")
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as file:
        file.execute("CREATE TABLE mine (x)")
    file.close()
    with pytest.raises(StoreError, match="no labels of this version"):
        Labels(other)
    with pytest.raises(StoreError):
        Labels(tmp_path)


def test_the_file_lies_in_the_users_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROPORTRAIT_LABELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    if sys.platform == "linux":
        assert default_path() == Path("/data/proportrait/labels.sqlite")
    monkeypatch.setenv("PROPORTRAIT_LABELS", "/mine")
    assert default_path() == Path("/mine/labels.sqlite")
