from __future__ import annotations

import numpy as np
import pytest

from proportrait.faces import Face, FaceAnalyzer
from proportrait.measures import Measure, Subject, Unassessed
from proportrait.measures.background import LIMIT, NAMES, assess, measure
from proportrait.measures.skin import CHEEKS

SIZE = 354  # px, the size that is measured at: nothing is resampled
GREY = np.full((SIZE, SIZE, 3), 128, np.uint8)
GREEN = np.array([60, 180, 60], np.uint8)  # of the face: the background is no skin then


def face(x: float = 127, y: float = 100, side: float = 100) -> Face:
    """A face of `side` px; only its box, its height and its cheeks matter here."""
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:, :2] = x + side / 2, y + side / 2
    landmarks[[10, 152], 1] = y, y + side
    for cheek, across in zip(CHEEKS, (0.3, 0.7), strict=True):
        turn = np.linspace(0, 2 * np.pi, len(cheek), endpoint=False)
        landmarks[list(cheek), 0] = x + side * (across + 0.08 * np.cos(turn))
        landmarks[list(cheek), 1] = y + side * (0.6 + 0.08 * np.sin(turn))
    return Face(np.array([x, y, x + side, y + side], np.float32), landmarks, 0.9)


def person(size: int = SIZE, width: float = 0.4) -> np.ndarray:
    """A mask: a column of the given share in the middle, from a tenth of the height down."""
    mask = np.zeros((size, size), np.float32)
    left = round(size * (1 - width) / 2)
    mask[size // 10 :, left : size - left] = 1
    return mask


def subject(analyzer: FaceAnalyzer, image: np.ndarray, mask: np.ndarray | None = None) -> Subject:
    mask = person() if mask is None else mask
    painted = image.copy()
    painted[100:200, 130:224] = GREEN
    return Subject(painted, analyzer, face=face(), mask=mask)


def values(measures: dict[str, Measure | Unassessed]) -> dict[str, float]:
    return {name: found.value for name, found in measures.items() if isinstance(found, Measure)}


def scores(measures: dict[str, Measure | Unassessed]) -> dict[str, float]:
    return {name: found.score for name, found in measures.items() if isinstance(found, Measure)}


def checkerboard(cell: int, size: int = SIZE) -> np.ndarray:
    y, x = np.mgrid[:size, :size] // cell
    return np.repeat(np.where((x + y) % 2, 200, 60)[..., None], 3, 2).astype(np.uint8)


def test_a_plain_background_is_perfect(analyzer: FaceAnalyzer) -> None:
    found = measure(subject(analyzer, GREY))
    assert tuple(found) == NAMES
    assert all(name == measured.name for name, measured in found.items())
    expected = dict.fromkeys(NAMES, 0.0) | {"BackgroundShare": 1 - 0.9 * 0.4}
    places = {name: values(found)[name] for name in ("ClutterX", "ClutterY")}  # of all of it
    assert values(found) == pytest.approx(expected | places, abs=0.01)
    assert places["ClutterX"] == pytest.approx(0.5, abs=0.01)
    # By hand: 190 / (1 + exp(-10 / 100)), and 1 / (1 + exp(-7.43)) without a fault.
    expected = dict.fromkeys(NAMES, 100.0) | {"BackgroundUniformity": 99.746}
    assert scores(found) == pytest.approx(expected, abs=0.1)
    assert assess(found) == pytest.approx(99.940, abs=0.01)


def test_a_ramp_has_the_gradient_that_one_counts(analyzer: FaceAnalyzer) -> None:
    ramp = np.repeat((np.arange(SIZE) // 2 + 40)[None, :, None], SIZE, 0)
    image = np.repeat(ramp, 3, 2).astype(np.uint8)
    found = values(measure(subject(analyzer, image)))
    # One level every 2 px; Sobel's kernel adds up to 8.
    assert found["BackgroundUniformity"] == pytest.approx(4.0, rel=0.02)
    # From level 40 to 216, L* 16.1 to 86.5 over 354 px; the steepest end has 96.6 / 255 a level.
    assert found["BackgroundClutter"] == pytest.approx(SIZE / 2 * 0.42, rel=0.15)
    # A straight ramp is a backdrop, not a spot.
    assert found["BackgroundSpots"] < 2


@pytest.mark.parametrize(("left", "x"), [(True, 0.1), (False, 0.9)])
def test_clutter_is_where_its_edges_are(analyzer: FaceAnalyzer, left: bool, x: float) -> None:
    image = GREY.copy()
    side = slice(0, SIZE // 5) if left else slice(-(SIZE // 5), None)
    image[:, side] = checkerboard(12)[:, side]
    found = values(measure(subject(analyzer, image)))
    assert found["ClutterX"] == pytest.approx(x, abs=0.06)
    assert found["ClutterY"] == pytest.approx(0.5, abs=0.1)


def test_half_black_and_half_white_has_one_bit(analyzer: FaceAnalyzer) -> None:
    image = GREY.copy()
    image[:, : SIZE // 2], image[:, SIZE // 2 :] = 0, 255
    found = values(measure(subject(analyzer, image)))
    assert found["BackgroundEntropy"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("cell", [10, 30, 60])
def test_plain_beats_a_checkerboard(analyzer: FaceAnalyzer, cell: int) -> None:
    plain, busy = (measure(subject(analyzer, image)) for image in (GREY, checkerboard(cell)))
    names = {name for name in NAMES if name.endswith(("Uniformity", "Entropy", "Clutter", "Spots"))}
    assert all(scores(plain)[name] > scores(busy)[name] for name in names)
    verdict = assess(busy)
    assert isinstance(verdict, float)
    assert verdict < LIMIT


def test_fine_grain_is_no_clutter(analyzer: FaceAnalyzer) -> None:
    noise = np.random.default_rng(3).normal(0, 4, GREY.shape)
    grainy = (GREY + noise).clip(0, 255).astype(np.uint8)
    verdict = assess(measure(subject(analyzer, grainy)))
    assert isinstance(verdict, float)
    assert verdict > LIMIT


def test_a_colour_spot_counts_the_more_the_stronger_it_is(analyzer: FaceAnalyzer) -> None:
    spots = []
    for strength in (0, 20, 40, 80, 120):
        image = GREY.copy()
        image[20:80, 20:80, 0] += np.uint8(strength)
        spots.append(values(measure(subject(analyzer, image)))["BackgroundSpots"])
    assert spots == sorted(spots)
    assert spots[-1] > spots[0] + 20


def test_what_the_person_wears_does_not_matter(analyzer: FaceAnalyzer) -> None:
    image = np.where(person()[..., None] > 0.5, checkerboard(15), GREY)
    image[100:200, 130:224] = GREEN
    found = measure(Subject(image, analyzer, face=face(), mask=person()))
    assert scores(found) == pytest.approx(scores(measure(subject(analyzer, GREY))), abs=0.1)


def test_in_black_and_white_a_grey_wall_is_nobodys_skin(analyzer: FaceAnalyzer) -> None:
    image = np.full_like(GREY, int(GREEN @ np.array([0.299, 0.587, 0.114])))
    found = measure(Subject(image, analyzer, face=face(), mask=person()))
    assert isinstance(found["OtherSkin"], Unassessed)
    assert "black and white" in found["OtherSkin"].reason
    assert assess(found) == pytest.approx(99.940, abs=0.01)  # 1 / (1 + exp(-7.43))
    image[: SIZE // 2] = checkerboard(12)[: SIZE // 2]
    busy = assess(measure(Subject(image, analyzer, face=face(), mask=person())))
    assert isinstance(busy, float)
    assert busy < LIMIT


def test_skin_beside_the_head_is_somebody_elses(analyzer: FaceAnalyzer) -> None:
    found = []
    for height in (0, 20, 50, 90):
        image = GREY.copy()
        image[100 : 100 + height, :40] = GREEN
        found.append(measure(subject(analyzer, image)))
    skin = [values(one)["OtherSkin"] for one in found]
    assert skin == pytest.approx([area * 40 / SIZE**2 for area in (0, 20, 50, 85)], abs=0.003)
    assert scores(found[0])["OtherSkin"] > scores(found[-1])["OtherSkin"]


def test_a_mirror_image_changes_nothing(analyzer: FaceAnalyzer) -> None:
    image, mask = checkerboard(37), person()
    image[:60, :90] = (250, 20, 20)
    found = measure(subject(analyzer, image, mask))
    mirrored = measure(subject(analyzer, image[:, ::-1].copy(), mask[:, ::-1].copy()))
    assert scores(mirrored) == pytest.approx(scores(found), abs=0.1)


def test_the_size_changes_little(analyzer: FaceAnalyzer, image: np.ndarray) -> None:
    found = measure(Subject(image, analyzer))
    large = image.repeat(2, 0).repeat(2, 1)
    doubled = measure(Subject(large, analyzer))
    assert scores(doubled) == pytest.approx(scores(found), abs=4)


@pytest.mark.parametrize(("other", "ratio"), [(25.0, 0.25), (40.0, 0.4)])
def test_a_bystander_spoils_the_background(
    analyzer: FaceAnalyzer, other: float, ratio: float
) -> None:
    several = subject(analyzer, GREY)
    several.faces = [face(), face(10, 10, other)]
    found = measure(several)
    single = found["SingleFacePresent"]
    assert isinstance(single, Measure)
    assert single.value == pytest.approx(ratio)
    assert single.score == pytest.approx(100 * (1 - ratio))
    assert values(found)["BackgroundClutter"] == pytest.approx(0, abs=0.01)
    assert assess(found) == 0


def test_beside_a_second_subject_the_largest_is_measured(analyzer: FaceAnalyzer) -> None:
    several = subject(analyzer, GREY)
    several.faces = [face(), face(10, 10, 90)]
    found = measure(several)
    assert tuple(found) == NAMES
    alone = values(measure(subject(analyzer, GREY)))
    assert values(found) == pytest.approx(alone | {"SingleFacePresent": 0.9})
    assert assess(found) == 0


def test_without_a_face_nothing_is_assessed(analyzer: FaceAnalyzer) -> None:
    found = measure(Subject(GREY, analyzer))
    assert found == {name: Unassessed(name, "no face found") for name in NAMES}
    assert assess(found) == Unassessed("Background", "no face found")


def test_a_small_face_is_not_assessed(analyzer: FaceAnalyzer) -> None:
    found = measure(Subject(GREY, analyzer, face=face(side=20), mask=person()))
    verdict = assess(found)
    assert isinstance(verdict, Unassessed)
    assert "too small" in verdict.reason


def test_where_next_to_nothing_is_background_nothing_distracts(analyzer: FaceAnalyzer) -> None:
    mask = np.ones((SIZE, SIZE), np.float32)
    mask[:20, :30] = 0
    found = measure(subject(analyzer, GREY, mask))
    assert set(values(found)) == {"SingleFacePresent", "BackgroundShare"}
    clutter = found["BackgroundClutter"]
    assert isinstance(clutter, Unassessed)
    assert "0% of the picture" in clutter.reason
    verdict = assess(found)
    assert not isinstance(verdict, Unassessed)
    assert verdict > LIMIT


def test_faults_add_up() -> None:
    found: dict[str, Measure | Unassessed] = {
        name: Measure(name, 0.0, "1", 90, "lower") for name in NAMES
    }
    verdicts = []
    for clutter, skin in ((0, 0), (300, 0), (300, 0.01), (900, 0.01)):
        found["BackgroundClutter"] = Measure("BackgroundClutter", clutter, "1", 0, "lower")
        found["OtherSkin"] = Measure("OtherSkin", skin, "1", 0, "lower")
        verdicts.append(assess(found))
    # Log odds by hand: 7.43, less 2.9 ln(3), less 0.87 ln(11), less 2.9 ln(3) again.
    odds = [7.43, 7.43 - 3.186, 7.43 - 3.186 - 2.086, 7.43 - 6.372 - 2.086]
    assert verdicts == pytest.approx([100 / (1 + np.exp(-x)) for x in odds], abs=0.05)
