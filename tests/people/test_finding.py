from __future__ import annotations

import numpy as np
import pytest

from proportrait.errors import ConfigurationError
from proportrait.people import decisions
from proportrait.people.faces import known_faces
from proportrait.people.finding import found, parts_of_person, whose
from proportrait.rank.index import Index
from proportrait.rank.indexing import Contents
from proportrait.rank.output import explained
from proportrait.rank.ranking import query
from proportrait.rank.weights import read_weights
from tests.people.samples import Folder, at
from tests.rank.samples import face


def test_people_have_ids_and_photos_the_most_photos_first(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(2), at(1, 0.3))
    folder.add("c", at(1, 0.15))
    folder.add("sky")
    people = folder.people()
    assert [(person.id, len(person.photos)) for person in people.people] == [(1, 3), (2, 1)]
    assert people.people[1].photos == (folder.path / "photos" / "b",)
    assert people.people[1].boxes == ((0.0, 0.2, 0.15, 0.4),)
    assert (people.faceless, people.unclear) == (1, 0)
    assert set(people.people[0].to_json()) >= {"id", "name", "photos"}


def test_the_best_headshot_is_the_first_photo(folder: Folder) -> None:
    folder.add("away", face(at(1), pose=(60.0, 0.0, 0.0)))
    folder.add("good", face(at(1)))
    folder.add("shut", face(at(1), eyes=5.0))
    (person,) = folder.people().people
    assert person.photos[0].name == "good"


