from __future__ import annotations

import pytest

from proportrait.rank.parts import kind_of, parts_of, reasons_of, score_of
from proportrait.rank.weights import Weights, read_weights
from tests.rank.samples import face, photo


@pytest.mark.parametrize(
    ("heights", "kind"), [([100.0], "single"), ([100.0, 49.0], "single"), ([100.0, 50.0], "group")]
)
def test_a_photo_is_single_without_another_face_of_half_the_height(
    heights: list[float], kind: str
) -> None:
    faces = [face(height=height) for height in heights]
    assert kind_of(photo("a", *faces), faces[0]) == kind


def test_a_person_behind_the_subject_is_not_alone() -> None:
    behind = face(height=40.0)
    assert kind_of(photo("a", face(height=100.0), behind), behind) == "group"


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [
        ({"eyes": None}, "eyes", 20.0),
        ({"gaze": 12.0}, "gaze", 12.0),
        ({"pose": (28.0, 0.0, 90.0)}, "pose", 50.0),
        ({"pose": (0.0, -56.0, 0.0)}, "pose", 50.0),
        ({"sharpness": 0.42}, "face_sharpness", 50.0),
        ({"height": 80.0}, "size", 50.0),
        ({"emotions": {"happy": 0.25}}, "smile", 25.0),
        ({"emotions": {}}, "smile", 50.0),
        ({"box": (-0.25, 0.0, 0.25, 0.5)}, "inside", 50.0),
        ({"box": (0.5, 1.0, 0.75, 1.5)}, "inside", 0.0),
        ({}, "lighting", 100.0),
    ],
)
def test_a_part(values: dict[str, object], part: str, expected: float) -> None:
    person = face(**values)
    assert parts_of(photo("a", person), person)[part] == pytest.approx(expected)


def test_a_mark_that_nobody_could_tell_is_neither_good_nor_bad() -> None:
    entry = photo("a", face())
    entry.marks["attire"] = None
    assert parts_of(entry, entry.faces[0])["attire"] == 50.0


def test_good_faces_are_those_of_the_group_not_of_the_crowd_behind_it() -> None:
    faces = [face(), face(eyes=10.0), face(pose=(60.0, 0.0, 0.0)), face(), face(height=50.0)]
    entry = photo("a", *faces)
    parts = parts_of(entry, faces[0])
    assert parts["good_faces"] == 50.0
    weights = Weights(0.5, {"good_faces": 1.0})
    assert reasons_of(entry, parts, "group", weights) == ["one of 5 people", "2 of 4 faces good"]


def test_the_score_is_a_weighted_geometric_mean_times_the_factor() -> None:
    weights = Weights(0.5, {"eyes": 3.0, "gaze": 1.0})
    # (81^3 * 16)^(1/4) = 27 * 2 = 54
    assert score_of({"eyes": 81.0, "gaze": 16.0}, weights) == pytest.approx(27.0)
    assert score_of({"eyes": 0.0, "gaze": 0.0}, weights) == pytest.approx(5.0)  # at least 10 each


def test_shut_eyes_cost_more_than_casual_clothes_do_in_a_headshot() -> None:
    weights = read_weights("headshot")["single"]
    shut, casual = photo("a", face(eyes=5.0)), photo("b", face())
    casual.marks["attire"] = 5
    scores = [score_of(parts_of(entry, entry.faces[0]), weights) for entry in (shut, casual)]
    assert scores[0] < scores[1] - 5


def test_reasons_name_the_weightiest_first_and_say_nothing_of_the_middle() -> None:
    weights = Weights(1.0, {"eyes": 2.0, "gaze": 1.0, "pose": 1.0})
    parts = {"eyes": 90.0, "gaze": 5.0, "pose": 55.0}
    # 2 log(90 / 50) = 1.18, log(50 / 10) = 1.61: as they move the geometric mean
    assert reasons_of(photo("a", face()), parts, "single", weights) == ["looks away", "eyes open"]
