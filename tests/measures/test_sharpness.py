from __future__ import annotations

import io
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from proportrait.edit.retouch.blur import BLURS, _filter_linear, motion_kernel
from proportrait.faces import Face, shared_analyzer
from proportrait.faces.face import OVAL
from proportrait.imaging import decode, encode_jpeg
from proportrait.measures import Measure, Subject, Unassessed
from proportrait.measures.sharpness import (
    LIMIT,
    NAMES,
    assess,
    blockiness,
    blur_effect,
    face_steps,
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
    """A round face in a square of `side` px."""
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:, :2] = left + side / 2, top + side / 2
    turn = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    landmarks[list(OVAL), 0] = left + side / 2 * (1 + np.sin(turn))
    landmarks[list(OVAL), 1] = top + side / 2 * (1 - np.cos(turn))
    return Face(np.array([left, top, left + side, top + side], np.float32), landmarks, 1.0)


STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
LINEAR, NEAREST = 1, 0


@pytest.mark.parametrize("kind", ["gaussian", "motion", "defocus", "low_resolution"])
def test_blur_lowers_sharpness_monotonically(image: np.ndarray, face: Face, kind: str) -> None:
    pictures = [image, *(blurred(image, kind, strength, LINEAR) for strength in STRENGTHS)]
    scores = [score(picture, face) for picture in pictures]
    # Of a motion longer than the kernel of the measure nothing more is lost: under 0.1 of 100.
    assert all(a > b or max(a, b) < 0.1 for a, b in pairwise(scores)), scores
    assert scores[0] >= LIMIT > scores[1]
    assert scores[1] > scores[2] > scores[3]


def test_larger_pixels_repeat_more(image: np.ndarray, face: Face) -> None:
    pictures = [image, *(blurred(image, "low_resolution", s, NEAREST) for s in STRENGTHS)]
    repeated = [values(picture, face)["RepeatedPixels"] for picture in pictures]
    assert repeated == sorted(repeated)
    assert score(image, face) >= LIMIT
    assert max(score(picture, face) for picture in pictures[1:]) < LIMIT


def test_heavier_compression_lowers_sharpness(image: np.ndarray, face: Face) -> None:
    """Its blocks meet the pixels anew at every size, so neighbouring strengths may tie."""
    pictures = [image, *(blurred(image, "jpeg", strength) for strength in STRENGTHS)]
    sharpness = [values(picture, face)["Sharpness"] for picture in pictures]
    assert all(a > b - 0.01 for a, b in pairwise(sharpness)), sharpness
    assert sharpness[1] > sharpness[-1] + 0.05
    assert score(image, face) >= LIMIT > score(pictures[1], face)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 4.0])
def test_a_wider_gaussian_is_less_sharp_in_every_way(
    image: np.ndarray, face: Face, sigma: float
) -> None:
    before = values(cv2.GaussianBlur(image, (0, 0), sigma), face)
    after = values(cv2.GaussianBlur(image, (0, 0), 1.5 * sigma), face)
    for name in ("Sharpness", "SpectralCutoff", "EffectiveResolution"):
        assert after[name] < before[name], name


def test_the_background_does_not_count(image: np.ndarray, face: Face) -> None:
    inside = np.zeros(image.shape[:2], np.uint8)
    hull = cv2.convexHull(face.landmarks[list(OVAL), :2].round().astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1)
    inside = cv2.dilate(inside, np.ones((25, 25), np.uint8))[..., None]
    bokeh = np.where(inside > 0, image, cv2.GaussianBlur(image, (0, 0), 8))
    assert values(bokeh, face)["Sharpness"] == pytest.approx(values(image, face)["Sharpness"])


def test_a_blurred_face_in_front_of_a_sharp_background_is_not_sharp(
    image: np.ndarray, face: Face
) -> None:
    inside = np.zeros(image.shape[:2], np.float32)
    hull = cv2.convexHull(face.landmarks[list(OVAL), :2].round().astype(np.int32))
    cv2.fillConvexPoly(inside, hull, 1.0)
    inside = cv2.GaussianBlur(cv2.dilate(inside, np.ones((25, 25), np.uint8)), (0, 0), 4)[..., None]
    soft = cv2.GaussianBlur(image, (0, 0), 4)
    assert score((inside * soft + (1 - inside) * image).astype(np.uint8), face) < LIMIT


def test_the_picture_size_matters_little(image: np.ndarray, face: Face) -> None:
    twice = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    larger = Face(face.bbox * 2, face.landmarks * 2 + 0.5, face.score)
    assert values(twice, larger)["Sharpness"] == pytest.approx(
        values(image, face)["Sharpness"], abs=0.08
    )


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
    assert values(image, face)["RepeatedPixels"] < 0.25


def test_motion_from_corner_to_corner_is_no_sharper(image: np.ndarray, face: Face) -> None:
    shaken = [
        _filter_linear(image, motion_kernel(12, angle)) for angle in (0, np.pi / 4, np.pi / 2)
    ]
    along, across, down = (values(picture, face)["Sharpness"] for picture in shaken)
    assert across == pytest.approx((along + down) / 2, abs=0.05)


def test_the_blur_effect_of_a_step_by_hand() -> None:
    """A step of one pixel, blurred over nine, keeps a ninth of its height; a ramp keeps all."""
    step = np.zeros((16, 32), np.float32)
    step[:, 16:] = 90
    assert blur_effect(step, np.ones_like(step)) == pytest.approx(1 / 9, abs=1e-4)
    ramp = np.tile(np.arange(64, dtype=np.float32), (16, 1))
    middle = np.zeros_like(ramp)
    middle[:, 16:48] = 1  # away from the border, at which a blur folds back
    assert blur_effect(ramp, middle) == pytest.approx(1, abs=1e-4)
    assert blur_effect(np.full((16, 16), 7, np.float32), np.ones((16, 16), np.float32)) == 1


@pytest.mark.parametrize("period", [8, 12])
def test_blockiness_by_hand(period: int) -> None:
    """Columns differ by 1, those between blocks by 5: one of `period` is ln(5.05 / 1.05) larger."""
    row = [0]
    for column in range(1, 241):
        step = 5 if column % period == 0 else 1
        row.append(row[-1] - step if row[-1] > 0 else row[-1] + step)
    picture = 128 + np.array(row)[None] + np.array(row)[:, None]
    grey = np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)
    expected = 8 / period * np.log(5.05 / 1.05)
    assert blockiness(*face_steps(grey, box_face(0, 0, 240))) == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("share", [0.8, 1.25, 1.5])
def test_blocks_show_in_a_picture_that_was_resized_after_compression(
    image: np.ndarray, face: Face, share: float
) -> None:
    def resized(picture: np.ndarray) -> np.ndarray:
        method = cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR
        return cv2.resize(picture, None, fx=share, fy=share, interpolation=method)

    there = Face(face.bbox * share, face.landmarks * np.float32(share), face.score)
    assert score(resized(image), there) >= LIMIT
    assert score(resized(decode(encode_jpeg(image, 13))), there) < LIMIT


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
