"""Limits that fit labels of one's own, and the command that finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path

import numpy as np
import pytest

from proportrait import cli
from proportrait.arrays import Double, Mask, Text
from proportrait.commands import limits as command
from proportrait.limits import PRESETS, Limit, Limits
from proportrait.limits import fit as fit_module
from proportrait.limits.fit import Cost, Fit, cost, fit, to_toml
from proportrait.score import Score
from tests.score.samples import scored
from tests.tiny_training import headshot


def sample(middle: float, count: int = 200) -> tuple[Double, Mask, Text]:
    """Marks around a limit, one in ten on the wrong side of it; of 40 people."""
    rng = np.random.default_rng(0)
    good = np.arange(count) % 2 == 0
    side = np.where(good ^ (rng.random(count) < 0.1), 1, -1)
    marks = np.clip(middle + side * rng.uniform(2, 20, count), 0, 100)
    return marks, good, np.array([f"person {number // 5}" for number in range(count)])


def test_the_cost_of_limits() -> None:
    marks = np.array([10.0, 50.0, 60.0, 40.0, 70.0])
    good = np.array([True, True, True, False, False])
    assert cost(marks, good, np.full(5, 50.0)) == Cost(2 / 3, 0.5, 2)
    assert cost(marks, good, np.array([10.0, 51, 51, 41, 71])) == Cost(2 / 3, 1, 1)
    assert isnan(cost(marks[:3], good[:3], np.full(3, 50.0)).catches)


@pytest.mark.parametrize("middle", [25, 75])
def test_a_limit_lies_between_the_good_and_the_bad(middle: float) -> None:
    marks, good, groups = sample(middle)
    entry = fit(marks, good, groups)
    assert abs(entry.mark - middle) <= 3
    assert (entry.good, entry.bad, entry.note, entry.few) == (100, 100, "", False)
    assert entry.before == cost(marks, good, np.full(200, 50.0))
    assert min(entry.after.keeps, entry.after.catches) > 0.8
    assert max(entry.after[:2]) < 0.97  # one in ten of either is on the other side
    assert entry.after.wrong < entry.before.wrong / 3


def test_labels_of_the_models_taste_keep_its_mark() -> None:
    marks, good, groups = sample(50)
    same = cost(marks, good, np.full(200, 50.0))
    note = "no other mark than 50 is surely better"
    assert fit(marks, good, groups) == Fit(100, 100, 50, same, same, note)


def test_a_gain_that_chance_gives_is_no_gain() -> None:
    # Another limit is right in one picture more of each of `count` groups, wrong in none.
    def better(count: int, spread: int) -> bool:
        marks, good = np.full(200, 90.0), np.arange(200) < 100
        marks[~good] = 10.0
        marks[:count] = 45.0
        groups = (np.arange(200) // spread).astype(np.str_)
        return fit_module._is_surely_better(marks, good, groups, np.full(200, 40.0))

    assert better(9, 1)  # a gain of 9 by an error of 3
    assert not better(2, 1)  # of 2 by 1.4
    assert not better(9, 20)  # all in one group: of 9 by 9


@pytest.mark.parametrize("good", [0, 19, 181, 200])
def test_few_labels_are_not_fitted(good: int) -> None:
    marks, _, groups = sample(20)
    entry = fit(marks, np.arange(200) < good, groups)
    assert (entry.mark, entry.note, entry.few) == (50, "too few labels", True)


def test_few_people_are_not_fitted() -> None:
    marks, good, _ = sample(20)
    people = np.arange(200) // 50
    assert fit(marks, good, people.astype(np.str_)).few
    assert not fit(marks, good, (np.arange(200) // 40).astype(np.str_)).few


def test_fitted_limits_are_limits() -> None:
    before, after = Cost(0.5, 0.5, 9), Cost(0.75, 1, 3)
    fits = {"attire": Fit(20, 30, 31, before, after), "framing": Fit(1, 2, 50, before, before, "x")}
    text = to_toml(fits, "50 pictures")
    assert Limits.parse(text).attributes == {"attire": Limit(mark=31)}
    assert "keeps 75% of 20 good ones, catches 100% of 30 bad ones; 50: 50% and 50%" in text


# --- the command


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """60 files of 30 people with labels, and a scorer that reads its mark for attire off them."""
    lines = ["file,labels,source_id"]
    for number in range(60):
        good = number % 2
        (tmp_path / f"{number}.jpg").write_text(str(30 + number % 5 if good else 10 + number % 5))
        lines.append(f"{number}.jpg,{'?' if number < 5 else 1}?{good}???,person {number // 2}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))

    monkeypatch.setattr(command, "Scorer", Reader)
    return tmp_path


class Reader:
    """In place of a scorer: of attire, whose threshold is .6, the file holds the mark."""

    def __init__(self, model: object) -> None:
        self.model = headshot()

    def files(self, paths: Sequence[Path], workers: int | None) -> Iterator[Score]:
        for path in paths:
            number = int(path.read_text())
            score = scored(str(path), (None, 90, number, 90, 90, 90))
            score.probabilities["attire"] = number / 50 * 0.6
            yield score if number != 34 else Score(str(path), {}, {}, error="it is gone")


def run(*arguments: object) -> int:
    return cli.main(["limits", *map(str, arguments)])


@pytest.mark.parametrize("place", ["labels.csv", "."])
def test_labels_become_a_file_of_limits(
    place: str, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = labelled / "my.toml"
    assert run("--from", labelled / place, "--output", own) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["lighting", "0", "0", "-", "-", "0", "too", "few", "labels"]
    # Of 30 good ones six cannot be read; none reaches 50.
    assert lines[4].split()[:6] == ["attire", "24", "30", "0%", "100%", "24"]
    mark = int(lines[4].split()[6])
    assert 14 < mark <= 30
    assert lines[4].split()[7:] == ["100%", "100%", "0"]
    assert lines[-1] == f"limits      {own}: proportrait score PATH --limits {own}"
    assert Limits.read(own).attributes == {"attire": Limit(mark=mark)}
    assert "60 pictures, by the packaged model" in own.read_text()
    assert run("--from", labelled, "--output", own) == 2
    assert "there already" in capsys.readouterr().err


def test_labels_that_no_other_limit_serves_better_write_nothing(
    labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(60):
        if number % 2:
            (labelled / f"{number}.jpg").write_text(str(80 + number % 5))
    assert run("--from", labelled, "--output", labelled / "my.toml") == 0
    streams = capsys.readouterr()
    assert "none written: a mark of 50 serves your labels as well" in streams.out
    assert "too few labels: 20 good and 20 bad ones" in streams.err
    assert not (labelled / "my.toml").exists()


def test_too_few_labels_are_an_error(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (labelled / "labels.csv").read_text().splitlines()
    (labelled / "labels.csv").write_text("\n".join(text[:39]))
    assert run("--from", labelled, "--output", labelled / "my.toml") == 2
    assert "20 good and 20 bad ones of 5 people are needed" in capsys.readouterr().err
    assert not (labelled / "my.toml").exists()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_something_to_begin_with(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--from", name) == 0
    text = capsys.readouterr().out
    assert Limits.parse(text) == Limits.read(name)
    assert run("--from", name, "--output", tmp_path / "my.toml") == 0
    assert (tmp_path / "my.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("place", ["gone.csv", "folder", "other.csv"])
def test_what_has_no_labels_is_an_error(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.csv").write_text("file,labels")
    assert run("--from", tmp_path / place) == 2
    assert "labels.csv" in capsys.readouterr().err
