from __future__ import annotations

import numpy as np
import pytest

from proportrait.faces import Face, FaceAnalyzer
from proportrait.faces.face import CHIN, FOREHEAD
from proportrait.measures import Measure, Subject, Unassessed
from proportrait.measures.fitted.lighting import COSTS
from proportrait.measures.lighting import FAULTS, LIMIT, NAMES, assess, measure, skin_luminance

# What doubling changes: landmarks are found anew.
DRIFT = 6.0


@pytest.fixture(scope="module")
def lit(analyzer: FaceAnalyzer, face: Face, mask: np.ndarray):  # type: ignore[no-untyped-def]
    """Measures of another picture of the same face in the same place."""
    return lambda picture: measure(Subject(picture, analyzer, face=face, mask=mask))


def values(measures: dict[str, Measure | Unassessed]) -> dict[str, float]:
    return {name: found.value for name, found in measures.items() if isinstance(found, Measure)}


def scores(measures: dict[str, Measure | Unassessed]) -> dict[str, float]:
    return {name: found.score for name, found in measures.items() if isinstance(found, Measure)}


def scaled(image: np.ndarray, factor: float | np.ndarray) -> np.ndarray:
    return (image * factor).round().clip(0, 255).astype(np.uint8)


def shaded(image: np.ndarray, face: Face, factor: float, axis: int) -> np.ndarray:
    """Darken one half: axis 0 the lower one, axis 1 the right one."""
    middle = (face.point(FOREHEAD) + face.point(CHIN)) / 2
    place = np.mgrid[: image.shape[0], : image.shape[1]][axis]
    return scaled(image, np.where(place > middle[1 - axis], factor, 1.0)[..., None])


def test_a_well_lit_face_passes(lit, image: np.ndarray) -> None:
    found = lit(image)
    assert tuple(found) == NAMES
    assert all(name == one.name for name, one in found.items())
    assert all(0 <= score <= 100 for score in scores(found).values())
    assert assess(found) > LIMIT


def test_the_brighter_side_is_told_in_stops(lit, image: np.ndarray, face: Face) -> None:
    even = values(lit(image))["SideRatio"]
    dim_right = values(lit(shaded(image, face, 0.73, 1)))["SideRatio"]  # 0.73**2.2 is one half
    assert dim_right - even == pytest.approx(-1.0, abs=0.25)
    mirrored = values(measure(Subject(np.ascontiguousarray(image[:, ::-1]), FaceAnalyzer())))
    assert mirrored["SideRatio"] == pytest.approx(-even, abs=0.1)


def test_flat_skin_has_the_values_that_one_counts(lit, image: np.ndarray) -> None:
    found = lit(np.full_like(image, 128))
    number = values(found)
    level = np.log2(0.2159 + 0.005)  # 128 is 0.2159 of white
    expected = dict.fromkeys(NAMES, 0.0) | {
        "LuminanceMean": 128 / 255,
        "IlluminationUniformity": 1.0,
        "NaturalColour": np.hypot(5, 5),
        "SkinHighlight": level,
        "WhiteLevel": level,
        "BlownHighlights": -3.0,  # none
        "SkinRedness": 16.0,  # grey: what is usual
        "SkinYellowness": 17.0,
        "ColourSpread": 6.5,
    }
    assert number == pytest.approx(expected, abs=0.01)
    # sin(0), 1 / 0.01, 200 (1 - sigmoid(7.07 / 10)), all by the formulas of OFIQ
    score = scores(found)
    assert score["LuminanceVariance"] == pytest.approx(0, abs=1e-3)
    assert score["OverExposurePrevention"] == 100
    assert score["NaturalColour"] == pytest.approx(66.04, abs=0.5)


@pytest.mark.parametrize(
    ("level", "name"), [(25, "UnderExposurePrevention"), (247, "OverExposurePrevention")]
)
def test_the_bounds_of_exposure_belong_to_it(lit, image: np.ndarray, level: int, name: str) -> None:
    assert values(lit(np.full_like(image, level)))[name] == 1
    inside = level + 1 if level < 128 else level - 1
    assert values(lit(np.full_like(image, inside)))[name] == 0


def turned(face: Face, image: np.ndarray) -> np.ndarray:
    """The landmarks in the mirror image, left ones still under their left names."""
    landmarks = face.landmarks.copy()
    landmarks[:, 0] = image.shape[1] - 1 - landmarks[:, 0]
    return landmarks


