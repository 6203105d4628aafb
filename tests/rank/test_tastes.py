"""A taste as a part of the score of a ranking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from proportrait.arrays import Float
from proportrait.errors import ConfigurationError
from proportrait.rank import tastes
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents
from proportrait.rank.ranking import Ranking, query
from proportrait.rank.tastes import TastePart
from proportrait.rank.weights import PURPOSES, read_weights
from tests.rank.samples import VERSION, axis, face, filled, photo
from tests.taste.verdict.samples import row, taste

HEIGHTS = {"small": 0.2, "large": 0.4}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the photos that were looked at for a taste; "gone" cannot be read."""
    names: list[str] = []

    def stream(
        paths: Iterable[Path], sets: object, workers: object
    ) -> Iterator[tuple[Path, Float | str]]:
        for path in paths:
            names.append(path.name)
            yield path, row(HEIGHTS[path.name]) if path.name in HEIGHTS else "it is gone"

    monkeypatch.setattr(tastes, "stream", stream)
    return names


@pytest.fixture
def part(tmp_path: Path) -> TastePart:
    taste().save(tmp_path / "heads.safetensors")
    return TastePart(tmp_path / "heads.safetensors")


def ranked(index: Index, numbers: list[int], part: TastePart | None) -> Ranking:
    paths = [[Path(name)] for name in ("small", "large", "gone", "other")]
    contents = Contents(dict(zip(numbers, paths, strict=True)))
    weights = read_weights("headshot", with_taste=part is not None)
    return query(index, contents, axis(0)[None], weights, taste=part)


def index_of(path: Path) -> tuple[Index, list[int]]:
    return filled(
        path / "i.sqlite",
        photo("0", face(eyes=99.0)), photo("1", face(eyes=98.0), phash=2**32 - 1),
        photo("2", face(eyes=70.0), phash=2**64 - 1), photo("3", face(axis(1))),
    )  # fmt: skip


def test_a_taste_is_a_part_and_a_reason(tmp_path: Path, part: TastePart, asked: list[str]) -> None:
    index, numbers = index_of(tmp_path)
    with index:
        plain, liked = ranked(index, numbers, None), ranked(index, numbers, part)
    assert [str(entry.path) for entry in plain.photos] == ["small", "large", "gone"]
    assert [str(entry.path) for entry in liked.photos] == ["large", "gone", "small"]
    assert [round(entry.parts["taste"]) for entry in liked.photos] == pytest.approx(
        [98, 50, 2], abs=2
    )
    assert "to your taste" in liked.photos[0].reasons
    assert "not to your taste" in liked.photos[2].reasons
    assert all("taste" not in entry.parts for entry in plain.photos)
    assert asked == ["small", "large", "gone"]  # nobody looks at other people for it


def test_what_a_taste_said_is_kept_until_the_photo_is_forgotten(
    tmp_path: Path, part: TastePart, asked: list[str]
) -> None:
    index, numbers = index_of(tmp_path)
    with index:
        first = ranked(index, numbers, part)
        asked.clear()
    with Index(tmp_path / "i.sqlite", VERSION, print) as index:
        again = ranked(index, numbers, part)
        assert asked == ["gone"]
        assert [entry.parts for entry in again.photos] == [entry.parts for entry in first.photos]
        assert set(index.tastes(taste().ensemble.digest)) == set(numbers[:2])
        assert index.tastes("another") == {}
        index.forget(tmp_path)
        assert index.tastes(taste().ensemble.digest) == {}


def test_every_purpose_gives_a_taste_a_weight_that_counts_where_one_is_asked(
    tmp_path: Path,
) -> None:
    for purpose in PURPOSES:
        for kind, weights in read_weights(purpose, with_taste=True).items():
            without = read_weights(purpose)[kind]
            assert weights.parts == {**without.parts, "taste": 2.0}
    path = tmp_path / "w.toml"
    path.write_text("[mine.single]\nsize = 1\n[mine.group]\nsize = 1\n")
    assert read_weights("mine", path)["single"].parts == {"size": 1.0}
    with pytest.raises(ConfigurationError, match=r"\[mine\] gives a taste no weight: add taste"):
        read_weights("mine", path, with_taste=True)
