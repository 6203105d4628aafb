from __future__ import annotations

import json

import numpy as np
import pytest

from proportrait.edit.retouch.lighting.relief import build_relief
from proportrait.edit.retouch.lighting.relight import BAD_LIGHTS, GOOD_LIGHTS, relight
from proportrait.faces import Face, FaceAnalyzer
from proportrait.faces import face as points
from proportrait.tone import luminance, to_linear, to_srgb

Picture = tuple[np.ndarray, Face, np.ndarray]


@pytest.fixture(scope="module")
def picture(image: np.ndarray, face: Face, mask: np.ndarray) -> Picture:
    return image, face, mask


def _mirrored(picture: Picture, analyzer: FaceAnalyzer) -> Picture:
    image = np.ascontiguousarray(picture[0][:, ::-1])
    return image, analyzer.face(image), np.ascontiguousarray(picture[2][:, ::-1])


def _lit(picture: Picture, kind: str, seed: int = 1) -> np.ndarray:
    image, parameters = relight(*picture, kind, np.random.default_rng(seed))
    assert image.shape == picture[0].shape
    assert image.dtype == np.uint8
    json.dumps(parameters)
    assert parameters["kind"] == kind
    return image


def _spot(image: np.ndarray, face: Face, *landmarks: int) -> float:
    """Mean luminance of patches around landmarks."""
    light = luminance(to_linear(image))
    reach = max(2, int(0.03 * face.width))
    values = []
    for index in landmarks:
        x, y = face.point(index).round().astype(int)
        values.append(light[y - reach : y + reach, x - reach : x + reach].mean())
    return float(np.mean(values))


LEFT_SIDE, RIGHT_SIDE = (50, 205, 36), (280, 425, 266)  # cheeks
FOREHEAD, LOW = (151, 108, 337), (200, 199, 421)  # chin


def _side_stops(image: np.ndarray, face: Face) -> float:
    return float(np.log2(_spot(image, face, *LEFT_SIDE) / _spot(image, face, *RIGHT_SIDE)))


def _height_stops(image: np.ndarray, face: Face) -> float:
    return float(np.log2(_spot(image, face, *FOREHEAD) / _spot(image, face, *LOW)))


def _face_pixels(image: np.ndarray, face: Face) -> np.ndarray:
    x0, y0, x1, y1 = face.bbox.astype(int)
    return image[y0:y1, x0:x1].reshape(-1, 3)


def _median(image: np.ndarray, face: Face) -> float:
    return float(np.median(luminance(to_linear(_face_pixels(image, face)))))


def _burnt(image: np.ndarray, face: Face) -> float:
    return float((_face_pixels(image, face).max(1) >= 248).mean())


def _backdrop(image: np.ndarray, mask: np.ndarray) -> float:
    return float(luminance(to_linear(image))[mask < 0.02].mean())


