"""A person's photos in a view: equal to `query`, whatever the weights are, and quick."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from proportrait.rank.describe import PhotoEntry
from proportrait.rank.indexing import Contents
from proportrait.rank.ranking import query
from proportrait.rank.weights import PARTS, PURPOSES, Weights, read_weights
from proportrait.serve.rank import person as module
from proportrait.serve.rank.person import Person
from proportrait.serve.rank.view import View
from tests.rank.samples import axis, face, filled, photo


def random_photos(count: int) -> list[PhotoEntry]:
    """Of three people, alone and together, some of them near-duplicates or bursts."""
    rng = np.random.default_rng(1)
    entries = []
    for number in range(count):
        faces = [
            face(
                axis(int(rng.integers(3)), float(rng.uniform(0, 0.7))),
                height=float(rng.uniform(30, 400)), sharpness=float(rng.uniform(0.3, 0.6)),
                eyes=float(rng.uniform(0, 100)), pose=(float(rng.uniform(-60, 60)), 0.0, 0.0),
            )
            for _ in range(int(rng.integers(0, 4)))
        ]  # fmt: skip
        faces.sort(key=lambda entry: -entry.height)
        phash = sum(1 << int(bit) for bit in rng.integers(0, 12, 3))
        time = None if number % 3 else float(rng.integers(0, 30))
        entries.append(
            photo(
                str(number),
                *faces,
                mark=int(rng.integers(100)),
                phash=phash << 8 * (number % 5),
                time=time,
            )
        )
    return entries


@pytest.mark.parametrize("purpose", [*PURPOSES, "many are alike"])
def test_a_ranking_is_that_of_query(
    tmp_path: Path, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if purpose == "many are alike":
        monkeypatch.setattr(module, "likes", lambda hashes, times: None)
        purpose = "headshot"
    entries = random_photos(120)
    index, numbers = filled(tmp_path / "i.sqlite", *entries)
    with index:
        contents = Contents(
            {
                number: [Path(f"/p/{e.digest}.jpg")]
                for number, e in zip(numbers, entries, strict=True)
            }
        )
        view = View(index, Path("/p"), contents, 40.0)
        people = np.stack([axis(0), axis(0, 0.2)])
        person = Person(
            view, people, lambda view, row: index.photo_of(int(view.faces.ids[row])), {}, 40.0
        )
        weights = read_weights(purpose)
        for similarity in (0.5, 0.7, 0.4):
            expected = query(index, contents, people, weights, similarity, 40.0)
            order = person.rank(weights, similarity)
            result = [person.ranked(place, order, weights)[0] for place in range(len(order.groups))]
            assert [entry.path for entry in result] == [entry.path for entry in expected.photos]
            for own, other in zip(result, expected.photos, strict=True):
                assert (own.similar, own.reasons, own.parts, own.through) == (
                    other.similar, other.reasons, other.parts, other.through,
                )  # fmt: skip
                assert own.score == pytest.approx(other.score)
            assert any(entry.similar for entry in result)


def test_a_photo_that_matches_through_a_sure_one_says_so(tmp_path: Path) -> None:
    index, numbers = filled(
        tmp_path / "i.sqlite",
        photo("sure", face(axis(0, 0.3)), phash=0),
        photo("unlike", face(axis(0, 0.54)), phash=2**64 - 1),
    )
    with index:
        contents = Contents({number: [Path(f"/p/{number}.jpg")] for number in numbers})
        view = View(index, Path("/p"), contents, 40.0)
        person = Person(
            view, axis(0)[None], lambda view, row: index.photo_of(int(view.faces.ids[row])), {}, 40
        )
        weights = read_weights("headshot")
        order = person.rank(weights, 0.5)
        first, second = (person.ranked(place, order, weights)[0] for place in range(2))
    assert (first.through, second.through) == (None, Path(f"/p/{numbers[0]}.jpg"))
    assert second.reasons[-1] == f"as in {numbers[0]}.jpg"


def test_a_part_that_is_not_weighed_counts_nothing(tmp_path: Path) -> None:
    index, numbers = filled(
        tmp_path / "i.sqlite", photo("a", face(eyes=0.0)), photo("b", face(), mark=50, phash=255)
    )
    with index:
        contents = Contents({number: [Path(f"/{number}.jpg")] for number in numbers})
        view = View(index, Path("/"), contents, 40.0)
        person = Person(
            view, axis(0)[None], lambda view, row: index.photo_of(int(view.faces.ids[row])), {}, 40
        )
        eyes, light = Weights(1.0, {"eyes": 1.0}), Weights(0.5, {"lighting": 2.0})
        best = [person.rank({"single": own, "group": own}, 0.5) for own in (eyes, light)]
        assert [order.groups[0][0] for order in best] == [1, 0]
        assert sorted(best[1].scores) == pytest.approx([25.0, 50.0])
        assert len(PARTS) == len(set(PARTS))
