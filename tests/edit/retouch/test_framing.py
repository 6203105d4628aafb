"""Windows by hand-computed values: the place of a face in what they cut."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from proportrait.edit.retouch import framing
from proportrait.edit.retouch.framing import Target, Window
from proportrait.edit.retouch.stage import Stage
from proportrait.errors import EditError
from proportrait.faces import Face
from proportrait.faces.face import (
    CHIN,
    FOREHEAD,
    LEFT_EYE_INNER,
    LEFT_EYE_OUTER,
    LOWER_LIP,
    LOWER_LIP_OUTER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    RIGHT_EYE_INNER,
    RIGHT_EYE_OUTER,
)
from proportrait.labels import stream


def _face(x: float, y: float, height: float) -> Face:
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:] = (x, y, 0)
    landmarks[FOREHEAD, 1], landmarks[CHIN, 1] = y - height / 2, y + height / 2
    offset = framing.EYES_APART * height / 2
    eyes = [LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER]
    landmarks[eyes, 0] = x + offset * np.array([-1.3, -0.7, 0.7, 1.3])
    landmarks[eyes, 1] = y - framing.EYES_ABOVE * height
    landmarks[234, 0], landmarks[454, 0] = x - 0.4 * height, x + 0.4 * height
    box = np.array([x - height / 2, y - height / 2, x + height / 2, y + height / 2], np.float32)
    return Face(box, landmarks, 1.0)


SCENE = np.zeros((1000, 1000, 3), np.uint8)


def test_a_window_puts_the_face_at_the_target() -> None:
    face = _face(500, 400, 200)
    window = framing.window(face, Target("good", 0.4, 0.5, 0.45))
    # 200 px shall be 0.4 of the side: 500 px; the face's middle 250 px right, 225 px down in it
    assert (window.left, window.top, window.side) == pytest.approx((250, 175, 500))
    place = framing.place(face, window)
    assert (place.height, place.x, place.y) == pytest.approx((0.4, 0.5, 0.45))


@pytest.mark.parametrize(
    ("window", "inside"),
    [
        (Window(0, 0, 1000), True),
        (Window(-1, 0, 900), False),
        (Window(0, -1, 900), False),
        (Window(101, 0, 900), False),
        (Window(0, 101, 900), False),
        (Window(100, 100, 900), True),
    ],
)
def test_a_window_reaches_what_is_in_the_scene(window: Window, inside: bool) -> None:
    assert window.reaches(SCENE) is inside


def test_a_window_may_pass_a_border_that_the_person_does_not_touch() -> None:
    alpha = np.zeros((1000, 1000), np.float32)
    alpha[300:, 300:700] = 1  # the person touches the lower border only
    assert Window(-200, -200, 1000).reaches(SCENE, alpha)
    assert not Window(0, 200, 1000).reaches(SCENE, alpha)


@pytest.mark.parametrize("seed", range(40))
def test_bad_framings_are_bad_and_need_no_padding(seed: int) -> None:
    face = _face(520, 430, 260)
    target, window = framing.bad_window(SCENE, face, stream(seed))
    assert window.reaches(SCENE)
    place = framing.place(face, window)
    off = abs(place.x - 0.5) > 0.25 or place.y > 0.8 or place.y < 0.2
    assert off or place.height > 0.7 or place.height < 0.15, target


def test_every_bad_kind_is_drawn() -> None:
    kinds = {framing.bad_target(stream(seed)).kind for seed in range(200)}
    assert kinds == set(framing.BAD_KINDS)


def test_left_is_the_left_of_the_picture() -> None:
    targets = [framing.bad_target(stream(i), ("off_centre_left",)) for i in range(20)]
    assert all(t.x < 0.25 for t in targets)


def test_a_face_that_fills_the_picture_cannot_be_framed_well() -> None:
    with pytest.raises(EditError, match="framing: no good one"):
        framing.good_window(SCENE, _face(500, 500, 900), stream(0))


@pytest.mark.parametrize(
    ("window", "cut"),
    [
        (Window(0, 0, 512), False),
        (Window(0, 0, 321), False),  # the mouth reaches from 280 to 320, the lip down to 310
        (Window(0, 0, 319), True),  # at the right
        (Window(281, 0, 512), True),  # at the left
        (Window(0, -203, 512), True),  # at the bottom: 309
        (Window(0, -201, 512), False),
        (Window(400, 0, 512), True),  # it is left of the window
    ],
)
def test_a_window_cuts_the_mouth(window: Window, cut: bool) -> None:
    face = _face(300, 300, 100)
    face.landmarks[[MOUTH_LEFT, MOUTH_RIGHT], 0] = 280, 320
    face.landmarks[LOWER_LIP_OUTER, 1] = 310
    assert framing.cuts_mouth(face, window) == cut


def test_good_framings_are_head_and_shoulders() -> None:
    for seed in range(30):
        target, window = framing.good_window(SCENE, _face(500, 420, 380), stream(seed))
        place = framing.place(_face(500, 420, 380), window)
        assert (place.height, place.x, place.y) == pytest.approx(
            (target.height, target.x, target.y)
        )
        assert 0.45 <= place.height <= 0.64
        assert abs(place.x - 0.5) <= 0.05


def test_a_stage_keeps_the_head_and_cuts_the_window() -> None:
    y, x = np.mgrid[:1000, :1000]
    scene = np.dstack([x * 255 // 999, y * 255 // 999, np.zeros_like(x)]).astype(np.uint8)
    face = _face(500, 400, 400)
    window = Window(420, 380, 160)  # a close-up: forehead and chin stand outside
    stage = Stage.around(window, face, 320)
    assert stage.scale == 2
    moved = stage.move(scene, cv2.BORDER_REPLICATE)
    assert moved.shape[:2] == (stage.height, stage.width)
    points = stage.move_face(face).landmarks[:, :2]
    assert (points >= 0).all()
    assert (points < (stage.width, stage.height)).all()
    cut = stage.cut(moved).astype(int)
    assert cut.shape == (320, 320, 3)
    # red is x of the scene: the cut runs from 420 to 580
    assert cut[160, 0, 0] == pytest.approx(420 * 255 / 999, abs=2)
    assert cut[160, -1, 0] == pytest.approx(579 * 255 / 999, abs=2)
    assert cut[0, 160, 1] == pytest.approx(380 * 255 / 999, abs=2)


def test_surround_continues_a_background_to_the_size_of_the_stage() -> None:
    stage = Stage.around(Window(300, 300, 200), _face(400, 400, 400), 100)
    behind = np.random.default_rng(0).random((100, 100, 3)).astype(np.float32)
    whole = stage.surround(behind)
    assert whole.shape == (stage.height, stage.width, 3)
    assert np.array_equal(stage.cut(whole), behind)


def test_an_open_mouth_does_not_move_the_frame() -> None:
    calm, laughing = _face(500, 400, 400), _face(500, 400, 400)
    laughing.landmarks[[CHIN, LOWER_LIP], 1] += 60
    assert framing.face_extent(calm) == framing.face_extent(laughing)
    shut = laughing.with_shut_mouth().landmarks
    assert shut[CHIN, 1] == pytest.approx(calm.landmarks[CHIN, 1], abs=0.5)
    assert laughing.landmarks[CHIN, 1] > shut[CHIN, 1] + 50  # the face itself stays as it is


def test_a_face_on_the_stage_is_cut_as_the_picture_is() -> None:
    face = _face(500, 400, 400)
    stage = Stage.around(Window(420, 380, 160), face, 320)
    cut = stage.cut_face(face)
    assert cut.landmarks[152, :2] == pytest.approx(((500 - 420) * 2, (600 - 380) * 2), abs=1e-2)
