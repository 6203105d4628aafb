from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import people
from tests.people.samples import at


def test_figures_of_clusters_against_people() -> None:
    # Person 0 has faces 0 to 2, person 1 the rest; cluster 5 mixes them.
    entry = people.figures(np.array([5, 5, 8, 5, 9]), np.array(list("aaabb")))
    assert entry.precision == pytest.approx(1 / 3)  # one true pair of three
    assert entry.recall == pytest.approx(1 / 4)  # of 3 + 1
    precision = (2 / 3 + 2 / 3 + 1 + 1 / 3 + 1) / 5
    recall = (2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5
    assert entry.f == pytest.approx(2 * precision * recall / (precision + recall))
    assert entry.exact == 0


def test_the_share_of_people_with_few_faces_that_are_exact() -> None:
    whose = np.array(list("abbcccc"))
    assert people.figures(np.array([3, 4, 5, 6, 6, 6, 6]), whose).exact == pytest.approx(0.5)


def sample() -> people.Set:
    faces = np.stack([at(1), at(1, 0.1), at(2), at(2, 0.1), at(3)])
    photos = np.array([0, 0, 1, 2, 3])
    return people.Set(faces, np.array(list("abccd")), np.array([True] * 4 + [False]), photos)


def test_the_rules_of_the_command_are_those_that_are_measured() -> None:
    some = sample()._replace(embeddings=np.stack([at(1), at(1, 0.31), at(2), at(2, 0.1), at(3)]))
    assert people.figures(people.METHODS["average"](some.embeddings, 0.45), some.people).f < 1
    assert people.ruled(some, 0.45) == (1, 1, 1, 1)


def test_every_method_tells_people_apart_that_are_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "_LIMITS", np.array([0.4, 0.45]))
    rng = np.random.default_rng(0)
    sets = {}
    for start in (0, 6, 12):
        whose = start + np.repeat(np.arange(6), 5)
        faces = np.stack([at(person) for person in whose]) + rng.normal(0, 0.005, (30, 128))
        sets[str(start)] = people.Set(
            faces.astype(np.float32), whose.astype(str), np.ones(30, bool), np.arange(30)
        )
    people.report(sets)
    lines = capsys.readouterr().out.splitlines()
    assert sum("in another order" in line for line in lines) == len(people.METHODS)
    for method in [*people.METHODS, "proportrait people"]:
        rows = [line for line in lines if line.startswith(f"{method:23s}")]
        assert [line.split()[-4:-1] for line in rows] == [["1.000"] * 3] * 4


def test_sets_are_kept_and_larger_ones_are_drawn_around_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people.save(tmp_path / "faces.npz", {"a": sample(), "b": sample()})
    sets = people.load(tmp_path / "faces.npz")
    assert list(sets) == ["a", "b"]
    for one, other in zip(sets["b"], sample(), strict=True):
        assert np.array_equal(one, other)
    faces, whose = people.larger(sets, 200)
    assert faces.shape == (200, 128)
    assert len(np.unique(whose)) <= 10
    assert people.main(["--keep", str(tmp_path / "faces.npz"), "--size", "100"]) == 0
    assert "100 faces of" in capsys.readouterr().out
