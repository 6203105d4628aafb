from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.faces import Face, FaceAnalyzer, shared_analyzer
from proportrait.measures import Measure, Subject, Unassessed
from proportrait.measures.framing import (
    DECIDING,
    LIMIT,
    NAMES,
    TILT_LIMIT,
    assess,
    head_pose,
    measure,
)

SIDE = 200  # px of a made picture


def made_face(x: float = 100, y: float = 90, height: float = 80) -> Face:
    """Seen from the front, centred at (x, y), `height` px from forehead to chin and 0.8 as wide.

    The eyes lie 0.35 heights under the forehead, their centres 0.36 heights apart.
    """
    landmarks = np.zeros((468, 3), np.float32)
    places = {
        10: (0, -0.5), 152: (0, 0.5), 234: (-0.4, 0), 454: (0.4, 0),
        33: (-0.26, -0.15), 133: (-0.10, -0.15), 362: (0.10, -0.15), 263: (0.26, -0.15),
    }  # fmt: skip
    for index, place in places.items():
        landmarks[index, :2] = place
    landmarks *= height
    # A pixel's centre lies half a pixel inside.
    landmarks[:, :2] += np.array([x, y], np.float32) - 0.5
    return Face(np.array([0, 0, 1, 1], np.float32), landmarks, 1.0)


def made(face: Face, mask: np.ndarray | None = None) -> Subject:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    mask = np.zeros((SIDE, SIDE), np.float32) if mask is None else mask
    return Subject(picture, shared_analyzer(), face=face, mask=mask)


def values(measures: dict[str, Measure | Unassessed]) -> dict[str, float]:
    found = {name: entry.value for name, entry in measures.items() if isinstance(entry, Measure)}
    assert tuple(found) == NAMES
    return found


def test_values_of_a_made_face() -> None:
    found = values(measure(made(made_face())))
    # Eyes at y 78, chin at y 130: a head height is 52 px. Eye centres at x 85.6 and 114.4.
    assert found == pytest.approx(
        {
            "HeadSize": 52 / 200,
            "LeftwardCropOfTheFaceImage": 85.6 / 28.8,
            "RightwardCropOfTheFaceImage": 85.6 / 28.8,
            "MarginAboveOfTheFaceImage": 78 / 52,
            "MarginBelowOfTheFaceImage": 122 / 52,
            "HorizontalOffset": 0,
            "VerticalOffset": -0.05,
            "HeadCutAtTheTop": 0,
            "ChinCut": 0,
            "HeadPoseYaw": 0,
            "HeadPosePitch": 0,
            "HeadPoseRoll": 0,
            "PictureTilt": 0,
        },
        abs=1e-5,
    )


@pytest.mark.parametrize(
    ("face", "worst"),
    [
        (made_face(), None),
        (made_face(height=58), None),
        (made_face(x=82), None),
        (made_face(x=30), "HorizontalOffset"),
        (made_face(x=170), "HorizontalOffset"),
        (made_face(y=160, height=40), "VerticalOffset"),
        (made_face(y=90, height=26), "HeadSize"),
        (made_face(y=100, height=170), "HeadSize"),
        (made_face(y=128, height=144), "MarginBelowOfTheFaceImage"),
    ],
)
def test_the_worst_component_decides_and_says_why(face: Face, worst: str | None) -> None:
    measures = measure(made(face))
    score = assess(measures)
    assert isinstance(score, float)
    if worst is None:
        assert score >= LIMIT
    else:
        assert score < LIMIT
        decided = {name: measures[name] for name in DECIDING}
        assert min(decided, key=lambda name: decided[name].score) == worst


def test_a_chin_under_the_lower_border_is_cut() -> None:
    # The chin lies at y 212, 12 px under the border.
    measures = measure(made(made_face(y=172)))
    assert values(measures)["ChinCut"] == pytest.approx(12 / 52, abs=1e-5)
    assert measures["ChinCut"].score < LIMIT


@pytest.mark.parametrize(
    ("forehead", "covered", "missing"),
    [
        (30, 1.0, 0.0),  # 30 of 80 px above the hairline: the crown fits
        (8, 0.0, 0.0),  # the person does not reach the border
        (8, 1.0, 0.15),
        (8, 0.5, 0.075),
        (-8, 1.0, 0.35),
    ],
)
def test_a_head_is_cut_where_it_touches_the_border_broadly(
    forehead: float, covered: float, missing: float
) -> None:
    face = made_face(y=forehead + 40)
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:, 68 : 68 + round(64 * covered)] = 1  # the face is 64 px wide from x 68
    found = values(measure(made(face, mask)))["HeadCutAtTheTop"]
    assert found == pytest.approx(missing, abs=0.006)