def test_unclear_faces_may_join_a_person_and_are_none_themselves(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", face(at(1, 0.2), sharpness=0.1))
    folder.add("c", face(at(2), sharpness=0.1))
    folder.add("d", face(at(2), sharpness=0.1))
    assert folder.names() == {1: "a b"}
    assert folder.people().unclear == 2


def test_two_faces_of_a_photo_are_two_people_unless_they_are_copies(folder: Folder) -> None:
    folder.add("sisters", at(1), at(1, 0.35))
    folder.add("collage", at(2), at(2, 0.1))
    assert sorted(folder.names().values()) == ["collage", "sisters", "sisters"]


def test_ids_stay_when_photos_are_added_and_nobody_gets_an_old_one(folder: Folder) -> None:
    folder.add("m", at(1))
    folder.add("n", at(1, 0.1))
    folder.add("o", at(2))
    assert folder.names() == {1: "m n", 2: "o"}
    for name in "abc":
        folder.add(name, at(2, 0.1))
        folder.add(f"{name}3", at(3))
    assert folder.names() == {2: "a b c o", 3: "a3 b3 c3", 1: "m n"}


def test_the_order_of_indexing_does_not_matter(folder: Folder) -> None:
    rng = np.random.default_rng(1)
    faces = {f"{n:02d}": at(n % 7, float(rng.uniform(0, 0.5))) for n in range(40)}
    for name, embedding in faces.items():
        folder.add(name, embedding)
    (folder.path / "other").mkdir()
    other = Folder(folder.path / "other")
    for name in sorted(faces, key=lambda name: name[::-1], reverse=True):
        other.add(name, faces[name])
    assert folder.names() == other.names()
    other.index.close()


def test_a_finished_index_is_not_clustered_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.add("a", at(1))
    before = folder.names()
    monkeypatch.setattr("proportrait.people.finding.average_linkage", None)
    assert folder.names() == before


def test_a_photo_that_is_looked_at_again_keeps_its_person(folder: Folder) -> None:
    folder.add("a", face(at(1), box=(0.2, 0.2, 0.4, 0.4)))
    decisions_of(folder, "1=Anna")
    folder.contents.photos.clear()
    folder.add("a", face(at(1), box=(0.21, 0.2, 0.41, 0.39)))
    (person,) = folder.people().people
    assert (person.id, person.name) == (1, "Anna")


def decisions_of(folder: Folder, *names: str) -> None:
    folder.people()
    decisions.name(folder.index, dict(text.split("=") for text in names))


def test_a_name_holds_against_photos_that_would_join_two_people(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(1, 0.5))
    decisions_of(folder, "1=Anna", "2=Ben")
    for number in range(5):
        folder.add(f"c{number}", at(1, 0.25))
    people = folder.people().people
    assert {person.name for person in people} == {"Anna", "Ben"}
    assert {person.id for person in people} == {1, 2}


def test_a_merge_holds_and_its_undo_gives_back_both(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(2))
    folder.add("c", at(3))
    assert folder.names() == {1: "a", 2: "b", 3: "c"}
    decisions.name(folder.index, {"2": "Ben"})
    decisions.merge(folder.index, ["1", "ben"])
    assert folder.names() == {1: "a b", 3: "c"}
    assert [person.name for person in folder.people().people] == ["Ben", None]
    folder.add("d", at(2, 0.1))
    assert folder.names() == {1: "a b", 3: "c", 4: "d"}  # too far from the two together
    assert decisions.undo(folder.index) == "the last merge, of 1, 2, is undone"
    assert folder.names() == {1: "a", 2: "b d", 3: "c"}
    assert decisions.state(folder.index).names == {2: "Ben"}


def test_photos_that_were_taken_out_never_come_back_by_themselves(folder: Folder) -> None:
    folder.add("a", at(1))
    wrong = folder.add("b", at(1, 0.1))
    folder.add("c", at(1, 0.05))
    assert folder.names() == {1: "a b c"}
    decisions.split(folder.index, 1, decisions.faces_in(folder.index, 1, [wrong]))
    assert folder.names() == {1: "a c", 2: "b"}
    folder.add("d", at(1, 0.02))
    assert folder.names() == {1: "a c d", 2: "b"}
    decisions.merge(folder.index, ["1", "2"])  # the last decision holds
    assert folder.names() == {1: "a b c d"}
    decisions.undo(folder.index)
    decisions.undo(folder.index)
    assert folder.names() == {1: "a b c d"}
    with pytest.raises(ConfigurationError, match="nothing can be undone"):
        decisions.undo(folder.index)


def test_a_split_without_photos_parts_at_the_least_stricter_limit(folder: Folder) -> None:
    for name, away in (("a", 0.0), ("b", 0.02), ("c", 0.04), ("d", 0.4), ("e", 0.42), ("f", 0.2)):
        folder.add(name, at(1, away))
    assert folder.names() == {1: "a b c d e f"}
    faces = parts_of_person(folder.index, 1, 0.55, 40.0)
    assert {digest for digest, _ in faces} == {"d", "e"}
    decisions.split(folder.index, 1, faces)
    assert folder.names() == {1: "a b c f", 2: "d e"}


def test_a_person_of_one_face_cannot_be_split(folder: Folder) -> None:
    path = folder.add("a", at(1))
    folder.people()
    for faces in (
        parts_of_person(folder.index, 1, 0.55, 40.0),
        decisions.faces_in(folder.index, 1, [path]),
    ):
        with pytest.raises(ConfigurationError, match="not all or nothing"):
            decisions.split(folder.index, 1, faces)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"9": "Anna"}, "there is no person '9'"),
        ({"Zoe": "Anna"}, "there is no person 'Zoe'"),
        ({"1": "17"}, "more than a number"),
        ({"1": "two\nlines"}, "cannot be a name"),
        ({"1": "ben"}, "2 is Ben already: --merge 2 1 if they are the same"),
    ],
)
def test_names_that_cannot_be(folder: Folder, names: dict[str, str], message: str) -> None:
    folder.add("a", at(1))
    folder.add("b", at(2))
    decisions_of(folder, "2=Ben")
    with pytest.raises(ConfigurationError, match=message):
        decisions.name(folder.index, names)


def test_a_name_may_be_changed_or_taken_away(folder: Folder) -> None:
    folder.add("a", at(1))
    decisions_of(folder, "1=Ana")
    decisions_of(folder, "ANA=Anna")
    assert [person.name for person in folder.people().people] == ["Anna"]
    decisions_of(folder, "1=")
    assert [person.name for person in folder.people().people] == [None]


