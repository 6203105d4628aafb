"""The final size of a picture, its degraded twins, and the bits that are true of each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from proportrait import imaging
from proportrait.edit.retouch import blur, framing
from proportrait.edit.shot import Shot
from proportrait.faces import FaceAnalyzer
from proportrait.generate import finish as finishing
from proportrait.generate.base import Generated, GenerationRequest
from proportrait.generate.finish import SIDE, finish
from proportrait.generate.sources.built_in import StyleganItem
from proportrait.labels import LabelVector
from proportrait.store.records import Record
from tests import FACE

Made = Callable[..., list[tuple[Record, np.ndarray]]]
ONES = LabelVector.ones()
CODES = ["".join(bits) for bits in itertools.product("01", repeat=6)]


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return imaging.read(FACE)


@pytest.fixture(scope="module")
def analyzer() -> FaceAnalyzer:
    return FaceAnalyzer()


@pytest.fixture(scope="module")
def made(analyzer: FaceAnalyzer) -> Made:
    """`finish` for requests of one source."""

    def call(
        generated: Generated, labels: LabelVector, known: LabelVector = ONES, seed: int = 7
    ) -> list[tuple[Record, np.ndarray]]:
        request = GenerationRequest(StyleganItem(3), labels, "words", seed)
        return finish(
            request, generated, known, analyzer,
            stem="face_3", generator="test", timestamp="2026-11-21T00:00:00+00:00",
        )  # fmt: skip

    return call


def sharpness(image: np.ndarray) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


@pytest.mark.parametrize("code", CODES)
def test_the_good_picture_and_the_twin_have_the_bits_that_are_true_of_them(
    face: np.ndarray, made: Made, code: str
) -> None:
    labels = LabelVector.from_code(code)
    (good, picture), *twins = made(Generated(Shot(face)), labels)
    assert good.labels.code == code[:4] + "11"
    assert good.parent is None
    assert (picture == face).all()
    assert good.known == ONES
    assert len(twins) == (code[4:] != "11")
    for twin, image in twins:
        assert twin.parent == good.output_filename
        assert twin.labels == labels
        assert twin.known == ONES
        assert (twin.blur_type in blur.BLURS) == (code[5] == "0")
        assert (twin.framing_type in framing.BAD_KINDS) == (code[4] == "0")
        broken = {key for key, bit in (("framing", code[4]), ("sharpness", code[5])) if bit == "0"}
        assert set(twin.edits) == broken
        assert image.shape == (SIDE, SIDE, 3)
        assert (image != picture).mean() > 0.5
        if code[4:] == "10":
            assert sharpness(image) < 0.5 * sharpness(picture)


def test_the_records_hold_request_reply_and_names(face: np.ndarray, made: Made) -> None:
    labels = LabelVector.from_code("101100")
    generated = Generated(Shot(face), model="m 1", response_id="r", cost_usd=0.04)
    (good, _), (twin, _) = made(generated, labels)
    assert good == Record(
        output_filename="face_3_101111.jpg",
        original_filename="3.stylegan",
        source_id="stylegan:mobile-ffhq/3",
        requested=labels,
        labels=LabelVector.from_code("101111"),
        known=ONES,
        prompt_text="words",
        generation_seed=7,
        timestamp="2026-11-21T00:00:00+00:00",
        generator="test",
        model_version="m 1",
        response_id="r",
        cost_usd=0.04,
    )
    assert twin == replace(
        good,
        output_filename="face_3_badframe_blur_101100.jpg",
        labels=labels,
        cost_usd=0.0,  # one request paid for both
        parent="face_3_101111.jpg",
        edits=twin.edits,
        blur_type=twin.blur_type,
        framing_type=twin.framing_type,
    )


def test_what_read_no_prompt_is_told_by_its_edits(face: np.ndarray, made: Made) -> None:
    edits = {
        "background": {"kind": "own", "led_to": None},
        "attire": {"kind": "hoodie", "donor": 1},
        "framing": {"kind": "good"},
    }
    generated = Generated(Shot(face, edits=edits), obeys_prompt=False)
    (good, _), (twin, _) = made(generated, LabelVector.from_code("101100"))
    start = "A portrait. Background: the person's own. Attire: hoodie. Framing: "
    assert good.prompt_text == f"{start}good."
    framing_type, blur_type = str(twin.framing_type), str(twin.blur_type)
    assert twin.prompt_text == (
        f"{start}{framing_type.replace('_', ' ')}. Sharpness: {blur_type.replace('_', ' ')}."
    )


def test_a_badly_framed_twin_is_measurably_so(
    face: np.ndarray, made: Made, analyzer: FaceAnalyzer
) -> None:
    roomy = cv2.copyMakeBorder(face, 500, 900, 700, 700, cv2.BORDER_REPLICATE)
    kinds, measured = set(), 0
    for seed in range(15):
        _, (twin, image) = made(Generated(Shot(roomy)), ONES.replace(framing=0), seed=seed)
        kinds.add(twin.framing_type)
        place = twin.edits["framing"]
        assert place["kind"] == twin.framing_type
        for found in analyzer.detect(image):  # a head that is cut may not be found
            x, y, height = framing.face_extent(found)
            assert x / SIDE == pytest.approx(place["x"], abs=0.08)
            assert y / SIDE == pytest.approx(place["y"], abs=0.08)
            assert height / SIDE == pytest.approx(place["height"], rel=0.25)
            measured += 1
    assert len(kinds) >= 4
    assert measured >= 5


def test_the_seed_alone_decides(face: np.ndarray, made: Made) -> None:
    labels = LabelVector.from_code("111100")
    twins = [made(Generated(Shot(face)), labels, seed=seed)[1] for seed in (1, 1, 2)]
    (first, image), (again, same_image), (other, _) = twins
    assert (image == same_image).all()
    assert first.edits == again.edits
    assert first.edits != other.edits


def test_without_a_face_there_is_no_badly_framed_twin(made: Made) -> None:
    """It cannot be told where the face would be: the good picture is kept, with a note."""
    grey = Generated(Shot(np.full((600, 600, 3), 120, np.uint8)))
    ((good, _),) = made(grey, ONES.replace(framing=0))
    assert good.labels == ONES
    assert "no face found" in good.checks["framing_twin"]

    (good, _), (twin, _) = made(grey, ONES.replace(framing=0, sharpness=0))
    assert twin.labels == ONES.replace(sharpness=0)  # it is blurred, but not framed badly
    assert twin.output_filename == "face_3_blur_111110.jpg"
    assert twin.framing_type is None
    assert twin.blur_type is not None
    for record in (good, twin):
        assert "no face found" in record.checks["framing_twin"]


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
    made: Made, shape: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    ((_, picture),) = made(Generated(Shot(image)), ONES)
    top, bottom, left, right = box
    expected = imaging.resize(image[top:bottom, left:right], (SIDE, SIDE))
    assert (picture == expected).all()


def test_what_is_known_is_what_both_the_request_and_the_generator_claim(
    face: np.ndarray, made: Made
) -> None:
    asked, vouched = LabelVector.from_code("011111"), LabelVector.from_code("110011")
    ((good, _),) = made(Generated(Shot(face, vouched)), ONES, asked)
    assert good.known.code == "010011"
    ((good, _),) = made(Generated(Shot(face)), ONES, asked)
    assert good.known == asked
    # What was done to a twin is known of it, whatever the generator says.
    labels, nothing = LabelVector.from_code("111100"), LabelVector.from_code("000000")
    _, (twin, _) = made(Generated(Shot(face, nothing)), labels)
    assert twin.known.code == "000011"


@pytest.mark.parametrize(
    ("scores", "obeys_prompt", "known"),
    [
        ((70.0, 70.0), False, (0, 0)),
        ((30.0, 30.0), False, (1, 1)),
        ((30.0, 70.0), False, (1, 0)),  # the blur hides it
        ((70.0, 70.0), True, (1, 1)),  # what the prompt asks for counts, until it is verified
    ],
)
def test_a_cluttered_background_is_known_only_where_the_picture_shows_it(
    face: np.ndarray,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    scores: tuple[float, float],
    obeys_prompt: bool,
    known: tuple[int, int],
) -> None:
    remaining = iter(scores)
    monkeypatch.setattr(finishing.background, "assess", lambda measures: next(remaining))
    generated = Generated(Shot(face), obeys_prompt=obeys_prompt)
    (good, image), (twin, _) = made(generated, LabelVector.from_code("101110"))
    assert (good.known["background"], twin.known["background"]) == known
    assert (good.labels.code, twin.labels.code) == ("101111", "101110")
    assert (image == imaging.resize(face, (SIDE, SIDE))).all()


def test_a_generator_that_shows_more_of_the_scene_frames_its_own_twin(
    face: np.ndarray, made: Made
) -> None:
    wide = np.ascontiguousarray(face[:, ::-1])
    place = {"kind": "too_far", "height": 0.1}
    generated = Generated(
        Shot(face, edits={"light": "soft", "framing": {"kind": "good"}}),
        Shot(wide, LabelVector.from_code("110111"), {"light": "soft", "framing": place}),
    )
    (good, _), (twin, image) = made(generated, ONES.replace(framing=0))
    assert (image == wide).all()
    assert twin.framing_type == "too_far"
    assert twin.known.code == "110111"  # attire is too far away to be seen
    assert good.known == ONES
    assert twin.edits == {"light": "soft", "framing": place}
    assert good.edits == {"light": "soft", "framing": {"kind": "good"}}
