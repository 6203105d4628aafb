"""One look: its contents, what it adds to an earlier one, and files that cannot be read."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from proportrait.imaging import encode_jpeg, read
from proportrait.labels import KEYS
from proportrait.looks.look import FEATURES, Look, Wants, look, look_at_file
from proportrait.measures import MODULES, Measure, Subject
from proportrait.model.views import VIEWS, Preprocessing
from tests import FACE


@pytest.fixture(scope="module")
def face_look() -> Look:
    return look(FACE, Wants(features=tuple(FEATURES)))


def test_a_look_holds_faces_measures_scores_and_features(face_look: Look) -> None:
    assert face_look.error == ""
    assert face_look.size == (512, 512)
    assert face_look.faces == 1
    assert face_look.digest == hashlib.sha256(FACE.read_bytes()).hexdigest()
    assert list(face_look.measures) == list(KEYS)
    assert set(face_look.scores) == set(KEYS) - {"attire"}
    assert face_look.reasons == {"attire": "needs the trained model"}
    assert {name: values.shape for name, values in face_look.features.items()} == {
        "whole": (1280,), "clothes": (1280,),
    }  # fmt: skip


def test_the_box_is_that_of_the_mesh_in_shares_of_the_sides(face_look: Look) -> None:
    assert face_look.subject is not None
    points = face_look.subject.face.landmarks[:, :2] / 512
    assert face_look.box == pytest.approx([*points.min(0), *points.max(0)], abs=1e-5)


def test_the_scores_are_those_of_the_measures_to_the_last_bit(face_look: Look) -> None:
    for key, score in face_look.scores.items():
        assert MODULES[key].assess(face_look.measures[key]) == score
    assert face_look.score_array()[KEYS.index("framing")] == np.float32(face_look.scores["framing"])
    assert np.isnan(face_look.score_array()[KEYS.index("attire")])


def test_a_file_and_its_pixels_look_the_same(face_look: Look) -> None:
    other = look(read(FACE))
    assert other.scores == face_look.scores
    assert np.array_equal(other.boxes, face_look.boxes)
    assert other.digest == ""


def test_a_look_holds_only_what_is_wanted() -> None:
    small = look(FACE, Wants(("framing",)))
    assert list(small.measures) == list(small.scores) == ["framing"]
    assert (small.features, small.views) == ({}, None)
    assert look(FACE, Wants(())).faces == 1


def test_a_look_keeps_what_it_has_and_adds_the_rest(face_look: Look) -> None:
    marker = {"HeadSize": Measure("HeadSize", 0.0, "1", 1.0, "middle")}
    before = Look(
        size=(512, 512), boxes=face_look.boxes, measures={"framing": marker},
        scores={"framing": 12.5}, digest=face_look.digest,
    )  # fmt: skip
    after = look_at_file(FACE, Wants(features=("whole",)), {face_look.digest: before}.get)
    assert after.scores["framing"] == 12.5
    assert after.scores["sharpness"] == face_look.scores["sharpness"]
    assert np.array_equal(after.features["whole"], face_look.features["whole"])
    assert after.holds(Wants(features=("whole",)))
    assert not after.holds(Wants(features=("clothes",)))


def test_a_complete_look_is_not_taken_again(
    face_look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(subject: Subject) -> None:
        raise AssertionError("it was measured already")

    monkeypatch.setattr(MODULES["framing"], "measure", measure)
    assert look_at_file(FACE, Wants(), {face_look.digest: face_look}.get) is face_look


def test_views_are_those_of_the_model_that_asks(face_look: Look) -> None:
    prepare = Preprocessing(64, VIEWS, (0.5,) * 3, (0.5,) * 3)
    full = look(FACE, Wants((), views=prepare))
    assert full.views is not None
    assert np.array_equal(full.views[0], prepare(read(FACE), face_look.box)[0])
    assert not full.holds(Wants((), views=prepare))


def test_features_without_a_face_are_of_the_whole_picture() -> None:
    grey = np.full((256, 256, 3), 128, np.uint8)
    empty = look(grey, Wants(features=("whole", "clothes")))
    assert (empty.faces, empty.box, empty.scores) == (0, None, {})
    assert empty.reasons["framing"] == "no face found"
    assert np.array_equal(empty.features["whole"], empty.features["clothes"])


def test_a_file_that_is_no_picture_has_an_error_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    (tmp_path / "small.jpg").write_bytes(encode_jpeg(np.zeros((64, 64, 3), np.uint8)))
    for name, message in (
        ("a.jpg", "no picture of a known format"),
        ("small.jpg", "at least 128 px"),
        ("gone.jpg", "cannot be read"),
    ):
        failed = look(tmp_path / name)
        assert message in failed.error
        assert (failed.measures, failed.scores, failed.faces) == ({}, {}, 0)
        assert failed.holds(Wants())  # it will not get better


@pytest.mark.parametrize(
    "image",
    [np.zeros((200, 200), np.uint8), np.zeros((200, 200, 3)), np.zeros((3, 200, 200), "u1")],
)
def test_an_array_of_another_dtype_or_shape_is_misuse(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"an image is RGB uint8 \(H, W, 3\)"):
        look(image)


@pytest.mark.parametrize("wants", [{"attributes": ("hair",)}, {"features": ("teeth",)}])
def test_unknown_wants_list_the_choices(wants: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match=r"the choices are (lighting|whole), "):
        Wants(**wants)


def test_a_want_of_memory_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Next time there may be enough of it."""

    def decode(*given: object) -> None:
        raise MemoryError

    monkeypatch.setattr(sys.modules["proportrait.imaging.decode"], "_decoded", decode)
    failed = look(FACE)
    assert "too little memory" in failed.error
    assert failed.digest == ""


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    assert "it is a pipe" in look(tmp_path / "a.jpg").error


def test_a_name_that_is_too_long_is_an_error_of_its_look(tmp_path: Path) -> None:
    assert "cannot be read" in look(tmp_path / ("n" * 300 + ".jpg")).error
