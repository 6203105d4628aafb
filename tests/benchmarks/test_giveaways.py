"""The give-away benchmark finds what is planted, and nothing where there is nothing."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from benchmarks.labels import giveaways
from benchmarks.labels.classify import accuracy, balanced
from benchmarks.labels.cues import VIEWS, Shown
from benchmarks.labels.folder import balance, rows
from proportrait import imaging
from proportrait.errors import AssessmentError
from proportrait.faces import Face
from proportrait.generate.sample import sample_labels
from proportrait.labels import LabelVector
from proportrait.store import RecordStore
from proportrait.store.records import Record


def record(name: str, code: str, person: str, known: str = "111111") -> Record:
    labels = LabelVector.from_code(code)
    return Record(name, name, person, labels, labels, LabelVector.from_code(known))


def test_balanced_accuracy_by_hand():
    truth = np.array([True, True, False, False])
    said = np.array([True, False, False, False])
    assert balanced(truth, said, np.ones(4)) == pytest.approx((1 / 2 + 2 / 2) / 2)
    assert balanced(truth, said, np.array([3.0, 1, 1, 1])) == pytest.approx((3 / 4 + 1) / 2)
    assert np.isnan(balanced(np.ones(4, bool), said, np.ones(4)))


@pytest.fixture(scope="module")
def draw() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Features without any meaning, labels, and people with two rows each."""
    rng = np.random.default_rng(0)
    truth = rng.random(240) < 0.4
    return rng.standard_normal((240, 6)), truth, [str(i // 2) for i in range(240)]


def test_noise_stays_near_chance_and_a_plain_cue_does_not(draw):
    noise, truth, people = draw
    nothing = accuracy({"hand": noise}, truth, np.ones(240), people)
    assert 0.40 < nothing.value < 0.60
    assert nothing.low < nothing.value < nothing.high
    told = noise.copy()
    told[:, 2] += 3 * truth
    found = accuracy({"noise": noise, "hand": told}, truth, np.ones(240), people)
    assert found.value > 0.85
    assert found.value == pytest.approx(balanced(truth, found.said, np.ones(240)))


def test_a_cue_that_only_trees_see_is_found(draw):
    noise, _, people = draw
    inside = np.abs(noise[:, 0]) < 0.7  # no line divides it
    assert accuracy({"hand": noise}, inside, np.ones(240), people).value > 0.85


def test_people_are_never_on_both_sides_of_a_split():
    rng = np.random.default_rng(1)
    looks = np.repeat(rng.standard_normal((80, 30)), 4, axis=0)  # four equal rows a person
    truth = np.repeat(rng.random(80) < 0.5, 4)
    people = [str(i // 4) for i in range(320)]
    assert accuracy({"hand": looks}, truth, np.ones(320), people).value < 0.65
    shuffled = [str(i) for i in range(320)]
    assert accuracy({"hand": looks}, truth, np.ones(320), shuffled).value > 0.9


def test_equal_features_tell_nothing(draw):
    _, truth, people = draw
    found = accuracy({"hand": np.ones((240, 3))}, truth, np.ones(240), people)
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_weights_make_the_labels_independent():
    labels = [sample_labels(0, str(i)) for i in range(4000)]
    bits = np.array([vector.values for vector in labels], np.float64).T
    apart = ~np.eye(6, dtype=bool)
    assert np.corrcoef(bits)[apart].mean() > 0.1
    covariance = np.cov(bits, aweights=balance(labels))
    deviation = np.sqrt(np.diag(covariance))
    weighted = covariance / np.outer(deviation, deviation)
    assert abs(weighted[apart].mean()) < 0.02
    assert np.abs(weighted[apart]).max() < 0.07


def test_twins_stand_in_for_no_other_attribute():
    records = [
        record("good", "011111", "a"),
        record("far", "011101", "a"),
        record("blurred", "011110", "a"),
        record("both", "011100", "a"),
        record("unknown", "011111", "b", known="011111"),
    ]
    assert rows(records, "lighting").tolist() == [0]
    assert rows(records, "background").tolist() == [0, 4]
    assert rows(records, "framing").tolist() == [0, 1, 4]
    assert rows(records, "sharpness").tolist() == [0, 2, 4]


@dataclass
class Fixed:
    """An analyzer that always finds the same face and person."""

    found: Face
    person: np.ndarray

    def face(self, _: np.ndarray) -> Face:
        return self.found

    def mask(self, _: np.ndarray, __: Face) -> np.ndarray:
        return self.person


@pytest.fixture(scope="module")
def portrait(image: np.ndarray, face: Face, mask: np.ndarray) -> tuple[np.ndarray, Fixed]:
    return image, Fixed(face, mask)


def sight(view: str, image: np.ndarray, fixed: Fixed) -> np.ndarray:
    return VIEWS[view](Shown(imaging.encode_png(image), fixed))["hand"]  # type: ignore[arg-type]


# view -> which spoilt parts it must notice, and which it must not
SEES = {
    "border": ({"frame"}, {"mouth", "behind"}),
    "border_background": ({"frame"}, {"mouth", "behind"}),
    "without_face": ({"frame", "behind"}, {"mouth"}),
    "face": ({"mouth"}, {"frame", "behind"}),
    "skin": (set(), {"mouth", "frame", "behind"}),
    "place": (set(), {"mouth", "frame", "behind"}),
    "band_inside": (set(), {"mouth", "behind"}),
    "band_of_head": (set(), {"mouth", "behind"}),
    "band": (set(), {"mouth", "behind"}),
}


@pytest.mark.parametrize("view", list(SEES))
def test_a_view_sees_its_part_and_nothing_else(view, portrait):
    image, fixed = portrait
    lips = fixed.found.landmarks[[61, 291, 0, 17], :2].round().astype(int)
    (left, top), (right, bottom) = lips.min(0), lips.max(0)
    far = cv2.dilate((fixed.person > 0.02).astype(np.uint8), np.ones((41, 41), np.uint8)) == 0
    far[:32], far[-32:], far[:, :32], far[:, -32:] = False, False, False, False
    assert far.sum() > 500
    spoilt = {name: image.copy() for name in ("mouth", "frame", "behind")}
    spoilt["mouth"][top:bottom, left:right] = (255, 0, 0)
    spoilt["frame"][:4] = 255 - spoilt["frame"][:4]
    spoilt["behind"][far] = (0, 255, 0)
    before = sight(view, image, fixed)
    assert before.dtype == np.float32
    assert np.isfinite(before).all()
    noticed = {
        name for name, other in spoilt.items()
        if not np.array_equal(before, sight(view, other, fixed))
    }  # fmt: skip
    notices, ignores = SEES[view]
    assert notices <= noticed
    assert not ignores & noticed


def test_every_view_of_the_picture_is_tested():
    assert set(SEES) == {name for name in VIEWS if not name.startswith("file")}
    assert {cue.view for cue in giveaways.CUES} == set(VIEWS)


def test_what_cannot_be_seen_is_said(portrait):
    image, fixed = portrait
    everywhere = replace(fixed, person=np.ones_like(fixed.person))
    with pytest.raises(AssessmentError, match="border"):
        sight("border_background", image, everywhere)
    with pytest.raises(AssessmentError, match="edge"):
        sight("band", image, everywhere)


def test_the_form_of_a_file_is_the_same_for_all_pictures_of_one_writer():
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, high, (128, 128, 3), dtype=np.uint8) for high in (2, 255)]
    one, other = (Shown(imaging.encode_jpeg(p), None) for p in pictures)  # type: ignore[arg-type]
    rough = Shown(imaging.encode_jpeg(pictures[0], 60), None)  # type: ignore[arg-type]
    form, size = VIEWS["file_form"], VIEWS["file_size"]
    assert np.array_equal(form(one)["hand"], form(other)["hand"])
    assert not np.array_equal(form(one)["hand"], form(rough)["hand"])
    assert size(one)["hand"] < size(other)["hand"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """140 people whose pictures with a bad background were written by another program."""
    folder = tmp_path_factory.mktemp("planted")
    with RecordStore(folder) as store:
        for number in range(140):
            labels = sample_labels(0, str(number)).replace(framing=1, sharpness=1)
            one = record(f"p{number:03d}_{labels.code}.jpg", labels.code, str(number))
            shade = np.random.default_rng(number).integers(0, 255, (128, 128, 3), dtype=np.uint8)
            data = imaging.encode_jpeg(shade)
            if not labels["background"]:
                out = io.BytesIO()
                PIL.Image.fromarray(shade).save(out, "JPEG", quality=95, subsampling=0, dpi=(9, 9))
                data = out.getvalue()
            store.commit(str(number), f"p{number:03d}", [(one, data)])
    return folder


def test_a_planted_give_away_is_found(planted, monkeypatch, capsys, tmp_path):
    keys = ("background", "attire")
    monkeypatch.setattr(giveaways, "CUES", (giveaways.Cue("form of the file", "file_form", keys),))
    assert giveaways.main(["--images", str(planted), "--json", str(tmp_path / "f.json")]) == 1
    found = {f["attribute"]: f for f in json.loads((tmp_path / "f.json").read_text())}
    assert found["background"]["verdict"] == "FAIL"
    assert found["background"]["accuracy"] == 1.0
    assert found["background"]["pictures"] == 140
    assert found["attire"]["verdict"] == "pass"
    assert "missed: form of the file for background" in capsys.readouterr().out


def test_an_honest_cue_is_shown_and_does_not_fail(planted, monkeypatch, capsys):
    cue = giveaways.Cue("form", "file_form", ("background",), {"background": "a good reason"})
    monkeypatch.setattr(giveaways, "CUES", (cue,))
    assert giveaways.main(["--images", str(planted)]) == 0
    assert "honest" in (out := capsys.readouterr().out)
    assert "a good reason" in out


def test_a_blind_control_fails(planted, monkeypatch, capsys):
    cue = giveaways.Cue("control", "file_form", ("attire",), control=True)
    monkeypatch.setattr(giveaways, "CUES", (cue,))
    assert giveaways.main(["--images", str(planted)]) == 1
    assert "UNSEEN" in capsys.readouterr().out


def test_an_empty_folder_is_a_clear_error(tmp_path, capsys):
    assert giveaways.main(["--images", str(tmp_path)]) == 2
    assert "holds no pictures" in capsys.readouterr().err
