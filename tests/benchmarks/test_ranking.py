from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import best, identity, ranking
from proportrait.rank.indexing import Contents
from proportrait.train.data import Pictures
from tests.rank.samples import axis, face, filled, photo


def test_a_person_is_found_in_every_five_hundredth_photo_and_the_index_opens_faster(
    tmp_path: Path,
) -> None:
    figures = ranking.measure(tmp_path, 1000)
    # 0 and 500 show person 0 first; of 1000 photos n, 7 n + 1 leaves 0 twice.
    assert figures["photos of the person"] == 4
    assert figures["of all, changed, ms"] < 100
    assert figures["open JSON, ms"] > 5 * figures["open, ms"]


def test_the_best_pictures_of_people_are_counted(tmp_path: Path) -> None:
    """Of Anna the best comes first and one is missed; of Ben it is second, and Cid matches."""
    faces = {
        "anna_good": axis(0, 0.1), "anna_bad": axis(0), "anna_lost": axis(5),
        "ben_good": axis(1, 0.1), "ben_bad": axis(1), "ben_fair": axis(1, 0.2),
        "cid": axis(1, 0.3),
    }  # fmt: skip
    marks = {"ben_fair": 100, "ben_good": 90, "anna_good": 100}
    good = {"anna_good": 6, "anna_bad": 2, "anna_lost": 3, "ben_good": 6, "ben_bad": 1,
            "ben_fair": 4, "cid": 6}  # fmt: skip
    entries = [
        photo(name, face(vector), mark=marks.get(name, 20), phash=0xFFFF << 16 * (number % 4))
        for number, (name, vector) in enumerate(faces.items())
    ]
    index, numbers = filled(tmp_path / "i.sqlite", *entries)
    paths = [Path("/p") / name for name in faces]
    pictures = Pictures(
        np.array(list(map(str, paths))),
        np.array([[1.0] * good[name] + [0.0] * (6 - good[name]) for name in faces], np.float32),
        np.ones((7, 6), bool),
        np.array([name.partition("_")[0] for name in faces]),
        np.array([""] * 7),
    )
    with index:
        contents = Contents({n: [path] for n, path in zip(numbers, paths, strict=True)})
        tally = best.rank_all(pictures, index, contents, lambda path: faces[Path(path).name][None])
    assert (tally.people, tally.first, tally.first_three) == (2, 1, 2)
    assert tally.own == (3, 4)  # references are left out
    assert tally.others == (1, 8)


def test_trials_take_every_choice_of_references() -> None:
    embeddings = np.stack([axis(0), axis(0, 0.5), axis(1)])
    people = np.array([0, 0, 1], np.float32)
    own, others = identity.trials(embeddings, people, 1)
    assert own == pytest.approx([0.5, 0.5], abs=1e-3)  # each of the two stands for the other
    assert len(others) == 4
    own, others = identity.trials(embeddings, people, 2)
    assert len(own) == 0
    assert len(others) == 1


def test_the_limit_lets_the_stated_share_pass() -> None:
    others = np.arange(1001) / 1000
    assert identity.limit_at(others, 0.005) == pytest.approx(0.995)
