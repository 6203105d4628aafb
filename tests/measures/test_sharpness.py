from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from proportrait.edit.retouch.blur import BLURS, motion_kernel
from proportrait.faces import Face, shared_analyzer
from proportrait.faces.face import OVAL
from proportrait.imaging import decode, encode_jpeg
from proportrait.measures import Measure, Subject, Unassessed
from proportrait.measures.sharpness import (
    LIMIT,
    NAMES,
    assess,
    blockiness,
    measure,
)


class Strength:
    """Stands in for a random generator: every draw of a blur as strong as asked, 0 to 1."""

    def __init__(self, strength: float, way: int = 1) -> None:
        self.strength, self.way = strength, way

    def uniform(self, low: float, high: float) -> float:
        if (low, high) == (0, np.pi):
            return 0.6  # a direction
        return 0.0 if low == -high else low + self.strength * (high - low)

    def integers(self, low: int, high: int | None = None) -> int:
        # Sizes and JPEG qualities: the higher, the weaker.
        return self.way if high is None else round(high - 1 - self.strength * (high - 1 - low))


def blurred(image: np.ndarray, kind: str, strength: float, way: int = 1) -> np.ndarray:
    rng: Any = Strength(strength, way)
    return BLURS[kind](image, rng)[0]


def values(image: np.ndarray, face: Face) -> dict[str, float]:
    found = measure(Subject(image, shared_analyzer(), face=face))
    assert tuple(found) == NAMES
    return {name: entry.value for name, entry in found.items() if isinstance(entry, Measure)}


def score(image: np.ndarray, face: Face) -> float:
    found = assess(measure(Subject(image, shared_analyzer(), face=face)))
    assert isinstance(found, float)
    return found


def box_face(left: float, top: float, side: float) -> Face:
    """A round face in a square of `side` px; its eyes are a square of half of that inside."""
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:, :2] = left + side / 2, top + side / 2
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    landmarks[list(OVAL), 0] = left + side / 2 * (1 + np.sin(turn))
    landmarks[list(OVAL), 1] = top + side / 2 * (1 - np.cos(turn))
    for index, x, y in ((33, -1, 1), (46, -1, -1), (263, 1, 1), (276, 1, -1)):
        landmarks[index, :2] += x * side / 4, y * side / 4
    return Face(np.array([left, top, left + side, top + side], np.float32), landmarks, 1.0)


STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
LINEAR, NEAREST = 1, 0


@pytest.mark.parametrize("kind", ["gaussian", "motion", "defocus", "low_resolution"])
def test_blur_lowers_the_score(image: np.ndarray, face: Face, kind: str) -> None:
    pictures = [image, *(blurred(image, kind, strength, LINEAR) for strength in STRENGTHS)]
    scores = [score(picture, face) for picture in pictures]
    assert scores[0] >= LIMIT > scores[1]
    # Of a strong blur nothing more is lost.
    assert all(a > b or max(a, b) < 5 for a, b in pairwise(scores)), scores


def test_larger_pixels_repeat_more(image: np.ndarray, face: Face) -> None:
    pictures = [image, *(blurred(image, "low_resolution", s, NEAREST) for s in STRENGTHS)]
    repeated = [values(picture, face)["RepeatedPixels"] for picture in pictures]
    assert repeated == sorted(repeated)
    assert score(image, face) >= LIMIT
    assert max(score(picture, face) for picture in pictures[1:]) < LIMIT


def test_heavy_compression_is_not_sharp(image: np.ndarray, face: Face) -> None:
    pictures = [blurred(image, "jpeg", strength) for strength in STRENGTHS]
    assert max(score(picture, face) for picture in pictures) < LIMIT <= score(image, face)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_a_wider_gaussian_leaves_less_detail(image: np.ndarray, face: Face, sigma: float) -> None:
    before = values(cv2.GaussianBlur(image, (0, 0), sigma), face)
    after = values(cv2.GaussianBlur(image, (0, 0), 1.5 * sigma), face)
    for name in ("EyeDetail", "EyeContours", "ViewedDetail", "ViewedEdges"):
        assert after[name] < before[name], name