def test_a_mirror_image_changes_no_component(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face, mask: np.ndarray
) -> None:
    flipped = image[:, ::-1].copy()
    opposite = np.linalg.norm(
        (analyzer.face(flipped).landmarks[:, None] - turned(face, image)[None]), axis=2
    ).argmin(1)
    other = Face(face.bbox, turned(face, image)[opposite], face.score)
    found = scores(measure(Subject(image, analyzer, face=face, mask=mask)))
    mirrored = measure(Subject(flipped, analyzer, face=other, mask=mask[:, ::-1]))
    assert scores(mirrored) == pytest.approx(found, abs=3)


def test_the_size_changes_little(analyzer: FaceAnalyzer, image: np.ndarray) -> None:
    found = measure(Subject(image, analyzer))
    doubled = measure(Subject(image.repeat(2, 0).repeat(2, 1), analyzer))
    assert scores(doubled) == pytest.approx(scores(found), abs=DRIFT)


def test_brightness_moves_exposure_and_not_uniformity(lit, image: np.ndarray) -> None:
    found, dim = values(lit(image)), values(lit(scaled(image, 0.7)))
    assert dim["LuminanceMean"] == pytest.approx(0.7 * found["LuminanceMean"], rel=0.01)
    for name in ("IlluminationUniformity", "DiffuseContrast"):
        assert dim[name] == pytest.approx(found[name], rel=0.1)
    for name in ("SideLight", "TopLight"):
        assert dim[name] == pytest.approx(found[name], abs=0.1)


def test_the_darker_one_half_the_less_even(lit, image: np.ndarray, face: Face) -> None:
    found = [lit(shaded(image, face, factor, 1)) for factor in (1, 0.8, 0.6, 0.4, 0.2)]
    uniformity = [values(one)["IlluminationUniformity"] for one in found]
    assert uniformity == sorted(uniformity, reverse=True)
    assert uniformity[-1] < 0.1
    contrast = [values(one)["DiffuseContrast"] for one in found]
    assert contrast == sorted(contrast)
    verdicts = [assess(one) for one in found]
    assert verdicts == sorted(verdicts, reverse=True)
    assert verdicts[-1] < LIMIT


def test_light_from_above_and_below(lit, image: np.ndarray, face: Face) -> None:
    grey = np.full_like(image, 128)
    found = values(lit(shaded(grey, face, 0.5, 0)))
    # Half the encoded value is 2.1 stops darker; the line that fits best to a step of height h over
    # a square rises by 1.5 h, over an oval with holes by somewhat more.
    assert 3.1 < found["TopLight"] < 5
    assert found["SideLight"] < 0.4
    beside = values(lit(shaded(grey, face, 0.5, 1)))
    # 0.216 and 0.051 of white differ by 1.24 of their mean.
    assert 1.5 * 1.24 < beside["SideLight"] < 2.5
    assert abs(beside["TopLight"]) < 0.4


def test_back_light_is_counted_in_stops(lit, image: np.ndarray, mask: np.ndarray) -> None:
    person = np.full_like(image, 55)  # linear 0.0382
    behind = np.full_like(image, 188)  # linear 0.5029
    found = lit(np.where(mask[..., None] < 0.5, behind, person))
    # The floor of 0.005 belongs to both.
    expected = np.log2((0.5029 + 0.005) / (0.0382 + 0.005))
    assert values(found)["BackLight"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda image: scaled(image, 0.3), "SkinHighlight"),
        (lambda image: scaled(image, 1.9), "BlownHighlights"),
        (lambda image: scaled(image, np.array([0.6, 1.1, 0.7])), "SkinRedness"),
        (lambda image: scaled(image, np.array([0.7, 0.8, 1.5])), "SkinYellowness"),
    ],
)
def test_what_spoils_the_light(lit, image: np.ndarray, spoil, name: str) -> None:
    found, spoilt = lit(image), lit(spoil(image))
    assert scores(spoilt)[name] < scores(found)[name]
    assert assess(spoilt) < min(LIMIT, assess(found))


def test_coloured_light_from_one_side(lit, image: np.ndarray, face: Face) -> None:
    middle = (face.point(FOREHEAD) + face.point(CHIN))[0] / 2
    blue = np.ones(image.shape)
    blue[:, int(middle) :] = (0.7, 0.7, 1.5)
    found, spoilt = lit(image), lit(scaled(image, blue))
    assert values(spoilt)["ColourSpread"] > values(found)["ColourSpread"]
    assert assess(spoilt) < LIMIT < assess(found)


def test_darker_skin_in_the_same_light_passes(lit, image: np.ndarray, mask: np.ndarray) -> None:
    # About half of the light of a fair skin, with the same shading.
    darker = np.where(mask[..., None] > 0.5, scaled(image, 0.75), image)
    found, other = values(lit(image)), lit(darker)
    assert assess(other) > LIMIT
    assert values(other)["DiffuseContrast"] == pytest.approx(found["DiffuseContrast"], rel=0.2)