def test_forget_leaves_no_byte_of_names_and_decisions(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(2))
    other = folder.path / "elsewhere"
    other.mkdir()
    (other / "b").touch()
    folder.index.put_file(other / "b", (other / "b").stat(), "b")
    decisions_of(folder, "1=Annabella Only", "2=Benjamin Both")
    folder.people()
    folder.index.forget(folder.path / "photos")
    for table in ("members", "decisions"):
        rows = folder.index.rows(f"SELECT DISTINCT digest FROM {table} WHERE digest IS NOT NULL")
        assert rows == [("b",)]
    folder.index.close()
    data = b"".join(file.read_bytes() for file in folder.path.glob("i.sqlite*"))
    assert b"Annabella" not in data
    assert b"Benjamin" in data
    with Index(folder.path / "i.sqlite", "test", print) as index:
        index.forget(other)
    data = b"".join(file.read_bytes() for file in folder.path.glob("i.sqlite*"))
    assert b"Benjamin" not in data


def test_rank_takes_the_faces_of_a_person_and_nobody_elses(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(1, 0.1))
    wrong = folder.add("c", at(1, 0.05))
    folder.add("d", at(5))
    folder.add("e", face(at(1, 0.52), sharpness=0.1))  # nobody's, at a similarity of 0.53
    decisions_of(folder, "1=Anna")
    decisions.split(folder.index, 1, decisions.faces_in(folder.index, 1, [wrong]))
    embeddings, known = whose(folder.index, "anna")
    assert len(embeddings) == len(known.own) == 2
    weights = read_weights("headshot")
    ranking = query(folder.index, folder.contents, embeddings, weights, whose=known)
    (best,) = ranking.photos
    assert [best.path.name, *(path.name for path in best.similar)] == ["a", "b", "e"]
    assert ranking.others == 2
    assert [path.name for path, _ in ranking.nearest] == ["d"]
    faces = known_faces(folder.index, 40.0)
    decisions.split(folder.index, 1, [key for key in faces.keys if key[0] == "e"])
    embeddings, known = whose(folder.index, "anna")
    ranking = query(folder.index, folder.contents, embeddings, weights, whose=known)
    assert [path.name for path in ranking.photos[0].similar] == ["b"]


def test_a_merged_person_is_found_whole_however_unlike_the_faces_are(folder: Folder) -> None:
    folder.add("a", at(1))
    folder.add("b", at(2))
    folder.people()
    decisions.merge(folder.index, ["1", "2"])
    folder.people(similarity=0.9)
    embeddings, known = whose(folder.index, "1")
    assert folder.index.rows("SELECT similarity FROM people_runs") == [(0.9,)]
    weights = read_weights("headshot")
    ranking = query(folder.index, folder.contents, embeddings, weights, 0.9, whose=known)
    assert sum(1 + len(photo.similar) for photo in ranking.photos) == 2
    assert next(explained(ranking, ranking.photos, 0.9)).split(";")[0].endswith("< 0.9")


def test_a_person_whose_photos_are_of_an_older_version_is_named(folder: Folder) -> None:
    folder.add("a", at(1))
    decisions_of(folder, "1=Anna")
    with Index(folder.path / "i.sqlite", "newer", print) as index:
        with pytest.raises(ConfigurationError, match="no photo of anna is in the index"):
            whose(index, "anna")
        found(index, Contents())
    assert folder.names() == {1: "a"}


def test_names_outlive_a_damaged_index(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(100):
        folder.add(f"{number:02d}", at(number % 50))
    decisions_of(folder, "1=Annabella", "30=Ben")
    folder.index.close()
    path = folder.path / "i.sqlite"
    data = bytearray(path.read_bytes())
    needle = at(7).tobytes()
    for start in range(4096, len(data), 4096):
        if needle in data[start : start + 4096]:
            data[start : start + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    again = Folder(folder.path)
    assert "was damaged, and is made again" in capsys.readouterr().out
    for number in range(100):
        again.add(f"{number:02d}", at(number % 50))
    named = {person.name: person for person in again.people().people}
    assert [named[name].id for name in ("Annabella", "Ben")] == [1, 30]
    assert all(len(person.photos) == 2 for person in named.values())
    assert len({person.id for person in again.people().people}) == 50
    again.index.close()


def test_boxes_are_of_the_photo_as_it_lies(folder: Folder) -> None:
    folder.add("a", face(at(1), box=(0.3, 0.3, 0.6, 0.55)))
    with folder.index.writing() as write:
        write.execute("UPDATE photos SET body = json_set(body, '$.turns', 1)")
    (person,) = folder.people().people
    assert (person.boxes, person.turns) == (((0.45, 0.3, 0.7, 0.6),), (1,))