@pytest.mark.parametrize("kind", GOOD_LIGHTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_good_light_is_even_and_well_exposed(picture: Picture, kind: str, seed: int) -> None:
    image, face, _ = picture
    lit = _lit(picture, kind, seed)
    assert abs(_side_stops(lit, face)) < 0.75
    assert abs(_height_stops(lit, face) - _height_stops(image, face)) < 0.75
    assert 0.6 < _median(lit, face) / _median(image, face) < 1.6
    assert _burnt(lit, face) < 0.05


@pytest.mark.parametrize(("kind", "low", "high"), [("side_left", 1.5, 5), ("side_right", -5, -1.5)])
@pytest.mark.parametrize("seed", [1, 2])
def test_side_light_leaves_one_side_dark(
    picture: Picture, kind: str, low: float, high: float, seed: int
) -> None:
    assert low < _side_stops(_lit(picture, kind, seed), picture[1]) < high


@pytest.mark.parametrize(("kind", "other"), [("side_left", "side_right")])
def test_mirrored_picture_and_mirrored_light_make_the_mirrored_result(
    picture: Picture, analyzer: FaceAnalyzer, kind: str, other: str
) -> None:
    mirrored = _mirrored(picture, analyzer)
    one, two = _lit(picture, kind), _lit(mirrored, other)
    difference = np.abs(one[:, ::-1].astype(int) - two.astype(int))
    assert difference.mean() < 8
    assert _side_stops(two, mirrored[1]) == pytest.approx(-_side_stops(one, picture[1]), abs=0.6)


@pytest.mark.parametrize(("kind", "sign"), [("top", 1), ("under", -1)])
def test_light_from_above_and_below_changes_the_height_of_the_light(
    picture: Picture, kind: str, sign: int
) -> None:
    image, face, _ = picture
    change = _height_stops(_lit(picture, kind), face) - _height_stops(image, face)
    assert sign * change > 1.2


def test_top_light_darkens_the_eyes(picture: Picture) -> None:
    image, face, _ = picture
    lit = _lit(picture, "top")
    sockets = (159, 386)

    def contrast(picture: np.ndarray) -> float:
        return _spot(picture, face, *sockets) / _spot(picture, face, *FOREHEAD)

    assert contrast(lit) < 0.6 * contrast(image)


def test_back_light_darkens_the_face_and_burns_the_background(picture: Picture) -> None:
    image, face, mask = picture
    lit = _lit(picture, "back")
    assert _median(lit, face) < 0.4 * _median(image, face)
    assert _backdrop(lit, mask) > 0.85


def test_flash_blows_highlights_before_a_dark_background(picture: Picture) -> None:
    image, face, mask = picture
    lit = _lit(picture, "flash")
    assert 0.1 < _burnt(lit, face) < 0.7
    assert _backdrop(lit, mask) < 0.4 * _backdrop(image, mask)


def test_dark_is_three_stops_under(picture: Picture) -> None:
    image, face, mask = picture
    lit = _lit(picture, "dark")
    assert _median(lit, face) < 0.15 * _median(image, face)
    assert _backdrop(lit, mask) < 0.15 * _backdrop(image, mask)


def test_over_burns_the_skin_and_keeps_the_eyes(picture: Picture) -> None:
    face = picture[1]
    lit = _lit(picture, "over")
    assert _burnt(lit, face) > 0.3
    assert _spot(lit, face, 159, 386) < 0.8 * _spot(lit, face, *FOREHEAD)


def _redness(picture: np.ndarray, face: Face, *landmarks: int) -> float:
    """Red over blue around landmarks, in stops."""
    x, y = np.mean([face.point(i) for i in landmarks], 0).astype(int)
    patch = to_linear(picture)[y - 8 : y + 8, x - 8 : x + 8].mean((0, 1))
    return float(np.log2(patch[0] / patch[2]))


def test_stage_light_has_two_colours(picture: Picture) -> None:
    image, face, _ = picture
    lit = _lit(picture, "stage")
    sides = [
        abs(_redness(one, face, *LEFT_SIDE) - _redness(one, face, *RIGHT_SIDE))
        for one in (image, lit)
    ]
    assert sides[0] < 0.5
    assert sides[1] > 0.8


@pytest.mark.parametrize(("kind", "sign"), [("tungsten", 1), ("evening", -1)])
def test_coloured_light_falls_on_the_place_too(picture: Picture, kind: str, sign: int) -> None:
    image, face, mask = picture
    lit = _lit(picture, kind)
    assert sign * (_redness(lit, face, *FOREHEAD) - _redness(image, face, *FOREHEAD)) > 1.2
    behind = [to_linear(one)[mask < 0.02].mean(0) for one in (image, lit)]
    before, after = (np.log2(colour[0] / colour[2]) for colour in behind)
    assert sign * (after - before) > 1.2


def test_fluorescent_light_is_green(picture: Picture) -> None:
    image, face, _ = picture
    before, after = (
        _face_pixels(one, face).mean(0) for one in (image, _lit(picture, "fluorescent"))
    )
    assert after[1] / after[[0, 2]].mean() > 1.15 * before[1] / before[[0, 2]].mean()


def test_the_outline_has_no_halo(picture: Picture) -> None:
    """A dark person before a bright wall that the flash does not reach."""
    _, face, mask = picture
    alpha = mask[..., None]
    flat = to_srgb(np.float32(0.05) * alpha + np.float32(0.6) * (1 - alpha) + np.zeros(3))
    lit, parameters = relight(flat, face, mask, "flash", np.random.default_rng(0))
    assert parameters["backdrop"][0] < 0.5
    light = luminance(to_linear(lit))
    inside, outside = np.median(light[mask > 0.99]), np.median(light[mask < 0.01])
    edge = light[(mask > 0.3) & (mask < 0.7)]
    assert np.percentile(edge, 95) < 1.2 * max(inside, outside)
    assert np.percentile(edge, 5) > 0.6 * min(inside, outside)


@pytest.mark.parametrize("kind", ["frontal", "low_key", "dark", "top", "side_left"])
def test_exposure_does_not_depend_on_skin_tone(picture: Picture, kind: str) -> None:
    image, face, mask = picture
    share = 1 - 0.75 * mask[..., None]
    darker = (to_srgb(to_linear(image) * share), face, mask)
    change = _median(_lit(picture, kind), face) / _median(image, face)
    change_of_darker = _median(_lit(darker, kind), face) / _median(darker[0], face)
    assert np.log2(change_of_darker / change) == pytest.approx(0, abs=0.3)


def test_natural_leaves_an_even_light_alone(picture: Picture) -> None:
    image, parameters = relight(*picture, "natural", np.random.default_rng(0))
    assert np.array_equal(image, picture[0])
    assert parameters["flatten"] == 0


@pytest.mark.parametrize("kind", GOOD_LIGHTS)
def test_good_light_evens_out_an_uneven_source(picture: Picture, kind: str) -> None:
    _, face, mask = picture
    uneven = _lit(picture, "side_left", seed=3)
    assert _side_stops(uneven, face) > 1.5
    evened = _lit((uneven, face, mask), kind)
    assert abs(_side_stops(evened, face)) < 0.6 * _side_stops(uneven, face)


@pytest.mark.parametrize("kind", [*GOOD_LIGHTS, *BAD_LIGHTS])
def test_same_seed_same_bytes(picture: Picture, kind: str) -> None:
    assert np.array_equal(_lit(picture, kind, 5), _lit(picture, kind, 5))


@pytest.mark.parametrize("kind", ["side_left", "stage", "flash"])
def test_seeds_differ(picture: Picture, kind: str) -> None:
    assert not np.array_equal(_lit(picture, kind, 5), _lit(picture, kind, 6))


@pytest.mark.parametrize("kind", ["loop", "top", "back", "over"])
def test_odd_sizes_and_missing_masks_are_no_trouble(picture: Picture, kind: str) -> None:
    image, face, mask = picture
    cut = np.s_[60:, 40:471]
    moved = face.landmarks - np.array([40, 60, 0], np.float32)
    small = (np.ascontiguousarray(image[cut]), Face(face.bbox, moved, 1.0), mask[cut])
    assert _lit(small, kind).shape == (452, 431, 3)
    # Without a person nothing but a face is known: no division by nothing, no NaN turned black.
    lit = _lit((image, face, np.zeros_like(mask)), kind)
    assert lit.std() > 1


def test_unknown_light_lists_the_choices(picture: Picture) -> None:
    with pytest.raises(ValueError, match=r"nothing.*clamshell.*side_left"):
        relight(*picture, "nothing", np.random.default_rng(0))


def test_relief_knows_the_shape_of_a_head(picture: Picture) -> None:
    _, face, mask = picture
    relief = build_relief(face, mask)
    assert np.linalg.norm(relief.normals, axis=-1) == pytest.approx(1, abs=1e-3)
    spot = relief.landmarks[:, :2].round().astype(int)

    def at(field: np.ndarray, index: int) -> np.ndarray:
        x, y = spot[index]
        return field[y, x]

    assert at(relief.normals, 50)[0] < -0.1  # cheeks turn outwards
    assert at(relief.normals, 280)[0] > 0.1
    assert at(relief.height, points.NOSE_TIP) > at(relief.height, 50)
    assert at(relief.height, points.NOSE_TIP) > at(relief.height, points.FOREHEAD)
    x, y = spot[points.FOREHEAD]
    crown = relief.normals[max(0, y - int(0.25 * relief.face_width)), x]
    assert crown[1] < -0.2  # the cranium turns upwards where the landmarks have ended