@pytest.mark.parametrize("angles", [(0, 0, 0), (20, 0, 0), (0, -15, 0), (0, 0, 10), (25, 10, -8)])
def test_the_pose_is_that_of_the_rotation(angles: tuple[float, float, float]) -> None:
    yaw, pitch, roll = np.radians(angles)
    face = made_face()
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    about_y = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array(
        [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    )
    turned = face.landmarks @ (about_z @ about_y @ about_x).T
    found = head_pose(Face(face.bbox, turned.astype(np.float32), 1.0))
    assert found == pytest.approx(angles, abs=1e-3)


def test_a_face_that_looks_to_the_right_has_a_positive_yaw() -> None:
    face = made_face()
    landmarks = face.landmarks.copy()
    landmarks[454, 2] = 30  # the cheek on the right of the picture is farther away
    assert head_pose(Face(face.bbox, landmarks, 1.0))[0] > 0


def test_a_mirror_image_swaps_left_and_right_and_nothing_else(
    analyzer: FaceAnalyzer, image: np.ndarray
) -> None:
    subject = Subject(image, analyzer)
    face = subject.face
    landmarks = face.landmarks.copy()
    landmarks[:, 0] = image.shape[1] - 1 - landmarks[:, 0]
    for left, right in ((33, 263), (133, 362), (234, 454)):
        landmarks[[left, right]] = landmarks[[right, left]]
    mirrored = Subject(
        np.ascontiguousarray(image[:, ::-1]),
        analyzer,
        face=Face(face.bbox, landmarks, face.score),
        mask=np.ascontiguousarray(subject.mask[:, ::-1]),
    )
    here, there = values(measure(subject)), values(measure(mirrored))
    expected = dict(here)
    expected[NAMES[1]], expected[NAMES[2]] = here[NAMES[2]], here[NAMES[1]]
    for name in ("HorizontalOffset", "HeadPoseYaw", "HeadPoseRoll", "PictureTilt"):
        expected[name] = -here[name]
    assert there == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_scaling_by_two_changes_nothing(analyzer: FaceAnalyzer, image: np.ndarray) -> None:
    twice = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    here = values(measure(Subject(image, analyzer)))
    there = values(measure(Subject(twice, analyzer)))
    for name in NAMES:  # found anew: landmarks differ by parts of a pixel
        is_angle = name.startswith("HeadPose") or name == "PictureTilt"
        tolerance = 1.5 if is_angle else 0.03 * max(1, abs(here[name]))
        assert there[name] == pytest.approx(here[name], abs=tolerance), name


def test_a_centred_portrait_is_professional(analyzer: FaceAnalyzer, image: np.ndarray) -> None:
    height, width = image.shape[:2]
    framed = cv2.copyMakeBorder(
        image, height // 4, height // 4, width // 4, width // 4, cv2.BORDER_REPLICATE
    )
    found = assess(measure(Subject(framed, analyzer)))
    assert isinstance(found, float)
    assert found >= LIMIT
    off = assess(measure(Subject(np.ascontiguousarray(framed[:, width // 2 :]), analyzer)))
    assert isinstance(off, float)
    assert off < LIMIT


def test_without_a_face_nothing_is_measured(analyzer: FaceAnalyzer) -> None:
    measures = measure(Subject(np.full((64, 64, 3), 128, np.uint8), analyzer))
    assert tuple(measures) == NAMES
    assert all(isinstance(found, Unassessed) for found in measures.values())
    assert isinstance(assess(measures), Unassessed)


def _leaning(face_roll: float, body_roll: float) -> Subject:
    """A made face turned by `face_roll` degrees on a straight body turned by `body_roll`."""
    face, shape = made_face(), (200, 200)
    low, high = face.mesh_box[:2], face.mesh_box[2:]
    centre = (low + high) / 2
    head = cv2.getRotationMatrix2D(tuple(map(float, centre)), -face_roll, 1.0)
    landmarks = face.landmarks.copy()
    landmarks[:, :2] = landmarks[:, :2] @ head[:, :2].T + head[:, 2]
    body = np.zeros(shape, np.float32)
    x = round(float(centre[0]))
    body[round(float(centre[1])) :, x - 40 : x + 41] = 1
    turn = cv2.getRotationMatrix2D(tuple(map(float, centre)), -body_roll, 1.0)
    mask = np.asarray(cv2.warpAffine(body, turn, shape), np.float32)
    return made(Face(face.bbox, landmarks.astype(np.float32), face.score), mask)


@pytest.mark.parametrize(
    ("head", "body", "tilt"),
    [(20, 20, 20), (-20, -20, -20), (20, 0, 10), (-20, 20, -10), (8, 0, 0), (30, 0, 20)],
)
def test_a_picture_is_tilted_as_far_as_the_body_follows_the_head(
    head: float, body: float, tilt: float
) -> None:
    measures = measure(_leaning(head, body))
    assert values(measures)["HeadPoseRoll"] == pytest.approx(head, abs=0.5)
    assert values(measures)["PictureTilt"] == pytest.approx(tilt, abs=3)
    score = measures["PictureTilt"]
    assert isinstance(score, Measure)
    assert (score.score < LIMIT) == (abs(tilt) > TILT_LIMIT)


@pytest.mark.parametrize(("turns", "roll"), [(1, 90), (2, 180), (3, -90)])
def test_a_lying_picture_is_tilted_by_its_quarter_turns(turns: int, roll: float) -> None:
    subject = made(made_face())
    subject.turns = turns
    found = measure(subject)
    assert values(found)["HeadPoseRoll"] == pytest.approx(roll)
    assert values(found)["PictureTilt"] == pytest.approx(roll)
    assert assess(found) == pytest.approx(0, abs=0.1)
