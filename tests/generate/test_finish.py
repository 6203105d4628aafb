"""The final size of a picture, its degraded twins, and the bits that are true of each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pytest

from proportrait import imaging
from proportrait.edit.retouch import blur, framing
from proportrait.faces import FaceAnalyzer
from proportrait.generate.base import Generated
from proportrait.generate.finish import SIDE, Picture, finish
from proportrait.labels import LabelVector
from tests import FACE

ONES = LabelVector.ones()
CODES = ["".join(bits) for bits in itertools.product("01", repeat=6)]


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return imaging.read(FACE)


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer()


def sharpness(image: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


@pytest.mark.parametrize("code", CODES)
def test_the_good_picture_and_the_twin_have_the_bits_that_are_true_of_them(
    face: np.ndarray, analyzer: FaceAnalyzer, code: str
) -> None:
    labels = LabelVector.from_code(code)
    good, *twins = finish(Generated(face), labels, ONES, 7, analyzer)
    assert good.labels.code == code[:4] + "11"
    assert not good.is_twin
    assert (good.image == face).all()
    assert good.known == ONES
    assert len(twins) == (code[4:] != "11")
    for twin in twins:
        assert twin.is_twin
        assert twin.labels == labels
        assert twin.known == ONES
        assert (twin.blur_type in blur.BLURS) == (code[5] == "0")
        assert (twin.framing_type in framing.BAD_KINDS) == (code[4] == "0")
        broken = {key for key, bit in (("framing", code[4]), ("sharpness", code[5])) if bit == "0"}
        assert set(twin.edits) == broken
        assert twin.image.shape == (SIDE, SIDE, 3)
        assert (twin.image != good.image).mean() > 0.5
        if code[4:] == "10":
            assert sharpness(twin.image) < 0.5 * sharpness(good.image)


def test_a_badly_framed_twin_is_measurably_so(face: np.ndarray, analyzer: FaceAnalyzer) -> None:
    roomy = cv2.copyMakeBorder(face, 500, 900, 700, 700, cv2.BORDER_REPLICATE)
    kinds, measured = set(), 0
    for seed in range(15):
        _, twin = finish(Generated(roomy), ONES.replace(framing=0), ONES, seed, analyzer)
        kinds.add(twin.framing_type)
        place = twin.edits["framing"]
        assert place["kind"] == twin.framing_type
        for found in analyzer.detect(twin.image):  # a head that is cut may not be found
            x, y, height = framing.face_extent(found)
            assert x / SIDE == pytest.approx(place["x"], abs=0.08)
            assert y / SIDE == pytest.approx(place["y"], abs=0.08)
            assert height / SIDE == pytest.approx(place["height"], rel=0.25)
            measured += 1
    assert len(kinds) >= 4
    assert measured >= 5


def test_the_seed_alone_decides(face: np.ndarray, analyzer: FaceAnalyzer) -> None:
    labels = LabelVector.from_code("111100")

    def made(seed: int) -> Picture:
        return finish(Generated(face), labels, ONES, seed, analyzer)[1]

    first, again, other = made(1), made(1), made(2)
    assert (first.image == again.image).all()
    assert first.edits == again.edits
    assert first.edits != other.edits


def test_without_a_face_there_is_no_badly_framed_twin(analyzer: FaceAnalyzer) -> None:
    """It cannot be told where the face would be: the good picture is kept, with a note."""
    grey = np.full((600, 600, 3), 120, np.uint8)
    (good,) = finish(Generated(grey), ONES.replace(framing=0), ONES, 7, analyzer)
    assert good.labels == ONES
    assert "no face found" in good.notes["framing_twin"]

    both = ONES.replace(framing=0, sharpness=0)
    good, twin = finish(Generated(grey), both, ONES, 7, analyzer)
    assert twin.labels == ONES.replace(sharpness=0)  # it is blurred, but not framed badly
    assert twin.framing_type is None
    assert twin.blur_type is not None
    assert "no face found" in twin.notes["framing_twin"]


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        # the largest square, in the middle of the width, a third down the height
        ((768, 1344), (0, 768, 288, 1056)),
        ((900, 600), (100, 700, 0, 600)),
        ((300, 300), (0, 300, 0, 300)),
    ],
)
def test_any_size_becomes_a_square_of_512_px(
    analyzer: FaceAnalyzer, shape: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    (good,) = finish(Generated(image), ONES, ONES, 7, analyzer)
    top, bottom, left, right = box
    expected = imaging.resize(image[top:bottom, left:right], (SIDE, SIDE))
    assert (good.image == expected).all()


def test_what_is_known_is_what_both_the_request_and_the_generator_claim(
    face: np.ndarray, analyzer: FaceAnalyzer
) -> None:
    asked, vouched = LabelVector.from_code("011111"), LabelVector.from_code("110011")
    (good,) = finish(Generated(face, known=vouched), ONES, asked, 7, analyzer)
    assert good.known.code == "010011"
    (good,) = finish(Generated(face), ONES, asked, 7, analyzer)
    assert good.known == asked
    # What was done to a twin is known of it, whatever the generator says.
    labels, nothing = LabelVector.from_code("111100"), LabelVector.from_code("000000")
    _, twin = finish(Generated(face, known=nothing), labels, ONES, 7, analyzer)
    assert twin.known.code == "000011"


def test_a_generator_that_shows_more_of_the_scene_frames_its_own_twin(
    face: np.ndarray, analyzer: FaceAnalyzer
) -> None:
    wide = np.ascontiguousarray(face[:, ::-1])
    reframing: Mapping[str, Any] = {"kind": "too_far", "height": 0.1}
    generated = Generated(
        face, reframed=wide, framing={"kind": "good"}, reframing=reframing, edits={"light": "soft"}
    )
    good, twin = finish(generated, ONES.replace(framing=0), ONES, 7, analyzer)
    assert (twin.image == wide).all()
    assert twin.framing_type == "too_far"
    assert twin.edits == {"light": "soft", "framing": {"kind": "too_far", "height": 0.1}}
    assert good.edits == {"light": "soft", "framing": {"kind": "good"}}