def test_shine_is_no_shading(lit, image: np.ndarray, face: Face) -> None:
    """White light added to parts of the face, as oily or dark skin mirrors it."""
    place = np.mgrid[: image.shape[0], : image.shape[1]][1]
    middle = (face.point(FOREHEAD) + face.point(CHIN))[0] / 2
    near = np.exp(-(((place - middle) / (0.15 * face.width)) ** 2))[..., None]
    shiny = (255 * ((image / 255) ** 2.2 + 0.08 * near) ** (1 / 2.2)).clip(0, 255).astype(np.uint8)
    before, after = values(lit(image)), values(lit(shiny))
    assert after["DiffuseContrast"] == pytest.approx(before["DiffuseContrast"], rel=0.25)


def test_black_and_white_has_no_colour_cast(lit, image: np.ndarray, face: Face) -> None:
    grey = np.repeat(image.mean(-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    found = lit(grey)
    colours = ("SkinRedness", "SkinYellowness", "ColourSpread")
    assert [values(found)[name] for name in colours] == [16.0, 17.0, 6.5]
    assert min(scores(found)[name] for name in colours) > 90
    assert assess(found) > LIMIT
    assert assess(lit(shaded(grey, face, 0.2, 1))) < LIMIT


def test_what_cannot_be_assessed(analyzer: FaceAnalyzer, image: np.ndarray, face: Face) -> None:
    grey = np.full_like(image, 128)
    assert assess(measure(Subject(grey, analyzer))) == Unassessed("Lighting", "no face found")
    far = Face(face.bbox + 2000, face.landmarks + np.float32(2000), face.score)
    found = measure(Subject(image, analyzer, face=far))
    assert tuple(found) == NAMES
    assert all(isinstance(one, Unassessed) for one in found.values())
    assert "too little of the face" in assess(found).reason


def test_without_background_nothing_is_brighter_behind(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face
) -> None:
    everywhere = np.ones(image.shape[:2], np.float32)
    found = measure(Subject(image, analyzer, face=face, mask=everywhere))
    assert values(found)["BackLight"] == 0
    assert assess(found) > LIMIT


def test_a_cut_chin_hides_no_measure(
    analyzer: FaceAnalyzer, image: np.ndarray, face: Face, mask: np.ndarray
) -> None:
    mouth = round(float(face.point(13)[1]))
    part = np.ascontiguousarray(image[:mouth]), mask[:mouth]
    found = measure(Subject(part[0], analyzer, face=face, mask=part[1]))
    assert tuple(values(found)) == NAMES
    assert assess(found) > LIMIT


def covered(image: np.ndarray, face: Face, top: int, bottom: int) -> np.ndarray:
    """The face between two landmarks behind something black."""
    picture = image.copy()
    rows = slice(round(float(face.point(top)[1])), round(float(face.point(bottom)[1])))
    columns = slice(round(float(face.point(234)[0])), round(float(face.point(454)[0])))
    picture[rows, columns] = (12, 13, 16)
    return picture


@pytest.mark.parametrize(("top", "bottom"), [(105, 117), (164, 152), (10, 105)])
def test_light_is_judged_on_the_skin_that_shows(
    lit, image: np.ndarray, face: Face, top: int, bottom: int
) -> None:
    """Behind dark glasses, a black mask, a cap."""
    found, other = lit(image), lit(covered(image, face, top, bottom))
    for name in ("SideLight", "DiffuseContrast", "SkinHighlight", "SkinContrast"):
        assert values(other)[name] == pytest.approx(values(found)[name], abs=0.3)
    assert assess(other) > LIMIT


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_costs_more_the_further_it_is_from_the_usual(name: str) -> None:
    knots, costs = COSTS[name]
    assert list(knots) == sorted(knots)
    lowest = costs.index(0.0)
    assert list(costs[lowest:]) == sorted(costs[lowest:])
    assert list(costs[: lowest + 1]) == sorted(costs[: lowest + 1], reverse=True)
    middle = [FAULTS[name](value) for value in np.linspace(knots[0], knots[-1], 20)]
    assert max(middle) <= max(costs)
    assert FAULTS[name](knots[-1] + 1) == costs[-1]


def test_skin_luminance_is_a_share(analyzer: FaceAnalyzer, image: np.ndarray, face: Face) -> None:
    assert skin_luminance(Subject(np.full_like(image, 51), analyzer, face=face)) == pytest.approx(
        0.2, abs=1e-3
    )
