from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from proportrait.errors import AssessmentError, AssetError
from proportrait.faces import DETECTORS, Face, FaceAnalyzer, distance, expression_ratios
from proportrait.faces import face as points
from proportrait.faces.detector import make_detector
from proportrait.faces.mask import guided_filter
from proportrait.networks.inference import compile_network


@pytest.mark.parametrize("detector", list(DETECTORS))
def test_a_detector_places_the_face(detector: str, image: np.ndarray, face: Face) -> None:
    (other,) = FaceAnalyzer(detector=detector).detect(image)
    assert np.abs(other.landmarks - face.landmarks)[:, :2].mean() < 4
    x0, y0, x1, y1 = other.bbox
    nose = other.point(points.NOSE_TIP)
    assert x0 < nose[0] < x1
    assert y0 < nose[1] < y1
    assert 0.5 < other.score <= 1


def test_a_face_that_fills_the_picture_is_detected(image: np.ndarray, face: Face) -> None:
    half = round(0.3 * face.height)
    x, y = (round(float(v)) for v in face.landmarks[:, :2].mean(0))
    close = np.ascontiguousarray(image[y - half : y + half, x - half : x + half])
    assert make_detector()(close) == []  # too large for one pass
    (large,) = FaceAnalyzer().detect(close)
    expected = face.landmarks[:, :2] - (x - half, y - half)
    nose = points.NOSE_TIP
    assert large.point(nose) == pytest.approx(expected[nose], abs=0.06 * face.height)


def test_landmarks_stand_in_order(face: Face) -> None:
    rows = [
        face.landmarks[index, 1]
        for index in (
            points.FOREHEAD,
            points.LEFT_BROW,
            points.LEFT_EYE_TOP,
            points.LEFT_EYE_BOTTOM,
            points.NOSE_TIP,
            points.UPPER_LIP_OUTER,
            points.UPPER_LIP,
            points.LOWER_LIP,
            points.CHIN,
        )
    ]
    assert rows == sorted(rows)
    columns = [
        face.landmarks[index, 0]
        for index in (
            points.LEFT_CHEEK,
            points.LEFT_EYE_OUTER,
            points.LEFT_EYE_INNER,
            points.NOSE_TIP,
            points.RIGHT_EYE_INNER,
            points.RIGHT_EYE_OUTER,
            points.RIGHT_CHEEK,
        )
    ]
    assert columns == sorted(columns)
    nose, cheeks = face.landmarks[points.NOSE_TIP, 2], face.landmarks[[234, 454], 2]
    assert nose < cheeks.min()


