"""What the rules decide of a look, by hand-made looks and by made pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import PIL.Image
import pytest

from proportrait.arrays import Image
from proportrait.faces import FaceAnalyzer
from proportrait.labels import KEYS
from proportrait.looks.look import Look, Wants, look
from proportrait.looks.presence import Presence
from proportrait.looks.rules import PLAINLY_BAD, apply, rules
from proportrait.measures import Measure
from tests import ROOT

LIKELY = dict.fromkeys(KEYS, 0.9)
GOOD = dict.fromkeys(KEYS, 1)
FRAMING = Wants(attributes=("framing",))


def made_look(*heights: float, tilt: float = 0, roll: float = 0, yaw: float = 0) -> Look:
    """A picture of 1,000 x 1,000 px with faces of these heights in px."""
    boxes = [(0.1, 0.1, 0.1 + 0.0008 * height, 0.1 + height / 1000) for height in heights]
    angles = {"PictureTilt": tilt, "HeadPoseRoll": roll, "HeadPoseYaw": yaw}
    measures = {name: Measure(name, value, "deg", 0, "middle") for name, value in angles.items()}
    return Look(
        size=(1000, 1000), boxes=np.array(boxes, np.float32).reshape(-1, 4),
        presence="face", measures={"framing": measures},
    )  # fmt: skip


def test_of_one_upright_face_the_model_decides() -> None:
    found = apply(made_look(300), LIKELY, GOOD)
    assert (found.probabilities, found.verdicts) == (LIKELY, GOOD)
    assert (found.reasons, found.one_person) == ({}, True)


@pytest.mark.parametrize(
    ("presence", "null", "one_person"),
    [
        ("nobody", set(KEYS), False),
        ("head", set(KEYS) - {"background", "attire"}, None),
        ("body", {"lighting", "expression", "sharpness"}, None),
    ],
)
def test_without_a_face_nothing_is_guessed(
    presence: Presence, null: set[str], one_person: bool | None
) -> None:
    found = apply(replace(made_look(), presence=presence), LIKELY, GOOD)
    assert {key for key, value in found.verdicts.items() if value is None} == null
    assert {key for key, value in found.probabilities.items() if value is None} == null
    assert set(found.reasons) == null | ({"framing"} if presence == "body" else set())
    assert found.one_person is one_person
    if presence == "body":
        assert (found.verdicts["framing"], found.probabilities["framing"]) == (0, PLAINLY_BAD)


def test_a_face_too_small_to_measure_is_framed_badly() -> None:
    found = apply(made_look(20), LIKELY, GOOD)
    null = {"lighting", "expression", "sharpness"}
    assert {key for key, value in found.verdicts.items() if value is None} == null
    assert found.verdicts["framing"] == 0
    assert found.verdicts["background"] == found.verdicts["attire"] == 1
    assert set(found.reasons.values()) == {"the face is 20 px high: too small to judge"}
    assert found.one_person is True


@pytest.mark.parametrize(
    ("heights", "one_person"), [((300, 160), False), ((300, 140), True), ((300, 290, 280), False)]
)
def test_a_second_person_is_one_at_least_half_as_large(
    heights: tuple[float, ...], one_person: bool
) -> None:
    found = apply(made_look(*heights), LIKELY, GOOD)
    assert found.one_person is one_person
    assert (found.verdicts["background"] == 0) is not one_person
    assert found.verdicts["framing"] == 1
    if not one_person:
        assert found.reasons == {"background": f"{len(heights)} people are about as large"}


@pytest.mark.parametrize(
    ("tilt", "roll", "advice"),
    [
        (20, 22, "turn it by 22 degrees counter-clockwise"),
        (-20, -18, "turn it by 18 degrees clockwise"),
        (95, 95, "turn it by 90 degrees counter-clockwise"),
        (-85, -86, "turn it by 90 degrees clockwise"),
        (178, 176, "turn it by 180 degrees"),
        (-50, -60, "turn it by 60 degrees clockwise"),
    ],
)
def test_a_tilted_picture_is_framed_badly_and_says_how_to_turn_it(
    tilt: float, roll: float, advice: str
) -> None:
    assert rules(made_look(300, tilt=tilt, roll=roll)).bad == {
        "framing": f"the head is not upright: {advice}"
    }


def test_a_leaning_head_is_upright_enough() -> None:
    assert rules(made_look(300, tilt=9, roll=19)).bad == {}


def test_who_is_turned_away_and_looks_up_is_not_tilted() -> None:
    assert rules(made_look(300, tilt=20, roll=30, yaw=50)).bad == {}
    assert "framing" in rules(made_look(300, tilt=20, roll=30, yaw=-30)).bad
    assert "framing" in rules(made_look(300, tilt=90, roll=90, yaw=50)).bad


# --- made pictures


@pytest.mark.parametrize(
    ("turns", "advice"),
    [
        (1, "turn it by 90 degrees clockwise"),
        (2, "turn it by 180 degrees"),
        (3, "turn it by 90 degrees counter-clockwise"),
    ],
)
def test_a_lying_portrait_is_measured_as_if_it_stood(image: Image, turns: int, advice: str) -> None:
    upright = look(image)
    lying = look(np.ascontiguousarray(np.rot90(image, turns)))
    assert (upright.turns, lying.turns) == (0, 4 - turns)
    assert lying.boxes == pytest.approx(upright.boxes, abs=0.02)
    for key in ("lighting", "background", "expression", "sharpness"):
        assert lying.scores[key] == pytest.approx(upright.scores[key], abs=8), key
    assert lying.scores["framing"] < 1 < 50 < upright.scores["framing"]
    assert rules(lying).bad == {"framing": f"the head is not upright: {advice}"}
    assert rules(lying).one_person is True


@pytest.mark.parametrize("angle", [-45, -30, 30, 45])
def test_a_slanted_portrait_says_by_how_much(image: Image, angle: int) -> None:
    matrix = cv2.getRotationMatrix2D((256, 256), -angle, 1)
    slanted = cv2.warpAffine(image, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    taken = look(np.asarray(slanted, np.uint8), FRAMING)
    degrees = int(rules(taken).bad["framing"].split()[8])
    assert degrees == pytest.approx(abs(angle), abs=4)
    assert rules(taken).bad["framing"].endswith("counter-clockwise") is (angle > 0)


@pytest.mark.parametrize(("count", "columns", "side"), [(7, 7, 190), (8, 4, 110), (26, 13, 100)])
def test_groups_are_counted(image: Image, count: int, columns: int, side: int) -> None:
    picture = np.full((900, 1400, 3), (150, 160, 170), np.uint8)
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    rows = -(-count // columns)
    for number in range(count):
        top = (number // columns) * (900 // rows) + 20
        left = (number % columns) * (1400 // columns)
        picture[top : top + side, left : left + side] = small
    taken = look(picture, FRAMING)
    assert taken.faces == count
    assert rules(taken).bad["background"] == f"{count} people are about as large"
    assert rules(taken).one_person is False


def test_a_face_that_is_far_away_is_detected(image: Image) -> None:
    """Where the short-range detector is blind: a thirtieth of a picture."""
    picture = np.full((1000, 1500, 3), (150, 160, 170), np.uint8)
    picture[300:380, 900:980] = cv2.resize(image, (80, 80), interpolation=cv2.INTER_AREA)
    taken = look(picture, FRAMING)
    (box,) = taken.boxes
    assert 0.6 < box[0] < box[2] < 0.66
    assert taken.scores["framing"] < 1


@pytest.mark.parametrize("kind", ["plain", "noise", "blobs", "dummy"])
def test_pictures_without_people_have_nobody(kind: str) -> None:
    picture = np.full((512, 512, 3), (90, 110, 140), np.uint8)
    if kind == "noise":
        picture = np.random.default_rng(3).integers(0, 256, (512, 512, 3)).astype(np.uint8)
    if kind == "blobs":
        for x, y, radius in ((120, 150, 70), (330, 220, 110), (200, 400, 60)):
            cv2.circle(picture, (x, y), radius, (200 - radius, radius, 60), -1)
    if kind == "dummy":  # the outline of a portrait
        cv2.ellipse(picture, (256, 200), (80, 105), 0, 0, 360, (60, 40, 30), -1)
        cv2.ellipse(picture, (256, 520), (190, 220), 0, 0, 360, (60, 40, 30), -1)
    taken = look(picture, FRAMING)
    assert (taken.faces, taken.presence) == (0, "nobody")


def _bystander(number: str) -> Image:
    """Somebody who does not exist, down to the chest, before a plain wall."""
    with PIL.Image.open(ROOT / f"proportrait/edit/data/bystander_{number}.webp") as picture:
        wall = PIL.Image.new("RGBA", picture.size, (150, 160, 170, 255))
        wall.alpha_composite(picture.convert("RGBA"))
        return np.asarray(wall.convert("RGB"))


@pytest.mark.parametrize("number", ["002", "070", "081", "101"])
def test_a_portrait_cut_below_the_chin_shows_a_body(number: str, analyzer: FaceAnalyzer) -> None:
    picture = _bystander(number)
    chin = int(analyzer.face(picture).mesh_box[3])
    taken = look(np.ascontiguousarray(picture[chin + 8 :]), FRAMING)
    assert (taken.faces, taken.presence) == (0, "body")


@pytest.mark.parametrize("number", ["002", "070", "081"])
def test_a_head_without_a_face_is_a_head(number: str, analyzer: FaceAnalyzer) -> None:
    """Hair instead of a face: somebody who is seen from behind."""
    picture = cv2.copyMakeBorder(_bystander(number), 60, 0, 0, 0, cv2.BORDER_REPLICATE)
    x0, y0, x1, y1 = (int(v) for v in analyzer.face(picture).mesh_box)
    hair = np.median(picture[y0 - 20 : y0, x0:x1], (0, 1))
    middle, axes = ((x0 + x1) // 2, (y0 + y1) // 2), (int(0.52 * (x1 - x0)), int(0.56 * (y1 - y0)))
    cv2.ellipse(picture, middle, axes, 0, 0, 360, tuple(map(float, hair)), -1)
    taken = look(np.asarray(picture, np.uint8), FRAMING)
    assert (taken.faces, taken.presence) == (0, "head")
