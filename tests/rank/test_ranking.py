from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proportrait.rank.describe import PhotoEntry
from proportrait.rank.indexing import Contents
from proportrait.rank.output import explained
from proportrait.rank.ranking import Ranking, query
from proportrait.rank.weights import read_weights
from tests.rank.samples import axis, face, filled, photo

ME = axis(0)[None]


def ranking(tmp_path: Path, *photos: PhotoEntry, purpose: str = "headshot") -> Ranking:
    """Of the person of `axis(0)`; a photo's file is named after its digest."""
    index, numbers = filled(tmp_path / "i.sqlite", *photos)
    names = [[Path(entry.digest)] for entry in photos]
    with index:
        contents = Contents(dict(zip(numbers, names, strict=True)))
        return query(index, contents, ME, read_weights(purpose), similarity=0.5)


def names(result: Ranking) -> list[str]:
    return [str(entry.path) for entry in result.photos]


def apart(number: int) -> int:
    """Hashes of 64 bits of which two differ in 32 at least."""
    return sum(1 << bit for bit in range(64) if bit >> number & 1)


def test_photos_of_the_person_are_ranked_and_others_are_told(tmp_path: Path) -> None:
    result = ranking(
        tmp_path,
        photo("blurred", face(axis(0, 0.2), sharpness=0.2), phash=apart(0)),
        photo("other", face(axis(1)), phash=apart(1)),
        photo("near", face(axis(0, 0.6)), phash=apart(2)),
        photo("good", face(axis(0, 0.1)), phash=apart(3)),
        photo("landscape"),
        photo("tiny", face(axis(0), height=39.0)),
    )
    assert names(result) == ["good", "blurred"]
    assert [entry.rank for entry in result.photos] == [1, 2]
    assert [entry.similarity for entry in result.photos] == pytest.approx([0.9, 0.8], abs=1e-3)
    assert [(str(path), round(value, 2)) for path, value in result.nearest] == [
        ("near", 0.48), ("other", 0.0),  # 0.4, and 0.08 for the likeness to the sure ones
    ]  # fmt: skip
    assert (result.others, result.faceless) == (2, 2)
    assert "face blurred" in result.photos[1].reasons


def test_a_photo_that_matches_through_a_sure_one_says_so(tmp_path: Path) -> None:
    result = ranking(
        tmp_path,
        photo("sure", face(axis(0, 0.3)), phash=apart(0)),
        photo("unlike", face(axis(0, 0.54)), phash=apart(1)),
        photo("other", face(axis(0, 0.7)), phash=apart(2)),
    )
    assert names(result) == ["sure", "unlike"]
    assert "as in sure" in result.photos[1].reasons
    assert [photo.through for photo in result.photos] == [None, Path("sure")]
    assert "unlike: similarity 0.54 >= 0.5, as in sure; " in "".join(
        explained(result, result.photos, 0.5)
    )
    assert [(str(path), round(value, 2)) for path, value in result.nearest] == [("other", 0.38)]


def test_in_a_group_the_face_of_the_person_counts(tmp_path: Path) -> None:
    (entry,) = ranking(
        tmp_path, photo("a", face(axis(1)), face(axis(0), eyes=1.0, height=300.0))
    ).photos
    assert entry.kind == "group"
    assert "eyes shut or hidden" in entry.reasons


@pytest.mark.parametrize(("purpose", "first"), [("headshot", "alone"), ("group", "together")])
def test_the_purpose_decides_between_singles_and_groups(
    tmp_path: Path, purpose: str, first: str
) -> None:
    result = ranking(
        tmp_path,
        photo("alone", face(), phash=apart(0)),
        photo("together", face(), face(axis(1)), phash=apart(1)),
        purpose=purpose,
    )
    assert names(result)[0] == first


def test_the_best_of_a_burst_is_kept_and_the_others_are_listed_under_it(tmp_path: Path) -> None:
    result = ranking(
        tmp_path,
        photo("shut", face(eyes=1.0), phash=0b1111_1111, time=100.0),
        photo("open", face(), phash=0, time=101.0),
        photo("later", face(eyes=60.0), phash=0b1111_1111_0000_0000, time=200.0),
    )
    assert names(result) == ["open", "later"]
    assert [list(map(str, entry.similar)) for entry in result.photos] == [["shut"], []]


def test_files_of_the_same_content_are_one_photo(tmp_path: Path) -> None:
    index, (number,) = filled(tmp_path / "i.sqlite", photo("a", face()))
    with index:
        contents = Contents({number: [Path("a"), Path("copy of a")]})
        (entry,) = query(index, contents, ME, read_weights("social")).photos
    assert (str(entry.path), list(map(str, entry.similar))) == ("a", ["copy of a"])


def test_photos_that_are_not_named_are_left_out(tmp_path: Path) -> None:
    index, (first, _) = filled(
        tmp_path / "i.sqlite", photo("a", face()), photo("b", face(), phash=apart(0))
    )
    with index:
        contents = Contents({first: [Path("a")]})
        assert names(query(index, contents, ME, read_weights("social"), faces=index.faces())) == [
            "a"
        ]


def test_the_keys_that_scripts_rely_on(tmp_path: Path) -> None:
    (entry,) = ranking(tmp_path, photo("a", face())).photos
    body = entry.to_json()
    assert list(body)[:6] == ["path", "rank", "score", "similarity", "kind", "reasons"]
    assert (body["path"], body["rank"], body["score"], body["kind"]) == ("a", 1, 99.9, "single")


def test_the_best_and_its_near_duplicates_know_where_the_face_lies(tmp_path: Path) -> None:
    lying = replace(photo("lying", face(box=(0.1, 0.2, 0.3, 0.6), eyes=60.0)), turns=1)
    result = ranking(tmp_path, photo("best", face()), lying)
    (entry,) = result.photos
    assert entry.box == (0.25, 0.25, 0.75, 0.75)
    (other,) = result.similar.values()
    assert (str(other.path), other.rank) == ("lying", 1)
    assert other.score < entry.score
    # numpy.rot90 moves x to 1 - y, and y to x
    assert other.box == pytest.approx((0.4, 0.1, 0.8, 0.3))