def noisy(picture: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, sigma, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def shrunk(picture: np.ndarray, face: Face, share: float) -> tuple[np.ndarray, Face]:
    small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    landmarks = face.landmarks * share
    landmarks[:, :2] += (share - 1) / 2
    return small, Face(face.bbox * share, landmarks, face.score)


@pytest.mark.parametrize("sigma", [6, 12, 18])
def test_grain_changes_no_verdict(image: np.ndarray, face: Face, sigma: float) -> None:
    assert score(noisy(image, sigma), face) >= LIMIT
    assert score(noisy(blurred(image, "gaussian", 0.0), sigma), face) < LIMIT


@pytest.mark.parametrize("share", [0.95, 0.9, 0.8, 0.7, 0.65])
def test_scale_changes_no_verdict(image: np.ndarray, face: Face, share: float) -> None:
    assert score(*shrunk(image, face, share)) >= LIMIT
    assert score(*shrunk(blurred(image, "gaussian", 0.0), face, share)) < LIMIT


def test_jpeg_of_75_changes_no_verdict(image: np.ndarray, face: Face) -> None:
    assert score(decode(encode_jpeg(image, 75)), face) >= LIMIT
    assert score(decode(encode_jpeg(blurred(image, "gaussian", 0.0), 75)), face) < LIMIT


def test_black_and_white_is_as_sharp(image: np.ndarray, face: Face) -> None:
    grey = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert score(grey, face) == pytest.approx(score(image, face), abs=1)


def test_detail_by_hand() -> None:
    """Stripes of 6 px with an amplitude of 40, around the eyes alone or everywhere.

    A Gaussian of sigma s leaves exp(-2 (pi s / 6) ** 2) of them: .821 at 0.6 px, .454 at 1.2 px.
    Their mean square is 40 ** 2 / 2 * (.821 - .454) ** 2 = 107.8; over a brightness of 128 + 16 it
    is .749, half its logarithm -.145. The face is 200 px high, so that it is judged as it is.
    """
    stripes = 128 + 40 * np.sin(2 * np.pi * np.arange(400) / 6)
    everywhere = np.repeat(np.tile(np.rint(stripes), (400, 1))[..., None], 3, axis=2)
    around = np.full((400, 400, 3), 128, np.uint8)
    around[145:256, 145:256] = everywhere[145:256, 145:256]
    face = box_face(100, 100, 200)
    assert values(around, face)["EyeDetail"] == pytest.approx(-0.145, abs=0.03)
    # What flat skin has as well is grain: the floor of 0.05 is left for grey.
    assert values(everywhere.astype(np.uint8), face)["EyeDetail"] < -1.5
    assert values(np.full((400, 400, 3), 128, np.uint8), face)["EyeDetail"] == pytest.approx(
        np.log(0.05 / 144) / 2
    )


def test_effective_resolution_is_the_height_of_the_face() -> None:
    picture = np.full((400, 400, 3), 128, np.uint8)
    assert values(picture, box_face(100, 100, 128))["EffectiveResolution"] == pytest.approx(7)


def test_the_background_does_not_count(image: np.ndarray, face: Face) -> None:
    inside = np.zeros(image.shape[:2], np.uint8)
    hull = cv2.convexHull(face.landmarks[list(OVAL), :2].round().astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1)
    inside = cv2.dilate(inside, np.ones((61, 61), np.uint8))[..., None]
    bokeh = np.where(inside > 0, image, cv2.GaussianBlur(image, (0, 0), 8))
    assert values(bokeh, face)["EyeDetail"] == pytest.approx(values(image, face)["EyeDetail"])


def test_a_blurred_face_in_front_of_a_sharp_background_is_not_sharp(
    image: np.ndarray, face: Face
) -> None:
    inside = np.zeros(image.shape[:2], np.float32)
    hull = cv2.convexHull(face.landmarks[list(OVAL), :2].round().astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1.0)
    inside = cv2.GaussianBlur(cv2.dilate(inside, np.ones((25, 25), np.uint8)), (0, 0), 4)[..., None]
    soft = cv2.GaussianBlur(image, (0, 0), 4)
    assert score((inside * soft + (1 - inside) * image).astype(np.uint8), face) < LIMIT


def test_enlarging_a_picture_adds_no_detail(image: np.ndarray, face: Face) -> None:
    twice = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    larger = Face(face.bbox * 2, face.landmarks * 2 + 0.5, face.score)
    before, after = values(image, face), values(twice, larger)
    assert after["EyeDetail"] == pytest.approx(before["EyeDetail"], abs=0.1)


def test_a_mirror_image_is_as_sharp(image: np.ndarray, face: Face) -> None:
    landmarks = face.landmarks.copy()
    landmarks[:, 0] = image.shape[1] - 1 - landmarks[:, 0]
    mirrored = values(np.ascontiguousarray(image[:, ::-1]), Face(face.bbox, landmarks, face.score))
    for name, value in values(image, face).items():
        assert mirrored[name] == pytest.approx(value, rel=0.03, abs=0.02), name


def test_enlarged_pixels_show_after_jpeg(image: np.ndarray, face: Face) -> None:
    enlarged = blurred(image, "low_resolution", 0.5, NEAREST)
    for picture in (enlarged, decode(encode_jpeg(enlarged))):
        assert values(picture, face)["RepeatedPixels"] > 0.5
        assert score(picture, face) < LIMIT
    assert values(image, face)["RepeatedPixels"] == 0.3


def test_blockiness_by_hand() -> None:
    """Columns rise by 1 a pixel and by 5 between blocks of 8: ln(5.02 / 1.02)."""
    steps = np.ones(63)
    steps[4::8] = 5
    row = np.concatenate([[0], np.cumsum(steps)])
    picture = (row[None] + row[:, None]).astype(np.uint8)
    grey = np.repeat(picture[..., None], 3, axis=2)
    assert blockiness(grey, box_face(0, 0, 63)) == pytest.approx(np.log(5.02 / 1.02), abs=0.01)


def test_compression_is_told_by_its_blocks(image: np.ndarray, face: Face) -> None:
    found = []
    for quality in (95, 50, 25, 10, 4):
        data = io.BytesIO()
        PillowImage.fromarray(image).save(data, "JPEG", quality=quality)
        found.append(values(np.asarray(PillowImage.open(data)), face)["CompressionArtifacts"])
    assert found == sorted(found)
    assert found[0] < 0.3
    assert found[-1] > 0.6


@pytest.mark.parametrize("angle", [0.0, np.pi / 4, np.pi / 2])
def test_motion_has_a_direction_and_defocus_has_none(
    image: np.ndarray, face: Face, angle: float
) -> None:
    shaken = cv2.filter2D(image, -1, motion_kernel(15, angle))
    soft = cv2.GaussianBlur(image, (0, 0), 2.5)
    assert values(shaken, face)["DirectionalBlur"] > values(soft, face)["DirectionalBlur"] + 0.15


def test_without_a_face_nothing_is_measured() -> None:
    measures = measure(Subject(np.full((64, 64, 3), 128, np.uint8), shared_analyzer()))
    assert tuple(measures) == NAMES
    assert all(isinstance(found, Unassessed) for found in measures.values())
    assert isinstance(assess(measures), Unassessed)


def test_a_face_outside_the_picture_is_not_measured(image: np.ndarray) -> None:
    found = assess(measure(Subject(image, shared_analyzer(), face=box_face(900, 100, 80))))
    assert isinstance(found, Unassessed)