def test_mirroring_the_picture_swaps_left_and_right(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    mirrored = analyzer.face(np.ascontiguousarray(image[:, ::-1]))
    expected = image.shape[1] - 1 - face.point(points.LEFT_EYE_OUTER)[0]
    assert mirrored.point(points.RIGHT_EYE_OUTER)[0] == pytest.approx(expected, abs=4)
    yaw, mirrored_yaw = (expression_ratios(f)["yaw"] for f in (face, mirrored))
    assert abs(yaw) > 0.05
    assert mirrored_yaw == pytest.approx(-yaw, abs=0.06)


@pytest.mark.parametrize("turns", [1, -1])
def test_landmarks_follow_a_lying_head(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face, turns: int
) -> None:
    tilted = np.asarray(PillowImage.fromarray(image).rotate(35 * turns, fillcolor=(120, 120, 120)))
    lying = analyzer.face(tilted)
    eyes = lying.point(points.RIGHT_EYE_OUTER) - lying.point(points.LEFT_EYE_OUTER)
    upright = face.point(points.RIGHT_EYE_OUTER) - face.point(points.LEFT_EYE_OUTER)
    angle, before = (np.degrees(np.arctan2(*v[::-1])) for v in (eyes, upright))
    assert angle - before == pytest.approx(-35 * turns, abs=4)
    assert lying.height == pytest.approx(face.height, rel=0.06)


def test_two_faces_are_two(analyzer: FaceAnalyzer, image: np.ndarray) -> None:
    small = np.asarray(PillowImage.fromarray(image).resize((256, 256)))
    pair = np.full((512, 768, 3), 128, np.uint8)
    pair[:, :512] = image
    pair[100:356, 512:] = small
    faces = analyzer.detect(pair)
    assert [f.landmarks[1, 0] > 512 for f in faces] == [False, True]


@pytest.mark.parametrize(
    "empty",
    [
        np.zeros((300, 300, 3), np.uint8),
        np.full((64, 500, 3), 255, np.uint8),
        np.random.default_rng(1).integers(0, 256, (256, 256, 3)).astype(np.uint8),
    ],
)
def test_a_picture_without_a_face_is_an_error(analyzer: FaceAnalyzer, empty: np.ndarray) -> None:
    assert analyzer.detect(empty) == []
    with pytest.raises(AssessmentError, match="no face"):
        analyzer.face(empty)


def test_mask_is_the_person(analyzer: FaceAnalyzer, image: np.ndarray, face: Face) -> None:
    mask = analyzer.mask(image, face)
    assert mask.shape == image.shape[:2]
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1
    x, y = face.point(points.NOSE_TIP).round().astype(int)
    assert mask[y, x] > 0.95
    assert mask[:20, :20].max() < 0.05
    assert mask[:20, -20:].max() < 0.05


def test_mask_leaves_other_people_out(analyzer: FaceAnalyzer, image: np.ndarray) -> None:
    pair = np.concatenate([image, np.full((512, 200, 3), 190, np.uint8), image[:, ::-1]], 1)
    for person in analyzer.detect(pair):
        mask = analyzer.mask(pair, person)
        middle = pair.shape[1] // 2
        left, right = mask[:300, :middle].mean(), mask[:300, middle:].mean()
        mine, other = (left, right) if person.landmarks[1, 0] < middle else (right, left)
        assert mine > 0.3
        assert other < 0.02


def test_guided_filter_moves_a_soft_edge_onto_the_edge_of_the_picture() -> None:
    guide = np.zeros((60, 60, 3), np.uint8)
    guide[:, 30:] = (200, 40, 40)
    ramp = np.clip((np.arange(60) - 22) / 16, 0, 1).astype(np.float32)
    sharp = guided_filter(guide, np.tile(ramp, (60, 1)), radius=12, epsilon=1e-4)
    assert sharp[30, 26] < 0.2
    assert sharp[30, 34] > 0.8
    assert ramp[26] > 0.2


def test_emotions_are_probabilities(analyzer: FaceAnalyzer, image: np.ndarray, face: Face) -> None:
    emotions = analyzer.emotions(image, face)
    assert sum(emotions.values()) == pytest.approx(1)
    assert max(emotions, key=lambda name: emotions[name]) == "happy"


def test_identity_is_near_for_the_same_person(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    mirrored = np.ascontiguousarray(image[:, ::-1])
    embedding = analyzer.identity(image, face)
    other = analyzer.identity(mirrored, analyzer.face(mirrored))
    assert embedding.shape == (128,)
    assert embedding.dtype == np.float32
    assert distance(embedding, embedding) == 0
    assert distance(embedding, other) < 0.4


def _face_with(**moved: tuple[float, float]) -> Face:
    """A hand-made face: 100 px wide, 150 px high, mouth shut and 50 px wide, eyes 30 by 9 px."""
    landmarks = np.zeros((468, 3), np.float32)
    positions = {
        "FOREHEAD": (50, 0), "CHIN": (50, 150), "LEFT_CHEEK": (0, 75), "RIGHT_CHEEK": (100, 75),
        "NOSE_TIP": (50, 80), "MOUTH_LEFT": (25, 110), "MOUTH_RIGHT": (75, 110),
        "UPPER_LIP": (50, 110), "LOWER_LIP": (50, 110),
        "LEFT_EYE_OUTER": (10, 50), "LEFT_EYE_INNER": (40, 50),
        "LEFT_EYE_TOP": (25, 45), "LEFT_EYE_BOTTOM": (25, 54),
        "RIGHT_EYE_OUTER": (90, 50), "RIGHT_EYE_INNER": (60, 50),
        "RIGHT_EYE_TOP": (75, 45), "RIGHT_EYE_BOTTOM": (75, 54),
        "LEFT_BROW": (25, 30), "RIGHT_BROW": (75, 30),
    }  # fmt: skip
    for name, (x, y) in {**positions, **moved}.items():
        landmarks[getattr(points, name), :2] = x, y
    return Face(np.array([0, 0, 100, 150], np.float32), landmarks, 1.0)


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ({}, {"open": 0, "width": 1 / 3, "corner": 0, "eye": 0.3, "brow": 0.1, "yaw": 0}),
        ({"LOWER_LIP": (50, 140)}, {"open": 0.2, "corner": -0.1}),
        ({"MOUTH_LEFT": (25, 104), "MOUTH_RIGHT": (75, 104)}, {"corner": -0.04}),
        ({"LEFT_BROW": (25, 15), "RIGHT_BROW": (75, 15)}, {"brow": 0.2}),
        ({"NOSE_TIP": (100, 75)}, {"yaw": 1.0}),
    ],
)
def test_expression_ratios_of_a_hand_made_face(
    moved: dict[str, tuple[float, float]], expected: dict[str, float]
) -> None:
    ratios = expression_ratios(_face_with(**moved))
    assert {name: ratios[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_expression_ratios_do_not_change_with_a_tilt_of_the_head(face: Face) -> None:
    turned = face.landmarks.copy()
    turned[:, :2] = turned[:, :2] @ np.array([[0.8, 0.6], [-0.6, 0.8]], np.float32)
    rotated = Face(face.bbox, turned, face.score)
    assert expression_ratios(rotated) == pytest.approx(expression_ratios(face), abs=1e-3)


def test_one_analyzer_serves_several_threads(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    with ThreadPoolExecutor(4) as pool:
        faces = list(pool.map(analyzer.face, [image] * 8))
    assert all(np.array_equal(other.landmarks, face.landmarks) for other in faces)


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_are_at_least_one(threads: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        compile_network(tmp_path / "net.xml", threads)


def test_preparing_loads_the_networks_and_raises_nothing(
    image: np.ndarray, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: object) -> None:
        raise AssetError("the network is not installed")

    monkeypatch.setattr("proportrait.faces.analyzer.EmotionNetwork", missing)
    prepared = FaceAnalyzer()
    prepared.prepare()
    monkeypatch.setattr("proportrait.faces.analyzer.FaceMesh", missing)
    monkeypatch.setattr("proportrait.faces.analyzer.PersonMask", missing)
    assert np.array_equal(prepared.face(image).landmarks, face.landmarks)
    assert prepared.mask(image, face).shape == image.shape[:2]
    with pytest.raises(AssetError, match="not installed"):
        prepared.emotions(image, face)


def test_unknown_detector_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="short-range"):
        FaceAnalyzer(detector="nothing")


def test_far_faces_are_those_of_a_group_that_one_pass_misses(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    group = PillowImage.new("RGB", (2048, 1000), (120, 130, 120))
    small = PillowImage.fromarray(image).resize((70, 70), PillowImage.Resampling.BOX)
    corners = [(100 + 400 * number, top) for number in range(4) for top in (150, 700)]
    for corner in corners:
        group.paste(small, corner)
    picture = np.asarray(group)
    near = analyzer.detect(picture)
    far = analyzer.far_faces(picture, near, 40)
    places = np.array([entry.landmarks[:, :2].mean(0) for entry in (*near, *far)])
    expected = np.array(corners) + face.landmarks[:, :2].mean(0) * 70 / 512
    assert len(near) < len(places) == len(corners)
    assert all(np.linalg.norm(places - place, axis=1).min() < 5 for place in expected)
    assert analyzer.far_faces(picture, near, 500) == []
    assert analyzer.far_faces(image, [face], 40) == []  # a near face: there is no crowd
